// What settings change in the native API: rates, mode, source of prices, start balance.
#include <gtest/gtest.h>

#include "gateway/native/native_test_support.hpp"

namespace perpetua::gateway {
namespace {

using namespace test;

TEST(NativeLimits, the_budget_is_in_every_reply_and_a_429_names_it) {
  ServerOptions options = test_options();
  options.rates.agent_mutations = {1, 3};
  options.rates.address_registrations = {1, 2};
  TestExchange exchange(options);
  HttpClient client(exchange.port());
  register_agent(client, "w");
  for (int left = 2; left >= 0; --left) {
    const HttpReply reply = client.send("POST", "/api/v1/thoughts", R"({"text":"x"})");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("ratelimit-limit"), "3");
    EXPECT_EQ(reply.header("ratelimit-remaining"), std::to_string(left));
    EXPECT_FALSE(reply.header("ratelimit-reset").empty());
  }
  const HttpReply refused = client.send("POST", "/api/v1/thoughts", "not even json");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.code(), "rate_limited");
  EXPECT_EQ(refused.text("field"), "agent_mutations");
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_EQ(client.send("POST", "/api/v1/orders/cancel-all", "{}").status, 200);
  client.key.clear();
  EXPECT_EQ(client.send("POST", "/api/v1/agents", R"({"wallet":"b"})").status, 200);
  EXPECT_EQ(client.send("POST", "/api/v1/agents", R"({"wallet":"c"})").text("field"),
            "address_registrations");
}

TEST(NativeLimits, production_mode_needs_the_operator_for_money) {
  ServerOptions options = test_options();
  options.mode = Mode::production;
  options.start_balance_micro = 5'000'000;
  TestExchange exchange(options);
  HttpClient client(exchange.port());
  const AgentId agent = register_agent(client, "w");
  EXPECT_EQ(client.send("GET", "/api/v1/account").text("free"), "0") << "no paper money";
  EXPECT_EQ(client.send("POST", "/api/v1/account/deposit", R"({"amount":"5"})").text("field"),
            "operator");
  EXPECT_EQ(client.send("POST", "/api/v1/account/withdraw", R"({"amount":"5"})").text("field"),
            "operator");
  EXPECT_EQ(client.send("POST", "/api/v1/account/faucet", R"({"amount":"5"})").code(),
            "not_in_this_mode");
  client.key = kOperatorKey;
  const std::string body = R"({"amount":"5","agent_id":")" + std::to_string(agent) + "\"}";
  EXPECT_EQ(client.send("POST", "/api/v1/account/deposit", body).status, 200);
  EXPECT_EQ(client.send("POST", "/api/v1/account/withdraw", body).text("free"), "0");
}

TEST(NativeLimits, a_price_post_is_refused_where_prices_have_another_source) {
  ServerOptions options = test_options();
  options.takes_prices = false;
  TestExchange exchange(options);
  HttpClient client(exchange.port());
  client.key = kOperatorKey;
  const HttpReply refused = client.send(
      "POST", "/api/v1/prices", R"({"prices":[{"market":"BTC-PERP","price":"60100"}]})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.code(), "not_in_this_mode");
  EXPECT_EQ(refused.text("field"), "prices");
  EXPECT_EQ(client.send("GET", "/api/v1/markets/BTC-PERP").text("code"), "");
  EXPECT_EQ(exchange.hot().market(0)->index, Price(60'000)) << "nothing was sequenced";
}

TEST(NativeLimits, pages_for_everybody_have_the_budget_of_reads) {
  ServerOptions options = test_options();
  options.rates.address_reads = {1, 2};
  for (const char* path : {"/", "/docs", "/openapi.json", "/metrics"}) {
    TestExchange exchange(options);
    HttpClient client(exchange.port());
    EXPECT_EQ(client.send("GET", path).header("ratelimit-remaining"), "1") << path;
    EXPECT_EQ(client.send("GET", path).status, 200) << path;
    const HttpReply refused = client.send("GET", path);
    EXPECT_EQ(refused.status, 429) << path;
    EXPECT_EQ(refused.text("field"), "address_reads") << path;
    for (const char* probe : {"/healthz", "/readyz"}) {
      EXPECT_EQ(client.send("GET", probe).status, 200) << probe;
    }
  }
}

TEST(NativeLimits, sandbox_agents_start_with_the_configured_balance) {
  ServerOptions options = test_options();
  options.start_balance_micro = 5'000'000;
  TestExchange exchange(options, false);
  HttpClient client(exchange.port());
  register_agent(client, "w");
  EXPECT_EQ(client.send("GET", "/api/v1/account").text("free"), "5");
  EXPECT_EQ(client.send("GET", "/api/v1/account/ledger").code(), "exchange_unavailable")
      << "no history in this process";
  EXPECT_EQ(client.send("GET", "/api/v1/fills").status, 200);
}

}  // namespace
}  // namespace perpetua::gateway
