// Snapshotter: snapshots while the exchange runs, without delaying a batch.
//
// At a batch boundary the sequencer forks; the child holds the state of that instant (copy on
// write), waits until the parent tells it that the batch is durable, writes the snapshot and exits.
// The sequencer pays for the fork alone. Why a fork: docs/decisions/0003-snapshots-by-fork.md.
//
// In the child only this thread exists. It closes every inherited descriptor but one (so it
// holds neither sockets nor the directory lock), opens its files itself, and ends by _exit. If the
// parent dies first, that one ends and the child exits without writing.
// Under a sanitizer a forked child of many threads is not reliable: there, snapshots are taken at
// stop only (kCanFork is false).
//
// Thread-safety: the engine's thread alone (sequencer, or follower). One child at a time.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "engine/engine.hpp"
#include "journal/snapshot_store.hpp"
#include "runtime/batch_ring.hpp"
#include "runtime/metrics.hpp"

namespace perpetua::runtime {

inline constexpr std::size_t kSnapshotsKept = 3;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool kCanFork = false;
#else
inline constexpr bool kCanFork = true;
#endif

class Snapshotter {
 public:
  // `every_commands` 0 = never while running.
  Snapshotter(journal::SnapshotStore store, uint64_t every_commands,
              PipelineCounters::Sequence& counters);
  ~Snapshotter();
  Snapshotter(const Snapshotter&) = delete;
  Snapshotter& operator=(const Snapshotter&) = delete;

  // After every batch: starts a child if enough commands have passed since the last one.
  void after_batch(const Engine& engine, uint64_t commands);

  // Releases the child once its batch is durable, and reaps it when it has ended. REQUIRES: called
  // before the slot of a batch is used again.
  void poll(BatchRing& batches);

  // The two halves of poll(), for an owner whose batches are durable before they are applied.
  void release(uint64_t record_hash);  // of the batch of the last start(); REQUIRES: is_waiting()
  void reap();

  bool has_child() const { return child_ > 0; }
  bool is_waiting() const { return release_ >= 0; }  // the child, for release()

  // Kills and reaps the child, if there is one; at stop, when a newer snapshot follows.
  void cancel();

 private:
  void start(const Engine& engine);
  [[noreturn]] void run_child(const Engine& engine, int release);
  void close_release();
  void finish(int status);

  journal::SnapshotStore store_;
  const uint64_t every_commands_;
  PipelineCounters::Sequence& counters_;
  uint64_t commands_since_ = 0;
  pid_t child_ = 0;
  BatchNumber child_batch_ = 0;
  int release_ = -1;  // our end of the socket pair; -1 once the child has been released
};

}  // namespace perpetua::runtime
