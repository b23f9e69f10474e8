// The batch stream from end to end: a leader that trades, followers, one real Redis that fails.
#include <gtest/gtest.h>

#include "cluster/stream_test_support.hpp"

namespace perpetua::cluster {
namespace {

using namespace testing_support;

class BatchStreamTest : public StreamTest {
 protected:
  void start_nodes(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      nodes_.push_back(make_node(&client_));
      nodes_.back()->feed->start();
      ASSERT_TRUE(nodes_.back()->is_subscribed());
    }
  }
  void expect_all_followed() {
    for (const auto& node : nodes_) {
      expect_followed(*node);
      const std::vector<std::string> expected(
          witness_.batches.end() - static_cast<std::ptrdiff_t>(node->witness.batches.size()),
          witness_.batches.end());
      EXPECT_EQ(node->witness.batches, expected);
    }
  }
  bool all_reach(BatchNumber batch) const {
    return std::ranges::all_of(nodes_, [&](const auto& node) { return node->reaches(batch); });
  }

  redis::TestServer server_;
  StartedClient leader_client_{quick(server_.client_options())};
  StartedClient client_{quick(server_.client_options())};
  Nodes nodes_;
};

TEST_F(BatchStreamTest, followers_end_where_the_leader_ends) {
  start_leader(leader_client_);
  start_nodes(2);
  nodes_.push_back(make_node(nullptr));  // by the journal alone
  nodes_.back()->feed->start();
  trade(150);
  start_nodes(1);  // late
  trade(50);
  stop_leader();
  expect_all_followed();
}

TEST_F(BatchStreamTest, a_redis_that_is_killed_and_comes_back_loses_nothing) {
  start_leader(leader_client_);
  start_nodes(2);
  for (int round = 0; round < 3; ++round) {
    trade(20);
    server_.kill();
    trade(20);
    // The journal carries on alone.
    ASSERT_TRUE(all_reach(newest()));
    for (const auto& node : nodes_) {
      ASSERT_TRUE(comes_true([&] { return node->status().is_silent; }));
    }
    server_.start();
    trade(20);
    const BatchNumber last = newest();
    ASSERT_TRUE(comes_true([&] { return publisher_->status().last_published >= last; }));
    for (const auto& node : nodes_) {
      ASSERT_TRUE(comes_true(
          [&] { return node->status().source == FeedSource::live || !node->status().is_silent; }));
    }
  }
  stop_leader();
  expect_all_followed();
}

TEST_F(BatchStreamTest, subscriptions_that_are_cut_off_again_and_again_lose_nothing) {
  start_leader(leader_client_);
  start_nodes(2);
  for (int round = 0; round < 20; ++round) {
    trade(5);
    ASSERT_TRUE(
        one(leader_client_, Request("", {"CLIENT", "KILL", "TYPE", "pubsub"})).is_integer());
    trade(5);
  }
  stop_leader();
  expect_all_followed();
}

TEST_F(BatchStreamTest, a_redis_that_hangs_loses_nothing) {
  start_leader(leader_client_);
  start_nodes(2);
  trade(20);
  server_.pause();
  trade(40);
  ASSERT_TRUE(all_reach(newest()));
  server_.resume();
  trade(20);
  stop_leader();
  expect_all_followed();
}

TEST_F(BatchStreamTest, a_new_leader_is_followed_and_a_late_word_of_the_old_one_is_harmless) {
  start_leader(leader_client_);
  start_nodes(2);
  trade(30);
  const BatchNumber middle = newest();
  stop_leader();
  const uint64_t old_epoch = position_.last_epoch;
  start_leader(leader_client_);
  ASSERT_EQ(position_.last_epoch, old_epoch + 1);
  ASSERT_TRUE(all_reach(position_.next_batch - 1));  // by a beat: nobody published its first batch
  trade(10);
  publish(client_, message(middle - 5, middle, old_epoch));
  publish(client_, beat(middle, old_epoch));
  trade(10);
  stop_leader();
  for (const auto& node : nodes_) {
    ASSERT_TRUE(node->reaches(last_batch_));
    ASSERT_TRUE(comes_true([&] { return node->status().epoch == old_epoch + 1; }));
    EXPECT_EQ(node->status().refused, 0u);
    node->feed->stop();
    expect_same_state(*node->follower);
  }
}

TEST_F(BatchStreamTest, batches_that_the_leader_had_to_drop_come_from_the_journal) {
  BatchPublisherOptions options;
  options.queue_batches_max = 5;
  start_leader(leader_client_, options);
  start_nodes(2);
  trade(5);
  server_.pause();
  trade(50);
  ASSERT_TRUE(comes_true([&] { return publisher_->status().dropped_batches > 0; }));
  server_.resume();
  trade(5);
  stop_leader();
  expect_all_followed();
}

}  // namespace
}  // namespace perpetua::cluster
