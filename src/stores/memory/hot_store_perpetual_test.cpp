// Status, funding, liquidations, fund, alerts and money as the hot store shows them.
#include "stores/perpetual_test_support.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

TEST(HotStorePerpetual, the_status_of_a_market_follows_mode_and_age_of_the_index) {
  PerpetualMarket market;
  EXPECT_TRUE(market.hot.market(0)->accepts_orders());
  market.mode(MarketMode::cancel_only);
  EXPECT_EQ(market.hot.market(0)->mode, MarketMode::cancel_only);
  EXPECT_FALSE(market.hot.market(0)->accepts_orders());
  market.mode(MarketMode::open);
  market.now_ms += 10'001;
  market.run(Command(CommandType::tick, 0, 0));
  EXPECT_TRUE(market.hot.market(0)->is_stale);
  EXPECT_FALSE(market.hot.market(0)->accepts_orders());
}

TEST(HotStorePerpetual, owners_are_alerted_of_what_happens_to_their_positions) {
  Collapse market;
  market.move_price(59'000);
  auto alerts = market.hot.alerts(market.long_agent, 0, 10);
  ASSERT_EQ(alerts.size(), 1u) << "once per crossing";
  EXPECT_EQ(alerts[0].kind, AlertKind::margin_warning);
  EXPECT_EQ(alerts[0].base, Lots(market.kCoin));
  EXPECT_LT(alerts[0].equity.value * 2, alerts[0].maintenance.value * 3);
  EXPECT_EQ(market.hot.position(market.long_agent, 0)->health, Health::warning);
  market.move_price(50'000);
  alerts = market.hot.alerts(market.long_agent, 0, 10);
  ASSERT_EQ(alerts.size(), 2u);
  EXPECT_EQ(alerts[0].kind, AlertKind::taken_over);
  const auto others = market.hot.alerts(market.short_agent, 0, 10);
  ASSERT_EQ(others.size(), 1u);
  EXPECT_EQ(others[0].kind, AlertKind::deleveraged);
  EXPECT_EQ(others[0].lots, Lots(market.kCoin));
  EXPECT_EQ(market.hot.alerts(market.long_agent, alerts[0].sequence, 10),
            std::vector<AlertView>{alerts[1]});
}

TEST(HotStorePerpetual, a_gap_through_bankruptcy_is_told_to_both_sides) {
  Collapse market;
  market.mode(MarketMode::halted);
  market.move_price(50'000);
  EXPECT_TRUE(market.hot.liquidations(0, 10).empty()) << "nothing happens while it is halted";
  market.mode(MarketMode::open);
  EXPECT_EQ(market.hot.alerts(market.long_agent, 0, 1)[0].kind, AlertKind::bankrupt);
  EXPECT_EQ(market.hot.alerts(market.short_agent, 0, 1)[0].kind, AlertKind::deleveraged);
  EXPECT_EQ(market.hot.position(market.long_agent, 0)->base, Lots(0));
  EXPECT_TRUE(market.hot.solvency().left_side() == market.hot.solvency().right_side());
}

TEST(HotStorePerpetual, liquidations_and_the_fund_are_listed_newest_first) {
  Collapse market;
  market.fall();
  const auto steps = market.hot.liquidations(0, 10);
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].agent, 0u) << "the fund's own position";
  EXPECT_EQ(steps[0].step.step, LiquidationStep::deleveraged);
  EXPECT_EQ(steps[1].agent, market.long_agent);
  EXPECT_EQ(steps[1].step.step, LiquidationStep::taken_over);
  const auto changes = market.hot.fund_changes(0, 10);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[1].fund.base, Lots(market.kCoin));
  EXPECT_EQ(changes[0].fund.base, Lots(0));
}

