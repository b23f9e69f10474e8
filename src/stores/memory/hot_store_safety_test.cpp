// Limits of keys, dead-man's switches and changes of a market as the hot store shows them.
#include "stores/perpetual_test_support.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

Outcome set_limits(PerpetualMarket& market, AgentId agent, uint32_t key_id,
                   const KeyLimits& limits) {
  Command command(CommandType::set_key_limits, agent);
  command.set_key_limits = SetKeyLimits{};
  command.set_key_limits.key_id = key_id;
  command.set_key_limits.limits = limits;
  return market.run(command);
}

Outcome arm(PerpetualMarket& market, AgentId agent, int64_t timeout_ms, CancelScope scope) {
  Command command(CommandType::cancel_all_after, agent, 0);
  command.cancel_all_after = CancelAllAfter{};
  command.cancel_all_after.timeout_ms = timeout_ms;
  command.cancel_all_after.scope = scope;
  return market.run(command);
}

Outcome change(PerpetualMarket& market, const MarketSpec& spec, int64_t delay_ms) {
  Command command(CommandType::change_market, 0, 0);
  command.change_market = ChangeMarket{};
  command.change_market.effective_at_ms = market.now_ms + delay_ms;
  return market.run(command, {reinterpret_cast<const char*>(&spec), sizeof spec});
}

