#include "base/pg/connection.hpp"

#include <gtest/gtest.h>

#include "base/pg/test_server.hpp"

namespace perpetua::pg {
namespace {

// One server for all tests of the program; each makes tables of its own names.
class PostgresConnection : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<test::TestServer>(); }
  static void TearDownTestSuite() { server_.reset(); }

  static Connection connected(int64_t deadline_ms = 60'000) {
    Connection connection;
    const Result result = connection.open({.url = server_->url(), .deadline_ms = deadline_ms});
    EXPECT_TRUE(result.ok()) << result.error().message;
    return connection;
  }

  static std::unique_ptr<test::TestServer> server_;
};
std::unique_ptr<test::TestServer> PostgresConnection::server_;

TEST_F(PostgresConnection, a_statement_gives_rows_numbers_text_and_bytes) {
  Connection connection = connected();
  Parameters parameters;
  parameters.add(-5).add_text("o'hare").add_bytes(std::string("\0\x01\xFF", 3)).add_null();
  const Result result =
      connection.run("SELECT $1::bigint, $2::text, $3::bytea, $4::bigint", parameters);
  ASSERT_TRUE(result.ok()) << result.error().message;
  ASSERT_EQ(result.rows(), 1);
  EXPECT_EQ(result.columns(), 4);
  EXPECT_EQ(result.integer(0, 0), -5);
  EXPECT_EQ(result.text(0, 1), "o'hare");
  EXPECT_EQ(result.bytes(0, 2), std::string("\0\x01\xFF", 3));
  EXPECT_TRUE(result.is_null(0, 3));
  EXPECT_FALSE(result.is_null(0, 0));
}

TEST_F(PostgresConnection, the_first_error_of_several_statements_is_told) {
  Connection connection = connected();
  const Result result = connection.run("SELECT 1; SELECT * FROM nowhere; SELECT 2");
  EXPECT_EQ(result.error().kind, ErrorClass::missing);
  EXPECT_EQ(result.error().sqlstate, "42P01");
  EXPECT_FALSE(result.error().may_pass());
  EXPECT_EQ(connection.run("SELECT 7; SELECT 8").integer(0, 0), 8);
}

TEST_F(PostgresConnection, errors_have_classes) {
  Connection connection = connected();
  ASSERT_TRUE(connection.run("CREATE TABLE classes(id bigint PRIMARY KEY)").ok());
  ASSERT_TRUE(connection.run("INSERT INTO classes VALUES (1)").ok());
  EXPECT_EQ(connection.run("INSERT INTO classes VALUES (1)").error().kind, ErrorClass::duplicate);
  EXPECT_EQ(connection.run("SELEC").error().kind, ErrorClass::statement);
  EXPECT_EQ(connection.run("SET statement_timeout = 20; SELECT pg_sleep(60)").error().kind,
            ErrorClass::cancelled);
  EXPECT_EQ(classify("40001"), ErrorClass::conflict);
  EXPECT_EQ(classify("53300"), ErrorClass::resources);
  EXPECT_EQ(classify("25006"), ErrorClass::read_only);
  EXPECT_EQ(classify("08006"), ErrorClass::connection);
  EXPECT_EQ(classify("22012"), ErrorClass::statement);
}

TEST_F(PostgresConnection, a_call_without_an_answer_ends_at_its_deadline) {
  Connection connection = connected(200);
  const Result result = connection.run("SELECT pg_sleep(600)");
  EXPECT_EQ(result.error().kind, ErrorClass::deadline);
  EXPECT_FALSE(connection.is_open());
  EXPECT_EQ(connection.run("SELECT 1").error().kind, ErrorClass::connection);
}

TEST_F(PostgresConnection, a_server_that_is_not_there_is_a_connection_error) {
  Connection connection;
  const Result result = connection.open({.url = "postgresql://x@127.0.0.1:1/x"});
  EXPECT_EQ(result.error().kind, ErrorClass::connection);
  EXPECT_NE(result.error().message.find("127.0.0.1"), std::string::npos);
  EXPECT_FALSE(connection.is_open());
}

