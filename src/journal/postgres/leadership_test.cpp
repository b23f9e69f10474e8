// Who leads the journal table, seen from outside, and asking the leader to hand over.
#include "journal/postgres/leadership.hpp"

#include <gtest/gtest.h>

#include "journal/postgres/table_test_support.hpp"

namespace perpetua::journal::postgres {
namespace {

using namespace testing;

class LeadershipTest : public TableTest {
 protected:
  void SetUp() override {
    pg::ConnectOptions options;
    options.url = url_;
    ASSERT_TRUE(outside_.open(options).ok());
  }

  TableOptions named(const std::string& name) {
    TableOptions options;
    options.url = url_;
    options.node_name = name;
    options.on_handover = [this] { ++asked_; };
    return options;
  }

  Leadership seen() {
    Leadership leadership;
    const Status read = read_leadership(outside_, leadership);
    EXPECT_TRUE(read.ok()) << read.message;
    return leadership;
  }

  pg::Connection outside_;
  std::atomic<int> asked_{0};
};

TEST_F(LeadershipTest, the_leader_and_who_waits_are_told_by_name) {
  TableSession first(storage_, named("first"));
  first.append_group(3);
  std::atomic<bool> is_stopping{false};
  TableJournal second(named("second"));
  std::thread waiter([&] { EXPECT_FALSE(second.lead([&] { return is_stopping.load(); }).ok()); });
  EXPECT_TRUE(eventually([&] { return seen().waiting.size() == 1; }));
  const Leadership leadership = seen();
  is_stopping = true;
  waiter.join();
  ASSERT_EQ(leadership.leaders.size(), 1u);
  EXPECT_EQ(leadership.leaders[0].node_name, "first");
  EXPECT_EQ(leadership.waiting[0].node_name, "second");
  EXPECT_EQ(leadership.batch, 3u);
  EXPECT_EQ(leadership.epoch, 1u);
}

TEST_F(LeadershipTest, a_request_reaches_the_leader_of_its_epoch_once_and_nobody_later) {
  {
    TableSession first(storage_, named("first"));
    first.append_group(1);
    ASSERT_TRUE(ask_handover(outside_, seen().epoch).ok());
    EXPECT_TRUE(eventually([&] { return asked_.load() == 1; }));
    first.journal->resign();
    EXPECT_TRUE(eventually([&] { return seen().leaders.empty(); }));
    EXPECT_EQ(first.over_code, 0);
  }
  MemoryStorage elsewhere;
  TableSession second(elsewhere, named("second"));
  second.append_group(1);
  const std::string beat = run_sql("SELECT beat FROM journal_leader");
  EXPECT_TRUE(eventually([&] { return run_sql("SELECT beat FROM journal_leader") != beat; }));
  EXPECT_EQ(asked_, 1);
  ASSERT_TRUE(ask_handover(outside_, seen().epoch).ok());
  EXPECT_TRUE(eventually([&] { return asked_.load() == 2; }));
}

TEST_F(LeadershipTest, a_request_survives_the_loss_of_the_leaders_connection) {
  TableSession first(storage_, named("first"));
  first.append_group(1);
  cut_leader_off();
  ASSERT_TRUE(ask_handover(outside_, 1).ok());
  EXPECT_TRUE(eventually([&] { return asked_.load() == 1; }));
  EXPECT_EQ(first.over_code, 0);
}

TEST_F(LeadershipTest, tables_of_an_older_version_get_the_column) {
  { TableSession(storage_, named("first")).append_group(1); }
  run_sql("ALTER TABLE journal_leader DROP COLUMN handover_epoch");
  EXPECT_FALSE(ask_handover(outside_, 1).ok());
  TableSession next(storage_, named("next"));
  next.append_group(1);
  EXPECT_TRUE(ask_handover(outside_, 2).ok());
  EXPECT_TRUE(eventually([&] { return asked_.load() == 1; }));
}

}  // namespace
}  // namespace perpetua::journal::postgres
