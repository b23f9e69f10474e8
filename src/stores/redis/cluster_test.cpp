// The client against a Cluster of six real nodes: routing, slots on the move, a master that dies.
#include <algorithm>
#include <atomic>
#include <iostream>
#include <map>
#include <mutex>
#include <thread>

#include "stores/redis/client_test_support.hpp"
#include "stores/redis/subscriber.hpp"

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

// Keeps incrementing keys until it is ended, and counts what came back.
class Load {
 public:
  Load(Client& client, std::size_t keys, int64_t timeout_ms) : client_(client), counts_(keys) {
    options_.timeout_ms = timeout_ms;
    thread_ = std::thread([this] { run(); });
  }
  ~Load() { end(); }

  void end() {
    is_ending_ = true;
    if (thread_.joinable()) thread_.join();
  }
  static std::string key(std::size_t index) { return "load:" + std::to_string(index); }
  uint64_t rounds() const { return rounds_; }
  int64_t count(std::size_t index) const { return counts_[index]; }  // after end()
  std::map<Failure, uint64_t> failures() const {
    const std::lock_guard lock(mutex_);
    return failures_;
  }
  std::vector<std::string> server_errors() const {
    const std::lock_guard lock(mutex_);
    return server_errors_;
  }

 private:
  void run() {
    while (!is_ending_) {
      Request request;
      for (std::size_t i = 0; i < counts_.size(); ++i) request.add(key(i), {"INCR", key(i)});
      const std::vector<Reply> replies = client_.call(std::move(request), options_);
      for (std::size_t i = 0; i < replies.size(); ++i) note(i, replies[i]);
      ++rounds_;
    }
  }
  void note(std::size_t index, const Reply& reply) {
    if (reply.is_integer()) {
      ++counts_[index];
      return;
    }
    const std::lock_guard lock(mutex_);
    if (reply.failure == Failure::none) server_errors_.push_back(reply.text);
    ++failures_[reply.failure];
  }

  Client& client_;
  CallOptions options_;
  std::vector<int64_t> counts_;
  mutable std::mutex mutex_;
  std::map<Failure, uint64_t> failures_;
  std::vector<std::string> server_errors_;
  std::atomic<uint64_t> rounds_{0};
  std::atomic<bool> is_ending_{false};
  std::thread thread_;
};

TEST(RedisCluster, SplitsARequestByNodeAndPutsTheRepliesBackInOrder) {
  StartedClient client(cluster().client_options());
  constexpr int kKeys = 3'000;
  Request request;
  for (int i = 0; i < kKeys; ++i) {
    const std::string key = "route:" + std::to_string(i);
    request.add(key, {"SET", key, std::to_string(i)});
    request.add(key, {"GET", key});
  }
  request.add("", {"PING"});
  const std::vector<Reply> replies = client.call(std::move(request), patient());
  for (int i = 0; i < kKeys; ++i) {
    ASSERT_EQ(replies[2 * i].text, "OK");
    ASSERT_EQ(replies[2 * i + 1].text, std::to_string(i));
  }
  EXPECT_EQ(replies.back().text, "PONG");
  EXPECT_EQ(client.counters().moved.load(), 0u);
  EXPECT_TRUE(comes_true([&] { return client.health().state == Health::State::ready; }));
  EXPECT_EQ(client.health().slots_covered, kSlots);
  EXPECT_EQ(client.health().nodes.size(), 3u);
  int64_t stored = 0;
  for (const Endpoint& master : client.masters()) {
    CallOptions there = patient();
    there.node = master;
    const int64_t size = one(client, Request("", {"DBSIZE"}), there).integer;
    EXPECT_GT(size, kKeys / 6);
    stored += size;
  }
  EXPECT_EQ(stored, kKeys);
}

TEST(RedisCluster, FindsItsWayFromAnySeedAndPastADeadOne) {
  for (std::size_t index = 0; index < cluster().size(); ++index) {
    Options options = cluster().client_options();
    options.endpoints = {{"127.0.0.1", 1}, cluster().node(index).endpoint()};
    StartedClient client(options);
    EXPECT_EQ(set(client, "seed", std::to_string(index)).text, "OK");
    EXPECT_EQ(client.masters().size(), 3u);
  }
}

