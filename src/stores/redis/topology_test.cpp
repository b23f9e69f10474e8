// What the client believes about the owners of slots, against nodes that say what the test wants.
#include <atomic>

#include "stores/redis/client_test_support.hpp"
#include "stores/redis/fake_node.hpp"

namespace perpetua::redis {
namespace {

// Two nodes. By CLUSTER SLOTS the first owns every slot; GET is answered with the node's name, by
// the first one, while `is_moving`, with MOVED to the second.
class TwoNodes {
 public:
  std::atomic<bool> is_moving{false};
  std::atomic<int> reads_left{1};  // of the table; else CLUSTER SLOTS is refused

  Options options() const {
    Options options;
    options.endpoints = {first_.endpoint()};
    options.is_cluster = true;
    options.connections_per_node = 1;
    options.topology_refresh_ms = 1;
    return options;
  }

 private:
  std::string answer(const FakeNode::Words& command, const std::string& name) {
    if (command[0] == "PING") return "+PONG\r\n";
    if (command[0] == "CLUSTER") return table();
    if (command[0] != "GET") return "+OK\r\n";
    if (name == "first" && is_moving) {
      return "-MOVED " + std::to_string(key_slot(command[1])) + " " +
             to_string(second_.endpoint()) + "\r\n";
    }
    return "+" + name + "\r\n";
  }
  std::string table() {
    if (reads_left.fetch_sub(1) <= 0) {
      reads_left.fetch_add(1);
      return "-ERR not now\r\n";
    }
    return "*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:" +
           std::to_string(first_.endpoint().port) + "\r\n$5\r\nfirst\r\n";
  }

  FakeNode second_{[this](const FakeNode::Words& command) { return answer(command, "second"); }};
  FakeNode first_{[this](const FakeNode::Words& command) { return answer(command, "first"); }};
};

TEST(RedisTopology, WhatMovedSaidIsOverWhenThreeReadsOfTheTableDoNotConfirmIt) {
  TwoNodes nodes;
  StartedClient client(nodes.options());
  const auto read_table = [&](uint64_t reads) {
    EXPECT_TRUE(comes_true([&] { return client.counters().topology_reads == reads; }));
  };
  read_table(1);
  EXPECT_EQ(get(client, "key").text, "first");
  nodes.is_moving = true;
  EXPECT_EQ(get(client, "key").text, "second");
  nodes.is_moving = false;
  EXPECT_EQ(get(client, "key").text, "second");  // asked at once
  EXPECT_EQ(client.counters().moved.load(), 1u);
  for (uint64_t reads = 2; reads <= 3; ++reads) {
    nodes.reads_left = 1;
    read_table(reads);
    EXPECT_EQ(get(client, "key").text, "second") << reads;
  }
  nodes.reads_left = 1;
  read_table(4);
  EXPECT_EQ(get(client, "key").text, "first");
  EXPECT_EQ(client.counters().moved.load(), 1u);
}

}  // namespace
}  // namespace perpetua::redis
