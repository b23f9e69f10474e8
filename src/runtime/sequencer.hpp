// Sequencer: gives every command its place in history and runs the engine. One thread.
//
// Makes batches of whatever has queued (one command when idle, up to limits::kBatchCommandsMax and
// limits::kBatchTextBytesMax under load; no timer), stamps log time = max(previous, now), seals the
// batch for the journal, applies it while the journal writes, and marks it applied for egress. An
// empty batch is made when the engine's next deadline has passed.
// It waits for a free batch slot before it takes from the ring, so that a slow disk makes batches
// larger and then fills the ring, where new requests are refused before they are sequenced.
// With an interval, batches begin at least so far apart: fewer and larger ones, where others pay
// for each (replicas of the journal, processes that follow it). The first after a pause waits only
// for `settle`, in which the rest of what is read at the same time arrives.
//
// Thread-safety: run() on the one thread that owns the engine until it returns. It returns when the
// ring is closed and drained, or when the pipeline was abandoned.
#pragma once

#include "engine/engine.hpp"
#include "runtime/clock.hpp"
#include "runtime/pipeline.hpp"
#include "runtime/snapshotter.hpp"

namespace perpetua::runtime {

class Sequencer {
 public:
  Sequencer(Pipeline& pipeline, Engine& engine, MatchExecutor& executor, const Clock& clock,
            Snapshotter& snapshotter,
            std::chrono::microseconds interval = {}, std::chrono::microseconds settle = {});

  void run();

 private:
  bool wait_for_work();
  bool wait_for_slot();
  void keep_interval();
  bool is_deadline_due() const;
  MonotonicTime next_look() const;
  void fill(BatchSlot& slot);
  void process(BatchSlot& slot);

  Pipeline& pipeline_;
  Engine& engine_;
  MatchExecutor& executor_;
  const Clock& clock_;
  Snapshotter& snapshotter_;
  const std::chrono::microseconds interval_;
  const std::chrono::microseconds settle_;
  MonotonicTime next_batch_{};
  int64_t deadline_ms_;  // of the engine, after the newest batch
};

}  // namespace perpetua::runtime
