// The client against one real server: order, bounds, deadlines, scripts, coroutines.
#include "stores/redis/client.hpp"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <thread>

#include "stores/redis/await.hpp"
#include "stores/redis/client_test_support.hpp"

namespace perpetua::redis {
namespace {

namespace asio = boost::asio;

class RedisClientTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new TestServer(); }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override { server_->cli({"FLUSHALL"}); }

  static TestServer* server_;
};

TestServer* RedisClientTest::server_ = nullptr;

TEST_F(RedisClientTest, RepliesKeepTheOrderOfTheRequest) {
  StartedClient client(server_->client_options());
  Request request;
  constexpr int kCommands = 1'000;
  for (int i = 0; i < kCommands; ++i) {
    const std::string number = std::to_string(i);
    request.add("key" + number, {"SET", "key" + number, number});
    request.add("key" + number, {"GET", "key" + number});
  }
  request.add("", {"NOSUCHCOMMAND"});
  request.add("none", {"GET", "none"});
  const std::vector<Reply> replies = client.call(std::move(request), patient());
  ASSERT_EQ(replies.size(), 2u * kCommands + 2);
  for (int i = 0; i < kCommands; ++i) {
    EXPECT_EQ(replies[2 * i].text, "OK");
    EXPECT_EQ(replies[2 * i + 1].text, std::to_string(i));
  }
  EXPECT_TRUE(replies[2 * kCommands].is_error());
  EXPECT_EQ(replies[2 * kCommands].failure, Failure::none);
  EXPECT_TRUE(replies.back().is_nil());
}

TEST_F(RedisClientTest, HundredThousandCommandsInOneRequest) {
  StartedClient client(server_->client_options());
  constexpr int kCommands = 100'000;
  Request request;
  for (int i = 0; i < kCommands; ++i) request.add("n", {"INCR", "n"});
  const std::vector<Reply> replies = client.call(std::move(request), patient());
  for (int i = 0; i < kCommands; ++i) ASSERT_EQ(replies[i].integer, i + 1);
  EXPECT_EQ(client.counters().pending_commands.load(), 0u);
  EXPECT_EQ(client.counters().pending_bytes.load(), 0u);
}

