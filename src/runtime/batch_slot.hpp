// BatchSlot: the memory of one batch on its way through the pipeline. Keeps its capacity, so a slot
// that is used again allocates nothing.
//
// Filled by the sequencer (clear, append..., stamp), then read-only but for `record_hash`, which
// the journal stage writes, and `output`, which the engine writes.
// Invariants: one target per command; text spans lie inside `text`; bounds as in limits.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "engine/schema/batch.hpp"
#include "runtime/api/submit.hpp"

namespace perpetua::runtime {

struct BatchSlot {
  BatchNumber number = 0;
  int64_t log_time_ms = 0;
  uint64_t first_event = 0;  // sequence of the batch's first event, known before it is applied
  uint64_t record_hash = 0;  // of the journal record, known before the batch is durable
  std::vector<Command> commands;
  std::string text;
  std::vector<ReplyTarget> targets;
  BatchOutput output;

  BatchSlot();

  void clear();
  // False, changing nothing, if the batch has no room for it; for a consume_stream: for it and the
  // commands that came with it, which are never parted from it.
  [[nodiscard]] bool append(const Submission& submission);
  // Makes it the engine's next batch: number, first event, log time = max(previous, now).
  void stamp(const Engine& engine, int64_t now_ms);

  BatchInput input() const { return {number, log_time_ms, commands, text}; }
  AppliedBatch applied() const;
};

}  // namespace perpetua::runtime
