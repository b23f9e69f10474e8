// Two servers with one Redis: what an agent may send is counted over both.
#include "redis_budgets.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <chrono>

#include "gateway/auth/token.hpp"
#include "gateway/server_test_support.hpp"
#include "stores/redis/test_server.hpp"

namespace perpetua::app {
namespace {

using namespace gateway::test;

constexpr std::string_view kSecret = "secret of both servers";
constexpr uint32_t kPerSecond = 16;

// An exchange with a server of its own. The agent is the first of each, so it has one name.
class Process {
 public:
  explicit Process(const redis::TestServer& redis, int64_t timeout_ms = 5'000)
      : client_(redis.client_options()) {
    std::string error;
    EXPECT_TRUE(client_.start(error)) << error;
    budgets_ = std::make_unique<RedisBudgets>(client_, timeout_ms);
    gateway::ServerOptions options = test_options();
    options.hub.intents_per_second = kPerSecond;
    options.hub.mutations_per_second = kPerSecond;
    options.hub.token_secret = kSecret;
    exchange_ =
        std::make_unique<TestExchange>(options, false, SharedParts{.budgets = budgets_.get()});
    http_ = std::make_unique<HttpClient>(exchange_->port());
    const HttpReply reply =
        http_->send("POST", "/agents/register", R"({"wallet_address":"0xagent_0001"})");
    EXPECT_EQ(reply.status, 200) << reply.body;
    http_->key = reply.text("api_key");
  }
  ~Process() {
    http_.reset();
    exchange_->server().stop();
    client_.stop();  // no answer comes to the server's tables from here on
  }

  void use_token() {
    const int64_t now_ms = exchange_->now_ms();
    http_->key.clear();
    const gateway::TokenSigner signer(kSecret);
    token_ = "Bearer " + signer.sign({"agent_0001", kScopesAll, now_ms, now_ms + 3'600'000});
  }
  HttpReply post(std::string_view target, std::string_view body) {
    const Headers headers = {{"Authorization", token_}};
    return http_->send("POST", target, body, token_.empty() ? Headers() : headers);
  }

 private:
  redis::Client client_;
  std::unique_ptr<RedisBudgets> budgets_;
  std::unique_ptr<TestExchange> exchange_;
  std::unique_ptr<HttpClient> http_;
  std::string token_;
};

struct Sent {
  uint32_t taken = 0;
  uint32_t refused = 0;
  int64_t seconds_begun = 0;
};

// Sends to both in turn; whatever else is wrong with the request, it counts.
Sent send_to_both(Process& one, Process& two, std::string_view target, std::string_view body) {
  const auto start = std::chrono::steady_clock::now();
  Sent sent;
  for (int i = 0; i < 48; ++i) {
    const HttpReply reply = (i % 2 == 0 ? one : two).post(target, body);
    if (reply.status != 429) {
      ++sent.taken;
      EXPECT_LT(reply.status, 500) << reply.body;
      continue;
    }
    ++sent.refused;
    EXPECT_EQ(reply.code(), "rate_limited");
    EXPECT_EQ(reply.header("retry-after"), "1");
  }
  const auto taken = std::chrono::steady_clock::now() - start;
  sent.seconds_begun = std::chrono::floor<std::chrono::seconds>(taken).count() + 1;
  return sent;
}

void expect_one_limit(const Sent& sent) {
  const uint32_t most =
      static_cast<uint32_t>(sent.seconds_begun) * (kPerSecond + 2 * (kPerSecond / 8));
  EXPECT_LE(sent.taken, most) << sent.seconds_begun;
  EXPECT_GE(sent.taken, kPerSecond);
  EXPECT_EQ(sent.taken + sent.refused, 48u);
}

TEST(RedisBudgets, two_servers_give_one_window_of_intents_and_one_of_other_mutations) {
  redis::TestServer server;
  Process one(server), two(server);
  expect_one_limit(send_to_both(
      one, two, "/intents",
      R"({"agent_id":"agent_0001","intent_type":"long","asset":"BTC","size_usdc":100})"));
  expect_one_limit(send_to_both(one, two, "/chat/thought", R"({"content":"a thought"})"));
  EXPECT_NE(server.cli({"LLEN", "rate:{1:hub_mutations}"}), "0\n");
}

TEST(RedisBudgets, a_token_counts_like_a_key) {
  redis::TestServer server;
  Process one(server), two(server);
  two.use_token();
  expect_one_limit(send_to_both(one, two, "/chat/thought", R"({"content":"a thought"})"));
}

TEST(RedisBudgets, without_redis_each_server_counts_by_itself) {
  redis::TestServer server;
  Process one(server, 100), two(server, 100);
  server.kill();
  for (Process* process : {&one, &two}) {
    uint32_t taken = 0;
    for (uint32_t i = 0; i < kPerSecond; ++i) {
      taken += process->post("/chat/thought", R"({"content":"a thought"})").status == 200;
    }
    EXPECT_EQ(taken, kPerSecond);
  }
}

}  // namespace
}  // namespace perpetua::app
