// A follower of the journal table of a real PostgreSQL, and its warm take-over.
#include <gtest/gtest.h>

#include "base/pg/test_server.hpp"
#include "journal/postgres/table_journal.hpp"
#include "runtime/follower_test_support.hpp"

namespace perpetua::runtime {
namespace {

using namespace testing_support;
using journal::postgres::TableJournal;

class FollowerTableTest : public RuntimeTest {
 protected:
  static pg::test::TestServer& server() {
    static pg::test::TestServer server(
        pg::test::native_installation(),
        {"fsync=on", "full_page_writes=on", "synchronous_commit=on"});
    return server;
  }

  std::unique_ptr<TableJournal> make_journal() const {
    journal::postgres::TableOptions options;
    options.url = url_;
    return std::make_unique<TableJournal>(std::move(options));
  }
  std::unique_ptr<TableJournal> make_leading() const {
    auto leading = make_journal();
    const journal::Status led = leading->lead([] { return false; });
    EXPECT_TRUE(led.ok()) << led.message;
    return leading;
  }
  RuntimeOptions leading(const std::string& folder, journal::Journal& journal) {
    RuntimeOptions options = make_options();
    options.data_dir = folder;
    options.journal = &journal;
    return options;
  }
  // Through a connection of its own, which the caller keeps.
  std::unique_ptr<Follower> make_follower(const std::string& folder, TableJournal& journal) {
    EXPECT_TRUE(journal.open_to_read().ok());
    FollowerOptions options;
    EXPECT_TRUE(journal.cluster_id(options.cluster_id).ok());
    options.data_dir = folder;
    options.journal = &journal;
    options.storage = &storage_;
    auto follower = std::make_unique<Follower>(std::move(options));
    const auto result = follower->recover(0, nullptr);
    EXPECT_TRUE(result.status.ok()) << result.status.message;
    return follower;
  }

  std::string url_ = server().create_database("follower");
};

TEST_F(FollowerTableTest, a_standby_follows_by_polling_and_goes_on_where_the_leader_stopped) {
  auto first = make_leading();
  Witness leaders;
  auto runtime = make_running(leading("/leader", *first), leaders);
  auto reading = make_journal();
  auto follower = make_follower("/standby", *reading);
  Witness followers;
  follower->add_listener(followers);
  submit_flow(*runtime, 1, 0, 50);
  ASSERT_TRUE(becomes_true([&] {
    uint64_t batches = 0;
    const journal::Status status = follower->catch_up(batches);
    EXPECT_TRUE(status.ok()) << status.message;
    return follower->metrics().commands == 50;
  }));
  submit_flow(*runtime, 1, 50, 50);  // what it has not seen when it takes over
  ASSERT_TRUE(runtime->stop());
  const uint64_t state_hash = runtime->engine().state_hash();
  const BatchNumber last_batch = runtime->engine().last_batch();
  runtime.reset();
  first.reset();
  leaders.batches.resize(followers.batches.size());
  EXPECT_EQ(followers.batches, leaders.batches);

  auto second = make_leading();
  Runtime next(leading("/standby", *second));
  Witness history;
  const BatchNumber seen = follower->last_batch();
  const auto result = next.recover_warm(follower->release(), seen, &history);
  ASSERT_TRUE(result.status.ok()) << result.status.message;
  EXPECT_GT(result.replayed_batches, 0u);
  EXPECT_EQ(result.last_batch, last_batch + 1);
  EXPECT_EQ(history.numbers.size(), last_batch + 1 - seen);
  EXPECT_EQ(result.position.last_epoch, 2u);

  auto third = make_journal();
  auto replica = make_follower("/replica", *third);
  EXPECT_EQ(replica->last_batch(), last_batch + 1);
  EXPECT_EQ(replica->engine().state_hash(), next.engine().state_hash());
  EXPECT_NE(replica->engine().state_hash(), state_hash);  // by the number of the opening batch
}

}  // namespace
}  // namespace perpetua::runtime
