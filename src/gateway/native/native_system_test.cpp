// What the native API does for operators, and what it refuses before anything happens.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "gateway/http/io_thread.hpp"
#include "gateway/native/native_test_support.hpp"

namespace perpetua::gateway {
namespace {

using namespace test;
namespace json = boost::json;

TEST_F(Native, the_operator_funds_and_pushes_prices) {
  const AgentId agent = register_agent(client, "w");
  EXPECT_EQ(post("/prices", R"({"prices":[]})").text("field"), "operator");
  client.key = kOperatorKey;
  EXPECT_EQ(post("/account/deposit", R"({"amount":"5"})").text("field"), "agent_id");
  EXPECT_EQ(
      post("/account/deposit", R"({"amount":"5","agent_id":")" + std::to_string(agent) + "\"}")
          .text("free"),
      "5");
  EXPECT_EQ(post("/account/deposit", R"({"amount":"5","agent_id":"4000"})").code(),
            "agent_not_found");
  const HttpReply pushed = post("/prices", R"({"prices":[{"market":"BTC-PERP","price":"60100"},
      {"market":"ETH-PERP","price":"1","source_time":1}]})");
  ASSERT_EQ(pushed.status, 200) << pushed.body;
  const json::object parsed = pushed.object();
  expect_schema(parsed.at("results").as_array()[0], "PushedPrice");
  EXPECT_EQ(parsed.at("results").as_array()[0].at("index_price").as_string(), "60100");
  EXPECT_TRUE(parsed.at("results").as_array()[1].as_object().contains("error"));
  EXPECT_EQ(post("/thoughts", R"({"text":"x"})").code(), "forbidden") << "no account";
  const std::string ahead = std::to_string(wall_clock_ms() + 60'000);
  const HttpReply early =
      post("/prices", R"({"prices":[{"market":"BTC-PERP","price":"60100","source_time":)" + ahead +
                          "}]}");
  EXPECT_EQ(early.code(), "invalid_field");
  EXPECT_EQ(early.text("field"), "prices[0].source_time");
  const std::string now = std::to_string(wall_clock_ms());
  const std::string timed =
      R"({"prices":[{"market":"BTC-PERP","price":"60100","source_time":)" + now + "}]}";
  const Headers key = {{"Idempotency-Key", "p"}};
  EXPECT_EQ(post("/prices", timed, key).status, 200);
  EXPECT_NE(post("/prices", timed, key).body.find(R"("replayed":true)"), std::string::npos);
  const HttpReply untimed =
      post("/prices", R"({"prices":[{"market":"BTC-PERP","price":"60100"}]})", key);
  EXPECT_EQ(untimed.code(), "missing_field");
  EXPECT_EQ(untimed.text("field"), "prices[0].source_time");
}

TEST_F(Native, requests_are_checked_before_anything_happens) {
  EXPECT_EQ(get("/account").code(), "unauthorized");
  client.key = "th_wrong";
  EXPECT_EQ(get("/markets").code(), "unauthorized") << "a bad key is never ignored";
  client.key.clear();
  register_agent(client, "w", "100");
  EXPECT_EQ(post("/thoughts", "{").code(), "malformed_json");
  EXPECT_EQ(post("/thoughts", "").text("field"), "text");
  EXPECT_EQ(post("/thoughts", R"({"text":"x"})", {{"Content-Type", "text/plain"}}).status, 415);
  const HttpReply wrong = call("PUT", "/thoughts", "{}");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("allow"), "POST, GET");
  EXPECT_EQ(call("TRACE", "/thoughts").status, 405);
  EXPECT_EQ(client.send("GET", "/nothing").code(), "not_found");
  const std::string past = std::to_string(exchange.now_ms() - 1);
  EXPECT_EQ(post("/thoughts", R"({"text":"x","valid_until":)" + past + "}").code(),
            "request_expired");
  EXPECT_EQ(get("/orders/x").code(), "invalid_field");
  EXPECT_EQ(get("/orders/12345").code(), "order_not_found");
}

TEST_F(Native, a_full_exchange_says_so_and_does_nothing) {
  register_agent(client, "w", "100");
  exchange.answer_with(runtime::SubmitResult::overloaded);
  const HttpReply full = post("/thoughts", R"({"text":"x"})");
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.code(), "overloaded");
  EXPECT_EQ(full.header("retry-after"), "1");
  exchange.answer_with(runtime::SubmitResult::shutting_down);
  EXPECT_EQ(post("/thoughts", R"({"text":"x"})").code(), "shutting_down");
  exchange.answer_with(runtime::SubmitResult::unavailable);
  const HttpReply no_space = post("/thoughts", R"({"text":"x"})");
  EXPECT_EQ(no_space.code(), "exchange_unavailable");
  EXPECT_EQ(no_space.header("retry-after"), "1");
}

TEST_F(Native, system_pages) {
  expect_schema(get("/limits").object(), "Limits");
  expect_schema(client.send("GET", "/healthz").object(), "Health");
  expect_schema(client.send("GET", "/readyz").object(), "Ready");
  EXPECT_EQ(client.send("GET", "/openapi.json").object()["openapi"].as_string(), "3.1.0");
  for (const char* path : {"/", "/docs"}) {
    const HttpReply page = client.send("GET", path);
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.header("content-type"), "text/html; charset=utf-8");
    for (const char* outside : {"src=\"http", "href=\"http", "@import", "url("}) {
      EXPECT_EQ(page.body.find(outside), std::string::npos) << path << outside;
    }
  }
  const HttpReply metrics = client.send("GET", "/metrics");
  EXPECT_NE(
      metrics.body.find("perpetua_http_requests_total{endpoint=\"getLimits\",status=\"2xx\"} 1"),
      std::string::npos);
  EXPECT_NE(metrics.body.find("perpetua_http_request_seconds_bucket"), std::string::npos);
}

}  // namespace
}  // namespace perpetua::gateway
