#include "journal/postgres/table_test_support.hpp"

namespace perpetua::journal::postgres::testing {

TableSession::TableSession(Storage& storage, const std::string& url) : directory(storage) {
  TableOptions options;
  options.url = url;
  start(std::move(options));
}

TableSession::TableSession(Storage& storage, TableOptions options) : directory(storage) {
  start(std::move(options));
}

void TableSession::start(TableOptions options) {
  options.on_over = [this](int exit_code, const std::string& message) {
    over_message = message;
    over_code = exit_code;
  };
  journal = std::make_unique<TableJournal>(std::move(options));
  led = journal->lead([] { return false; });
  recovered.status = led;
  if (!led.ok()) return;
  recovered.status = directory.open(test_options());
  if (recovered.status.ok()) recovered.status = journal->attach(directory);
  InlineExecutor executor;
  if (recovered.status.ok()) {
    recovered = recover(directory, *journal, {}, executor, nullptr, engine);
  }
  if (recovered.status.ok()) recovered.status = journal->open_log(recovered.position, log);
}

AppendResult TableSession::append(const TestBatch& batch) {
  InlineExecutor executor;
  BatchOutput output;
  engine->apply(batch.input(), executor, output);
  return log->append(batch.input(), output.first_event);
}

void TableSession::append_group(uint32_t batches, uint32_t command_count) {
  for (uint32_t i = 0; i < batches; ++i) {
    ASSERT_EQ(append(command_count), AppendResult::appended);
  }
  ASSERT_TRUE(log->commit());
}

std::vector<std::string> TableTest::safe_settings() {
  return {"fsync=on", "full_page_writes=on", "synchronous_commit=on"};
}

pg::test::TestServer& TableTest::server() {
  static pg::test::TestServer server(pg::test::native_installation(), safe_settings());
  return server;
}

TableTest::TableTest() {
  static int number = 0;
  database_ = "journal_" + std::to_string(++number);
  url_ = server().create_database(database_);
}

std::string TableTest::run_sql(const std::string& sql) const {
  pg::Connection connection;
  pg::ConnectOptions options;
  options.url = url_;
  const pg::Result opened = connection.open(options);
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  const pg::Result result = connection.run(sql);
  EXPECT_TRUE(result.ok()) << result.error().message;
  std::string rows;
  for (int row = 0; row < result.rows(); ++row) {
    rows += (row == 0 ? "" : " ") + std::string(result.text(row, 0));
  }
  return rows;
}

void TableTest::cut_leader_off() const {
  EXPECT_EQ(run_sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' "
                    "AND database = (SELECT oid FROM pg_database WHERE datname = "
                    "current_database())"),
            "t");
}

std::string TableTest::refusal(Storage& storage) const {
  const TableSession session(storage, url_);
  EXPECT_TRUE(session.led.ok()) << session.led.message;
  EXPECT_FALSE(session.recovered.status.ok());
  EXPECT_EQ(session.log, nullptr);
  return session.recovered.status.message;
}

}  // namespace perpetua::journal::postgres::testing