TEST(HotStorePerpetual, the_place_for_deleveraging_is_told_in_fifths) {
  PerpetualMarket market;
  const AgentId buyer = market.add_agent(10'000'000);
  std::vector<AgentId> shorts;
  for (uint16_t leverage : {1, 3, 5, 8, 12}) {
    shorts.push_back(market.add_agent(1'000'000));
    market.trade(buyer, shorts.back(), market.kIndex, market.kCoin / 10, 1, leverage);
  }
  market.move_price(59'000);  // shorts are in profit: rank is profit x leverage
  for (std::size_t i = 0; i < shorts.size(); ++i) {
    EXPECT_EQ(market.hot.position(shorts[i], 0)->adl_quintile, i + 1) << i;
  }
  EXPECT_EQ(market.hot.position(buyer, 0)->adl_quintile, 5) << "the only long";
  EXPECT_EQ(market.hot.position(market.add_agent(1), 0)->adl_quintile, 0);
}

Int128 imbalance(const SolvencyView& view) { return view.left_side() - view.right_side(); }

TEST(HotStorePerpetual, both_identities_hold_after_every_batch) {
  Collapse market;
  const auto check = [&] {
    const SolvencyView view = market.hot.solvency();
    EXPECT_EQ(imbalance(view), 0);
    ASSERT_EQ(view.markets.size(), 1u);
    EXPECT_TRUE(view.markets[0].is_balanced());
    EXPECT_EQ(view.batch, market.engine.last_batch());
    EXPECT_EQ(view.sequence + 1, market.engine.next_event_sequence());
  };
  check();
  EXPECT_EQ(market.hot.solvency().markets[0].long_lots, Lots(market.kCoin));
  market.fund(500);
  check();
  for (int64_t price = 59'500; price > 50'000; price -= 500) {
    market.move_price(price);
    check();
  }
  EXPECT_EQ(market.hot.solvency().totals.deposits, Micro(1'010'500'000'000));
  Command withdraw(CommandType::withdraw, market.short_agent);
  withdraw.money = MoveMoney{};
  withdraw.money.amount = Micro(1'000'000);
  ASSERT_EQ(market.run(withdraw).code, ResultCode::ok);
  check();
  EXPECT_EQ(market.hot.solvency().totals.withdrawals, Micro(1'000'000));
}

TEST(HotStorePerpetual, a_description_tells_the_money_of_the_exchange) {
  Collapse market;
  market.fund(500);
  market.move_price(59'000);
  HotStore described;
  market.describe(described);
  const SolvencyView before = market.hot.solvency();
  SolvencyView view = described.solvency();
  EXPECT_EQ(imbalance(view), 0);
  EXPECT_EQ(view.totals, before.totals);
  EXPECT_GT(view.totals.fees, Micro(0));
  EXPECT_EQ(view.collateral, before.collateral);
  EXPECT_TRUE(described.alerts(market.long_agent, 0, 10).empty()) << "old news";
  market.followers = {&described};
  market.move_price(50'000);
  view = described.solvency();
  EXPECT_EQ(imbalance(view), 0);
  EXPECT_EQ(view.totals, market.hot.solvency().totals);
}

// A market whose bids lie 0.1 % above the index, at the beginning of an hour.
struct DearMarket : PerpetualMarket {
  DearMarket() {
    const AgentId bidder = add_agent(10'000'000);
    const AgentId asker = add_agent(10'000'000);
    now_ms += 3'600'000 - now_ms % 3'600'000;
    for (int i = 0; i < 3; ++i) price(kIndex);
    order(bidder, Side::buy, 60'060, kCoin, 10);
    order(asker, Side::sell, 60'120, kCoin, 10);
  }
  void pass_samples(int count) {
    for (int i = 0; i < count; ++i) {
      now_ms += 5'000;
      price(kIndex);
    }
  }
  FundingEstimate estimate() const { return hot.market(0)->funding; }
};

TEST(HotStorePerpetual, the_predicted_rate_is_that_of_the_settled_hour) {
  DearMarket market;
  market.pass_samples(719);
  const FundingEstimate estimate = market.estimate();
  EXPECT_EQ(estimate.samples, 720);
  EXPECT_GT(estimate.average_premium_ppb, 900'000) << "bids 0.1 % above the index";
  EXPECT_EQ(estimate.next_settlement_ms, market.now_ms + 5'000);
  market.pass_samples(1);
  const auto settled = market.hot.fundings(0, 1);
  ASSERT_EQ(settled.size(), 1u);
  EXPECT_EQ(settled[0].funding.samples, estimate.samples + 1);
  const int64_t last_ppb = settled[0].funding.average_premium_ppb - estimate.average_premium_ppb;
  EXPECT_LE(last_ppb, 2) << "one more sample among 720 of nearly the same";
  EXPECT_GE(last_ppb, 0);
  EXPECT_EQ(market.estimate().samples, 0) << "a new hour";
  EXPECT_EQ(market.estimate().predicted_rate_ppb, 0);
  EXPECT_EQ(market.estimate().next_settlement_ms, estimate.next_settlement_ms + 3'600'000);
}

TEST(HotStorePerpetual, the_hour_in_hand_goes_on_after_a_restart) {
  DearMarket market;
  HotStore early;
  market.describe(early);
  market.pass_samples(400);
  HotStore described;
  market.describe(described);
  const auto same_as = [&](const HotStore& store) {
    const FundingEstimate seen = store.market(0)->funding;
    return seen.samples == market.estimate().samples &&
           seen.average_premium_ppb == market.estimate().average_premium_ppb &&
           seen.predicted_rate_ppb == market.estimate().predicted_rate_ppb &&
           seen.next_settlement_ms == market.estimate().next_settlement_ms;
  };
  EXPECT_EQ(market.estimate().samples, 401);
  EXPECT_TRUE(same_as(described));
  EXPECT_FALSE(same_as(early));
  market.followers = {&described};
  market.pass_samples(3);
  EXPECT_EQ(market.estimate().samples, 404);
  EXPECT_TRUE(same_as(described));
}

}  // namespace
}  // namespace perpetua::stores
