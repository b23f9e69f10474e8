// The server goes away and comes back: the exchange goes on, nothing is missing or double.
#include <filesystem>

#include "stores/postgres/answer_eater_test_support.hpp"
#include "stores/postgres/postgres_test_support.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

class PostgresOutage : public PostgresOutageTest {};

TEST_F(PostgresOutage, what_happened_meanwhile_is_written_when_the_server_is_back) {
  const auto batches = Flow(41).take(300);
  const std::string url = new_database(server_);
  PostgresHistoryWriter writer(options(url));
  for (std::size_t i = 0; i < 100; ++i) writer.apply(batches[i].view());
  ASSERT_TRUE(writer.flush());
  server_.stop();
  for (std::size_t i = 100; i < 300; ++i) writer.apply(batches[i].view());
  EXPECT_EQ(writer.applied_batch(), 100u);
  EXPECT_FALSE(writer.failed());
  server_.start();
  ASSERT_TRUE(writer.flush()) << writer.failure() << writer.last_error();
  EXPECT_EQ(writer.applied_batch(), 300u);
  EXPECT_EQ(writer.queued_bytes(), 0u);
  EXPECT_TRUE(writer.is_connected());
  EXPECT_EQ(rows_in(url), reference(batches));
}

TEST_F(PostgresOutage, a_server_killed_again_and_again_loses_and_doubles_nothing) {
  const auto batches = Flow(42).take(400);
  const std::string url = new_database(server_);
  PostgresHistoryWriter writer(options(url));
  for (std::size_t i = 0; i < batches.size(); ++i) {
    writer.apply(batches[i].view());
    if (i % 40 != 39) continue;
    ASSERT_TRUE(eventually([&] { return writer.failed() || writer.applied_batch() + 20 >= i; }));
    server_.kill_hard();
    server_.start();
  }
  ASSERT_TRUE(writer.flush()) << writer.failure() << writer.last_error();
  EXPECT_EQ(rows_in(url), reference(batches));
}

TEST_F(PostgresOutage, a_commit_whose_answer_is_lost_counts_once) {
  const auto batches = Flow(44).take(60);
  const std::string url = new_database(server_);
  AnswerEater eater(server_.port());
  const std::string database = url.substr(url.rfind('/'));
  PostgresHistoryWriter writer(
      options("postgresql://perpetua@127.0.0.1:" + std::to_string(eater.port()) + database));
  for (std::size_t i = 0; i < batches.size(); ++i) {
    if (i % 6 == 0) eater.arm();
    writer.apply(batches[i].view());
    ASSERT_TRUE(writer.flush()) << writer.failure() << writer.last_error();
  }
  EXPECT_EQ(eater.eaten(), 10);
  EXPECT_EQ(rows_in(url), reference(batches));
}

TEST_F(PostgresOutage, a_frozen_server_holds_up_nobody) {
  const auto batches = Flow(43).take(200);
  const std::string url = new_database(server_);
  PostgresHistoryWriter writer(options(url));
  writer.apply(batches[0].view());
  ASSERT_TRUE(writer.flush());
  server_.freeze();
  for (std::size_t i = 1; i < 200; ++i) writer.apply(batches[i].view());  // returns
  EXPECT_LE(writer.applied_batch(), 2u);
  server_.thaw();
  ASSERT_TRUE(writer.flush()) << writer.failure();
  EXPECT_EQ(rows_in(url), reference(batches));
}

TEST_F(PostgresOutage, a_long_outage_goes_to_files_and_a_full_backlog_to_the_next_start) {
  const std::string url = new_database(server_);
  PostgresWriterOptions small = options(url);
  small.backlog_bytes_max = 8u << 20;
  constexpr BatchNumber kBatches = 500;
  const auto batch = [](BatchNumber number) {
    return thoughts_batch(number, 1 + 100 * number, 100, 1'000);  // about 114 KB
  };
  {
    PostgresHistoryWriter writer(small);
    server_.stop();
    BatchNumber number = 1;
    for (; !writer.failed() && number <= kBatches; ++number) writer.apply(batch(number).view());
    EXPECT_GT(number, 330u) << "32 MB in memory and 8 MB in files";
    EXPECT_LT(number, kBatches);
    EXPECT_NE(writer.failure().find("full"), std::string::npos) << writer.failure();
    EXPECT_FALSE(writer.flush());
    server_.start();
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.file(""))) << "files without names";
  PostgresHistoryWriter writer(options(url));
  EXPECT_LT(writer.applied_batch(), kBatches);
  for (BatchNumber number = 1; number <= kBatches; ++number) writer.apply(batch(number).view());
  ASSERT_TRUE(writer.flush()) << writer.failure();
  pg::Connection connection;
  ASSERT_TRUE(connection.open({.url = url}).ok());
  EXPECT_EQ(connection.run("SELECT count(*) FROM thoughts").integer(0, 0),
            static_cast<int64_t>(100 * kBatches));
}

}  // namespace
}  // namespace perpetua::stores
