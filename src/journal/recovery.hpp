// recover(): the state of the exchange as of its last durable batch, from the newest valid snapshot
// and the journal behind it.
//
// A torn tail is cut (only by the owner of the directory) and reported with the first batch cut;
// corruption, a journal that ends before a snapshot, and a replay whose event sequence differs from
// the recorded one are refused with their place, and nothing is changed. Then the journal is made
// ready to be written on (Journal::finish_reading).
// Thread-safety: one thread; the executor may use its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "journal/data_directory.hpp"
#include "journal/journal.hpp"

namespace perpetua::journal {

class ReplaySink {
 public:
  virtual ~ReplaySink() = default;
  virtual void on_batch(const AppliedBatch& batch) = 0;  // views live until the call returns
};

struct RecoveryOptions {
  BatchNumber at_most = UINT64_MAX;           // replay no further; then nothing on disk is changed
  bool use_snapshots = true;                  // false: from batch 1
  BatchNumber snapshot_at_most = UINT64_MAX;  // the sink wants every batch after this one
  bool only_reads = false;  // the journal is somebody else's: it is not made ready to be written on
};

struct RecoveryResult {
  Status status;                   // not ok: refuse to start; says why
  JournalPosition position;        // for Journal::open_log
  BatchNumber last_batch = 0;      // of the engine
  BatchNumber snapshot_batch = 0;  // 0 = replayed from the beginning
  uint64_t replayed_batches = 0;
  uint64_t replayed_commands = 0;
  BatchNumber first_cut_batch = 0;  // 0 = no torn tail
  std::string torn_tail;            // file, offset and reason of a torn tail
  std::vector<std::string> rejected_snapshots;
};

// `engine` is replaced. `sink` may be null; it gets every replayed batch, not those the snapshot
// already holds. REQUIRES: `journal` is attached to `directory`.
RecoveryResult recover(const DataDirectory& directory, Journal& journal,
                       const RecoveryOptions& options, MatchExecutor& executor, ReplaySink* sink,
                       std::unique_ptr<Engine>& engine);

// The same for an engine that is already there, in place of the snapshot: replays what the journal
// holds behind `position`, which is where that engine stands. What `engine` is if the status is not
// ok, is not known.
RecoveryResult recover_tail(const DataDirectory& directory, Journal& journal,
                            const JournalPosition& position, MatchExecutor& executor,
                            ReplaySink* sink, Engine& engine);

// The same as recover() with the directory's own segment files.
RecoveryResult recover(const DataDirectory& directory, const RecoveryOptions& options,
                       MatchExecutor& executor, ReplaySink* sink, std::unique_ptr<Engine>& engine);

}  // namespace perpetua::journal
