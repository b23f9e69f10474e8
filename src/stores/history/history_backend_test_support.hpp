// For tests of the history: one writer and its readers on each database that there is.
#pragma once

#include "base/pg/test_server.hpp"
#include "stores/history/history_checksum.hpp"
#include "stores/history/history_test_support.hpp"
#include "stores/postgres/postgres_history_writer.hpp"
#include "stores/postgres/postgres_source.hpp"
#include "stores/postgres/timescale_test_support.hpp"
#include "stores/sqlite/reader_pool.hpp"

namespace perpetua::stores::test {

using pg::test::eventually;

// One server for the whole program; each test has a database of its own there.
inline pg::test::TestServer& shared_postgres() {
  static pg::test::TestServer server;
  return server;
}

inline std::string new_database(pg::test::TestServer& server) {
  static int number = 0;
  return server.create_database("history_" + std::to_string(++number));
}

inline PostgresWriterOptions writer_options(const std::string& url, const std::string& folder) {
  PostgresWriterOptions options;
  options.database.url = url;
  options.database.cluster_id = kCluster;
  options.database.journal_batch = 1'000'000'000;
  options.backlog_folder = folder;
  return options;
}

inline PostgresReaderOptions reader_options(const std::string& url) {
  PostgresReaderOptions options;
  options.primary_url = url;
  options.read_ms = 60'000;
  return options;
}

class HistoryBackend {
 public:
  virtual ~HistoryBackend() = default;
  virtual HistoryProjection& writer() = 0;
  virtual std::unique_ptr<HistorySource> source() = 0;

  HistoryReader reader() {
    EXPECT_TRUE(writer().flush()) << writer().failure();
    return HistoryReader(source());
  }
};

class SqliteBackend final : public HistoryBackend {
 public:
  HistoryProjection& writer() override { return writer_; }
  std::unique_ptr<HistorySource> source() override {
    return std::make_unique<ReaderPool>(folder_.file("h.db"), 1);
  }

 private:
  TemporaryFolder folder_;
  HistoryWriter writer_{options_for(folder_.file("h.db"))};
};

class PostgresBackend final : public HistoryBackend {
 public:
  explicit PostgresBackend(pg::test::TestServer& server)
      : url_(new_database(server)), writer_(writer_options(url_, folder_.file(""))) {}
  HistoryProjection& writer() override { return writer_; }
  std::unique_ptr<HistorySource> source() override {
    return std::make_unique<PostgresSource>(reader_options(url_),
                                            [this] { return writer_.applied_batch(); });
  }

 private:
  TemporaryFolder folder_;
  std::string url_;
  PostgresHistoryWriter writer_;
};

enum class DatabaseKind { sqlite, postgres, timescale };

inline std::unique_ptr<HistoryBackend> make_backend(DatabaseKind kind) {
  if (kind == DatabaseKind::sqlite) return std::make_unique<SqliteBackend>();
  return std::make_unique<PostgresBackend>(kind == DatabaseKind::postgres ? shared_postgres()
                                                                          : shared_timescale());
}

inline std::string kind_name(const testing::TestParamInfo<DatabaseKind>& info) {
  constexpr const char* names[] = {"sqlite", "postgres", "timescale"};
  return names[static_cast<int>(info.param)];
}

// Skips what needs TimescaleDB where it is not installed.
#define PERPETUA_SKIP_WITHOUT_DATABASE()                                     \
  if (GetParam() == DatabaseKind::timescale && !has_timescale()) {           \
    GTEST_SKIP() << "no TimescaleDB here: scripts/setup-timescale makes it"; \
  }

inline const auto kEveryDatabase =
    testing::Values(DatabaseKind::sqlite, DatabaseKind::postgres, DatabaseKind::timescale);

}  // namespace perpetua::stores::test
