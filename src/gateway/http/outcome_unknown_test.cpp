// Requests whose command was passed on and never answered.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <thread>

#include "gateway/server_test_support.hpp"

namespace perpetua::gateway {
namespace {

using namespace test;

class UnknownOutcomes : public testing::Test {
 protected:
  UnknownOutcomes() { register_agent(client, "w", "100000"); }

  // `rounds`: of commands, the last of which is not answered.
  HttpReply send_unanswered(std::string_view method, std::string_view target, std::string_view body,
                            const Headers& headers = {}, int rounds = 1) {
    exchange.hold();
    HttpReply reply;
    std::thread sender([&] { reply = client.send(method, target, body, headers); });
    for (int round = 1; round <= rounds; ++round) {
      EXPECT_TRUE(eventually([&] { return exchange.held() > 0; })) << target;
      if (round == rounds) {
        exchange.give_up_held();
      } else {
        exchange.release_and_hold();
      }
    }
    sender.join();
    return reply;
  }

  TestExchange exchange;
  HttpClient client{exchange.port()};
};

constexpr std::string_view kOrder =
    R"({"market":"BTC-PERP","side":"buy","size":"0.001","price":"50000"})";

TEST_F(UnknownOutcomes, are_told_and_how_to_learn_them) {
  const HttpReply keyed =
      send_unanswered("POST", "/api/v1/orders", kOrder, {{"Idempotency-Key", "k1"}});
  EXPECT_EQ(keyed.status, 504) << keyed.body;
  EXPECT_EQ(keyed.code(), "outcome_unknown");
  EXPECT_NE(keyed.text("hint").find("same idempotency key"), std::string::npos);
  const HttpReply again =
      client.send("POST", "/api/v1/orders", kOrder, {{"Idempotency-Key", "k1"}});
  EXPECT_EQ(again.status, 200) << "it had not been done: " << again.body;

  const HttpReply bare = send_unanswered("POST", "/api/v1/orders", kOrder);
  EXPECT_EQ(bare.status, 504);
  EXPECT_NE(bare.text("hint").find("look for its effect"), std::string::npos);
}

TEST_F(UnknownOutcomes, of_a_batch_are_told_of_each) {
  const std::string body =
      R"({"orders":[)" + std::string(kOrder) + "," + std::string(kOrder) + "]}";
  const HttpReply reply = send_unanswered("POST", "/api/v1/orders/batch", body);
  EXPECT_EQ(reply.status, 200);
  const auto results = reply.object().at("results").as_array();
  ASSERT_EQ(results.size(), 2u);
  for (const auto& result : results) {
    EXPECT_NE(boost::json::serialize(result).find("outcome_unknown"), std::string::npos);
  }
}

// Handlers that look for what their command did must bear that nobody knows.
TEST_F(UnknownOutcomes, fell_no_handler) {
  struct Request {
    const char* method;
    const char* target;
    const char* body;
  };
  const Request requests[] = {
      {"POST", "/api/v1/agents", R"({"wallet":"other"})"},
      {"POST", "/api/v1/keys", R"({"scopes":["read"]})"},
      {"POST", "/api/v1/account/deposit", R"({"amount":"1"})"},
      {"POST", "/api/v1/intents",
       R"({"market":"BTC-PERP","direction":"long","size_usdc":"100","reason":"r"})"},
      {"POST", "/api/v1/positions/BTC-PERP/close", "{}"},
      {"PUT", "/api/v1/positions/BTC-PERP/protection", R"({"stop_loss":"50000"})"},
      {"POST", "/agents/register", R"({"wallet_address":"0xagent_0002"})"},
      {"POST", "/deposit", R"({"agent_id":"agent_0001","amount":5})"},
      {"POST", "/withdraw", R"({"agent_id":"agent_0001","amount":5})"},
      {"POST", "/faucet", R"({"agent_id":"agent_0001"})"},
      {"POST", "/auth/keys", "{}"},
      {"POST", "/intents",
       R"({"agent_id":"agent_0001","intent_type":"long","asset":"BTC","size_usdc":100})"},
      {"POST", "/chat/send", R"({"sender_id":"agent_0001","content":"x"})"},
      {"POST", "/signals",
       R"({"agent_id":"agent_0001","asset":"BTC","signal_type":"price_above",)"
       R"("target_value":61000,"stake_amount":5})"},
      {"POST", "/risk/agent_0001/limits", R"({"max_leverage":5})"},
      {"DELETE", "/auth/keys/key_0000000000000001", ""}};
  for (const Request& request : requests) {
    const HttpReply reply = send_unanswered(request.method, request.target, request.body);
    EXPECT_EQ(reply.status, 504) << request.target << reply.body;
    EXPECT_EQ(reply.code(), "outcome_unknown") << request.target;
    const bool is_hub = !std::string_view(request.target).starts_with("/api/");
    EXPECT_EQ(reply.text("detail").empty(), !is_hub) << reply.body;
  }
}

// The guard of a position is two rounds: the new one, then the end of the old one.
TEST_F(UnknownOutcomes, of_a_second_round_are_told_too) {
  HttpClient maker(exchange.port());
  register_agent(maker, "maker", "100000");
  maker.send("POST", "/api/v1/orders",
             R"({"market":"BTC-PERP","side":"sell","size":"0.01","price":"60000"})");
  const HttpReply opened = client.send(
      "POST", "/intents",
      R"({"agent_id":"agent_0001","intent_type":"long","asset":"BTC","size_usdc":500})");
  ASSERT_EQ(opened.status, 200) << opened.body;
  const auto position = opened.object().at("position").as_object();
  const std::string target =
      "/positions/" + std::string(position.at("position_id").as_string().c_str()) + "/stop-loss";
  const HttpReply reply = send_unanswered("POST", target, R"({"price":50000})", {}, 2);
  EXPECT_EQ(reply.status, 504) << reply.body;
}

}  // namespace
}  // namespace perpetua::gateway