// Many threads, small requests: each lane is in order, the bound is never passed, nothing is lost.
TEST_F(RedisClientTest, ManyThreadsStayWithinTheBounds) {
  Options options = server_->client_options();
  options.commands_max = 1'000;
  StartedClient client(options);
  constexpr int kThreads = 4;
  constexpr int kCommandsEach = 25'000;
  std::atomic<int> answered{0};
  std::atomic<int> out_of_order{0};
  std::atomic<uint64_t> most_pending{0};
  std::vector<std::thread> threads;
  for (uint32_t lane = 0; lane < kThreads; ++lane) {
    threads.emplace_back([&, lane] {
      const std::string key = "lane" + std::to_string(lane);
      CallOptions call = patient();
      call.lane = lane;
      for (int i = 1; i <= kCommandsEach;) {
        const Submit result =
            client.submit(Request(key, {"INCR", key}), call, [&, i](std::vector<Reply>&& replies) {
              if (replies.front().integer != i) ++out_of_order;
              ++answered;
            });
        most_pending = std::max(most_pending.load(), client.counters().pending_commands.load());
        if (result == Submit::accepted) ++i;
        if (result == Submit::overloaded) std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(comes_true([&] { return answered == kThreads * kCommandsEach; }));
  EXPECT_EQ(out_of_order, 0);
  // A refused caller counts for the instant in which it finds that out.
  EXPECT_LE(most_pending, options.commands_max + kThreads);
  EXPECT_GT(client.counters().overloaded.load(), 0u);
}

TEST_F(RedisClientTest, RefusesBeyondTheBoundsAndTakesAgainAfterwards) {
  Options options = server_->client_options();
  options.commands_max = 10;
  options.bytes_max = 10'000;
  StartedClient client(options);
  EXPECT_EQ(set(client, "k", "v").text, "OK");
  server_->pause();
  std::atomic<int> answered{0};
  const auto count = [&answered](std::vector<Reply>&& replies) {
    answered += static_cast<int>(replies.size());
  };
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(client.submit(Request("k", {"GET", "k"}), patient(), count), Submit::accepted);
  }
  EXPECT_EQ(client.submit(Request("k", {"GET", "k"}), patient(), count), Submit::overloaded);
  const Reply refused = one(client, Request("k", {"GET", "k"}));
  EXPECT_EQ(refused.failure, Failure::overloaded);
  server_->resume();
  EXPECT_TRUE(comes_true([&] { return answered == 10; }));
  EXPECT_TRUE(comes_true([&] { return client.counters().pending_commands == 0; }));
  EXPECT_EQ(set(client, "k", std::string(20'000, 'x')).failure, Failure::overloaded);
  EXPECT_EQ(get(client, "k").text, "v");
  EXPECT_EQ(client.counters().overloaded.load(), 3u);
}

TEST_F(RedisClientTest, UnansweredAtTheDeadlineIsUnknownAndItsReplyIsNobodysElse) {
  StartedClient client(server_->client_options());
  EXPECT_EQ(set(client, "k", "first").text, "OK");
  server_->pause();
  CallOptions hasty;
  hasty.timeout_ms = 30;
  EXPECT_EQ(one(client, Request("k", {"INCR", "n"}), hasty).failure, Failure::unknown);
  server_->resume();
  EXPECT_EQ(get(client, "k").text, "first");
  EXPECT_TRUE(comes_true([&] { return client.counters().late_replies == 1; }));
  EXPECT_EQ(get(client, "n").text, "1");  // it was executed, once
}

TEST_F(RedisClientTest, ASilentServerIsGivenUp) {
  Options options = server_->client_options();
  options.stall_timeout_ms = 100;
  options.connect_timeout_ms = 200;
  StartedClient client(options);
  EXPECT_EQ(set(client, "k", "v").text, "OK");
  server_->pause();
  const Reply reply = one(client, Request("k", {"GET", "k"}));
  EXPECT_EQ(reply.failure, Failure::unknown);
  EXPECT_NE(reply.text.find("no reply for 100 ms"), std::string::npos) << reply.text;
  EXPECT_GE(client.counters().stalls.load(), 1u);
  server_->resume();
  EXPECT_EQ(get(client, "k").text, "v");
}

TEST_F(RedisClientTest, ScriptIsSentWholeWhereItIsNotKnown) {
  StartedClient client(server_->client_options());
  const Script script("return redis.call('INCRBY', KEYS[1], ARGV[1])");
  server_->cli({"SCRIPT", "FLUSH"});
  for (int64_t i = 1; i <= 3; ++i) {
    Request request;
    request.add_script(script, {"n"}, {"5"});
    EXPECT_EQ(one(client, std::move(request)).integer, 5 * i);
  }
  EXPECT_EQ(client.counters().scripts_sent.load(), 1u);
}

TEST_F(RedisClientTest, NestedRepliesAndLargeValues) {
  StartedClient client(server_->client_options());
  const std::string large(5'000'000, 'x');
  EXPECT_EQ(set(client, "large", large).text, "OK");
  EXPECT_EQ(get(client, "large").text, large);
  const Reply nested = one(client, Request("", {"EVAL", "return {1,{'a',{2}},false}", "0"}));
  ASSERT_EQ(nested.elements.size(), 3u);
  EXPECT_EQ(nested.elements[1].elements[1].elements[0].integer, 2);
  EXPECT_TRUE(nested.elements[2].is_nil());
}

TEST_F(RedisClientTest, AReplyBeyondItsBoundEndsTheConnectionOnly) {
  Options options = server_->client_options();
  options.reply_bytes_max = 100'000;
  StartedClient client(options);
  EXPECT_EQ(set(client, "large", std::string(1'000'000, 'x')).text, "OK");
  const Reply reply = get(client, "large");
  EXPECT_EQ(reply.failure, Failure::unknown);
  EXPECT_NE(reply.text.find("longer than 100000 bytes"), std::string::npos) << reply.text;
  EXPECT_EQ(set(client, "small", "v").text, "OK");
}

TEST_F(RedisClientTest, CoroutinesResumeOnTheirOwnThread) {
  StartedClient client(server_->client_options());
  asio::io_context io;
  std::vector<std::string> values;
  std::thread::id resumed_on;
  const auto work = [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 3; ++i) {
      Request request("k", {"SET", "k", std::to_string(i)});
      request.add("k", {"GET", "k"});
      const std::vector<Reply> replies = co_await execute(client, std::move(request));
      values.push_back(replies[1].text);
    }
    resumed_on = std::this_thread::get_id();
  };
  asio::co_spawn(io, work(), asio::detached);
  io.run();
  EXPECT_EQ(values, (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(resumed_on, std::this_thread::get_id());
  client.stop();
  Failure failure = Failure::none;
  const auto refused = [&]() -> asio::awaitable<void> {
    Request request("k", {"GET", "k"});
    const std::vector<Reply> replies = co_await execute(client, std::move(request));
    failure = replies.front().failure;
  };
  io.restart();
  asio::co_spawn(io, refused(), asio::detached);
  io.run();
  EXPECT_EQ(failure, Failure::stopped);
}

TEST_F(RedisClientTest, StopEndsEveryRequestOnce) {
  StartedClient client(server_->client_options());
  EXPECT_EQ(set(client, "k", "v").text, "OK");
  server_->pause();
  std::atomic<int> unknown{0};
  std::atomic<int> others{0};
  constexpr int kRequests = 100;
  for (int i = 0; i < kRequests; ++i) {
    client.submit(Request("k", {"GET", "k"}), patient(), [&](std::vector<Reply>&& replies) {
      ++(replies.front().failure == Failure::unknown ? unknown : others);
    });
  }
  EXPECT_TRUE(comes_true([&] { return client.counters().commands > kRequests; }));
  client.stop();
  server_->resume();
  EXPECT_EQ(unknown, kRequests);
  EXPECT_EQ(others, 0);
  EXPECT_EQ(client.health().state, Health::State::stopped);
  EXPECT_EQ(client.submit(Request("k", {"GET", "k"}), {}, [](auto&&) {}), Submit::stopped);
}

TEST_F(RedisClientTest, SelectsItsDatabaseAndNamesItself) {
  Options options = server_->client_options();
  options.database = 5;
  options.client_name = "perpetua-test";
  StartedClient client(options);
  EXPECT_EQ(set(client, "k", "five").text, "OK");
  EXPECT_EQ(server_->cli({"-n", "5", "GET", "k"}), "five\n");
  EXPECT_EQ(one(client, Request("", {"CLIENT", "GETNAME"})).text, "perpetua-test");
}

}  // namespace
}  // namespace perpetua::redis
