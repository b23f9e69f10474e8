// The writer of PostgreSQL: the same rows as SQLite, exactly once, whatever happens to it or to the
// server; the accounts of the double entry against the exchange's own.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "stores/history_backend_test_support.hpp"
#include "stores/perpetual_test_support.hpp"
#include "stores/postgres/migrations.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

std::vector<TableChecksum> checksums(const std::string& url) {
  PostgresSource source(reader_options(url), [] { return BatchNumber{0}; });
  return checksum_history(source, ChecksumTables::all);
}

std::string text_of(const std::vector<TableChecksum>& checksums) {
  std::string text;
  for (const TableChecksum& checksum : checksums) text += checksum_line(checksum) + "\n";
  return text;
}

pg::Connection connected(const std::string& url) {
  pg::Connection connection;
  const pg::Result opened = connection.open({.url = url});
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  return connection;
}

int64_t number_in(const std::string& url, const std::string& sql) {
  pg::Connection connection = connected(url);
  const pg::Result result = connection.run(sql);
  EXPECT_TRUE(result.ok()) << result.error().message;
  return result.ok() && result.rows() == 1 ? result.integer(0, 0) : -1;
}

BatchNumber applied_at(const std::string& url) {
  return static_cast<BatchNumber>(
      number_in(url, "SELECT value FROM meta WHERE name = 'applied_batch'"));
}

