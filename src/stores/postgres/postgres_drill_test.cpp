// What happens to the writer of PostgreSQL and to its database: killed, doubled, of another
// exchange, set back, migrated, dropped.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "stores/postgres/migrations.hpp"
#include "stores/postgres/postgres_test_support.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

class PostgresDrill : public PostgresHistoryTest {};

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

TEST_P(PostgresDrill, fifty_kills_of_the_writer_leave_the_rows_of_a_rebuild) {
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
  EXPECT_EQ(rows_in(url), reference(batches));
}

TEST_P(PostgresDrill, a_database_of_another_exchange_or_ahead_of_the_journal_is_refused) {
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

TEST_P(PostgresDrill, a_second_writer_waits_until_the_first_is_gone) {
  const std::string url = new_database(server());
  auto first = std::make_unique<PostgresHistoryWriter>(options(url));
  PostgresWriterOptions impatient = options(url);
  impatient.start_ms = 300;
  EXPECT_THROW(PostgresHistoryWriter{impatient}, std::runtime_error);
  first.reset();
  EXPECT_EQ(PostgresHistoryWriter(options(url)).applied_batch(), 0u);
}

TEST_P(PostgresDrill, a_database_that_goes_back_fails_the_writer_rather_than_leave_a_gap) {
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

TEST_P(PostgresDrill, eight_migrate_one_database_at_once) {
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

TEST_P(PostgresDrill, a_database_of_a_newer_binary_is_refused) {
  const std::string url = new_database(server());
  pg::Connection connection = connected(url);
  EXPECT_EQ(migration_status(connection).applied, 0);
  ASSERT_TRUE(migrate(connection).is_current());
  ASSERT_TRUE(connection.run("INSERT INTO schema_migrations VALUES (999, 'later')").ok());
  EXPECT_FALSE(migrate(connection).ok());
  EXPECT_FALSE(migration_status(connection).is_current());
  EXPECT_THROW(PostgresHistoryWriter{options(url)}, std::runtime_error);
}

TEST_P(PostgresDrill, a_dropped_history_is_made_anew_with_the_same_rows) {
  const auto batches = Flow(38).take(100);
  const std::string url = new_database(server());
  write_all(url, batches, batches.size());
  const std::string before = rows_in(url);
  pg::Connection connection = connected(url);
  const pg::Result dropped = drop_history(connection);
  ASSERT_TRUE(dropped.ok()) << dropped.error().message;
  EXPECT_EQ(migration_status(connection).applied, 0);
  write_all(url, batches, batches.size());
  EXPECT_EQ(rows_in(url), before);
}

INSTANTIATE_TEST_SUITE_P(Servers, PostgresDrill, kEveryServer, kind_name);

}  // namespace
}  // namespace perpetua::stores
