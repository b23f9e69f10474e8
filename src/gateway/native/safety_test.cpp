// Limits of keys, the dead-man's switch, and changes of a market, over the native API.
#include "gateway/native/native_test_support.hpp"

namespace perpetua::gateway::test {
namespace {

constexpr std::string_view kSwitch = "/orders/cancel-all-after";
constexpr std::string_view kChange = "/operator/markets/BTC-PERP/change";

class NativeSafety : public Native {
 protected:
  NativeSafety() { register_agent(client, "w", "1000000"); }

  // A key of the same agent, held to these limits; the client that uses it.
  std::unique_ptr<HttpClient> limited(std::string_view limits) {
    const HttpReply made = post(
        "/keys", R"({"scopes":["read","trade","withdraw"],"limits":)" + std::string(limits) + "}");
    EXPECT_EQ(made.status, 200) << made.body;
    key_id = made.text("key_id");
    auto other = std::make_unique<HttpClient>(exchange.port());
    other->key = made.text("api_key");
    return other;
  }
  static HttpReply place(HttpClient& sender, std::string_view rest = {},
                         std::string_view market = "BTC-PERP", std::string_view price = "59000") {
    return sender.send("POST", "/api/v1/orders",
                       R"({"side":"buy","size":"0.01","market":")" + std::string(market) +
                           R"(","price":")" + std::string(price) + "\"" + std::string(rest) + "}");
  }
  static void expect_limited(const HttpReply& reply, std::string_view field,
                             std::string_view given = {}, std::string_view allowed = {}) {
    EXPECT_EQ(reply.status, 403) << reply.body;
    EXPECT_EQ(reply.code(), "key_limited") << reply.body;
    EXPECT_EQ(reply.text("field"), field);
    EXPECT_EQ(reply.text("given"), given) << reply.body;
    EXPECT_EQ(reply.text("allowed"), allowed) << reply.body;
  }
  HttpReply change(std::string_view terms, int64_t delay_ms = 61'000) {
    const std::string own = std::exchange(client.key, std::string(kOperatorKey));
    const HttpReply reply =
        post(kChange, R"({"effective_at":)" + std::to_string(exchange.now_ms() + delay_ms) +
                          std::string(terms) + "}");
    client.key = own;
    return reply;
  }
  json::value pending() { return get("/markets/BTC-PERP").object()["pending_change"]; }