TEST(RedisCluster, FollowsAskWhileASlotMovesAndMovedAfterwards) {
  Options options = cluster().client_options();
  options.topology_refresh_ms = 600'000;  // it must learn from the redirects
  StartedClient client(options);
  const uint16_t slot = key_slot("{ask}");
  Request fill;
  for (int i = 0; i < 20; ++i) {
    const std::string key = "{ask}" + std::to_string(i);
    fill.add(key, {"SET", key, std::to_string(i)});
  }
  client.call(std::move(fill), patient());
  const std::size_t from = cluster().master_of(slot);
  const std::size_t to = other_master(from);
  cluster().begin_move(slot, to);
  cluster().move_keys(slot, to, 10);
  const auto all_are_there = [&client] {
    Request request;
    for (int i = 0; i < 20; ++i) {
      const std::string key = "{ask}" + std::to_string(i);
      request.add(key, {"APPEND", key, "+"});
    }
    for (int i = 0; i < 20; ++i) {
      const std::string key = "{ask}" + std::to_string(i);
      request.add(key, {"GET", key});
    }
    const std::vector<Reply> replies = client.call(std::move(request), patient());
    for (int i = 0; i < 20; ++i) {
      const std::string& value = replies[20 + i].text;
      EXPECT_EQ(value.substr(0, value.find('+')), std::to_string(i));
    }
  };
  all_are_there();
  EXPECT_EQ(client.counters().ask.load(), 20u);  // ten keys, twice each
  EXPECT_EQ(set(client, "{ask}new", "v").text, "OK");
  EXPECT_EQ(get(client, "{ask}new").text, "v");
  EXPECT_EQ(client.counters().moved.load(), 0u);
  cluster().move_keys(slot, to, SIZE_MAX);
  cluster().end_move(slot, to);
  all_are_there();
  EXPECT_GE(client.counters().moved.load(), 1u);
  EXPECT_TRUE(comes_true([&] { return client.counters().topology_changes >= 2; }));
  const uint64_t moved = client.counters().moved;
  all_are_there();
  EXPECT_EQ(client.counters().moved.load(), moved);  // it has learnt the new owner
  EXPECT_EQ(get(client, "{ask}0").text, "0+++");
  cluster().wait_until_healthy();
}

TEST(RedisCluster, TriesAgainWhileTheKeysOfACommandAreApart) {
  StartedClient client(cluster().client_options());
  const uint16_t slot = key_slot("{apart}");
  client.call(Request("{apart}a", {"MSET", "{apart}a", "1", "{apart}b", "2"}), patient());
  const std::size_t to = other_master(cluster().master_of(slot));
  cluster().begin_move(slot, to);
  cluster().move_keys(slot, to, 1);
  std::atomic<bool> is_right{false};
  client.submit(Request("{apart}a", {"MGET", "{apart}a", "{apart}b"}), patient(),
                [&](std::vector<Reply>&& replies) {
                  is_right = replies.front().elements.size() == 2 &&
                             replies.front().elements[0].text == "1" &&
                             replies.front().elements[1].text == "2";
                });
  EXPECT_TRUE(comes_true([&] { return client.counters().try_again >= 2; }));
  EXPECT_FALSE(is_right);
  cluster().move_keys(slot, to, SIZE_MAX);
  cluster().end_move(slot, to);
  EXPECT_TRUE(comes_true([&] { return is_right.load(); }));
  cluster().wait_until_healthy();
}