TEST_F(PostgresConnection, a_lost_connection_is_told_and_opened_anew) {
  Connection connection = connected();
  Connection killer = connected();
  const Result self = connection.run("SELECT pg_backend_pid()");
  Parameters parameters;
  parameters.add(self.integer(0, 0));
  ASSERT_TRUE(killer.run("SELECT pg_terminate_backend($1)", parameters).ok());
  Result result;
  for (int i = 0; i < 1'000 && connection.is_open(); ++i) result = connection.run("SELECT 1");
  EXPECT_EQ(result.error().kind, ErrorClass::connection);
  ASSERT_TRUE(connection.open({.url = server_->url()}).ok());
  EXPECT_EQ(connection.run("SELECT 1").integer(0, 0), 1);
}

TEST_F(PostgresConnection, a_pipeline_is_one_transaction_with_a_result_each) {
  Connection connection = connected();
  ASSERT_TRUE(connection.run("CREATE TABLE piped(id bigint PRIMARY KEY)").ok());
  const std::vector<Query> good{{"INSERT INTO piped VALUES ($1)", Parameters().add(1)},
                                {"INSERT INTO piped VALUES ($1)", Parameters().add(2)},
                                {"SELECT count(*) FROM piped", {}}};
  const auto results = connection.run_pipeline(good);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[1].affected_rows(), 1);
  EXPECT_EQ(results[2].integer(0, 0), 2);
  const std::vector<Query> bad{{"INSERT INTO piped VALUES ($1)", Parameters().add(3)},
                               {"INSERT INTO piped VALUES ($1)", Parameters().add(1)},
                               {"INSERT INTO piped VALUES ($1)", Parameters().add(4)}};
  const auto failed = connection.run_pipeline(bad);
  ASSERT_EQ(failed.size(), 3u);
  EXPECT_TRUE(failed[0].ok());
  EXPECT_EQ(failed[1].error().kind, ErrorClass::duplicate);
  EXPECT_EQ(failed[2].error().kind, ErrorClass::statement);
  EXPECT_FALSE(connection.is_in_transaction());
  EXPECT_EQ(connection.run("SELECT count(*) FROM piped").integer(0, 0), 2);
}

TEST_F(PostgresConnection, copy_takes_rows_and_tells_a_bad_one) {
  Connection connection = connected();
  ASSERT_TRUE(connection.run("CREATE TABLE copied(id bigint PRIMARY KEY, name text)").ok());
  ASSERT_TRUE(connection.begin_copy("COPY copied FROM STDIN").ok());
  for (int i = 0; i < 100'000; ++i) connection.write_copy(std::to_string(i) + "\tname\n");
  const Result copied = connection.end_copy();
  ASSERT_TRUE(copied.ok()) << copied.error().message;
  EXPECT_EQ(copied.affected_rows(), 100'000);
  ASSERT_TRUE(connection.begin_copy("COPY copied FROM STDIN").ok());
  connection.write_copy("7\tagain\n");
  EXPECT_EQ(connection.end_copy().error().kind, ErrorClass::duplicate);
  EXPECT_EQ(connection.run("SELECT count(*) FROM copied").integer(0, 0), 100'000);
}

TEST_F(PostgresConnection, prepared_statements_run_with_other_parameters) {
  Connection connection = connected();
  ASSERT_TRUE(connection.prepare("twice", "SELECT $1::bigint * 2").ok());
  EXPECT_EQ(connection.run_prepared("twice", Parameters().add(4)).integer(0, 0), 8);
  EXPECT_EQ(connection.run_prepared("twice", Parameters().add(5)).integer(0, 0), 10);
}

TEST(PostgresTestServer, survives_kill_and_keeps_its_rows_and_replicas_follow) {
  test::TestServer primary;
  Connection connection;
  ASSERT_TRUE(connection.open({.url = primary.url()}).ok());
  ASSERT_TRUE(connection.run("CREATE TABLE kept(id bigint); INSERT INTO kept VALUES (1)").ok());
  const auto replica = primary.make_replica();
  Connection reader;
  ASSERT_TRUE(reader.open({.url = replica->url()}).ok());
  EXPECT_EQ(reader.run("SELECT count(*) FROM kept").integer(0, 0), 1);
  EXPECT_EQ(reader.run("INSERT INTO kept VALUES (2)").error().kind, ErrorClass::read_only);
  primary.kill_hard();
  EXPECT_EQ(connection.run("SELECT 1").error().kind, ErrorClass::connection);
  EXPECT_EQ(reader.run("SELECT count(*) FROM kept").integer(0, 0), 1);
  primary.start();
  ASSERT_TRUE(connection.open({.url = primary.url()}).ok());
  EXPECT_EQ(connection.run("SELECT count(*) FROM kept").integer(0, 0), 1);
}

}  // namespace
}  // namespace perpetua::pg
