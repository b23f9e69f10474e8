// Connections that break, servers that are away, passwords and certificates.
#include <atomic>
#include <mutex>

#include "stores/redis/backoff.hpp"
#include "stores/redis/client_test_support.hpp"

namespace perpetua::redis {
namespace {

CallOptions within(int64_t timeout_ms) {
  CallOptions options;
  options.timeout_ms = timeout_ms;
  return options;
}

TEST(RedisReconnect, ComesBackAfterAKill) {
  TestServerOptions kept;
  kept.append_only = true;
  TestServer server(kept);
  std::mutex mutex;
  std::vector<Notice::Kind> notices;
  StartedClient client(server.client_options(), [&](const Notice& notice) {
    const std::lock_guard lock(mutex);
    notices.push_back(notice.kind);
  });
  EXPECT_EQ(set(client, "k", "v").text, "OK");
  EXPECT_EQ(client.health().state, Health::State::ready);
  server.kill();
  EXPECT_TRUE(comes_true([&] { return client.health().state == Health::State::down; }));
  EXPECT_FALSE(client.health().nodes.front().last_error.empty());
  const Reply away = one(client, Request("k", {"GET", "k"}), within(50));
  EXPECT_EQ(away.failure, Failure::unavailable);
  EXPECT_NE(away.text.find(to_string(server.endpoint())), std::string::npos) << away.text;
  server.start();
  EXPECT_EQ(get(client, "k").text, "v");  // waits for the server, within its deadline
  EXPECT_EQ(client.health().state, Health::State::ready);
  EXPECT_GE(client.counters().disconnects.load(), 1u);
  const std::lock_guard lock(mutex);
  using Kind = Notice::Kind;
  EXPECT_EQ(notices, (std::vector<Kind>{Kind::connected, Kind::lost, Kind::connected}));
}

TEST(RedisReconnect, StartsBeforeTheServer) {
  TestServer server;
  server.stop();
  StartedClient client(server.client_options());
  std::atomic<bool> is_answered{false};
  client.submit(Request("", {"PING"}), patient(), [&](std::vector<Reply>&& replies) {
    is_answered = replies.front().text == "PONG";
  });
  EXPECT_TRUE(comes_true([&] { return client.counters().connect_failures > 1; }));
  EXPECT_FALSE(is_answered);
  server.start();
  EXPECT_TRUE(comes_true([&] { return is_answered.load(); }));
}

// The server has the command and dies before it answers: the client cannot know.
TEST(RedisReconnect, SentAndUnansweredIsUnknownAndNotRepeated) {
  TestServerOptions kept;
  kept.append_only = true;
  TestServer server(kept);
  StartedClient client(server.client_options());
  EXPECT_EQ(set(client, "n", "0").text, "OK");
  const uint64_t sent_before = client.counters().commands;
  server.pause();
  std::atomic<int> unknown{0};
  std::atomic<int> idempotent{0};
  client.submit(Request("n", {"INCR", "n"}), patient(), [&](std::vector<Reply>&& replies) {
    if (replies.front().failure == Failure::unknown) ++unknown;
  });
  CallOptions repeatable = patient();
  repeatable.is_idempotent = true;
  client.submit(Request("m", {"SET", "m", "1"}), repeatable, [&](std::vector<Reply>&& replies) {
    if (replies.front().text == "OK") ++idempotent;
  });
  EXPECT_TRUE(comes_true([&] { return client.counters().commands == sent_before + 2; }));
  server.kill();
  EXPECT_TRUE(comes_true([&] { return unknown == 1; }));
  EXPECT_EQ(idempotent, 0);
  server.start();
  EXPECT_TRUE(comes_true([&] { return idempotent == 1; }));
  EXPECT_EQ(get(client, "n").text, "0");
  EXPECT_EQ(client.counters().unknown.load(), 1u);
}

// A half-open connection: the kernel keeps it, nobody answers, and no command is there to notice.
TEST(RedisReconnect, AnIdleConnectionIsAskedSoThatASilentServerIsFoundOut) {
  TestServer server;
  Options options = server.client_options();
  options.stall_timeout_ms = 1'000;
  options.connect_timeout_ms = 500;
  StartedClient client(options);
  EXPECT_EQ(set(client, "k", "v").text, "OK");
  EXPECT_TRUE(
      comes_true([&] { return client.counters().pings >= 2 * options.connections_per_node; }));
  EXPECT_EQ(get(client, "k").text, "v");  // not the answer to a PING
  const uint64_t commands = client.counters().commands;
  server.pause();
  EXPECT_TRUE(comes_true([&] { return client.health().state == Health::State::down; }));
  EXPECT_GE(client.counters().stalls.load(), options.connections_per_node);
  server.resume();
  EXPECT_TRUE(comes_true([&] { return client.health().state == Health::State::ready; }));
  EXPECT_EQ(client.counters().commands.load(), commands);
  EXPECT_EQ(client.counters().pending_commands.load(), 0u);
}

TEST(RedisReconnect, BackOffGrowsWithFullJitter) {
  std::minstd_rand random(1);
  Backoff backoff(20, 2'000);
  int64_t spans_ms[] = {20, 40, 80, 160, 320, 640, 1'280, 2'000, 2'000};
  for (const int64_t span_ms : spans_ms) {
    Backoff probe = backoff;
    int64_t most_ms = 0;
    int64_t least_ms = span_ms;
    for (int i = 0; i < 1'000; ++i) {
      const int64_t wait_ms = Backoff(probe).next_ms(random);
      most_ms = std::max(most_ms, wait_ms);
      least_ms = std::min(least_ms, wait_ms);
    }
    EXPECT_LE(most_ms, span_ms);
    EXPECT_GT(most_ms, span_ms * 9 / 10);
    EXPECT_LT(least_ms, span_ms / 10);
    backoff.next_ms(random);
  }
  backoff.reset();
  EXPECT_LE(backoff.next_ms(random), 20);
}

TEST(RedisAuthentication, RightWrongAndMissingPassword) {
  TestServerOptions secret;
  secret.password = "open sesame";
  TestServer server(secret);
  Options options;
  options.endpoints = {server.endpoint()};
  options.password = secret.password;
  StartedClient right(options);
  EXPECT_EQ(set(right, "k", "v").text, "OK");

  options.password = "wrong";
  StartedClient wrong(options);
  const Reply refused = one(wrong, Request("", {"PING"}), within(200));
  EXPECT_EQ(refused.failure, Failure::unavailable);
  EXPECT_NE(refused.text.find("WRONGPASS"), std::string::npos) << refused.text;
  EXPECT_NE(wrong.health().nodes.front().last_error.find("WRONGPASS"), std::string::npos);

  options.password.clear();
  StartedClient missing(options);
  const Reply unnamed = one(missing, Request("", {"PING"}), within(200));
  EXPECT_EQ(unnamed.failure, Failure::unavailable);
  EXPECT_NE(unnamed.text.find("NOAUTH"), std::string::npos) << unnamed.text;
}

TEST(RedisAuthentication, NamedUserWithFewRights) {
  TestServer server;
  server.cli({"ACL", "SETUSER", "reader", "on", ">pass", "~public:*", "+get"});
  Options options;
  options.endpoints = {server.endpoint()};
  options.user = "reader";
  options.password = "pass";
  StartedClient client(options);
  EXPECT_TRUE(get(client, "public:k").is_nil());
  const Reply denied = set(client, "public:k", "v");
  EXPECT_EQ(denied.failure, Failure::none);
  EXPECT_EQ(denied.text.substr(0, 6), "NOPERM");
}

class RedisTls : public testing::Test {
 protected:
  static TestServerOptions with_tls() {
    TestServerOptions options;
    options.use_tls = true;
    options.password = "secret";
    return options;
  }
  TestServer server_{with_tls()};
};

TEST_F(RedisTls, VerifiesTheServer) {
  StartedClient client(server_.client_options());
  Request request;
  for (int i = 0; i < 10'000; ++i) request.add("n", {"INCR", "n"});
  EXPECT_EQ(client.call(std::move(request), patient()).back().integer, 10'000);
  Options by_name = server_.client_options();
  by_name.endpoints.front().host = "localhost";
  StartedClient named(by_name);
  EXPECT_EQ(get(named, "n").text, "10000");
}

TEST_F(RedisTls, RefusesAnotherAuthority) {
  Options options = server_.client_options();
  options.ca_file = server_.other_ca_file();
  StartedClient client(options);
  const Reply reply = one(client, Request("", {"PING"}), within(500));
  EXPECT_EQ(reply.failure, Failure::unavailable);
  EXPECT_NE(reply.text.find("certificate verify failed"), std::string::npos) << reply.text;
  options.verify_peer = false;
  StartedClient careless(options);
  EXPECT_EQ(one(careless, Request("", {"PING"})).text, "PONG");
}

TEST_F(RedisTls, RefusesAnotherHost) {
  server_.cli({"CONFIG", "SET", "bind", "127.0.0.1 127.0.0.2"});
  Options options = server_.client_options();
  options.endpoints.front().host = "127.0.0.2";  // the same server under a name it has not
  StartedClient client(options);
  const Reply reply = one(client, Request("", {"PING"}), within(500));
  EXPECT_EQ(reply.failure, Failure::unavailable);
  EXPECT_NE(reply.text.find("certificate verify failed"), std::string::npos) << reply.text;
}

TEST_F(RedisTls, PlainClientIsNotServed) {
  Options options = server_.client_options();
  options.use_tls = false;
  StartedClient client(options);
  EXPECT_EQ(one(client, Request("", {"PING"}), within(300)).failure, Failure::unavailable);
}

TEST(RedisTlsFiles, AMissingAuthorityFileIsAnErrorAtStart) {
  std::string error;
  const auto options = parse_url("rediss://127.0.0.1:1?ca_file=/no/such/file", error);
  ASSERT_TRUE(options);
  Client client(*options);
  EXPECT_FALSE(client.start(error));
  EXPECT_NE(error.find("/no/such/file"), std::string::npos) << error;
}

}  // namespace
}  // namespace perpetua::redis
