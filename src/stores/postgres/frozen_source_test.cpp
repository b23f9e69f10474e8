// The history as of one moment, while its writer goes on.
#include "stores/postgres/frozen_source.hpp"

#include "stores/postgres/postgres_test_support.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

class FrozenSourceTest : public PostgresHistoryTest {
 protected:
  // Batches first..last with one thought each, whose id is the batch's number.
  void write(const std::string& url, BatchNumber first, BatchNumber last) const {
    PostgresHistoryWriter writer(options(url));
    for (BatchNumber batch = first; batch <= last; ++batch) {
      writer.apply(thoughts_batch(batch, batch, 1, 10).view());
    }
    ASSERT_TRUE(writer.flush()) << writer.failure() << writer.last_error();
  }
  static void end_its_connection(const std::string& url) {
    pg::Connection killer = connected(url);
    const pg::Result ended = killer.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'perpetua warm start' AND datname = current_database()");
    ASSERT_TRUE(ended.ok()) << ended.error().message;
    ASSERT_EQ(ended.rows(), 1);
  }
};

TEST_P(FrozenSourceTest, every_read_sees_the_rows_of_the_batch_it_began_at) {
  const std::string url = new_database(server());
  write(url, 1, 3);
  FrozenSource frozen(url);
  ASSERT_EQ(frozen.begin(), "");
  EXPECT_EQ(frozen.applied_batch(), 3u);
  const std::string before = text_of(checksum_history(frozen, ChecksumTables::all));
  EXPECT_EQ(before, rows_in(url));
  write(url, 4, 6);
  EXPECT_EQ(text_of(checksum_history(frozen, ChecksumTables::all)), before);
  EXPECT_EQ(frozen.applied_batch(), 3u);
  EXPECT_NE(before, rows_in(url)) << "others see what was written since";
}

TEST_P(FrozenSourceTest, one_that_begins_later_sees_later_rows) {
  const std::string url = new_database(server());
  write(url, 1, 2);
  FrozenSource early(url);
  ASSERT_EQ(early.begin(), "");
  write(url, 3, 3);
  FrozenSource late(url);
  ASSERT_EQ(late.begin(), "");
  EXPECT_EQ(late.applied_batch(), 3u);
  EXPECT_EQ(text_of(checksum_history(late, ChecksumTables::all)), rows_in(url));
}

TEST_P(FrozenSourceTest, statements_take_their_values_and_take_new_ones_after_a_reset) {
  const std::string url = new_database(server());
  write(url, 1, 1);
  FrozenSource frozen(url);
  ASSERT_EQ(frozen.begin(), "");
  const auto session = frozen.lend();
  Query& query = session->statement(
      "SELECT ?::bigint, ?::text, ?::bytea, CASE WHEN ?::bytea IS NULL THEN 1 ELSE 0 END");
  const std::string bytes("\0\xFF'", 3);
  query.bind(-7).bind_text("tea $1").bind_blob(bytes).bind_blob("");
  ASSERT_EQ(query.step(), Query::Step::row);
  EXPECT_EQ(query.next_int(), -7);
  EXPECT_EQ(query.next_text(), "tea $1");
  EXPECT_EQ(query.next_text(), bytes);
  EXPECT_EQ(query.next_int(), 1);
  EXPECT_EQ(query.step(), Query::Step::done);
  EXPECT_EQ(query.step(), Query::Step::done);
  query.reset();
  query.bind(8).bind_text("").bind_blob("").bind_blob(bytes);
  ASSERT_EQ(query.step(), Query::Step::row);
  EXPECT_EQ(query.next_int(), 8);
  EXPECT_EQ(query.next_text(), "");
  EXPECT_EQ(query.next_text(), "");
  EXPECT_EQ(query.next_int(), 0);
}

TEST_P(FrozenSourceTest, scans_of_any_length_run_side_by_side) {
  constexpr int64_t kRows = 12'000;  // more than one step of a cursor
  const std::string url = new_database(server());
  PostgresHistoryWriter writer(options(url));
  writer.apply(thoughts_batch(1, 1, kRows, 3).view());
  ASSERT_TRUE(writer.flush()) << writer.failure();
  FrozenSource frozen(url);
  ASSERT_EQ(frozen.begin(), "");
  const auto session = frozen.lend();
  const auto another = frozen.lend();
  Query& rising = session->scan("SELECT thought_id FROM thoughts ORDER BY thought_id");
  Query& falling = another->scan("SELECT thought_id FROM thoughts ORDER BY thought_id DESC");
  for (int64_t i = 1; i <= kRows; ++i) {
    ASSERT_EQ(rising.step(), Query::Step::row);
    ASSERT_EQ(rising.next_int(), i);
    ASSERT_EQ(falling.step(), Query::Step::row);
    ASSERT_EQ(falling.next_int(), kRows + 1 - i);
  }
  EXPECT_EQ(rising.step(), Query::Step::done);
  EXPECT_EQ(falling.step(), Query::Step::done);
}

TEST_P(FrozenSourceTest, one_that_cannot_begin_says_why) {
  const std::string url = server().create_database("frozen_without_tables");
  FrozenSource without_tables(url);
  EXPECT_NE(without_tables.begin().find("meta"), std::string::npos);
  FrozenSource without_database(server().url("frozen_of_nothing"));
  EXPECT_NE(without_database.begin().find("frozen_of_nothing"), std::string::npos);
  pg::Connection connection = connected(url);
  ASSERT_TRUE(connection.run("CREATE TABLE meta(name text PRIMARY KEY, value bigint)").ok());
  FrozenSource without_rows(url);
  EXPECT_EQ(without_rows.begin(), "the tables are not there");
  EXPECT_THROW(without_rows.lend()->statement("SELECT 1").step(), HistoryUnavailable);
}

// A new connection would show another moment.
TEST_P(FrozenSourceTest, a_read_that_fails_is_told_and_so_is_every_later_one) {
  const std::string url = new_database(server());
  write(url, 1, 1);
  FrozenSource frozen(url);
  ASSERT_EQ(frozen.begin(), "");
  const auto session = frozen.lend();
  Query& query = session->statement("SELECT thought_id FROM thoughts WHERE agent = ?");
  ASSERT_EQ(query.bind(1).step(), Query::Step::row);
  query.reset();
  end_its_connection(url);
  EXPECT_THROW(query.bind(1).step(), HistoryUnavailable);
  EXPECT_THROW(session->statement("SELECT 1").step(), HistoryUnavailable);
  EXPECT_THROW(frozen.lend()->scan("SELECT thought_id FROM thoughts").step(), HistoryUnavailable);
}

INSTANTIATE_TEST_SUITE_P(Servers, FrozenSourceTest, kEveryServer, kind_name);

}  // namespace
}  // namespace perpetua::stores
