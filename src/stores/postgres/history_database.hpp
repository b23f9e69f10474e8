// HistoryDatabase: the writing side of the history in PostgreSQL: one connection, one transaction
// for a group of batches, with applied_batch in it.
//
// open() connects, migrates, takes the writer's lock (an advisory lock of the session, so a second
// writer waits its turn) and reads the state that rows are made from. write() stands or falls as a
// whole. Whatever goes wrong, it is closed afterwards: what the server made of the transaction
// shows in applied_batch() after the next open().
// Not thread-safe: the writer's thread.
#pragma once

#include <atomic>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "base/pg/connection.hpp"
#include "stores/history/history_rows.hpp"
#include "stores/postgres/accounting.hpp"
#include "stores/postgres/copy_buffer.hpp"

namespace perpetua::stores {

namespace history_limits {
constexpr int64_t kPostgresConnectMs = 5'000;
constexpr int64_t kPostgresWriteMs = 60'000;       // of one statement of the writer
constexpr int64_t kPostgresLockMs = 2'000;         // housekeeping waits so long for readers
constexpr std::size_t kRetentionRowsMax = 10'000;  // rows one housekeeping statement deletes
constexpr int kRetentionRoundsMax = 20;            // of them, in one go
}  // namespace history_limits

struct PostgresHistoryOptions {
  std::string url;
  uint64_t cluster_id = 0;        // whose history this is
  BatchNumber journal_batch = 0;  // last batch of the journal; a database beyond it is foreign
  int64_t retention_days = 0;     // 0: everything is kept
};

class HistoryDatabase {
 public:
  explicit HistoryDatabase(PostgresHistoryOptions options);

  pg::Error open();
  void close();
  bool is_open() const { return connection_.is_open(); }
  BatchNumber applied_batch() const { return applied_; }

  // The batches of `group` and those without rows up to `last`. REQUIRES: is_open, the group
  // follows applied_batch().
  pg::Error write(std::span<const HistoryBatch> group, BatchNumber last);

  uint64_t rows_written() const { return rows_written_; }

 private:
  struct Preloaded;

  pg::Result load_meta();
  pg::Result load_markets();
  pg::Result load_accounting();
  template <class Ids, class Visit>
  pg::Result select_ids(const char* columns, const char* table, const char* key, const Ids& ids,
                        Visit visit);
  pg::Result preload(std::span<const HistoryBatch> group, Preloaded& loaded);
  pg::Result make_partitions(std::span<const HistoryBatch> group);
  pg::Result transact(const HistoryRows& rows, const AccountingRows& accounting, BatchNumber last);
  pg::Result write_rows(const HistoryRows& rows);
  pg::Result write_perpetual(const HistoryRows& rows);
  pg::Result write_orders(const HistoryRows& rows);
  pg::Result write_triggers(const HistoryRows& rows);
  pg::Result write_messages(const HistoryRows& rows);
  pg::Result write_accounting(const AccountingRows& rows);
  pg::Result write_meta(const AccountingRows& rows, BatchNumber last);
  pg::Result keep_house(int64_t log_time_ms);
  template <class Rows, class Bind>
  pg::Result copy(const std::string& table, const std::string& columns, const Rows& rows,
                  Bind bind);

  const PostgresHistoryOptions options_;
  pg::Connection connection_;
  BatchNumber applied_ = 0;
  MarketSpecs specs_{};
  std::optional<Accounting> accounting_;
  std::set<int64_t> partitions_;  // known to be there
  int64_t housekeeping_hour_ = 0;
  CopyBuffer buffer_;
  std::atomic<uint64_t> rows_written_{0};
};

}  // namespace perpetua::stores