class PostgresHistory : public testing::TestWithParam<DatabaseKind> {
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

TEST_P(PostgresHistory, holds_the_rows_that_sqlite_holds) {
  const auto batches = Flow(31).take(300);
  const std::string path = folder_.file("h.db");
  {
    HistoryWriter writer(options_for(path));
    replay(writer, batches, batches.size());
  }
  ReaderPool file(path, 1);
  const auto embedded = checksum_history(file, ChecksumTables::shared);
  const std::string url = new_database(server());
  write_all(url, batches, batches.size());
  PostgresSource source(reader_options(url), [] { return BatchNumber{0}; });
  const auto remote = checksum_history(source, ChecksumTables::shared);
  EXPECT_EQ(text_of(remote), text_of(embedded));
  uint64_t rows = 0;
  for (const TableChecksum& table : remote) rows += table.rows;
  EXPECT_GT(rows, 3'000u);
}

TEST_P(PostgresHistory, a_changed_row_changes_the_checksum_of_its_table_alone) {
  const auto batches = Flow(32).take(60);
  const std::string url = new_database(server());
  write_all(url, batches, batches.size());
  const auto before = checksums(url);
  pg::Connection connection = connected(url);
  ASSERT_TRUE(connection
                  .run("UPDATE fills SET fee = fee + 1 WHERE sequence ="
                       " (SELECT max(sequence) FROM fills)")
                  .ok());
  const auto after = checksums(url);
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(before[i] == after[i], before[i].table != "fills") << before[i].table;
  }
}

TEST_P(PostgresHistory, groups_of_any_size_leave_the_same_rows) {
  const auto batches = Flow(33).take(80);
  const std::string url = new_database(server());
  {
    PostgresHistoryWriter writer(options(url));
    for (const RecordedBatch& batch : batches) {
      writer.apply(batch.view());
      ASSERT_TRUE(writer.flush());
      ASSERT_EQ(writer.applied_batch(), batch.number);
    }
  }
  EXPECT_EQ(text_of(checksums(url)), reference(batches));
}

TEST_P(PostgresHistory, each_batch_counts_once_wherever_the_writer_was_made_anew) {
  const auto batches = Flow(34).take(120);
  const std::string url = new_database(server());
  for (std::size_t cut = 3; cut < batches.size(); cut += 13) write_all(url, batches, cut);
  write_all(url, batches, batches.size());
  EXPECT_EQ(text_of(checksums(url)), reference(batches));
}

// A writer in a process of its own, for kill -9; it waits when it has written everything.
pid_t start_writer(const PostgresWriterOptions& options,
                   const std::vector<RecordedBatch>& batches) {
  const pid_t child = fork();
  if (child != 0) return child;
  PostgresHistoryWriter writer(options);
  const BatchNumber done = writer.applied_batch();
  for (const RecordedBatch& batch : batches) {
    writer.apply(batch.view());
    if (batch.number > done && batch.number % 5 == 0) writer.flush();
  }
  pause();
  _exit(0);
}

TEST_P(PostgresHistory, fifty_kills_of_the_writer_leave_the_rows_of_a_rebuild) {
  const auto batches = Flow(35).take(700);
  const std::string url = new_database(server());
  { PostgresHistoryWriter writer(options(url)); }
  constexpr int kKills = 50;
  for (int kill_number = 1; kill_number <= kKills; ++kill_number) {
    const pid_t child = start_writer(options(url), batches);
    const auto wanted = static_cast<BatchNumber>(kill_number) * batches.size() / (kKills + 1);
    EXPECT_TRUE(eventually([&] { return applied_at(url) >= wanted; })) << kill_number;
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  write_all(url, batches, batches.size());
  EXPECT_EQ(text_of(checksums(url)), reference(batches));
}

TEST_P(PostgresHistory, text_that_is_no_utf8_is_stored_with_replacements) {
  const std::string url = new_database(server());
  RecordedBatch batch = thoughts_batch(1, 1, 1, 1);
  batch.text = std::string("a\0b\xFF\xC3\xA9\\\t\n", 9);
  batch.output.events[0].thought_posted.text = {0, 9};
  {
    PostgresHistoryWriter writer(options(url));
    writer.apply(batch.view());
    ASSERT_TRUE(writer.flush()) << writer.failure();
  }
  PostgresSource* const source =
      new PostgresSource(reader_options(url), [] { return BatchNumber{0}; });
  HistoryReader reader{std::unique_ptr<HistorySource>(source)};
  EXPECT_EQ(reader.thoughts(std::nullopt, {}).rows.at(0).text,
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\xC3\xA9\\\t\n");
}

TEST_P(PostgresHistory, scans_of_any_length_run_side_by_side_and_one_cut_short_is_told) {
  constexpr int64_t kRows = 12'000;  // more than one step of a cursor
  const std::string url = new_database(server());
  PostgresHistoryWriter writer(options(url));
  writer.apply(thoughts_batch(1, 1, kRows, 3).view());
  ASSERT_TRUE(writer.flush()) << writer.failure();
  PostgresSource source(reader_options(url), [] { return BatchNumber{0}; });
  const auto session = source.lend();
  Query& rising = session->scan("SELECT thought_id FROM thoughts ORDER BY thought_id");
  Query& falling = session->scan("SELECT thought_id FROM thoughts ORDER BY thought_id DESC");
  for (int64_t i = 1; i <= kRows; ++i) {
    ASSERT_EQ(rising.step(), Query::Step::row);
    ASSERT_EQ(rising.next_int(), i);
    ASSERT_EQ(falling.step(), Query::Step::row);
    ASSERT_EQ(falling.next_int(), kRows + 1 - i);
  }
  EXPECT_EQ(rising.step(), Query::Step::done);
  rising.reset();
  falling.reset();
  Query& again = session->scan("SELECT thought_id FROM thoughts ORDER BY thought_id");
  ASSERT_EQ(again.step(), Query::Step::row);
  pg::Connection killer = connected(url);
  ASSERT_TRUE(killer
                  .run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                       " WHERE application_name = 'perpetua reader'"
                       " AND datname = current_database()")
                  .ok());
  const auto read_on = [&] {
    while (again.step() == Query::Step::row) continue;
  };
  EXPECT_THROW(read_on(), HistoryUnavailable);
  again.reset();
}

TEST_P(PostgresHistory, a_database_of_another_exchange_or_ahead_of_the_journal_is_refused) {
  const std::string url = new_database(server());
  write_all(url, Flow(36).take(10), 10);
  PostgresWriterOptions foreign = options(url);
  foreign.database.cluster_id = kCluster + 1;
  EXPECT_THROW(PostgresHistoryWriter{foreign}, std::runtime_error);
  PostgresWriterOptions short_journal = options(url);
  short_journal.database.journal_batch = 9;
  EXPECT_THROW(PostgresHistoryWriter{short_journal}, std::runtime_error);
  PostgresHistoryWriter same(options(url));
  EXPECT_EQ(same.applied_batch(), 10u);
}

TEST_P(PostgresHistory, a_second_writer_waits_until_the_first_is_gone) {
  const std::string url = new_database(server());
  auto first = std::make_unique<PostgresHistoryWriter>(options(url));
  PostgresWriterOptions impatient = options(url);
  impatient.start_ms = 300;
  EXPECT_THROW(PostgresHistoryWriter{impatient}, std::runtime_error);
  first.reset();
  EXPECT_EQ(PostgresHistoryWriter(options(url)).applied_batch(), 0u);
}

TEST_P(PostgresHistory, a_database_that_goes_back_fails_the_writer_rather_than_leave_a_gap) {
  const auto batches = Flow(37).take(40);
  const std::string url = new_database(server());
  PostgresHistoryWriter writer(options(url));
  for (std::size_t i = 0; i < 30; ++i) writer.apply(batches[i].view());
  ASSERT_TRUE(writer.flush());
  pg::Connection connection = connected(url);
  ASSERT_TRUE(connection
                  .run("UPDATE meta SET value = 20 WHERE name = 'applied_batch';"
                       "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                       " WHERE datname = current_database() AND pid <> pg_backend_pid()")
                  .ok());
  for (std::size_t i = 30; i < 40; ++i) writer.apply(batches[i].view());
  EXPECT_FALSE(writer.flush());
  EXPECT_TRUE(writer.failed());
  EXPECT_NE(writer.failure().find("batch 20"), std::string::npos) << writer.failure();
}

TEST_P(PostgresHistory, eight_migrate_one_database_at_once) {
  const std::string url = new_database(server());
  std::vector<std::thread> threads;
  std::atomic<int> steps{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      pg::Connection connection = connected(url);
      const MigrationStatus status = migrate(connection);
      EXPECT_TRUE(status.is_current()) << status.error.message;
      steps += static_cast<int>(status.done.size());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(steps.load(), static_cast<int>(migrations().size())) << "each step once";
}

TEST_P(PostgresHistory, a_database_of_a_newer_binary_is_refused) {
  const std::string url = new_database(server());
  pg::Connection connection = connected(url);
  EXPECT_EQ(migration_status(connection).applied, 0);
  ASSERT_TRUE(migrate(connection).is_current());
  ASSERT_TRUE(connection.run("INSERT INTO schema_migrations VALUES (999, 'later')").ok());
  EXPECT_FALSE(migrate(connection).ok());
  EXPECT_FALSE(migration_status(connection).is_current());
  EXPECT_THROW(PostgresHistoryWriter{options(url)}, std::runtime_error);
}

TEST_P(PostgresHistory, a_dropped_history_is_made_anew_with_the_same_rows) {
  const auto batches = Flow(38).take(100);
  const std::string url = new_database(server());
  write_all(url, batches, batches.size());
  const std::string before = text_of(checksums(url));
  pg::Connection connection = connected(url);
  const pg::Result dropped = drop_history(connection);
  ASSERT_TRUE(dropped.ok()) << dropped.error().message;
  EXPECT_EQ(migration_status(connection).applied, 0);
  write_all(url, batches, batches.size());
  EXPECT_EQ(text_of(checksums(url)), before);
}

TEST_P(PostgresHistory, time_series_are_split_by_week_and_the_oldest_weeks_go) {
  constexpr int64_t kDayMs = 86'400'000;
  const std::string url = new_database(server());
  PostgresWriterOptions kept = options(url);
  kept.database.retention_days = 30;
  PostgresHistoryWriter writer(kept);
  for (BatchNumber number = 1; number <= 100; ++number) {
    RecordedBatch batch = thoughts_batch(number, number, 1, 5);
    batch.log_time_ms += static_cast<int64_t>(number) * kDayMs;
    writer.apply(batch.view());
    ASSERT_TRUE(writer.flush()) << writer.failure();
  }
  const int64_t rows = number_in(url, "SELECT count(*) FROM thoughts");
  EXPECT_GE(rows, 30);
  EXPECT_LE(rows, 30 + 7);
  EXPECT_EQ(number_in(url, "SELECT max(thought_id) FROM thoughts"), 100);
  const int64_t buckets =
      number_in(url, "SELECT count(DISTINCT perpetua_bucket(604800000, time_ms)) FROM thoughts");
  EXPECT_GE(buckets, 5);
  const bool is_hypertable = GetParam() == DatabaseKind::timescale;
  EXPECT_EQ(number_in(url, "SELECT perpetua_has_timescale()::int"), is_hypertable ? 1 : 0);
}

// Balances, positions and prices against what the exchange itself says.
void expect_true_accounts(const std::string& url, const HotStore& hot) {
  EXPECT_EQ(number_in(url, "SELECT coalesce(sum(balance), 0) FROM accounts"), 0);
  EXPECT_EQ(number_in(url,
                      "SELECT count(*) FROM accounts a WHERE balance <>"
                      " (SELECT coalesce(sum(amount), 0) FROM ledger_entries"
                      "  WHERE credit_account = a.account AND credit_id = a.id) -"
                      " (SELECT coalesce(sum(amount), 0) FROM ledger_entries"
                      "  WHERE debit_account = a.account AND debit_id = a.id)"),
            0);
  pg::Connection connection = connected(url);
  std::size_t positions = 0;
  for (const AgentView& agent : hot.agents(0, 1'000)) {
    pg::Parameters id;
    id.add(agent.id);
    const pg::Result balance =
        connection.run("SELECT balance FROM accounts WHERE account = 1 AND id = $1", id);
    const auto account = hot.account(agent.id);
    const Micro total = account->free + account->reserved + account->position_margin;
    EXPECT_EQ(balance.rows() == 1 ? balance.integer(0, 0) : 0, total.value) << agent.id;
    for (const PositionView& held : hot.positions(agent.id)) {
      ++positions;
      pg::Parameters key;
      key.add(agent.id).add(held.market);
      const pg::Result row = connection.run(
          "SELECT base, entry_notional, margin FROM positions WHERE agent = $1 AND market = $2"
          " AND closed_sequence = 0",
          key);
      ASSERT_EQ(row.rows(), 1);
      EXPECT_EQ(row.integer(0, 0), held.base.value);
      EXPECT_EQ(row.integer(0, 1), held.entry_notional.value);
      EXPECT_EQ(row.integer(0, 2), held.margin.value);
    }
  }
  EXPECT_EQ(number_in(url, "SELECT count(*) FROM positions WHERE closed_sequence = 0"),
            static_cast<int64_t>(positions));
  for (const MarketView& market : hot.markets()) {
    EXPECT_EQ(number_in(url,
                        "SELECT coalesce(sum(balance), 0) FROM accounts WHERE account = 3"
                        " AND id = " +
                            std::to_string(market.id)),
              (market.fund.margin - market.fund.bad_debt).value);
  }
  const MoneyTotals totals = hot.solvency().totals;
  EXPECT_EQ(number_in(url, "SELECT coalesce(sum(balance), 0) FROM accounts WHERE account = 2"),
            totals.fees.value);
  EXPECT_EQ(number_in(url, "SELECT coalesce(sum(balance), 0) FROM accounts WHERE account = 0"),
            (totals.withdrawals - totals.deposits).value);
}

TEST_P(PostgresHistory, double_entry_and_positions_agree_with_the_exchange) {
  const auto batches = Flow(39).take(600);
  const std::string url = new_database(server());
  HotStore hot;
  PostgresHistoryWriter writer(options(url));
  for (const RecordedBatch& batch : batches) {
    hot.apply(batch.view());
    writer.apply(batch.view());
  }
  ASSERT_TRUE(writer.flush()) << writer.failure();
  expect_true_accounts(url, hot);
  EXPECT_EQ(number_in(url, "SELECT count(*) FROM trades"),
            number_in(url, "SELECT count(*) FROM fills WHERE is_taker = 1"));
  EXPECT_GT(number_in(url, "SELECT count(*) FROM positions WHERE closed_sequence > 0"), 50);
  EXPECT_EQ(number_in(url, "SELECT count(*) FROM positions WHERE closed_sequence > 0"),
            number_in(url, "SELECT count(*) FROM position_ends"));
  EXPECT_EQ(number_in(url, "SELECT count(*) FROM ledger_entries WHERE kind = 13"), 0)
      << "an agent's money that no other line explains";
  EXPECT_GT(number_in(url, "SELECT count(*) FROM prices"), 100);
  EXPECT_EQ(number_in(url, "SELECT count(DISTINCT time_ms) FROM equity"),
            number_in(url, "SELECT count(DISTINCT time_ms / 3600000) - 1 FROM prices"));
}

TEST_P(PostgresHistory, a_collapse_is_paid_for_in_the_double_entry) {
  const std::string url = new_database(server());
  PostgresHistoryWriter writer(options(url));
  Collapse market(&writer);
  market.fund(5'000);
  market.fall();
  market.mode(MarketMode::settled);
  ASSERT_TRUE(writer.flush()) << writer.failure();
  expect_true_accounts(url, market.hot);
  EXPECT_EQ(number_in(url, "SELECT sum(amount) FROM ledger_entries WHERE kind = 11"),
            5'000'000'000);
  EXPECT_GT(number_in(url, "SELECT count(*) FROM ledger_entries WHERE kind = 8"), 0);
  EXPECT_EQ(number_in(url, "SELECT cause FROM positions WHERE agent = " +
                               std::to_string(market.long_agent)),
            static_cast<int64_t>(PositionEndCause::liquidation));
}

TEST_P(PostgresHistory, stakes_lie_in_escrow_until_their_signal_is_over) {
  const std::string url = new_database(server());
  PostgresHistoryWriter writer(options(url));
  PerpetualMarket market(&writer);
  const AgentId creator = market.add_agent(1'000);
  const AgentId fader = market.add_agent(1'000);
  const auto create = [&](int64_t stake_usdc) {
    Command command(CommandType::create_signal, creator, 0);
    command.create_signal.target = PerpetualMarket::kIndex + 100;
    command.create_signal.stake = Micro(stake_usdc * 1'000'000);
    command.create_signal.duration_ms = limits::kSignalDurationMinMs;
    const Outcome outcome = market.run(command);
    EXPECT_EQ(outcome.code, ResultCode::ok);
    return outcome.id;
  };
  const auto escrow = [&] {
    EXPECT_TRUE(writer.flush()) << writer.failure();
    return number_in(url, "SELECT coalesce(sum(balance), 0) FROM accounts WHERE account = 5");
  };
  Command fade(CommandType::fade_signal, fader);
  fade.fade_signal.signal_id = create(100);
  EXPECT_EQ(escrow(), 100'000'000);
  ASSERT_EQ(market.run(fade).code, ResultCode::ok);
  create(30);  // nobody fades it
  EXPECT_EQ(escrow(), 230'000'000);
  expect_true_accounts(url, market.hot);
  market.now_ms += limits::kSignalDurationMinMs;
  for (int i = 0; i < 5; ++i, market.now_ms += 1'000) market.price(PerpetualMarket::kIndex);
  EXPECT_EQ(escrow(), 0);
  expect_true_accounts(url, market.hot);
  EXPECT_EQ(number_in(url, "SELECT sum(amount) FROM ledger_entries WHERE kind = 16"), 198'000'000);
  EXPECT_EQ(number_in(url, "SELECT count(*) FROM ledger_entries WHERE kind = 13"), 0);
  EXPECT_EQ(number_in(url, "SELECT count(*) FROM signals WHERE closed_sequence > 0"), 2);
}

INSTANTIATE_TEST_SUITE_P(Servers, PostgresHistory,
                         testing::Values(DatabaseKind::postgres, DatabaseKind::timescale),
                         kind_name);

}  // namespace
}  // namespace perpetua::stores
