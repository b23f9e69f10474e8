// The journal table when something goes wrong: lost connections, COMMITs without an answer, another
// writer, a full disk, a database that forgot.
#include <gtest/gtest.h>

#include "journal/postgres/table_test_support.hpp"
#include "journal/postgres/tcp_relay.hpp"

namespace perpetua::journal::postgres {
namespace {

using namespace testing;

class TableFaultTest : public TableTest {
 protected:
  std::string batches() const {
    return run_sql("SELECT count(*) FROM journal WHERE batch_seq > 0");
  }
  std::string last_batch() const { return run_sql("SELECT max(batch_seq) FROM journal"); }
  void expect_whole(BatchNumber last) {
    EXPECT_EQ(batches(), std::to_string(last));
    const TableSession next(storage_, url_);
    EXPECT_TRUE(next.recovered.status.ok()) << next.recovered.status.message;
    EXPECT_EQ(next.recovered.last_batch, last);
  }
  // Its children may outlive it for a moment and keep its memory, so that it must be tried again.
  static bool restart_server() {
    server().kill_hard();
    return eventually([] {
      try {
        server().start();
      } catch (const std::runtime_error&) {
        return false;
      }
      return true;
    });
  }
  std::string through(const TcpRelay& relay) const {
    const std::string port = ":" + std::to_string(server().port());
    std::string url = url_;
    return url.replace(url.find(port), port.size(), ":" + std::to_string(relay.port()));
  }
};

TEST_F(TableFaultTest, a_connection_lost_while_idle_is_made_anew_under_the_same_epoch) {
  {
    TableSession session(storage_, url_);
    session.append_group(2);
    cut_leader_off();
    for (int group = 0; group < 3; ++group) {
      ASSERT_EQ(session.append(), AppendResult::appended);
      EXPECT_TRUE(session.commit_at_last());
    }
    EXPECT_EQ(session.log->epoch(), 1u);
    EXPECT_EQ(session.over_code, 0);
  }
  expect_whole(5);
}

TEST_F(TableFaultTest, a_connection_lost_while_idle_is_noticed_and_told) {
  TcpRelay relay(server().port());
  TableSession session(storage_, through(relay));
  std::atomic<bool> is_short{false};
  session.log->report_shortage_to(&is_short);
  EXPECT_FALSE(is_short);
  relay.set_open(false);
  EXPECT_TRUE(eventually([&] { return is_short.load(); }));
  EXPECT_EQ(session.log->space_state(), SpaceState::reserve);
  ASSERT_EQ(session.append(), AppendResult::appended);
  EXPECT_FALSE(session.log->commit());
  relay.set_open(true);
  EXPECT_TRUE(session.commit_at_last());
  EXPECT_EQ(session.log->space_state(), SpaceState::normal);
}

TEST_F(TableFaultTest, a_commit_that_happened_without_an_answer_is_found_and_not_repeated) {
  TcpRelay relay(server().port());
  {
    TableSession session(storage_, through(relay));
    ASSERT_TRUE(session.recovered.status.ok()) << session.recovered.status.message;
    session.append_group(2);
    relay.lose_reply();
    ASSERT_EQ(session.append(), AppendResult::appended);
    ASSERT_EQ(session.append(), AppendResult::appended);
    EXPECT_TRUE(session.commit_at_last());
    EXPECT_EQ(relay.losses(), 1u);
    EXPECT_EQ(session.log->durable_batch(), 4u);
    session.append_group(1);
  }
  expect_whole(5);
}

TEST_F(TableFaultTest, a_commit_that_never_arrived_is_written_again) {
  TcpRelay relay(server().port());
  {
    TableSession session(storage_, through(relay));
    session.append_group(2);
    relay.lose_request();
    ASSERT_EQ(session.append(), AppendResult::appended);
    EXPECT_TRUE(session.commit_at_last());
    EXPECT_EQ(relay.losses(), 1u);
    EXPECT_EQ(session.log->durable_batch(), 3u);
  }
  expect_whole(3);
}

// The group in doubt is durable, what was appended meanwhile is not.
TEST_F(TableFaultTest, batches_appended_behind_a_group_in_doubt_are_kept_apart_from_it) {
  TcpRelay relay(server().port());
  {
    TableSession session(storage_, through(relay));
    session.append_group(1);
    relay.lose_reply();
    ASSERT_EQ(session.append(), AppendResult::appended);
    bool is_durable = session.log->commit();
    for (int more = 0; more < 3; ++more) {
      ASSERT_EQ(session.append(), AppendResult::appended);
      is_durable = session.log->commit();
    }
    EXPECT_TRUE(is_durable || session.commit_at_last());
    EXPECT_EQ(session.log->durable_batch(), 5u);
  }
  expect_whole(5);
}

// A server lives as long as the thread that started it, so the engine gets the other one.
TEST_F(TableFaultTest, killing_the_server_in_turns_loses_and_doubles_nothing) {
  constexpr int kKills = 5;
  {
    TableSession session(storage_, url_);
    std::atomic<int> commits{0};
    std::atomic<bool> is_stopping{false};
    std::atomic<bool> is_fine{true};
    std::thread engine([&] {
      while (!is_stopping && is_fine) {
        is_fine = session.append(3) == AppendResult::appended && session.commit_at_last();
        ++commits;
      }
    });
    for (int kill = 0; kill < kKills && is_fine; ++kill) {
      const int before = commits;
      EXPECT_TRUE(eventually([&] { return commits - before > 20 || !is_fine; }));
      is_fine = is_fine && restart_server();
    }
    is_stopping = true;
    engine.join();
    EXPECT_TRUE(is_fine) << session.over_message;
    EXPECT_EQ(session.log->durable_batch(), session.log->last_appended());
    EXPECT_EQ(last_batch(), std::to_string(session.log->last_appended()));
  }
  expect_whole(std::stoull(last_batch()));
}

TEST_F(TableFaultTest, an_engine_that_was_cut_off_while_another_led_is_deposed) {
  TcpRelay relay(server().port());
  TableSession old(storage_, through(relay));
  old.append_group(2);
  relay.set_open(false);
  ASSERT_EQ(old.append(), AppendResult::appended);
  EXPECT_FALSE(old.log->commit());
  MemoryStorage elsewhere;
  TableSession other(elsewhere, url_);
  ASSERT_TRUE(other.recovered.status.ok()) << other.recovered.status.message;
  other.append_group(1, 7);
  relay.set_open(true);
  EXPECT_TRUE(eventually([&] { return old.over_code != 0; }));
  EXPECT_EQ(old.over_code, kExitDeposed) << old.over_message;
  EXPECT_FALSE(old.log->commit());
  EXPECT_EQ(old.log->durable_batch(), 2u);
  EXPECT_EQ(old.log->append(make_batch(4, 1).input(), 1), AppendResult::failed);
  other.append_group(1);
  EXPECT_EQ(other.over_code, 0);
}

TEST_F(TableFaultTest, a_batch_that_another_wrote_first_deposes) {
  TableSession session(storage_, url_);
  session.append_group(2);
  run_sql(
      "INSERT INTO journal SELECT 3, epoch, first_event, command_count, prev_hash, hash, "
      "schema_hash, body FROM journal WHERE batch_seq = 2");
  ASSERT_EQ(session.append(), AppendResult::appended);
  EXPECT_FALSE(session.log->commit());
  EXPECT_EQ(session.over_code, kExitDeposed) << session.over_message;
  EXPECT_EQ(session.log->durable_batch(), 2u);
}

TEST_F(TableFaultTest, a_group_is_written_behind_the_own_row_before_or_not_at_all) {
  for (const char* change : {"DELETE FROM journal WHERE batch_seq = 2",
                             "UPDATE journal SET hash = prev_hash WHERE batch_seq = 2",
                             "UPDATE journal SET epoch = 9 WHERE batch_seq = 2"}) {
    run_sql("DROP TABLE IF EXISTS journal, journal_leader");
    MemoryStorage storage;
    TableSession session(storage, url_);
    session.append_group(2);
    run_sql(change);
    ASSERT_EQ(session.append(), AppendResult::appended);
    ASSERT_EQ(session.append(), AppendResult::appended);
    EXPECT_FALSE(session.log->commit());
    EXPECT_EQ(session.over_code, kExitDeposed) << change;
    EXPECT_EQ(run_sql("SELECT count(*) FROM journal WHERE batch_seq > 2"), "0") << change;
  }
}

TEST_F(TableFaultTest, a_full_disk_makes_batches_wait_and_ends_with_space) {
  TableSession session(storage_, url_);
  session.append_group(2);
  run_sql(
      "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$; "
      "CREATE TRIGGER full_disk BEFORE INSERT ON journal EXECUTE FUNCTION full_disk()");
  ASSERT_EQ(session.append(), AppendResult::appended);
  EXPECT_FALSE(session.log->commit());
  EXPECT_EQ(session.log->space_state(), SpaceState::reserve);
  ASSERT_EQ(session.append(), AppendResult::appended);
  EXPECT_FALSE(session.log->commit());
  EXPECT_EQ(session.log->durable_batch(), 2u);
  run_sql("DROP TRIGGER full_disk ON journal");
  EXPECT_TRUE(session.log->commit());
  EXPECT_EQ(session.log->durable_batch(), 4u);
  EXPECT_EQ(session.log->space_state(), SpaceState::normal);
  EXPECT_EQ(session.over_code, 0);
}

// A COMMIT that waits for a replica can be cancelled: then it is there, but here only.
TEST_F(TableFaultTest, a_commit_whose_wait_for_replicas_was_cancelled_is_not_durable_yet) {
  const auto set_replicas = [&](const char* names) {
    run_sql(std::string("ALTER SYSTEM SET synchronous_standby_names = '") + names + "'");
    run_sql("SELECT pg_reload_conf()");
  };
  {
    TableSession session(storage_, url_);
    session.append_group(1);
    set_replicas("nobody");
    std::thread engine([&] {
      while (session.append() == AppendResult::appended && session.log->commit()) {
      }
    });
    EXPECT_TRUE(eventually([&] {
      run_sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
      return session.log->space_state() == SpaceState::reserve;
    }));
    engine.join();
    EXPECT_EQ(last_batch(), std::to_string(session.log->durable_batch() + 1));
    EXPECT_EQ(session.log->last_appended(), session.log->durable_batch() + 1);
    set_replicas("");
    EXPECT_TRUE(session.commit_at_last());
  }
  expect_whole(std::stoull(last_batch()));
}

TEST_F(TableFaultTest, a_database_that_forgot_while_the_engine_runs_ends_it) {
  TcpRelay relay(server().port());
  TableSession session(storage_, through(relay));
  session.append_group(3);
  relay.set_open(false);
  ASSERT_TRUE(eventually([&] { return session.log->space_state() == SpaceState::reserve; }));
  run_sql("DELETE FROM journal WHERE batch_seq = 3");
  relay.set_open(true);
  EXPECT_TRUE(eventually([&] { return session.over_code != 0; }));
  EXPECT_EQ(session.over_code, kExitHistoryLost) << session.over_message;
}

TEST_F(TableFaultTest, a_database_that_forgot_while_the_engine_was_down_is_refused) {
  { TableSession(storage_, url_).append_group(3); }
  run_sql(
      "CREATE TABLE kept AS SELECT * FROM journal WHERE batch_seq = 3; "
      "DELETE FROM journal WHERE batch_seq = 3");
  EXPECT_NE(refusal(storage_).find("lost history"), std::string::npos);
  run_sql(
      "INSERT INTO journal SELECT * FROM kept; "
      "UPDATE journal SET hash = prev_hash WHERE batch_seq = 3");
  EXPECT_NE(refusal(storage_).find("a different history"), std::string::npos);
  run_sql("UPDATE journal SET hash = (SELECT hash FROM kept) WHERE batch_seq = 3");
  expect_whole(3);
}

TEST_F(TableFaultTest, a_damaged_seen_mark_is_refused) {
  { TableSession(storage_, url_).append_group(1); }
  auto bytes = storage_.content("data/journal_seen");
  bytes[32] ^= std::byte{1};
  storage_.set_content("data/journal_seen", bytes);
  EXPECT_NE(refusal(storage_).find("journal_seen: damaged"), std::string::npos);
}

}  // namespace
}  // namespace perpetua::journal::postgres
