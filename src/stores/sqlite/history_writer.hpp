// HistoryWriter: orders, fills, ledger entries, thoughts, candles, registrations, funding,
// liquidations, changes of funds, positions and markets, ends of positions and triggers in one
// SQLite file. A projection of the journal: it can be deleted at any time and is rebuilt from it.
//
// apply() copies the rows of a batch into a bounded queue and returns; a thread of its own writes
// what has queued in one transaction, with applied_batch in it. A full queue makes the caller wait:
// the exchange slows rather than loses history. After open, the caller hands over every batch
// from applied_batch() + 1 on, in order; older ones are ignored, so each is applied exactly once.
// A missing, damaged or foreign file (other cluster, other schema version, ahead of the journal)
// is deleted and made anew: applied_batch() is then 0.
// WAL with synchronous=NORMAL: a power cut can lose the last transactions, never the file's
// consistency, and the journal re-applies what is lost; a sync per transaction would buy nothing.
// Errors: one that lasts (disk full, damage) ends the writing: failed() turns true, the file stays
// at its last transaction, apply() drops rows; the next start goes on from applied_batch().
// Thread-safety: apply and flush from one thread (egress); the other calls from any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/schema/batch.hpp"
#include "stores/history/history_projection.hpp"

namespace perpetua::stores {

namespace history_limits {
constexpr std::size_t kQueueBytesMax = 16u << 20;  // rows waiting to be written
constexpr std::size_t kGroupBytesMax = 4u << 20;   // of one transaction, about
constexpr int64_t kGroupIntervalMs = 50;           // between transactions while the queue is short
constexpr uint64_t kIdleBatchesMax = 4'096;  // batches without rows until their number is written
constexpr int kWriteAttemptsMax = 50;        // of one transaction ...
constexpr int64_t kWriteRetryMs = 100;       // ... this far apart: about 5 s of a full disk
constexpr int64_t kCheckedBytesMax = 1ll << 30;  // a larger file is opened without a full check
constexpr uint64_t kPruneRowsMax = 10'000;       // rows above a limit before the oldest go
}  // namespace history_limits

// Rows kept, table by table; the oldest go first, open orders never.
struct HistoryRetention {
  uint64_t orders = 20'000'000;
  uint64_t fills = 40'000'000;
  uint64_t ledger_entries = 20'000'000;
  uint64_t thoughts = 5'000'000;  // and as many other messages
  uint64_t fundings = 2'000'000;
  uint64_t funding_payments = 20'000'000;
  uint64_t liquidations = 5'000'000;
  uint64_t fund_changes = 5'000'000;
  uint64_t position_changes = 10'000'000;
  uint64_t triggers = 10'000'000;
  uint64_t position_ends = 20'000'000;
  uint64_t market_changes = 1'000'000;
  uint64_t signals = 5'000'000;
  uint64_t violations = 5'000'000;
};

struct HistoryOptions {
  std::string path;               // of the database file
  uint64_t cluster_id = 0;        // whose history this is
  BatchNumber journal_batch = 0;  // last batch of the journal; a file beyond it is foreign
  HistoryRetention retention;
};

class HistoryWriter final : public HistoryProjection {
 public:
  // Opens or makes the file. Throws std::runtime_error if no usable file can be made there (the
  // path is not writable): a start-up error.
  explicit HistoryWriter(const HistoryOptions& options);
  ~HistoryWriter() override;  // writes what is queued
  HistoryWriter(const HistoryWriter&) = delete;
  HistoryWriter& operator=(const HistoryWriter&) = delete;

  BatchNumber applied_batch() const override;

  // Whether the file was made by this open, and why ("missing", "damaged", ...); empty if kept.
  std::string_view rebuild_reason() const;

  void apply(const AppliedBatch& batch) override;

  // Returns when everything handed over is committed; false if the writer has failed.
  bool flush() override;

  bool failed() const override;
  std::string failure() const override;
  std::size_t queued_bytes() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace perpetua::stores