TEST(HotStoreSafety, the_limits_of_a_key_are_shown_at_once_and_after_a_restart) {
  PerpetualMarket market;
  const AgentId agent = market.add_agent(1'000);
  const uint32_t key_id = market.hot.keys(agent)[0].key_id;
  KeyLimits limits;
  limits.order_notional_max = Micro(5'000'000);
  limits.leverage_max = 3;
  limits.markets = 1;
  ASSERT_EQ(set_limits(market, agent, key_id, limits).code, ResultCode::ok);
  const KeyView key = market.hot.keys(agent)[0];
  EXPECT_EQ(key.limits, limits);
  EXPECT_EQ(market.hot.find_key(key.sha256)->limits, limits);
  HotStore described;
  bootstrap(described, market.engine);
  EXPECT_EQ(described.keys(agent), market.hot.keys(agent));
  ASSERT_EQ(set_limits(market, agent, key_id, {}).code, ResultCode::ok);
  EXPECT_EQ(market.hot.keys(agent)[0].limits, KeyLimits{});
}

TEST(HotStoreSafety, the_loss_of_a_keys_day_counts_from_its_first_order_also_after_a_restart) {
  PerpetualMarket market;
  const AgentId ann = market.add_agent(10'000), bob = market.add_agent(10'000);
  const uint32_t key_id = market.hot.keys(ann)[0].key_id;
  KeyLimits limits;
  limits.daily_loss_max = Micro(500'000);
  ASSERT_EQ(set_limits(market, ann, key_id, limits).code, ResultCode::ok);
  const auto loss = [&] { return market.hot.key_loss(ann, key_id); };
  const auto lose = [&] { market.trade(ann, bob, 60'000, 10'000, 5, 5); };  // a fee of 0.30 USDC
  const auto place_with_key = [&](uint8_t flags) {
    Command command(CommandType::place_order, ann, 0);
    command.header.key_id = key_id;
    command.place = PlaceOrder{};
    command.place.lots = Lots(1'000);
    command.place.price = Price(flags == 0 ? 59'000 : 61'000);
    command.place.side = flags == 0 ? Side::buy : Side::sell;
    command.place.flags = flags;
    return market.run(command);
  };
  lose();
  ASSERT_EQ(place_with_key(kReduceOnly).code, ResultCode::ok);
  lose();
  EXPECT_EQ(loss(), Micro(0)) << "before its first order that may open a position";
  ASSERT_EQ(place_with_key(0).code, ResultCode::ok);
  EXPECT_EQ(loss(), Micro(0));
  lose();
  lose();
  EXPECT_EQ(loss(), Micro(600'000));
  const Outcome refused = place_with_key(0);
  ASSERT_EQ(refused.code, ResultCode::key_limited);
  EXPECT_EQ(refused.values[1], loss().value) << "as the engine counts it";
  HotStore described;
  market.describe(described);
  EXPECT_EQ(described.key_loss(ann, key_id), loss());
  market.now_ms += 86'400'000;
  market.price(market.kIndex);
  EXPECT_EQ(loss(), Micro(0)) << "a new day";
}

TEST(HotStoreSafety, an_armed_switch_is_shown_until_it_fires) {
  PerpetualMarket market;
  const AgentId agent = market.add_agent(1'000);
  const OrderId order = market.order(agent, Side::buy, 59'000, 1'000, 1);
  EXPECT_TRUE(market.hot.switches(agent).empty());
  ASSERT_EQ(arm(market, agent, 5'000, CancelScope::everything).code, ResultCode::ok);
  const std::vector<SwitchView> armed = {{0, CancelScope::everything, market.now_ms + 5'000}};
  EXPECT_EQ(market.hot.switches(agent), armed);
  HotStore described;
  bootstrap(described, market.engine);
  EXPECT_EQ(described.switches(agent), armed);
  market.now_ms += 4'999;
  market.run(Command(CommandType::tick));
  EXPECT_TRUE(market.hot.order(agent, order)->is_open());
  market.now_ms += 1;
  market.run(Command(CommandType::tick));
  EXPECT_TRUE(market.hot.switches(agent).empty());
  EXPECT_EQ(market.hot.order(agent, order)->reason, CloseReason::dead_man);
}

TEST(HotStoreSafety, a_change_is_announced_then_it_is_the_contract) {
  PerpetualMarket market;
  const MarketSpec before = make_spec();
  MarketSpec after = before;
  after.taker_fee_ppm = 700;
  ASSERT_EQ(change(market, after, 60'000).code, ResultCode::ok);
  EXPECT_EQ(market.hot.market_spec(0)->taker_fee_ppm, before.taker_fee_ppm);
  ASSERT_TRUE(market.hot.market(0)->pending_change);
  EXPECT_EQ(market.hot.market(0)->pending_change->spec.taker_fee_ppm, 700u);
  EXPECT_EQ(market.hot.market(0)->pending_change->effective_at_ms, market.now_ms + 60'000);
  HotStore described;
  bootstrap(described, market.engine);
  ASSERT_TRUE(described.market(0)->pending_change);
  EXPECT_EQ(described.market(0)->pending_change->spec.taker_fee_ppm, 700u);
  const MarketSpec* old = market.hot.market_spec(0);
  market.now_ms += 60'000;
  market.run(Command(CommandType::tick));
  EXPECT_FALSE(market.hot.market(0)->pending_change);
  EXPECT_EQ(market.hot.market(0)->spec.taker_fee_ppm, 700u);
  EXPECT_EQ(market.hot.market_spec(0)->taker_fee_ppm, 700u);
  EXPECT_EQ(old->taker_fee_ppm, before.taker_fee_ppm) << "who holds the old one may read on";
}

TEST(HotStoreSafety, a_change_moves_liquidation_prices_and_warns_owners) {
  PerpetualMarket market;
  const AgentId owner = market.add_agent(10'000), other = market.add_agent(1'000'000);
  market.trade(owner, other, market.kIndex, market.kCoin, 10, 1);
  const PositionView before = *market.hot.position(owner, 0);
  MarketSpec after = make_spec();
  after.tier_count = 1;
  after.tiers = {};
  after.tiers[0] = {0, 6, 0};  // maintenance 8.3 % of a position that has 10 %
  ASSERT_EQ(change(market, after, 60'000).code, ResultCode::ok);
  EXPECT_EQ(market.hot.position(owner, 0)->liquidation_price, before.liquidation_price);
  market.now_ms += 59'000;
  market.price(market.kIndex);
  EXPECT_TRUE(market.hot.alerts(owner, 0, 10).empty());
  for (int i = 0; i < 5; ++i) {
    market.now_ms += 1'000;
    market.price(market.kIndex);
  }
  EXPECT_GT(market.hot.position(owner, 0)->maintenance_margin, before.maintenance_margin);
  EXPECT_GT(*market.hot.position(owner, 0)->liquidation_price, *before.liquidation_price);
  const auto alerts = market.hot.alerts(owner, 0, 10);
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].kind, AlertKind::margin_warning);
}

}  // namespace
}  // namespace perpetua::stores
