// The batch stream over a Redis Cluster of six real nodes: shard channels, masters that die.
#include <gtest/gtest.h>

#include "cluster/read_barrier.hpp"
#include "cluster/stream_test_support.hpp"

namespace perpetua::cluster {
namespace {

using namespace testing_support;

class BatchClusterTest : public StreamTest {
 protected:
  // One Cluster for all tests: it takes seconds to come up.
  static redis::TestCluster& cluster() {
    static redis::TestCluster instance;
    return instance;
  }
  static void SetUpTestSuite() { cluster().wait_until_healthy(); }

  static BatchPublisherOptions publishing() {
    BatchPublisherOptions options;
    options.is_cluster = true;
    return options;
  }
  static BatchFeedOptions feeding() {
    BatchFeedOptions options;
    options.is_cluster = true;
    return options;
  }
  void start_nodes(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      nodes_.push_back(make_node(&client_, feeding()));
      nodes_.back()->feed->start();
      ASSERT_TRUE(nodes_.back()->is_subscribed());
    }
  }

  StartedClient leader_client_{quick(cluster().client_options())};
  StartedClient client_{quick(cluster().client_options())};
  Nodes nodes_;
};

TEST_F(BatchClusterTest, the_tags_lie_on_three_masters) {
  std::set<std::size_t> masters;
  for (unsigned tag = 0; tag < kBatchTags; ++tag) {
    const std::size_t owner = cluster().master_of(redis::key_slot(batch_log_key(tag)));
    EXPECT_EQ(owner, cluster().master_of(redis::key_slot(batch_channel(tag))));
    EXPECT_EQ(owner, cluster().master_of(redis::key_slot(batch_last_key(tag))));
    masters.insert(owner);
  }
  EXPECT_EQ(masters.size(), kBatchTags);
}

TEST_F(BatchClusterTest, followers_end_where_the_leader_ends) {
  start_leader(leader_client_, publishing());
  start_nodes(2);
  trade(100);
  for (const auto& node : nodes_) {
    ASSERT_TRUE(node->reaches(newest()));
    EXPECT_EQ(node->status().source, FeedSource::live);
  }
  stop_leader();
  for (const auto& node : nodes_) expect_followed(*node);
}

TEST_F(BatchClusterTest, a_master_that_dies_loses_nothing_and_stops_no_read) {
  start_leader(leader_client_, publishing());
  start_nodes(2);
  trade(30);
  Node& node = *nodes_.front();
  ReadBarrier barrier(client_, [&] { return node.follower->last_batch(); });
  barrier.start();
  const auto read = [&] {
    std::atomic<bool> is_done{false};
    barrier.wait([&] { is_done = true; });
    ASSERT_TRUE(comes_true([&] { return is_done.load(); }));
  };
  read();
  const std::size_t master =
      cluster().master_of(redis::key_slot(batch_log_key(publisher_->status().tag)));
  const uint32_t tag = publisher_->status().tag;
  cluster().node(master).kill();
  for (int i = 0; i < 30; ++i) {
    trade(1);
    read();
  }
  const BatchNumber last = newest();
  // By another tag at once, before the Cluster has a new master.
  ASSERT_TRUE(comes_true([&] { return publisher_->status().last_published >= last; }));
  EXPECT_NE(publisher_->status().tag, tag);
  for (const auto& each : nodes_) ASSERT_TRUE(each->reaches(last));
  cluster().node(master).start();
  cluster().wait_until_healthy();
  trade(30);
  stop_leader();
  barrier.stop();
  for (const auto& each : nodes_) expect_followed(*each);
}

}  // namespace
}  // namespace perpetua::cluster
