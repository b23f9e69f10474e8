// HistoryService: the history of a running exchange, wherever it is: SQLite in the data directory,
// or PostgreSQL with replicas. Its writer, the listener that feeds it, its readers, its metrics.
//
// Order: made (opens the writer), recovery through listener(), finish_recovery(), then reader(). If
// the database does not answer (is_away()), recovery gives the history nothing, and
// finish_recovery() tells where the exchange begins: the writer reads what is missing from the
// journal once the database is there.
// Thread-safety: as of the parts; shown_batch() and Collect() by any thread.
#pragma once

#include <prometheus/collectable.h>

#include <memory>
#include <string>
#include <vector>

#include "listeners.hpp"
#include "settings.hpp"
#include "stores/history/history_projection.hpp"
#include "stores/history/history_reader.hpp"
#include "stores/postgres/postgres_history_writer.hpp"
#include "stores/postgres/postgres_source.hpp"

namespace perpetua::app {

struct HistoryPlace {
  std::string data_dir;
  std::string database_url;  // empty: SQLite in data_dir
  std::vector<std::string> replica_urls;
  std::size_t connections = 4;
  int64_t lag_max_ms = 250;
  int64_t poll_ms = 10;
  int64_t group_ms = stores::history_limits::kPostgresGroupIntervalMs;
  uint64_t backlog_bytes_max = 4ull << 30;
  int64_t retention_days = 0;

  bool is_remote() const { return !database_url.empty(); }
  std::string file() const { return data_dir + "/history.sqlite"; }
};

HistoryPlace history_place(const Settings& settings);
stores::PostgresReaderOptions reader_options(const HistoryPlace& place);

class MetricFamilies;
void add_reader_metrics(MetricFamilies& out, stores::PostgresSource& source);

class HistoryService final : public prometheus::Collectable {
 public:
  // Throws std::runtime_error: no usable history can be opened or made there. `missed` is for a
  // remote database; without it a database that does not answer is an error.
  HistoryService(HistoryPlace place, uint64_t cluster_id,
                 std::unique_ptr<stores::MissedBatches> missed = nullptr);

  bool is_away() const { return remote_writer_ != nullptr && !remote_writer_->has_begun(); }

  stores::HistoryProjection& writer() { return *writer_; }
  HistoryListener& listener() { return *listener_; }

  // The history is ahead of the journal, so it is of another one: a file is deleted; a database is
  // left to the operator (throws).
  void discard();

  // Everything replayed is written, and can be read: true. False: the database does not answer;
  // what it misses up to `last_batch` is read later. Throws if it can never be.
  bool finish_recovery(BatchNumber last_batch);
  stores::HistoryReader& reader() { return *reader_; }

  // What readers go without; empty: nothing. Any thread.
  std::string degraded() const;

  // The newest batch that every read from now on sees.
  BatchNumber shown_batch() const;

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  void make_reader();

  const HistoryPlace place_;
  const std::unique_ptr<stores::MissedBatches> missed_;
  std::unique_ptr<stores::HistoryProjection> writer_;
  stores::PostgresHistoryWriter* remote_writer_ = nullptr;  // writer_, if it is one
  std::unique_ptr<HistoryListener> listener_;
  stores::PostgresSource* remote_source_ = nullptr;  // the reader's, if it has one
  std::unique_ptr<stores::HistoryReader> reader_;
};

}  // namespace perpetua::app
