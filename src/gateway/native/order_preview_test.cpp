// The preview of an order against what the engine then answers.
#include <random>

#include "gateway/native/native_test_support.hpp"

namespace perpetua::gateway {
namespace {

using namespace test;

const std::string kBtc = R"({"market":"BTC-PERP",)";

TEST_F(Native, a_preview_tells_what_the_order_then_does) {
  add_maker("1", "60010");
  register_agent(client, "w", "100000");
  const std::string order = kBtc + R"("side":"buy","size":"0.5","price":"60020","leverage":10})";
  const HttpReply preview = post("/orders/preview", order);
  ASSERT_EQ(preview.status, 200) << preview.body;
  expect_schema(preview.object(), "OrderPreview");
  EXPECT_EQ(preview.text("verdict"), "ok");
  EXPECT_EQ(items("/orders/history").size(), 0u) << "nothing was placed";
  const json::object fill = preview.object().at("estimated_fill").as_object();
  const json::object after = preview.object().at("position_after").as_object();
  const HttpReply placed = post("/orders", order);
  EXPECT_EQ(placed.text("filled"), fill.at("size").as_string());
  EXPECT_EQ(placed.text("average_price"), fill.at("average_price").as_string());
  const json::object position = get("/positions/BTC-PERP").object();
  for (const char* field : {"side", "size", "entry_price", "margin", "maintenance_margin",
                            "liquidation_price", "bankruptcy_price"}) {
    EXPECT_EQ(after.at(field), position.at(field)) << field;
  }
  EXPECT_EQ(items("/fills")[0].at("fee"), fill.at("fee"));
}

TEST_F(Native, a_preview_of_a_resting_order_shows_the_position_if_it_fills) {
  register_agent(client, "w", "100000");
  const HttpReply preview =
      post("/orders/preview", kBtc + R"("side":"sell","size":"0.1","price":"61000","leverage":5})");
  const json::object fill = preview.object().at("estimated_fill").as_object();
  EXPECT_EQ(fill.at("size").as_string(), "0");
  EXPECT_EQ(fill.at("resting_size").as_string(), "0.1");
  EXPECT_EQ(fill.at("fee").as_string(), "1.22");
  const json::object after = preview.object().at("position_after").as_object();
  EXPECT_EQ(after.at("side").as_string(), "short");
  EXPECT_EQ(after.at("entry_price").as_string(), "61000");
  EXPECT_EQ(after.at("margin").as_string(), "1220");
}

// Random orders: the verdict is the code that the engine answers next, and what fills agrees.
TEST_F(Native, the_verdict_is_the_engine_s_answer) {
  register_agent(client, "other", "1000000");
  post("/orders", kBtc + R"("side":"sell","size":"0.5","price":"60100"})");
  post("/orders", kBtc + R"("side":"sell","size":"5","price":"60300","leverage":5})");
  call("PUT", "/positions/BTC-PERP/netting", R"({"netting":true})");
  post("/orders", kBtc + R"("side":"buy","size":"0.5","price":"59900"})");
  post("/orders", kBtc + R"("side":"buy","size":"5","price":"59700","leverage":5})");
  client.key.clear();
  register_agent(client, "w", "30000");
  std::mt19937 random(11);
  const auto pick = [&](int below) {
    return static_cast<int>(random() % static_cast<unsigned>(below));
  };
  std::map<std::string, int> seen;
  for (int i = 0; i < 400; ++i) {
    std::string body = kBtc + "\"side\":\"" + (pick(2) == 0 ? "buy" : "sell") + "\"";
    const bool is_market = pick(4) == 0;
    if (is_market) {
      body += R"(,"kind":"market")";
    } else {
      body += ",\"price\":\"" + std::to_string(59'600 + 50 * pick(17)) + "\"";
    }
    body += pick(4) == 0 ? ",\"size_usdc\":\"" + std::to_string(1 + pick(40'000)) + "\""
                         : ",\"size\":\"0." + std::to_string(1 + pick(9)) + "\"";
    if (pick(3) == 0) body += ",\"leverage\":" + std::to_string(1 + pick(21));
    if (pick(6) == 0) body += R"(,"reduce_only":true)";
    const int form = pick(6);
    if (form == 0 && !is_market) body += R"(,"post_only":"reject")";
    if (form == 1) body += R"(,"time_in_force":"fok")";
    body += "}";
    const HttpReply preview = post("/orders/preview", body);
    ASSERT_EQ(preview.status, 200) << body << preview.body;
    const HttpReply placed = post("/orders", body);
    const std::string code = placed.status == 200 ? "ok" : placed.code();
    ASSERT_EQ(preview.text("verdict"), code) << body << preview.body << placed.body;
    ++seen[code];
    if (code == "ok") {
      const json::object fill = preview.object().at("estimated_fill").as_object();
      ASSERT_EQ(fill.at("size").as_string(), placed.text("filled")) << body << placed.body;
      ASSERT_EQ(fill.at("resting_size").as_string(), placed.text("remaining")) << body;
    }
    if (pick(3) == 0) post("/orders/cancel-all", "{}");
    if (pick(10) == 0) post("/positions/BTC-PERP/close", "{}");
  }
  for (const char* code : {"ok", "insufficient_margin", "conflicting_position", "would_cross",
                           "reduce_only_would_increase", "leverage_too_high", "fok_unfillable"}) {
    EXPECT_GT(seen[code], 0) << code;
  }
}

TEST_F(Native, a_preview_knows_the_limits_of_the_key_that_asks) {
  register_agent(client, "w", "100000");
  const std::string scopes = R"({"scopes":["read","trade"],"limits":{)";
  const auto verdict = [&](const std::string& limit, const std::string& order) {
    HttpClient other(exchange.port());
    other.key = post("/keys", scopes + limit + "}}").text("api_key");
    const HttpReply preview = other.send("POST", "/api/v1/orders/preview", order);
    const HttpReply placed = other.send("POST", "/api/v1/orders", order);
    EXPECT_EQ(preview.text("verdict"), placed.status == 200 ? "ok" : placed.code()) << limit;
    return preview.text("verdict");
  };
  const std::string order = kBtc + R"("side":"buy","size":"0.01","price":"59000","leverage":5})";
  EXPECT_EQ(verdict(R"("order_notional_max":"500")", order), "key_limited");
  EXPECT_EQ(verdict(R"("position_notional_max":"500")", order), "key_limited");
  EXPECT_EQ(verdict(R"("leverage_max":4)", order), "key_limited");
  EXPECT_EQ(verdict(R"("reduce_only":true)", order), "key_limited");
  EXPECT_EQ(verdict(R"("markets":["ETH-PERP"])", order), "key_limited");
  EXPECT_EQ(verdict(R"("order_notional_max":"600")", order), "ok");
}

// A gain or loss before a key's first order of the day is none of its own.
TEST_F(Native, a_preview_knows_what_the_key_has_lost_today) {
  add_maker("1", "60010");
  register_agent(client, "w", "100000");
  const std::string spend =
      kBtc + R"("side":"buy","size":"0.01","price":"60010","leverage":5,"time_in_force":"ioc"})";
  const std::string order = kBtc + R"("side":"buy","size":"0.01","price":"59000","leverage":5})";
  ASSERT_EQ(post("/orders", spend).status, 200);
  HttpClient other(exchange.port());
  other.key = post("/keys", R"({"scopes":["read","trade"],"limits":{"daily_loss_max":"0.1"}})")
                  .text("api_key");
  const auto expect_verdict = [&](const std::string& body, const std::string& verdict) {
    const HttpReply preview = other.send("POST", "/api/v1/orders/preview", body);
    EXPECT_EQ(preview.text("verdict"), verdict) << preview.body;
    const HttpReply placed = other.send("POST", "/api/v1/orders", body);
    EXPECT_EQ(placed.status == 200 ? "ok" : placed.code(), verdict) << placed.body;
  };
  expect_verdict(spend, "ok");
  expect_verdict(order, "key_limited");
  expect_verdict(kBtc + R"("side":"sell","size":"0.01","price":"60000","reduce_only":true})", "ok");
}

TEST_F(Native, a_preview_knows_the_risk_limits_of_the_agent) {
  add_maker("1", "60010");
  register_agent(client, "w", "100000");
  const AgentId agent = 2;  // behind the maker
  const auto limit = [&](RiskLimit which, int64_t value) {
    Command command(CommandType::set_risk_limits, agent);
    command.set_risk_limits = SetRiskLimits{};
    command.set_risk_limits.fields = kAllRiskLimits;
    RiskLimits& limits = command.set_risk_limits.limits;
    if (which == RiskLimit::position) limits.position_max = Micro(value);
    if (which == RiskLimit::exposure) limits.exposure_max = Micro(value);
    if (which == RiskLimit::leverage) limits.leverage_max = static_cast<uint16_t>(value);
    if (which == RiskLimit::daily_loss) limits.daily_loss_max = Micro(value);
    ASSERT_EQ(exchange.run(command).code, ResultCode::ok);
  };
  const auto expect_verdict = [&](const std::string& price, const std::string& verdict) {
    const std::string body =
        kBtc + R"("side":"buy","size":"0.01","leverage":5,"price":")" + price + "\"}";
    const HttpReply preview = post("/orders/preview", body);
    EXPECT_EQ(preview.text("verdict"), verdict) << preview.body;
    const HttpReply placed = post("/orders", body);
    EXPECT_EQ(placed.status == 200 ? "ok" : placed.code(), verdict) << placed.body;
  };
  limit(RiskLimit::leverage, 4);
  expect_verdict("59000", "limit_exceeded");
  limit(RiskLimit::leverage, 5);
  expect_verdict("60010", "ok");  // fills: 600.10 USDC, and a fee
  limit(RiskLimit::position, 1'000'000'000);
  expect_verdict("59000", "limit_exceeded");
  limit(RiskLimit::exposure, 1'000'000'000);
  expect_verdict("59000", "limit_exceeded");
  limit(RiskLimit::exposure, 1'200'000'000);
  expect_verdict("59000", "ok");
  limit(RiskLimit::daily_loss, 100'000);
  expect_verdict("60010", "ok");  // its day begins with this order
  expect_verdict("59000", "limit_exceeded");
}

TEST_F(Native, a_preview_in_a_closed_market_says_so) {
  register_agent(client, "w", "10000");
  Command command(CommandType::set_market_mode, 0, 0);
  command.set_market_mode.mode = MarketMode::cancel_only;
  exchange.run(command);
  const HttpReply preview =
      post("/orders/preview", kBtc + R"("side":"buy","size":"0.01","price":"59000"})");
  EXPECT_EQ(preview.text("verdict"), "market_closed");
  EXPECT_NE(preview.text("hint").find("operator"), std::string::npos);
  EXPECT_EQ(post("/orders/preview", kBtc + R"("side":"buy","size":"0.01","price":"59000",
      "valid_until":1})")
                .code(),
            "request_expired");
  EXPECT_EQ(
      post("/orders/preview", R"({"market":"NO","side":"buy","size":"1","price":"1"})").code(),
      "market_not_found");
  EXPECT_EQ(post("/orders/preview", kBtc + R"("side":"buy","price":"59000"})").code(),
            "invalid_quantity");
}

}  // namespace
}  // namespace perpetua::gateway
