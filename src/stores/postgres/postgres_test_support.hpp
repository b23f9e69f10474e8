// For tests of the history in PostgreSQL and TimescaleDB: what lies in a database.
#pragma once

#include "stores/history/history_backend_test_support.hpp"

namespace perpetua::stores::test {

inline std::vector<TableChecksum> checksums(const std::string& url) {
  PostgresSource source(reader_options(url), [] { return BatchNumber{0}; });
  return checksum_history(source, ChecksumTables::all);
}

inline std::string text_of(const std::vector<TableChecksum>& checksums) {
  std::string text;
  for (const TableChecksum& checksum : checksums) text += checksum_line(checksum) + "\n";
  return text;
}

// All tables of a database.
inline std::string rows_in(const std::string& url) { return text_of(checksums(url)); }

inline pg::Connection connected(const std::string& url) {
  pg::Connection connection;
  const pg::Result opened = connection.open({.url = url});
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  return connection;
}

inline int64_t number_in(const std::string& url, const std::string& sql) {
  pg::Connection connection = connected(url);
  const pg::Result result = connection.run(sql);
  EXPECT_TRUE(result.ok()) << result.error().message;
  return result.ok() && result.rows() == 1 ? result.integer(0, 0) : -1;
}

inline BatchNumber applied_at(const std::string& url) {
  return static_cast<BatchNumber>(
      number_in(url, "SELECT value FROM meta WHERE name = 'applied_batch'"));
}

class PostgresHistoryTest : public testing::TestWithParam<DatabaseKind> {
 protected:
  void SetUp() override { PERPETUA_SKIP_WITHOUT_DATABASE(); }

  static pg::test::TestServer& server() {
    return GetParam() == DatabaseKind::postgres ? shared_postgres() : shared_timescale();
  }
  PostgresWriterOptions options(const std::string& url) const {
    return writer_options(url, folder_.file(""));
  }
  void write_all(const std::string& url, const std::vector<RecordedBatch>& batches,
                 std::size_t count) const {
    PostgresHistoryWriter writer(options(url));
    for (std::size_t i = 0; i < count; ++i) writer.apply(batches[i].view());
    ASSERT_TRUE(writer.flush()) << writer.failure() << writer.last_error();
    ASSERT_EQ(writer.applied_batch(), count);
  }
  // What a history that was never disturbed has.
  std::string reference(const std::vector<RecordedBatch>& batches) const {
    const std::string url = new_database(server());
    write_all(url, batches, batches.size());
    return text_of(checksums(url));
  }

  TemporaryFolder folder_;
};

// With a server of its own, which it may stop.
class PostgresOutageTest : public testing::Test {
 protected:
  PostgresWriterOptions options(const std::string& url) const {
    return writer_options(url, folder_.file(""));
  }
  // What a history that was never disturbed has.
  std::string reference(const std::vector<RecordedBatch>& batches) {
    const std::string url = new_database(server_);
    PostgresHistoryWriter writer(options(url));
    for (const RecordedBatch& batch : batches) writer.apply(batch.view());
    EXPECT_TRUE(writer.flush()) << writer.failure();
    return rows_in(url);
  }

  TemporaryFolder folder_;
  pg::test::TestServer server_;
};

inline const auto kEveryServer = testing::Values(DatabaseKind::postgres, DatabaseKind::timescale);

}  // namespace perpetua::stores::test
