// StreamReader in a Cluster: the stream's slot moves under it, its master dies.
#include <set>

#include "stores/redis/stream_test_support.hpp"

namespace perpetua::redis {
namespace {

// One Cluster for all tests: it takes seconds to come up. Each test leaves it healthy.
TestCluster& cluster() {
  static TestCluster instance;
  return instance;
}

std::size_t other_master(std::size_t than) {
  const std::vector<std::size_t> masters = cluster().masters();
  return masters.front() == than ? masters.back() : masters.front();
}

TEST(RedisStreamReaderCluster, FollowsItsStreamWhileAndAfterItsSlotMoves) {
  const std::string key = "{moving}:s";
  Options client_options = cluster().client_options();
  client_options.topology_refresh_ms = 600'000;  // it must learn from the redirects
  StartedClient client(client_options);
  Basket basket;
  StreamReader reader(client, reader_of(key), basket.handler());
  int added = 0;
  const auto add_some = [&] {
    for (int i = 0; i < 20; ++i) add_entry(client, key, std::to_string(added++));
  };
  add_some();
  EXPECT_TRUE(basket.becomes(numbers(added)));
  const uint16_t slot = key_slot(key);
  const std::size_t to = other_master(cluster().master_of(slot));
  cluster().begin_move(slot, to);
  add_some();
  EXPECT_TRUE(basket.becomes(numbers(added)));
  cluster().move_keys(slot, to, SIZE_MAX);
  add_some();  // by ASK
  EXPECT_TRUE(basket.becomes(numbers(added)));
  cluster().end_move(slot, to);
  add_some();
  EXPECT_TRUE(basket.becomes(numbers(added)));
  cluster().wait_until_healthy();
}

TEST(RedisStreamReaderCluster, GoesOnWithTheNewMaster) {
  const std::string key = "{killed}:s";
  StartedClient client(cluster().client_options());
  Basket basket;
  StreamReader reader(client, reader_of(key), basket.handler());
  for (int i = 0; i < 50; ++i) add_entry(client, key, std::to_string(i));
  EXPECT_TRUE(basket.becomes(numbers(50)));
  const std::size_t victim = cluster().master_of(key_slot(key));
  cluster().node(victim).kill();
  for (int i = 50; i < 100; ++i) {
    EXPECT_TRUE(comes_true([&] { return add_entry(client, key, std::to_string(i)).is_string(); }));
  }
  EXPECT_TRUE(comes_true([&] { return basket.payloads().size() >= 100; }));
  // An entry whose reply was lost with the master is in the stream twice, and read twice.
  const std::vector<std::string> payloads = basket.payloads();
  const std::set<std::string> unique(payloads.begin(), payloads.end());
  EXPECT_EQ(unique.size(), 100u);
  const std::vector<StreamId> ids = basket.ids();
  EXPECT_TRUE(std::ranges::is_sorted(ids));
  EXPECT_EQ(std::set<StreamId>(ids.begin(), ids.end()).size(), payloads.size());
  cluster().node(victim).start();
  cluster().wait_until_healthy();
}

}  // namespace
}  // namespace perpetua::redis
