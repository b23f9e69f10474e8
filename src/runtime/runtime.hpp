// Runtime: one exchange on this machine. Ring, sequencer, engine, journal, egress, snapshots.
//
//   recover()     locks the data directory, rebuilds the engine from snapshot and journal, writes
//                 the genesis batch of an empty journal (or, where the journal asks for it, an
//                 empty opening batch under the new epoch); gives the history what it has missed
//   describe()    the recovered state as events, for the hot store
//   add_listener()
//   start()       from here on batches flow; commands submitted before wait in the ring
//   submit()      any thread, at any time; see api/submit.hpp
//   stop()        clean shutdown: refuse new commands, answer the accepted ones, snapshot
//
// REQUIRES: these are called in this order, by one thread; submit() and metrics() by any thread.
// After a crash instead of stop(), recover() gives exactly the durable batches, which include every
// batch that any listener has seen. There is no switch that answers before the journal does.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "journal/file.hpp"
#include "journal/recovery.hpp"
#include "runtime/api/egress.hpp"
#include "runtime/api/submit.hpp"
#include "runtime/clock.hpp"
#include "runtime/follower.hpp"
#include "runtime/metrics.hpp"
#include "runtime/wait_strategy.hpp"

namespace perpetua::runtime {

struct RuntimeOptions {
  std::string data_dir;
  bool refuse_volatile = false;  // production: no tmpfs, no overlay
  uint32_t matchers = 1;         // threads of the match phase; never more than usable processors
  WaitKind wait = WaitKind::blocking;
  uint64_t snapshot_every_commands = 1'000'000;            // 0 = at stop only
  uint64_t segment_bytes = journal::kSegmentBytesDefault;  // of the file journal
  // stop() calls it once everything accepted has left and is durable, before the last snapshot.
  std::function<void()> on_drained;
  uint32_t batch_interval_us = 0;  // between two batches, at least; 0 = none
  uint32_t batch_settle_us = 0;    // a batch waits so long for what comes with its first command
  std::vector<Submission> genesis;  // the first batch of an empty journal; at most one batch

  // Seams; null = the machine's own. Must outlive the runtime.
  const Clock* clock = nullptr;
  journal::Storage* storage = nullptr;
  journal::Journal* journal = nullptr;  // null = segment files in data_dir
};

class Runtime final : public CommandPort {
 public:
  explicit Runtime(RuntimeOptions options);
  ~Runtime() override;  // stops if started
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // `history` (may be null) gets every batch after `history_applied`, in order, exactly once;
  // `witness` all that are replayed, which are those behind some snapshot. A status that is not ok
  // says why the exchange must not start: damage, a lock held by another process, or a history that
  // is ahead of the journal. `position` of the result is where this runtime's log stands, with its
  // epoch.
  journal::RecoveryResult recover(BatchNumber history_applied, journal::ReplaySink* history,
                                  journal::ReplaySink* witness = nullptr);

  // The same with the engine of a follower of this data directory in place of a snapshot: reads the
  // journal behind it to its end. A history that is behind that engine is refused.
  journal::RecoveryResult recover_warm(Follower::Warm warm, BatchNumber history_applied,
                                       journal::ReplaySink* history);

  // REQUIRES: recovered, not running.
  void describe(DescribeSink& sink) const;
  const Engine& engine() const;

  // Called in registration order. Must outlive stop().
  void add_listener(EgressListener& listener);

  void start();
  SubmitResult submit(std::span<Submission> submissions) override;

  // Returns false if something accepted could not be made durable for lack of space: it was not
  // answered, and no snapshot was taken.
  bool stop();

  RuntimeMetrics metrics() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace perpetua::runtime
