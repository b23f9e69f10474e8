#include "stores/redis/subscriber.hpp"

#include <mutex>

#include "stores/redis/client_test_support.hpp"

namespace perpetua::redis {
namespace {

// What a subscriber was told, as lines.
class Diary {
 public:
  SubscriberHandlers handlers() {
    SubscriberHandlers handlers;
    handlers.on_message = [this](const Message& message) {
      add("message " + std::string(message.subscription) + " " + std::string(message.channel) +
          " " + std::string(message.payload));
    };
    handlers.on_subscribed = [this](ChannelKind, const std::string& name, bool is_again) {
      add((is_again ? "again " : "subscribed ") + name);
    };
    handlers.on_lost = [this](ChannelKind, const std::string& name) { add("lost " + name); };
    return handlers;
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  bool holds(const std::string& line) const {
    const auto all = lines();
    return std::find(all.begin(), all.end(), line) != all.end();
  }

 private:
  void add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

void publish(Client& client, std::string_view channel, std::string_view payload) {
  EXPECT_TRUE(one(client, Request("", {"PUBLISH", channel, payload})).is_integer());
}

using Lines = std::vector<std::string>;

TEST(RedisSubscriber, ChannelsPatternsAndShardChannels) {
  TestServer server;
  StartedClient client(server.client_options());
  Diary diary;
  Subscriber subscriber(client, diary.handlers());
  subscriber.subscribe(ChannelKind::channel, "news");
  subscriber.subscribe(ChannelKind::pattern, "price:*");
  subscriber.subscribe(ChannelKind::shard, "keys");
  EXPECT_TRUE(comes_true([&] { return subscriber.is_in_force(); }));
  publish(client, "news", "one");
  publish(client, "price:btc", "two words");
  publish(client, "other", "three");
  EXPECT_EQ(one(client, Request("keys", {"SPUBLISH", "keys", "four"})).integer, 1);
  EXPECT_TRUE(comes_true([&] {
    return diary.holds("message news news one") &&
           diary.holds("message price:* price:btc two words") &&
           diary.holds("message keys keys four");
  }));
  EXPECT_EQ(diary.lines().size(), 6u);
}

TEST(RedisSubscriber, TellsOfTheGapAfterAReconnect) {
  TestServer server;
  StartedClient client(server.client_options());
  Diary diary;
  Subscriber subscriber(client, diary.handlers());
  subscriber.subscribe(ChannelKind::channel, "news");
  EXPECT_TRUE(comes_true([&] { return subscriber.is_in_force(); }));
  publish(client, "news", "before");
  EXPECT_TRUE(comes_true([&] { return diary.holds("message news news before"); }));
  server.kill();
  EXPECT_TRUE(comes_true([&] { return diary.holds("lost news"); }));
  EXPECT_FALSE(subscriber.is_in_force());
  server.start();
  EXPECT_TRUE(comes_true([&] { return subscriber.is_in_force(); }));
  publish(client, "news", "after");
  EXPECT_TRUE(comes_true([&] { return diary.holds("message news news after"); }));
  EXPECT_EQ(diary.lines(), (Lines{"subscribed news", "message news news before", "lost news",
                                  "again news", "message news news after"}));
}

TEST(RedisSubscriber, UnsubscribedHearsNoMore) {
  TestServer server;
  StartedClient client(server.client_options());
  Diary diary;
  Subscriber subscriber(client, diary.handlers());
  subscriber.subscribe(ChannelKind::channel, "a");
  subscriber.subscribe(ChannelKind::channel, "b");
  EXPECT_TRUE(comes_true([&] { return subscriber.is_in_force(); }));
  subscriber.unsubscribe(ChannelKind::channel, "a");
  EXPECT_TRUE(comes_true([&] {
    return one(client, Request("", {"PUBSUB", "CHANNELS"})).elements.size() == 1;
  }));
  publish(client, "a", "x");
  publish(client, "b", "y");
  EXPECT_TRUE(comes_true([&] { return diary.holds("message b b y"); }));
  EXPECT_FALSE(diary.holds("message a a x"));
  subscriber.subscribe(ChannelKind::channel, "a");
  EXPECT_TRUE(comes_true([&] { return subscriber.is_in_force(); }));
  publish(client, "a", "z");
  EXPECT_TRUE(comes_true([&] { return diary.holds("message a a z"); }));
}

TEST(RedisSubscriber, ASilentServerIsFoundOut) {
  TestServer server;
  Options options = server.client_options();
  options.stall_timeout_ms = 100;
  options.connect_timeout_ms = 200;
  StartedClient client(options);
  Diary diary;
  Subscriber subscriber(client, diary.handlers());
  subscriber.subscribe(ChannelKind::channel, "news");
  EXPECT_TRUE(comes_true([&] { return subscriber.is_in_force(); }));
  server.pause();
  EXPECT_TRUE(comes_true([&] { return diary.holds("lost news"); }));
  server.resume();
  EXPECT_TRUE(comes_true([&] { return diary.holds("again news"); }));
}

TEST(RedisSubscriber, OutlivesTheStopOfItsClient) {
  TestServer server;
  StartedClient client(server.client_options());
  Diary diary;
  Subscriber subscriber(client, diary.handlers());
  subscriber.subscribe(ChannelKind::channel, "news");
  EXPECT_TRUE(comes_true([&] { return subscriber.is_in_force(); }));
  client.stop();
  subscriber.subscribe(ChannelKind::channel, "more");
  EXPECT_FALSE(subscriber.is_in_force());
}

}  // namespace
}  // namespace perpetua::redis
