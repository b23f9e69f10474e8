// Batch: the unit of history. Input is one journal record; output is what egress hands on once the
// record is durable. Views only: the owner of the memory is the runtime's batch slot, a replay
// loop, or a test.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "engine/schema/command.hpp"
#include "engine/schema/event.hpp"
#include "engine/schema/outcome.hpp"

namespace perpetua {

struct BatchInput {
  BatchNumber number = 0;   // 1.., gap-free
  int64_t log_time_ms = 0;  // never decreases
  std::span<const Command> commands;
  std::string_view text;  // text area the commands point into
};

// Cleared and refilled by Engine::apply; keeps its capacity from batch to batch.
struct BatchOutput {
  uint64_t first_event = 0;       // sequence of events[0], or the next one if there is none
  std::vector<Outcome> outcomes;  // one per command, same index
  std::vector<Event> events;
};

// What projections consume: one batch after it was applied (and, outside replay, is durable).
struct AppliedBatch {
  BatchNumber number = 0;
  int64_t log_time_ms = 0;
  uint64_t first_event = 0;
  std::span<const Command> commands;
  std::span<const Outcome> outcomes;  // one per command
  std::span<const Event> events;
  std::string_view text;  // text area of commands and events
};

inline std::string_view event_text(const TextSpan& span, std::string_view text) {
  return text.substr(span.offset, span.length);
}

// Changes whenever the layout or meaning of a record changes; stored in every journal segment and
// snapshot, and a binary refuses another one.
inline constexpr uint64_t kSchemaHash = 0x5052'5043'0000'0009;

}  // namespace perpetua
