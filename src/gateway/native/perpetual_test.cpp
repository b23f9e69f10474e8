// Status, funding, liquidations, insurance, alerts, solvency and the operator's part over HTTP.
#include "gateway/native/native_test_support.hpp"

namespace perpetua::gateway {
namespace {

using namespace test;

const std::string kBtc = R"({"market":"BTC-PERP",)";

class Perpetual : public Native {
 protected:
  HttpReply operate(std::string_view path, std::string_view body) {
    const std::string own = std::exchange(client.key, std::string(kOperatorKey));
    HttpReply reply = post("/operator/markets/" + std::string(path), body);
    client.key = own;
    return reply;
  }
  // The client is long 1 BTC at 60,000 with leverage 20; `short_key` has the other side.
  void open_position() {
    register_agent(client, "short", "1000000");
    post("/orders", kBtc + R"("side":"sell","size":"1","price":"60000"})");
    short_key = std::exchange(client.key, {});
    register_agent(client, "long", "10000");
    ASSERT_EQ(post("/orders", kBtc + R"("side":"buy","size":"1","price":"60000","leverage":20})")
                  .text("status"), "filled");
  }
  void fall_to(int64_t price) {
    for (int64_t p = 60'000; p > price;) {
      p = std::max(price, p - p / 100);
      exchange.set_price(0, p);
    }
  }
  std::string short_key;
};

TEST_F(Perpetual, every_market_says_what_works_in_it) {
  const json::object status = get("/status").object();
  expect_schema(status, "ExchangeStatus");
  EXPECT_EQ(status.at("status").as_string(), "open");
  expect_schema(get("/markets/BTC-PERP").object(), "Market");
  const HttpReply set = operate("BTC-PERP/mode", R"({"mode":"halted"})");
  ASSERT_EQ(set.status, 200) << set.body;
  expect_schema(set.object(), "MarketModeResult");
  EXPECT_EQ(get("/status").text("status"), "partly_open");
  const json::object market = get("/markets/BTC-PERP").object();
  const json::object shown = market.at("exchange_status").as_object();
  EXPECT_EQ(shown.at("mode").as_string(), "halted");
  EXPECT_FALSE(shown.at("accepts_orders").as_bool());
  register_agent(client, "w", "1000");
  const HttpReply refused =
      post("/orders", kBtc + R"("side":"buy","size":"0.001","price":"60000"})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.code(), "market_closed");
  EXPECT_EQ(refused.text("field"), "market");
  EXPECT_EQ(refused.text("mode"), "halted");
  EXPECT_EQ(operate("BTC-PERP/mode", R"({"mode":"settled"})").status, 200);
  EXPECT_EQ(operate("BTC-PERP/mode", R"({"mode":"open"})").code(), "market_closed");
  EXPECT_EQ(operate("NO-PERP/mode", R"({"mode":"open"})").code(), "market_not_found");
  EXPECT_EQ(operate("ETH-PERP/mode", R"({"mode":"shut"})").code(), "invalid_field");
  EXPECT_EQ(post("/operator/markets/ETH-PERP/mode", R"({"mode":"open"})").code(), "forbidden");
}

TEST_F(Perpetual, margin_goes_in_and_out_of_a_position) {
  register_agent(client, "nobody", "1000");
  EXPECT_EQ(post("/positions/BTC-PERP/margin", R"({"action":"add","amount":"1"})").code(),
            "no_position");
  client.key.clear();
  open_position();
  const HttpReply added = post("/positions/BTC-PERP/margin", R"({"action":"add","amount":"500"})");
  ASSERT_EQ(added.status, 200) << added.body;
  expect_schema(added.object(), "MarginResult");
  EXPECT_EQ(added.text("margin"), "3500");
  EXPECT_EQ(get("/positions/BTC-PERP").text("margin"), "3500");
  const HttpReply out = post("/positions/BTC-PERP/margin", R"({"action":"remove","amount":"200"})");
  EXPECT_EQ(out.text("amount"), "-200");
  EXPECT_EQ(out.text("margin"), "3300");
  const HttpReply refused =
      post("/positions/BTC-PERP/margin", R"({"action":"remove","amount":"301"})");
  EXPECT_EQ(refused.code(), "insufficient_margin");
  EXPECT_EQ(refused.text("field"), "amount");
  EXPECT_EQ(refused.text("available"), "300");
  EXPECT_EQ(post("/positions/BTC-PERP/margin", R"({"action":"add","amount":"0"})").code(),
            "invalid_amount");
  EXPECT_EQ(post("/positions/BTC-PERP/margin", R"({"action":"add","amount":"9999999"})").code(),
            "insufficient_margin");
  const json::array changes = items("/account/position-changes");
  ASSERT_EQ(changes.size(), 2u);
  expect_schema(changes[0], "PositionChange");
  EXPECT_EQ(changes[0].at("cause").as_string(), "margin_adjusted");
  EXPECT_EQ(changes[0].at("amount").as_string(), "-200");
}

TEST_F(Perpetual, a_liquidation_can_be_followed_from_the_warning_to_the_fund) {
  open_position();
  json::object position = get("/positions/BTC-PERP").object();
  EXPECT_EQ(position.at("health").as_string(), "healthy");
  EXPECT_EQ(position.at("margin_ratio").as_string(), "2");
  fall_to(59'000);
  position = get("/positions/BTC-PERP").object();
  EXPECT_EQ(position.at("health").as_string(), "warning");
  expect_schema(position, "Position");
  json::array alerts = items("/account/alerts");
  ASSERT_EQ(alerts.size(), 1u);
  expect_schema(alerts[0], "Alert");
  EXPECT_EQ(alerts[0].at("kind").as_string(), "margin_warning");
  EXPECT_EQ(alerts[0].at("equity").as_string(), "2000");
  fall_to(50'000);
  alerts = items("/account/alerts?limit=1");
  EXPECT_EQ(alerts[0].at("kind").as_string(), "taken_over");
  const json::object page = get("/account/alerts?limit=1").object();
  const std::string cursor(page.at("next_cursor").as_string().c_str());
  EXPECT_EQ(items("/account/alerts?cursor=" + cursor)[0].at("kind").as_string(), "margin_warning");
  EXPECT_EQ(get("/account/alerts?cursor=x").code(), "invalid_cursor");
  const json::array own = items("/account/liquidations");
  ASSERT_EQ(own.size(), 1u);
  expect_schema(own[0], "Liquidation");
  const json::array all = items("/markets/BTC-PERP/liquidations");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_TRUE(all[0].at("agent_id").is_null());
  EXPECT_EQ(all[1], own[0]);
  EXPECT_EQ(items("/account/position-changes")[0].at("cause").as_string(), "taken_over");
  client.key = short_key;
  EXPECT_EQ(items("/account/alerts")[0].at("kind").as_string(), "deleveraged");
  const json::array others = items("/account/position-changes");
  EXPECT_EQ(others[0].at("rank").as_int64(), 1);
}

TEST_F(Perpetual, the_insurance_fund_reports_itself) {
  const HttpReply paid = operate("BTC-PERP/insurance", R"({"amount":"250.5"})");
  ASSERT_EQ(paid.status, 200) << paid.body;
  expect_schema(paid.object(), "InsuranceFunded");
  const json::object report = get("/markets/BTC-PERP/insurance").object();
  expect_schema(report, "Insurance");
  EXPECT_EQ(report.at("cash").as_string(), "250.5");
  EXPECT_EQ(report.at("equity").as_string(), "250.5");
  ASSERT_EQ(report.at("recent_changes").as_array().size(), 1u);
  expect_schema(report.at("recent_changes").as_array()[0], "FundChange");
  const json::array changes = items("/markets/BTC-PERP/insurance/history");
  EXPECT_EQ(changes[0], report.at("recent_changes").as_array()[0]);
  EXPECT_EQ(operate("BTC-PERP/insurance", R"({"amount":"0"})").code(), "invalid_amount");
  EXPECT_EQ(operate("NO-PERP/insurance", R"({"amount":"1"})").code(), "market_not_found");
  EXPECT_EQ(operate("BTC-PERP/insurance", R"({"amount":"1000000000"})").status, 200);
}

TEST_F(Perpetual, the_money_report_balances_to_the_micro) {
  open_position();
  operate("BTC-PERP/insurance", R"({"amount":"100"})");
  fall_to(50'000);
  const json::object report = get("/solvency").object();
  expect_schema(report, "Solvency");
  EXPECT_EQ(report.at("verdict").as_string(), "ok");
  const json::object money = report.at("money").as_object();
  EXPECT_EQ(money.at("difference").as_string(), "0");
  EXPECT_EQ(money.at("deposits").as_string(), "1010100");
  EXPECT_EQ(money.at("left_side"), money.at("right_side"));
  EXPECT_EQ(report.at("markets").as_array().size(), 2u);
  EXPECT_EQ(report.at("applied_batch").as_string(),
            std::to_string(exchange.hot().applied_batch()));
}

TEST_F(Perpetual, funding_shows_the_hour_in_hand) {
  const json::object funding = get("/markets/BTC-PERP/funding").object();
  expect_schema(funding, "Funding");
  EXPECT_EQ(funding.at("predicted_rate").as_string(), "0.0000125") << "interest alone";
  EXPECT_EQ(funding.at("next_settlement").as_int64() % 3'600'000, 0);
  EXPECT_TRUE(funding.at("last_rate").is_null());
  EXPECT_EQ(items("/markets/BTC-PERP/funding/history").size(), 0u);
  EXPECT_EQ(get("/markets/NO-PERP/funding").code(), "market_not_found");
  register_agent(client, "w", "10");
  EXPECT_EQ(items("/account/funding").size(), 0u);
}

}  // namespace
}  // namespace perpetua::gateway