TEST(RedisCluster, SlotsMoveUnderLoadWithoutAnError) {
  StartedClient client(cluster().client_options());
  constexpr std::size_t kKeys = 200;
  Load load(client, kKeys, 60'000);
  EXPECT_TRUE(comes_true([&] { return load.rounds() >= 5; }));
  for (std::size_t i = 0; i < 12; ++i) {
    const uint16_t slot = key_slot(Load::key(i));
    cluster().move_slot(slot, other_master(cluster().master_of(slot)));
  }
  const uint64_t rounds = load.rounds();
  EXPECT_TRUE(comes_true([&] { return load.rounds() >= rounds + 5; }));
  load.end();
  EXPECT_TRUE(load.failures().empty()) << load.server_errors().size();
  for (std::size_t i = 0; i < kKeys; ++i) {
    EXPECT_EQ(get(client, Load::key(i)).text, std::to_string(load.count(i)));
  }
  EXPECT_GE(client.counters().moved.load() + client.counters().ask.load(), 12u);
  cluster().wait_until_healthy();
}

TEST(RedisCluster, ScriptsAreSentToEachNodeThatLacksThem) {
  StartedClient client(cluster().client_options());
  const Script script("return redis.call('INCR', KEYS[1])");
  for (int round = 1; round <= 2; ++round) {
    Request request;
    for (int i = 0; i < 100; ++i) request.add_script(script, {"script:" + std::to_string(i)}, {});
    for (const Reply& reply : client.call(std::move(request), patient())) {
      EXPECT_EQ(reply.integer, round) << reply.text;
    }
  }
}

// Errors of the seconds of an election are retryable ones only, and the client comes back by
// itself, with the new master, whose data it reads.
TEST(RedisCluster, AMasterIsKilledUnderLoad) {
  Options options = cluster().client_options();
  options.topology_refresh_ms = 600'000;  // it must learn from the errors
  StartedClient client(options);
  const std::size_t victim = cluster().master_of(key_slot(Load::key(0)));
  const Endpoint dead = cluster().node(victim).endpoint();
  Load load(client, 60, 1'000);
  EXPECT_TRUE(comes_true([&] { return load.rounds() >= 5; }));
  const auto killed_at = std::chrono::steady_clock::now();
  cluster().node(victim).kill();
  EXPECT_TRUE(comes_true([&] {
    const std::vector<Endpoint> masters = client.masters();
    return masters.size() == 3 && std::find(masters.begin(), masters.end(), dead) == masters.end();
  }));
  EXPECT_TRUE(comes_true([&] { return set(client, Load::key(0), "0").text == "OK"; }));
  const auto back_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - killed_at);
  std::cout << "back after " << back_ms.count() << " ms\n";
  EXPECT_TRUE(comes_true([&] { return client.health().state == Health::State::ready; }));
  load.end();
  EXPECT_TRUE(load.server_errors().empty()) << load.server_errors().front();
  const auto failures = load.failures();
  EXPECT_FALSE(failures.empty());
  for (const auto& [failure, count] : failures) {
    EXPECT_TRUE(failure == Failure::unknown || failure == Failure::unavailable);
  }
  cluster().node(victim).start();
  cluster().wait_until_healthy();
}

TEST(RedisCluster, PubSubCrossesNodesAndShardChannelsFollowTheirSlot) {
  StartedClient client(cluster().client_options());
  std::mutex mutex;
  std::vector<std::string> lines;
  const auto add = [&](std::string line) {
    const std::lock_guard lock(mutex);
    lines.push_back(std::move(line));
  };
  const auto holds = [&](const std::string& line) {
    const std::lock_guard lock(mutex);
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  };
  SubscriberHandlers handlers;
  handlers.on_message = [&](const Message& message) { add(std::string(message.payload)); };
  handlers.on_lost = [&](ChannelKind, const std::string& name) { add("lost " + name); };
  Subscriber subscriber(client, handlers);
  subscriber.subscribe(ChannelKind::channel, "everywhere");
  subscriber.subscribe(ChannelKind::shard, "shard");
  EXPECT_TRUE(comes_true([&] { return subscriber.is_in_force(); }));
  for (const Endpoint& master : client.masters()) {
    CallOptions there = patient();
    there.node = master;
    const std::string port = std::to_string(master.port);
    one(client, Request("", {"PUBLISH", "everywhere", port}), there);
    EXPECT_TRUE(comes_true([&] { return holds(port); }));
  }
  one(client, Request("shard", {"SPUBLISH", "shard", "before"}));
  EXPECT_TRUE(comes_true([&] { return holds("before"); }));
  const uint16_t slot = key_slot("shard");
  cluster().move_slot(slot, other_master(cluster().master_of(slot)));
  EXPECT_TRUE(comes_true([&] { return holds("lost shard"); }));
  EXPECT_TRUE(comes_true([&] { return subscriber.is_in_force(); }));
  one(client, Request("shard", {"SPUBLISH", "shard", "after"}));
  EXPECT_TRUE(comes_true([&] { return holds("after"); }));
  cluster().wait_until_healthy();
}

}  // namespace
}  // namespace perpetua::redis
