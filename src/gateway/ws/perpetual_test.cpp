// Status, funding, liquidations, insurance and alerts over a real socket.
#include "gateway/ws/market_messages.hpp"
#include "gateway/ws/ws_test_client.hpp"

namespace perpetua::gateway::ws::test {
namespace {

using perpetua::test::limit;

const std::string kBtc = R"(,"market":"BTC-PERP")";

class WsPerpetualTest : public ::testing::Test {
 protected:
  // One long of 1 BTC at 60,000 with leverage 20 against one short.
  void open_position() {
    Command buy = limit(owner.id, Side::buy, 60'000, 1'000'000);
    buy.place.leverage = 20;
    Command sell = limit(other.id, Side::sell, 60'000, 1'000'000);
    sell.place.leverage = 1;
    gateway.run_all({sell, buy});
  }
  void fall_to(int64_t price) {
    for (int64_t p = 60'000; p > price;) {
      p = std::max(price, p - p / 100);
      gateway.set_price(0, p);
    }
  }
  void set_mode(MarketMode mode) {
    Command command(CommandType::set_market_mode, 0, 0);
    command.set_market_mode.mode = mode;
    ASSERT_EQ(gateway.run(command).code, ResultCode::ok);
  }

  TestGateway gateway;
  TestAgent owner = gateway.add_agent();
  TestAgent other = gateway.add_agent();
};

TEST_F(WsPerpetualTest, status_is_told_at_once_and_whenever_it_changes) {
  TestClient client(gateway.port());
  EXPECT_EQ(text_of(client.ask(subscribe("status", kBtc), 7), "type"), "subscribed");
  json::object status = client.next_of("status");
  EXPECT_EQ(text_of(status, "mode"), "open");
  EXPECT_TRUE(status.at("accepts_orders").as_bool());
  set_mode(MarketMode::halted);
  status = client.next_of("status");
  EXPECT_EQ(text_of(status, "mode"), "halted");
  EXPECT_EQ(text_of(status, "market"), "BTC-PERP");
  EXPECT_FALSE(status.at("accepts_orders").as_bool());
  EXPECT_EQ(client.messages, 4) << "greeting, answer, present, change";
}

TEST_F(WsPerpetualTest, the_fund_is_told_at_once_and_whenever_it_changes) {
  TestClient client(gateway.port());
  client.ask(subscribe("insurance", kBtc), 7);
  EXPECT_EQ(text_of(client.next_of("insurance"), "cash"), "0");
  Command command(CommandType::fund_insurance, 0, 0);
  command.fund_insurance.amount = Micro(7'000'000);
  gateway.run(command);
  EXPECT_EQ(text_of(client.next_of("insurance"), "cash"), "7");
  TestClient later(gateway.port());
  later.ask(subscribe("insurance", kBtc), 7);
  const json::object present = later.next_of("insurance");
  EXPECT_EQ(text_of(present, "cash"), "7");
  EXPECT_NE(text_of(present, "sequence"), "0");
}

TEST_F(WsPerpetualTest, liquidations_come_step_by_step_and_owners_are_alerted) {
  open_position();
  TestClient watcher(gateway.port());
  watcher.ask(subscribe("liquidations", kBtc), 7);
  TestClient owned(gateway.port(), owner.key);
  owned.ask(subscribe("alerts"), 7);
  TestClient opposed(gateway.port(), other.key);
  opposed.ask(subscribe("private"), 7);
  fall_to(50'000);
  json::object step = watcher.next_of("liquidations");
  EXPECT_EQ(text_of(step, "step"), "taken_over");
  EXPECT_EQ(text_of(step, "agent_id"), std::to_string(owner.id));
  step = watcher.next_of("liquidations");
  EXPECT_EQ(text_of(step, "step"), "deleveraged");
  EXPECT_TRUE(step.at("agent_id").is_null()) << "the fund's own";
  json::object alert = owned.next_of("alerts");
  EXPECT_EQ(text_of(alert, "kind"), "margin_warning");
  alert = owned.next_of("alerts");
  EXPECT_EQ(text_of(alert, "kind"), "taken_over");
  const json::object changed = opposed.next_of("positions");
  EXPECT_EQ(text_of(changed, "event"), "changed");
  EXPECT_EQ(text_of(changed, "cause"), "deleveraged");
  EXPECT_EQ(number_of(changed, "rank"), 1);
  EXPECT_EQ(text_of(changed, "closed"), "1");
  EXPECT_TRUE(changed.at("side").is_null());
}

TEST_F(WsPerpetualTest, the_fill_of_a_liquidation_has_no_order) {
  open_position();
  TestClient owned(gateway.port(), owner.key);
  owned.ask(subscribe("fills"), 7);
  const TestAgent bidder = gateway.add_agent();
  gateway.run(limit(bidder.id, Side::buy, 58'000, 1'000'000));
  fall_to(58'000);
  const json::object fill = owned.next_of("fills");
  EXPECT_TRUE(fill.at("order_id").is_null());
  EXPECT_EQ(text_of(fill, "cause"), "liquidation");
  EXPECT_EQ(text_of(fill, "side"), "sell");
}

TEST_F(WsPerpetualTest, alerts_are_ones_own_alone) {
  open_position();
  TestClient stranger(gateway.port(), gateway.add_agent().key);
  stranger.ask(subscribe("alerts"), 7);
  TestClient owned(gateway.port(), owner.key);
  owned.ask(subscribe("alerts"), 7);
  fall_to(59'000);
  EXPECT_EQ(text_of(owned.next_of("alerts"), "kind"), "margin_warning");
  stranger.ask(R"({"op":"ping","id":9})", 9);
  EXPECT_EQ(stranger.messages, 3) << "greeting, answer, pong";
  TestClient nobody(gateway.port());
  EXPECT_EQ(code_of(nobody.ask(subscribe("alerts"), 7)), "unauthorized");
}

TEST_F(WsPerpetualTest, funding_shows_the_hour_in_hand_and_margin_changes_are_private_events) {
  open_position();
  TestClient client(gateway.port(), owner.key);
  client.ask(subscribe("funding", kBtc), 7);
  json::object funding = client.next_of("funding");
  EXPECT_EQ(text_of(funding, "kind"), "predicted");
  EXPECT_EQ(number_of(funding, "next_settlement") % 3'600'000, 0);
  const int64_t samples = number_of(funding, "samples");
  gateway.pass_ms(5'000);
  gateway.set_price(0, 60'000);
  funding = client.next_of("funding");
  EXPECT_EQ(text_of(funding, "kind"), "predicted");
  if (number_of(funding, "samples") != 0) {  // else an hour has just ended
    EXPECT_EQ(number_of(funding, "samples"), samples + 1);
  }
  client.ask(subscribe("positions"), 7);
  Command command(CommandType::adjust_margin, owner.id, 0);
  command.adjust_margin.amount = Micro(100'000'000);
  ASSERT_EQ(gateway.run(command).code, ResultCode::ok);
  const json::object changed = client.next_of("positions");
  EXPECT_EQ(text_of(changed, "cause"), "margin_adjusted");
  EXPECT_EQ(text_of(changed, "amount"), "100");
  EXPECT_EQ(text_of(changed, "margin"), "3100");
  EXPECT_TRUE(changed.at("rank").is_null());
}

TEST(WsPerpetualMessages, a_settled_hour_has_the_fields_of_the_history) {
  stores::FundingView view;
  view.sequence = 8'812;
  view.market = 0;
  view.funding.hour = 490'000;
  view.funding.rate_ppb = 12'500;
  view.funding.index = Price(60'000);
  const json::object message =
      json::parse(funding_message(perpetua::test::make_spec(), view)).as_object();
  EXPECT_EQ(text_of(message, "kind"), "settled");
  EXPECT_EQ(text_of(message, "rate"), "0.0000125");
  EXPECT_EQ(number_of(message, "hour_end"), int64_t{490'001} * 3'600'000);
}

}  // namespace
}  // namespace perpetua::gateway::ws::test
