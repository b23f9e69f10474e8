// PostgresHistoryWriter: the history in PostgreSQL or TimescaleDB. A projection of the journal, as
// HistoryWriter is.
//
// apply() copies what a batch leaves into a backlog and returns; it never waits for the server. A
// thread of its own writes what has queued in one transaction, with applied_batch in it. While the
// server is away the backlog grows, in memory and then in files of `backlog_folder`, up to
// `backlog_bytes_max`; when it is back, rows go on where applied_batch() says, so nothing is
// missing or double, also when the outcome of a COMMIT was lost with the connection.
// What the backlog had no room for is read from the journal (`missed`) on that thread, a group at a
// time, and so is what the server has lost (it was restored, or a replica took over) and what
// happened before the server was there for the first time. Without `missed` these are failures.
// failed(): the journal cannot give what is missing, or an error will not pass by itself. Rows are
// dropped from then on; the next start goes on from applied_batch(): never a gap.
#pragma once

#include <functional>
#include <memory>

#include "stores/history/history_projection.hpp"
#include "stores/history/missed_batches.hpp"
#include "stores/postgres/history_backlog.hpp"
#include "stores/postgres/history_database.hpp"

namespace perpetua::stores {

namespace history_limits {
constexpr std::size_t kPostgresGroupBytesMax = 4u << 20;  // of one transaction, about
constexpr int64_t kPostgresGroupIntervalMs = 20;  // between transactions while the queue is short
constexpr int64_t kPostgresRetryMs = 200;         // between attempts while the server is away
constexpr int kPostgresLastingErrorsMax = 5;      // errors in a row that do not look like passing
constexpr int64_t kPostgresFlushMs = 30'000;      // flush() waits so long without progress
constexpr int64_t kPostgresStopMs = 5'000;        // the destructor does
}  // namespace history_limits

struct PostgresWriterOptions {
  PostgresHistoryOptions database;
  std::string backlog_folder;
  uint64_t backlog_bytes_max = 4ull << 30;  // of files
  std::size_t backlog_memory_bytes_max = history_limits::kBacklogMemoryBytesMax;
  std::size_t group_bytes_max = history_limits::kPostgresGroupBytesMax;
  int64_t group_interval_ms = history_limits::kPostgresGroupIntervalMs;
  int64_t start_ms = 30'000;                          // how long the first connection is tried
  MissedBatches* missed = nullptr;                    // outlives the writer; may be null
  std::function<void(const std::string& line)> tell;  // the server went or is back; may be empty
};

class PostgresHistoryWriter final : public HistoryProjection {
 public:
  // Throws std::runtime_error if the database cannot be used: a start-up error. With `missed`, a
  // server that does not answer is none: has_begun() is false, and applied_batch() is not known.
  explicit PostgresHistoryWriter(const PostgresWriterOptions& options);
  ~PostgresHistoryWriter() override;  // writes what is queued, if the server is there
  PostgresHistoryWriter(const PostgresHistoryWriter&) = delete;
  PostgresHistoryWriter& operator=(const PostgresHistoryWriter&) = delete;

  BatchNumber applied_batch() const override;
  void apply(const AppliedBatch& batch) override;
  void apply_replayed(const AppliedBatch& batch) override;
  bool flush() override;
  bool failed() const override;
  std::string failure() const override;
  std::size_t queued_bytes() const override;
  uint64_t missing_batches() const override;

  // Instead of the first apply(): whatever the database has, batches up to `last` are not handed
  // over but missed. Until the server answers, all of them count as missing.
  bool has_begun() const;
  void begin_after(BatchNumber last);

  bool is_connected() const;       // as of the last transaction
  std::string last_error() const;  // of the server; empty while all is well
  uint64_t backlog_file_bytes() const;
  uint64_t rows_written() const;  // since the start

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace perpetua::stores
