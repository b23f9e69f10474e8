// The journal as a table of a real PostgreSQL: the same history as in files, who may write it, and
// what is refused.
#include "journal/postgres/table_journal.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "journal/file_journal.hpp"
#include "journal/postgres/server_check.hpp"
#include "journal/postgres/table_format.hpp"
#include "journal/postgres/table_test_support.hpp"
#include "journal/snapshot_store.hpp"
#include "journal/tools.hpp"

namespace perpetua::journal::postgres {
namespace {

using namespace testing;

class TableJournalTest : public TableTest {};

TEST_F(TableJournalTest, the_same_commands_give_the_same_state_as_the_file_journal) {
  MemoryStorage files;
  {
    Session in_files(files);
    TableSession in_table(storage_, url_);
    ASSERT_TRUE(in_table.recovered.status.ok()) << in_table.recovered.status.message;
    for (int group = 0; group < 40; ++group) {
      in_files.append_group(3, 4);
      in_table.append_group(3, 4);
    }
    EXPECT_EQ(in_table.log->durable_batch(), 120u);
  }
  const Session from_files(files);
  const TableSession from_table(storage_, url_);
  ASSERT_TRUE(from_table.recovered.status.ok()) << from_table.recovered.status.message;
  EXPECT_EQ(from_table.recovered.last_batch, 120u);
  EXPECT_EQ(from_table.recovered.replayed_commands, 480u);
  EXPECT_EQ(from_table.engine->state_hash(), from_files.engine->state_hash());
}

TEST_F(TableJournalTest, a_snapshot_is_continued_by_the_rows_behind_it) {
  uint64_t state_hash = 0;
  {
    TableSession session(storage_, url_);
    session.append_group(5);
    SnapshotStore store(session.directory);
    ASSERT_TRUE(store.write(*session.engine, session.log->last_hash()).ok());
    session.append_group(3);
    state_hash = session.engine->state_hash();
  }
  const TableSession next(storage_, url_);
  ASSERT_TRUE(next.recovered.status.ok()) << next.recovered.status.message;
  EXPECT_EQ(next.recovered.snapshot_batch, 5u);
  EXPECT_EQ(next.recovered.replayed_batches, 3u);
  EXPECT_EQ(next.engine->state_hash(), state_hash);
}

TEST_F(TableJournalTest, an_engine_with_an_empty_folder_replays_the_whole_table) {
  uint64_t state_hash = 0;
  {
    TableSession session(storage_, url_);
    session.append_group(5);
    state_hash = session.engine->state_hash();
  }
  MemoryStorage elsewhere;
  const TableSession next(elsewhere, url_);
  ASSERT_TRUE(next.recovered.status.ok()) << next.recovered.status.message;
  EXPECT_EQ(next.recovered.replayed_batches, 5u);
  EXPECT_EQ(next.engine->state_hash(), state_hash);
}

TEST_F(TableJournalTest, each_start_writes_under_the_next_epoch) {
  for (uint64_t start = 1; start <= 3; ++start) {
    TableSession session(storage_, url_);
    ASSERT_TRUE(session.recovered.status.ok()) << session.recovered.status.message;
    EXPECT_EQ(session.log->epoch(), start);
    session.append_group(2);
  }
  EXPECT_EQ(run_sql("SELECT epoch FROM journal ORDER BY batch_seq"), "0 1 1 2 2 3 3");
}

TEST_F(TableJournalTest, a_second_engine_is_refused_while_the_first_leads) {
  TableSession first(storage_, url_);
  first.append_group(1);
  MemoryStorage elsewhere;
  TableOptions impatient;
  impatient.url = url_;
  impatient.waits_for_leadership = false;
  const TableSession second(elsewhere, impatient);
  EXPECT_NE(second.led.message.find("another engine leads"), std::string::npos);
  first.append_group(1);
  EXPECT_EQ(first.over_code, 0);
}

TEST_F(TableJournalTest, a_waiting_engine_leads_when_the_first_has_gone) {
  auto first = std::make_unique<TableSession>(storage_, url_);
  first->append_group(4);
  const uint64_t state_hash = first->engine->state_hash();
  MemoryStorage elsewhere;
  std::atomic<bool> is_waiting{false};
  TableOptions patient;
  patient.url = url_;
  patient.log = [&](const std::string&) { is_waiting = true; };
  std::unique_ptr<TableSession> second;
  std::thread waiter([&] { second = std::make_unique<TableSession>(elsewhere, patient); });
  EXPECT_TRUE(eventually([&] { return is_waiting.load(); }));
  first.reset();
  waiter.join();
  ASSERT_TRUE(second->recovered.status.ok()) << second->recovered.status.message;
  EXPECT_EQ(second->engine->state_hash(), state_hash);
  EXPECT_EQ(second->log->epoch(), 2u);
}

// It holds the lock and does nothing else, as a frozen engine would.
TEST_F(TableJournalTest, a_holder_that_shows_no_beat_is_ended_by_the_one_that_waits) {
  { TableSession(storage_, url_).append_group(2); }
  pg::Connection silent;
  pg::ConnectOptions connecting;
  connecting.url = url_;
  ASSERT_TRUE(silent.open(connecting).ok());
  ASSERT_TRUE(silent.run("SELECT pg_advisory_lock(" + std::to_string(kLeaderLockKey) + ")").ok());
  TableOptions options;
  options.url = url_;
  options.leader_silence_ms = 100;
  TableSession next(storage_, options);
  ASSERT_TRUE(next.recovered.status.ok()) << next.recovered.status.message;
  EXPECT_FALSE(silent.run("SELECT 1").ok());
  next.append_group(1);
}

TEST_F(TableJournalTest, a_holder_that_beats_is_left_alone) {
  TableSession first(storage_, url_);
  first.append_group(1);
  MemoryStorage elsewhere;
  TableOptions options;
  options.url = url_;
  options.leader_silence_ms = 60'000;
  options.waits_for_leadership = false;
  const std::string before = run_sql("SELECT beat FROM journal_leader");
  const TableSession second(elsewhere, options);
  EXPECT_FALSE(second.led.ok());
  EXPECT_TRUE(eventually([&] { return run_sql("SELECT beat FROM journal_leader") != before; }));
  first.append_group(1);
}

TEST_F(TableJournalTest, stopping_ends_the_wait_for_the_lock) {
  const TableSession first(storage_, url_);
  TableOptions options;
  options.url = url_;
  TableJournal second(options);
  int asked = 0;
  EXPECT_EQ(second.lead([&] { return ++asked > 2; }).error, EINTR);
}

TEST_F(TableJournalTest, files_and_table_do_not_mix_in_one_folder) {
  { Session(storage_).append_group(1); }
  EXPECT_NE(refusal(storage_).find("journal of segment files"), std::string::npos);
  MemoryStorage elsewhere;
  { TableSession(elsewhere, url_).append_group(1); }
  DataDirectory directory(elsewhere);
  ASSERT_TRUE(directory.open(test_options()).ok());
  EXPECT_NE(FileJournal().attach(directory).message.find("is a table"), std::string::npos);
}

TEST_F(TableJournalTest, the_table_of_another_exchange_is_refused) {
  { TableSession(storage_, url_).append_group(1); }
  MemoryStorage elsewhere;
  DataDirectory directory(elsewhere);
  DataDirectoryOptions options = test_options();
  options.make_cluster_id = [] { return ClusterId{1, 2, 3}; };
  ASSERT_TRUE(directory.open(options).ok());
  TableOptions options_of_it;
  options_of_it.url = url_;
  TableJournal journal(options_of_it);
  ASSERT_TRUE(journal.lead([] { return false; }).ok());
  EXPECT_NE(journal.attach(directory).message.find("belongs to the exchange"), std::string::npos);
}

TEST_F(TableJournalTest, the_tools_read_the_table_of_a_running_engine) {
  TableSession session(storage_, url_);
  session.append_group(3, 4);
  TableOptions options_of_it;
  options_of_it.url = url_;
  TableJournal journal(options_of_it);
  ASSERT_TRUE(journal.open_to_read().ok());
  ASSERT_TRUE(journal.attach(session.directory).ok());
  std::vector<std::string> lines;
  const PrintLine print = [&](const std::string& line) { lines.push_back(line); };
  const VerifyResult verified = verify(session.directory, journal, print);
  EXPECT_TRUE(verified.status.ok()) << verified.status.message;
  EXPECT_EQ(verified.commands, 12u);
  EXPECT_EQ(verified.last_hash, session.log->last_hash());
  ASSERT_FALSE(lines.empty());
  EXPECT_NE(lines[0].find("epoch 1 batches 1-3 commands 12"), std::string::npos) << lines[0];
  lines.clear();
  EXPECT_TRUE(dump(journal, 2, 3, print).ok());
  EXPECT_EQ(lines.size(), 8u);
}

ServerSettings good_settings() {
  ServerSettings settings;
  settings.version = 150'000;
  settings.read_only = "off";
  settings.fsync = settings.full_page_writes = settings.synchronous_commit = "on";
  settings.data_sync_retry = "off";
  return settings;
}

struct Refused {
  const char* setting;
  void (*change)(ServerSettings&);
};

class ServerSettingsTest : public ::testing::TestWithParam<Refused> {};
INSTANTIATE_TEST_SUITE_P(
    Each, ServerSettingsTest,
    ::testing::Values(
        Refused{"server_version_num", [](ServerSettings& s) { s.version = 130'000; }},
        Refused{"pg_is_in_recovery", [](ServerSettings& s) { s.is_replica = true; }},
        Refused{"transaction_read_only", [](ServerSettings& s) { s.read_only = "on"; }},
        Refused{"fsync", [](ServerSettings& s) { s.fsync = "off"; }},
        Refused{"full_page_writes", [](ServerSettings& s) { s.full_page_writes = "off"; }},
        Refused{"synchronous_commit", [](ServerSettings& s) { s.synchronous_commit = "off"; }},
        Refused{"synchronous_commit", [](ServerSettings& s) { s.synchronous_commit = "local"; }},
        Refused{"data_sync_retry", [](ServerSettings& s) { s.data_sync_retry = "on"; }},
        Refused{"synchronous_standby_names", [](ServerSettings& s) { s.replicas = 1; }}),
    [](const auto& test) { return "case_" + std::to_string(test.index); });

TEST_P(ServerSettingsTest, unsafe_ones_are_refused_by_name) {
  ServerSettings settings = good_settings();
  ASSERT_TRUE(check_settings(settings, false).ok());
  GetParam().change(settings);
  const Status status = check_settings(settings, false);
  EXPECT_NE(status.message.find(GetParam().setting), std::string::npos) << status.message;
}

TEST(ServerSettings, asynchronous_replicas_can_be_accepted) {
  ServerSettings settings = good_settings();
  settings.replicas = 2;
  EXPECT_TRUE(check_settings(settings, true).ok());
  settings.synchronous_standby_names = "other";
  EXPECT_TRUE(check_settings(settings, false).ok());
}

TEST_F(TableJournalTest, a_database_that_does_not_wait_for_its_disk_is_refused) {
  run_sql("ALTER DATABASE " + database_ + " SET synchronous_commit = off");
  const TableSession session(storage_, url_);
  EXPECT_NE(session.led.message.find("synchronous_commit is 'off'"), std::string::npos);
}

TEST_F(TableJournalTest, a_server_without_fsync_is_refused) {
  pg::test::TestServer unsafe(pg::test::native_installation(), {"fsync=off"});
  const TableSession session(storage_, unsafe.url());
  EXPECT_NE(session.led.message.find("fsync is 'off'"), std::string::npos);
}

TEST_F(TableJournalTest, a_replica_is_refused) {
  pg::test::TestServer primary(pg::test::native_installation(), safe_settings());
  const auto replica = primary.make_replica();
  const TableSession session(storage_, replica->url());
  EXPECT_NE(session.led.message.find("a replica never holds the truth"), std::string::npos);
}

// What is written today is what was written when this was recorded: rows 0 to 2, all columns.
// Record anew as the golden files of the segments: PERPETUA_GOLDEN_WRITE=1,
// --gtest_filter='*recorded'.
TEST_F(TableJournalTest, rows_are_written_as_they_were_recorded) {
  {
    TableSession session(storage_, url_);
    session.append_group(2, 4);
  }
  const std::string rows = run_sql(
      "SELECT batch_seq || '|' || epoch || '|' || first_event || '|' || command_count || '|' || "
      "encode(prev_hash, 'hex') || '|' || encode(hash, 'hex') || '|' || "
      "encode(schema_hash, 'hex') || '|' || encode(body, 'hex') FROM journal ORDER BY batch_seq");
  const std::string path = PERPETUA_GOLDEN_DIR "/rows.txt";
  if (std::getenv("PERPETUA_GOLDEN_WRITE") != nullptr) std::ofstream(path) << rows;
  std::ifstream file(path);
  EXPECT_EQ(rows, std::string(std::istreambuf_iterator<char>(file), {}));
}

}  // namespace
}  // namespace perpetua::journal::postgres
