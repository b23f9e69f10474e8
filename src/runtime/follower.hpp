// Follower: a replica of the exchange that only reads the journal.
//
// The engine is deterministic, so whoever applies the same records has the same state and the same
// events. A follower rebuilds its engine from a snapshot of its own and the journal behind it, then
// takes the records one by one, as somebody brings them (take) or as the journal holds them
// (catch_up), and calls its listeners for each batch as the egress stage of a Runtime does. It
// never writes to the journal. Its data directory, which it locks, holds the exchange's cluster id
// and the follower's snapshots, nothing else.
//
//   recover()             locks the directory; engine = snapshot + journal; no listener hears it
//   describe(), engine()  the state of that moment, for the hot store
//   take(), catch_up()    from here on, in any mixture; batch by batch, each exactly once
//   release()             ends it: the engine and its place, for Runtime::recover_warm
//
// Thread-safety: one thread for everything but last_batch() and metrics().
// Invariants: engine().last_batch() == last_batch(); the hash of that batch's record is known, and
// the next record must continue it. A record is applied whole or changes nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "journal/file.hpp"
#include "journal/recovery.hpp"
#include "runtime/api/egress.hpp"
#include "runtime/wait_strategy.hpp"

namespace perpetua::runtime {

struct FollowerOptions {
  std::string data_dir;
  bool refuse_volatile = false;  // production: no tmpfs, no overlay
  // Of the exchange, for a directory that has none yet; a directory of another one is refused.
  std::optional<journal::ClusterId> cluster_id;
  uint32_t matchers = 1;  // threads of the match phase; never more than usable processors
  WaitKind wait = WaitKind::blocking;
  // Commands between snapshots, which a forked child writes; 0 = only write_snapshot() does.
  uint64_t snapshot_every_commands = 0;

  // Must outlive the follower. Null = segment files in data_dir.
  journal::Journal* journal = nullptr;
  journal::Storage* storage = nullptr;  // null = the machine's own
};

struct FollowerMetrics {
  BatchNumber last_batch = 0;
  uint64_t epoch = 0;    // of the newest record
  uint64_t batches = 0;  // applied since recover()
  uint64_t commands = 0;
  uint64_t duplicates = 0;
  uint64_t gaps = 0;
  uint64_t refused = 0;
  uint64_t snapshots = 0;
  uint64_t snapshot_failures = 0;
  BatchNumber snapshot_batch = 0;
};

class Follower {
 public:
  // `targets` comes with one entry per command, zeroed (= nobody waits here), and keeps its size.
  using FillTargets = std::function<void(const BatchInput&, std::vector<ReplyTarget>& targets)>;

  explicit Follower(FollowerOptions options);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // As Runtime::recover, but writes nothing to the journal: neither cuts a torn tail nor opens a
  // log. `history` (may be null) gets every batch after `history_applied` that the journal holds,
  // `witness` all that are replayed, which are those behind some snapshot.
  journal::RecoveryResult recover(BatchNumber history_applied, journal::ReplaySink* history,
                                  journal::ReplaySink* witness = nullptr);

  // REQUIRES, here and below: recover() was ok and release() was not called.
  void describe(DescribeSink& sink) const;
  const Engine& engine() const;
  const journal::ClusterId& cluster_id() const;
  // Behind the newest record applied.
  journal::JournalPosition position() const;

  // Called in registration order. Must outlive the follower, or its release().
  void add_listener(EgressListener& listener);
  void on_targets(FillTargets fill);

  // applied: the batch is in the engine and every listener has had it.
  // duplicate: its batch is not above last_batch(). Nothing changed.
  // gap: its batch is not the next one. Nothing changed; catch_up() brings what is missing.
  // refused: damaged, of another exchange, of an epoch that is over, or not what follows the newest
  //   record (another history). Nothing changed; `why` names the reason.
  enum class Taken : uint8_t { applied, duplicate, gap, refused };

  // One whole record as the journal has it (journal/format.hpp), of any alignment. A record does
  // not tell its schema: whoever carries it over compares kSchemaHash once.
  Taken take(std::span<const std::byte> record, std::string& why);

  // Applies what the journal holds behind last_batch(), to its end or `at_most`; `batches` is how
  // many. Not ok: the journal cannot be reached now (ENOTCONN), is damaged, ends before
  // last_batch() (an old replica), or has another history; what was applied until then stays
  // applied.
  journal::Status catch_up(uint64_t& batches, BatchNumber at_most = UINT64_MAX);

  // Writes a snapshot on this thread; for a clean stop. Nothing to do before the first batch.
  journal::Status write_snapshot();

  BatchNumber last_batch() const;   // any thread
  FollowerMetrics metrics() const;  // any thread

  struct Warm {
    std::unique_ptr<Engine> engine;
    journal::JournalPosition position;
  };
  // Gives the directory free; afterwards only last_batch() and metrics() may be called.
  Warm release();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace perpetua::runtime