  std::string key_id;
};

TEST_F(NativeSafety, a_command_behind_its_keys_revocation_is_refused_by_the_engine) {
  const auto other = limited("null");
  exchange.hold();
  client.write("DELETE /api/v1/keys/" + key_id + " HTTP/1.1\r\nHost: x\r\nX-API-Key: " +
               client.key + "\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return exchange.held() == 1; }));
  const std::string body = R"({"text":"still here"})";
  other->write("POST /api/v1/thoughts HTTP/1.1\r\nHost: x\r\nX-API-Key: " + other->key +
               "\r\nContent-Type: application/json\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body);
  ASSERT_TRUE(eventually([&] { return exchange.held() == 2; }));
  exchange.release();
  EXPECT_EQ(client.read().status, 200);
  const HttpReply refused = other->read();
  EXPECT_EQ(refused.status, 401) << refused.body;
  EXPECT_EQ(refused.code(), "key_expired");
}

TEST_F(NativeSafety, a_repeat_under_another_key_of_the_agent_is_a_repeat) {
  const auto other = limited("null");
  const Headers headers = {{"Idempotency-Key", "once"}};
  const HttpReply first = post("/thoughts", R"({"text":"x"})", headers);
  const HttpReply second = other->send("POST", "/api/v1/thoughts", R"({"text":"x"})", headers);
  EXPECT_EQ(first.text("thought_id"), second.text("thought_id"));
  EXPECT_TRUE(second.object()["replayed"].as_bool());
}

TEST_F(NativeSafety, a_new_key_is_shown_with_its_limits_and_has_them) {
  const HttpReply made = post("/keys", R"({"scopes":["trade"],"limits":{"leverage_max":2,
      "order_notional_max":"100.5","markets":["ETH-PERP"],"reduce_only":false}})");
  ASSERT_EQ(made.status, 200) << made.body;
  expect_schema(made.object(), "NewKey");
  const json::value limits = made.object()["limits"];
  EXPECT_EQ(limits, json::parse(R"({"order_notional_max":"100.5","position_notional_max":null,
      "daily_loss_max":null,"leverage_max":2,"reduce_only":false,"markets":["ETH-PERP"]})"));
  const json::array keys = items("/keys");
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_TRUE(keys[0].at("limits").is_null());
  EXPECT_EQ(keys[1].at("limits"), limits);
  expect_schema(keys[1], "Key");
  HttpClient other(exchange.port());
  other.key = made.text("api_key");
  expect_limited(place(other), "market", "BTC-PERP");
}

TEST_F(NativeSafety, a_key_with_limits_is_made_once_however_often_it_is_asked_for) {
  const std::string body = R"({"scopes":["trade"],"limits":{"reduce_only":true}})";
  const Headers headers = {{"Idempotency-Key", "k"}};
  const HttpReply first = post("/keys", body, headers);
  const HttpReply second = post("/keys", body, headers);
  EXPECT_FALSE(first.text("api_key").empty());
  EXPECT_TRUE(second.is_null("api_key")) << second.body;
  EXPECT_TRUE(second.object()["replayed"].as_bool());
  EXPECT_EQ(first.text("key_id"), second.text("key_id"));
  EXPECT_EQ(items("/keys").size(), 2u);
  const std::string wider = R"({"scopes":["trade"],"limits":{"leverage_max":9}})";
  EXPECT_EQ(post("/keys", wider, headers).code(), "idempotency_conflict");
}

TEST_F(NativeSafety, a_refused_order_hears_which_limit_and_by_how_much) {
  const auto notional = limited(R"({"order_notional_max":"500"})");
  expect_limited(place(*notional), "order_notional", "590", "500");
  const auto leverage = limited(R"({"leverage_max":3})");
  expect_limited(place(*leverage, R"(,"leverage":5)"), "leverage", "5", "3");
  expect_limited(leverage->send("PUT", "/api/v1/positions/BTC-PERP/leverage", R"({"leverage":4})"),
                 "leverage", "4", "3");
  const auto position = limited(R"({"position_notional_max":"700"})");
  EXPECT_EQ(place(*position).status, 200);
  const HttpReply second = place(*position);
  EXPECT_EQ(second.text("field"), "position_notional") << second.body;
  EXPECT_EQ(second.text("allowed"), "700");
  const auto reducing = limited(R"({"reduce_only":true})");
  expect_limited(place(*reducing), "reduce_only");
  const auto market = limited(R"({"markets":["ETH-PERP"]})");
  EXPECT_EQ(place(*market, "", "ETH-PERP", "2900").status, 200);
  expect_limited(place(*market), "market", "BTC-PERP");
  expect_limited(market->send("POST", "/api/v1/account/withdraw", R"({"amount":"1"})"), "command");
  expect_limited(market->send("POST", "/api/v1/keys", R"({"scopes":["read"]})"), "command");
  expect_limited(market->send("PUT", "/api/v1/keys/1/limits", "{}"), "command");
}

TEST_F(NativeSafety, a_key_that_has_lost_its_days_allowance_only_reduces) {
  const auto loser = limited(R"({"daily_loss_max":"0.1"})");
  add_maker("1", "60010");
  EXPECT_EQ(place(*loser, R"(,"time_in_force":"ioc")", "BTC-PERP", "60010").status, 200);
  const HttpReply refused = place(*loser);
  EXPECT_EQ(refused.text("field"), "daily_loss") << refused.body;
  EXPECT_EQ(refused.text("given"), "0.30005") << "the taker fee of 0.01 BTC at 60,010";
  EXPECT_EQ(refused.text("allowed"), "0.1");
  EXPECT_EQ(loser->send("POST", "/api/v1/positions/BTC-PERP/close", "{}").status, 200);
}

TEST_F(NativeSafety, limits_are_replaced_as_a_whole_and_can_be_taken_off) {
  const auto other = limited(R"({"leverage_max":3,"reduce_only":true})");
  const std::string path = "/keys/" + key_id + "/limits";
  const HttpReply set = call("PUT", path, R"({"order_notional_max":"10"})");
  ASSERT_EQ(set.status, 200) << set.body;
  expect_schema(set.object(), "KeyLimits");
  EXPECT_TRUE(set.object()["limits"].at("leverage_max").is_null());
  expect_limited(place(*other), "order_notional", "590", "10");
  const HttpReply freed = call("PUT", path, "{}");
  EXPECT_TRUE(freed.object()["limits"].is_null());
  EXPECT_EQ(place(*other).status, 200);
  EXPECT_EQ(call("PUT", "/keys/900001/limits", "{}").code(), "key_not_found");
  EXPECT_EQ(call("PUT", path, R"({"markets":["NO-PERP"]})").text("field"), "markets[0]");
  EXPECT_EQ(call("PUT", path, R"({"daily_loss_max":"0"})").code(), "invalid_field");
  EXPECT_EQ(call("PUT", path, R"({"daily_loss_max":"-1"})").code(), "invalid_field");
  EXPECT_EQ(call("PUT", path, R"({"leverage_max":0})").code(), "invalid_field");
  EXPECT_EQ(post("/keys", R"({"scopes":["read"],"limits":{"nonsense":1}})").text("field"),
            "limits.nonsense");
  EXPECT_EQ(post("/keys", R"({"scopes":["read"],"limits":7})").text("field"), "limits");
}

TEST_F(NativeSafety, a_switch_cancels_unless_it_is_armed_anew) {
  const std::string order = place(client).text("order_id");
  const HttpReply armed = post(kSwitch, R"({"timeout_ms":5000})");
  ASSERT_EQ(armed.status, 200) << armed.body;
  expect_schema(armed.object(), "SwitchArmed");
  EXPECT_TRUE(armed.is_null("market"));
  const json::array switches = items(kSwitch);
  ASSERT_EQ(switches.size(), 2u) << "one in each market";
  expect_schema(switches[0], "Switch");
  EXPECT_EQ(switches[0].at("deadline"), armed.object()["deadline"]);
  exchange.advance(4'000);
  EXPECT_EQ(post(kSwitch, R"({"timeout_ms":5000,"market":"BTC-PERP"})").status, 200);
  exchange.advance(4'000);
  EXPECT_EQ(get("/orders/" + order).text("status"), "open");
  ASSERT_EQ(items(kSwitch).size(), 1u) << "the other market's has fired";
  exchange.advance(1'000);
  EXPECT_EQ(get("/orders/" + order).text("status"), "cancelled");
  EXPECT_EQ(get("/orders/" + order).text("close_reason"), "dead_man");
  EXPECT_EQ(items("/orders/history")[0].at("close_reason"), "dead_man");
  EXPECT_TRUE(items(kSwitch).empty());
}

TEST_F(NativeSafety, a_switch_can_be_disarmed_and_is_refused_beyond_its_bounds) {
  EXPECT_EQ(post(kSwitch, R"({"timeout_ms":600000,"scope":"everything"})").status, 200);
  EXPECT_EQ(items(kSwitch)[0].at("scope"), "everything");
  const HttpReply disarmed = post(kSwitch, R"({"timeout_ms":0})");
  EXPECT_TRUE(disarmed.is_null("deadline"));
  EXPECT_TRUE(items(kSwitch).empty());
  for (const char* timeout : {"4999", "600001", "-1"}) {
    const HttpReply refused = post(kSwitch, std::string(R"({"timeout_ms":)") + timeout + "}");
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(refused.text("field"), "timeout_ms") << refused.body;
  }
  const HttpReply refused = post(kSwitch, R"({"timeout_ms":4999})");
  EXPECT_EQ(refused.code(), "invalid_timeout");
  EXPECT_EQ(refused.text("minimum"), "5000");
  EXPECT_EQ(refused.text("maximum"), "600000");
  EXPECT_EQ(post(kSwitch, R"({"timeout_ms":5000,"market":"X"})").code(), "market_not_found");
  EXPECT_EQ(post(kSwitch, R"({"timeout_ms":5000,"scope":"triggers"})").code(), "invalid_field");
}

TEST(NativeSafetyLimits, a_switch_costs_no_budget_but_strangers_pay) {
  ServerOptions options = test_options();
  options.rates.agent_mutations = options.rates.agent_cancels = {1, 2};
  options.rates.agent_reads = options.rates.address_reads = {1, 2};
  TestExchange exchange(options);
  HttpClient client(exchange.port());
  register_agent(client, "w");
  for (int i = 0; i < 20; ++i) {
    const HttpReply reply =
        client.send("POST", "/api/v1/orders/cancel-all-after", R"({"timeout_ms":5000})");
    ASSERT_EQ(reply.status, 200) << reply.body;
  }
  client.key = "th_stranger";
  int last = 0;
  for (int i = 0; i < 20 && last != 429; ++i) {
    last = client.send("POST", "/api/v1/orders/cancel-all-after", R"({"timeout_ms":5000})").status;
  }
  EXPECT_EQ(last, 429);
}

TEST_F(NativeSafety, a_change_is_announced_and_holds_when_its_time_has_come) {
  EXPECT_TRUE(pending().is_null());
  const HttpReply reply = change(R"(,"taker_fee":"0.0007","maker_fee":"0.0001","margin_tiers":[
      {"from_notional":"0","max_leverage":10},{"from_notional":"50000","max_leverage":5}])");
  ASSERT_EQ(reply.status, 200) << reply.body;
  expect_schema(reply.object(), "MarketChangeScheduled");
  EXPECT_EQ(pending().at("effective_at"), reply.object()["effective_at"]);
  EXPECT_EQ(pending().at("taker_fee"), "0.0007");
  EXPECT_EQ(pending().at("price_band"), "0.2") << "what was not given stays";
  EXPECT_EQ(get("/markets/BTC-PERP").text("taker_fee"), "0.0005");
  expect_schema(get("/markets/BTC-PERP").object(), "Market");
  exchange.advance(61'000);
  EXPECT_TRUE(pending().is_null());
  const HttpReply market = get("/markets/BTC-PERP");
  EXPECT_EQ(market.text("taker_fee"), "0.0007");
  EXPECT_EQ(market.object()["max_leverage"], 10);
  EXPECT_EQ(market.object()["margin_tiers"].as_array().size(), 2u);
  const json::array changes = items("/markets/BTC-PERP/changes");
  ASSERT_EQ(changes.size(), 1u);
  expect_schema(changes[0], "MarketChange");
  EXPECT_EQ(changes[0].at("taker_fee"), "0.0007");
  EXPECT_FALSE(changes[0].at("applied_at").is_null());
  EXPECT_TRUE(items("/markets/ETH-PERP/changes").empty());
}

TEST_F(NativeSafety, orders_reserved_by_the_old_fee_are_cancelled_when_it_changes) {
  const std::string order = place(client).text("order_id");
  ASSERT_EQ(change(R"(,"taker_fee":"0.0007")").status, 200);
  exchange.advance(61'000);
  EXPECT_EQ(get("/orders/" + order).text("close_reason"), "market_changed");
}

TEST_F(NativeSafety, a_later_announcement_takes_the_place_of_the_first) {
  ASSERT_EQ(change(R"(,"taker_fee":"0.0007")").status, 200);
  ASSERT_EQ(change("").status, 200);
  EXPECT_EQ(pending().at("taker_fee"), "0.0005") << "without terms: the present ones again";
  exchange.advance(62'000);
  EXPECT_EQ(get("/markets/BTC-PERP").text("taker_fee"), "0.0005");
}

TEST_F(NativeSafety, an_impossible_change_is_refused_with_the_field) {
  const HttpReply early = change(R"(,"taker_fee":"0.0007")", 30'000);
  EXPECT_EQ(early.status, 422) << early.body;
  EXPECT_EQ(early.code(), "invalid_expiry");
  EXPECT_EQ(early.text("field"), "effective_at");
  const std::pair<std::string, std::string> cases[] = {
      {R"(,"taker_fee":"0.02")", "taker_fee"},
      {R"(,"maker_fee":"0.0006")", "maker_fee"},
      {R"(,"maker_fee":"1.5")", "maker_fee"},
      {R"(,"price_band":"0")", "price_band"},
      {R"(,"min_notional":"0")", "min_notional"},
      {R"(,"margin_tiers":[])", "margin_tiers"},
      {R"(,"margin_tiers":[{"from_notional":"5","max_leverage":10}])", "margin_tiers"},
      {R"(,"margin_tiers":[{"from_notional":"x","max_leverage":10}])",
       "margin_tiers[0].from_notional"},
      {R"(,"tick_size":"1")", "tick_size"},
  };
  for (const auto& [terms, field] : cases) {
    const HttpReply refused = change(terms);
    EXPECT_EQ(refused.status, 422) << terms << refused.body;
    EXPECT_EQ(refused.code(), "invalid_field") << terms;
    EXPECT_EQ(refused.text("field"), field) << refused.body;
  }
  EXPECT_EQ(change(R"(,"maker_fee":"0.0006","taker_fee":"0.0008")").status, 200);
  EXPECT_EQ(post(kChange, R"({"effective_at":1})").code(), "forbidden");
}

}  // namespace
}  // namespace perpetua::gateway::test
