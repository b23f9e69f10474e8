#include "engine/engine.hpp"

#include <gtest/gtest.h>

#include "engine/schema/margin.hpp"
#include "engine/test_support.hpp"

namespace perpetua {
namespace {

using namespace test;

constexpr Micro kRich(100'000'000'000);  // 100,000 USDC

struct EngineTest : ::testing::Test {
  Rig rig;
  AgentId alice = 0, bob = 0;

  void SetUp() override {
    rig.open_market(make_spec(), Price(60'000));
    alice = rig.add_agent(kRich);
    bob = rig.add_agent(kRich);
  }

  const Event* find_event(EventType type, AgentId agent) const {
    for (const Event& event : rig.output.events) {
      if (event.header.type == type && event.header.agent == agent) return &event;
    }
    return nullptr;
  }
};

TEST_F(EngineTest, crossing_orders_trade_at_the_makers_price_and_pay_their_fees) {
  const Outcome maker = rig.run_one(limit(alice, Side::sell, 60'010, 1'000'000));
  ASSERT_EQ(maker.status, OrderStatus::open);
  const Outcome taker = rig.run_one(limit(bob, Side::buy, 60'050, 400'000));
  EXPECT_EQ(taker.status, OrderStatus::filled);
  EXPECT_EQ(taker.values[0], 400'000);
  EXPECT_EQ(taker.values[1], 400'000LL * 60'010);
  const Event* fill = find_event(EventType::fill, bob);
  ASSERT_NE(fill, nullptr);
  EXPECT_EQ(fill->fill.price, Price(60'010));
  EXPECT_EQ(fill->fill.fee, Micro(12'002'000));  // 5 bps of 24,004 USDC
  EXPECT_EQ(fill->fill.position_margin, Micro(2'400'400'000));
  EXPECT_EQ(find_event(EventType::fill, alice)->fill.fee, Micro(4'800'800));  // 2 bps
  const Event* account = find_event(EventType::account_changed, bob);
  ASSERT_NE(account, nullptr);
  EXPECT_EQ(account->account_changed.reserved, Micro(0));
  EXPECT_EQ(account->account_changed.free, kRich - Micro(2'400'400'000 + 12'002'000));
}

TEST_F(EngineTest, an_order_beyond_80_percent_of_collateral_is_refused_with_its_numbers) {
  const AgentId poor = rig.add_agent(Micro(10'000'000'000));  // 10,000 USDC
  // 10x on 1.3 BTC at 60,000: margin 7,800, fee 39: 7,839 <= 8,000.
  ASSERT_EQ(rig.run_one(limit(poor, Side::buy, 60'000, 1'300'000)).code, ResultCode::ok);
  const Outcome refused = rig.run_one(limit(poor, Side::buy, 60'000, 30'000));
  EXPECT_EQ(refused.code, ResultCode::insufficient_margin);
  EXPECT_EQ(refused.values[0], 180'900'000);  // 180 + 0.90
  EXPECT_EQ(refused.values[1], 161'000'000);  // 8,000 - 7,839
}

TEST_F(EngineTest, cancel_then_place_in_one_batch_works_by_waiting_for_the_next_round) {
  const AgentId poor = rig.add_agent(Micro(10'000'000'000));
  const Outcome first = rig.run_one(limit(poor, Side::buy, 60'000, 1'300'000));
  rig.add(cancel(poor, first.id));
  rig.add(limit(poor, Side::buy, 59'990, 1'300'000));
  const BatchOutput& output = rig.run();
  EXPECT_EQ(output.outcomes[0].status, OrderStatus::cancelled);
  EXPECT_EQ(output.outcomes[1].status, OrderStatus::open);
}

TEST_F(EngineTest, the_opposite_side_conflicts_unless_netting_is_chosen) {
  rig.run_one(limit(alice, Side::sell, 60'000, 100'000));
  rig.run_one(limit(bob, Side::buy, 60'000, 100'000));
  EXPECT_EQ(rig.run_one(limit(bob, Side::sell, 60'100, 50'000)).code,
            ResultCode::conflicting_position);
  Command reduce = limit(bob, Side::sell, 60'100, 500'000);
  reduce.place.flags = kReduceOnly;
  const Outcome reduced = rig.run_one(reduce);
  EXPECT_EQ(reduced.code, ResultCode::ok);
  EXPECT_EQ(reduced.values[2], 100'000);  // cut to the position
  EXPECT_EQ(rig.run_one(set_netting(bob, true)).code, ResultCode::ok);
  EXPECT_EQ(rig.run_one(limit(bob, Side::sell, 60'100, 50'000)).code, ResultCode::ok);
}

TEST_F(EngineTest, closing_a_position_realises_its_profit_and_cancels_reduce_only_orders) {
  rig.run_one(limit(alice, Side::sell, 60'000, 100'000));
  rig.run_one(limit(bob, Side::buy, 60'000, 100'000));
  Command take_profit = limit(bob, Side::sell, 61'000, 100'000);
  take_profit.place.flags = kReduceOnly;
  ASSERT_EQ(rig.run_one(take_profit).status, OrderStatus::open);
  const AgentId carol = rig.add_agent(kRich);
  rig.run_one(limit(carol, Side::buy, 60'200, 100'000));
  Command close = market_order(bob, Side::sell, 0);
  close.place.flags = kClosePosition;
  EXPECT_EQ(rig.run_one(close).status, OrderStatus::filled);
  EXPECT_EQ(find_event(EventType::fill, bob)->fill.realised_pnl, Micro(20'000'000));
  const Event* closed = find_event(EventType::order_closed, bob);
  ASSERT_NE(closed, nullptr);
  EXPECT_EQ(closed->order_closed.reason, CloseReason::position_closed);
}

TEST_F(EngineTest, amend_to_a_smaller_size_keeps_its_place_and_a_new_price_loses_it) {
  const Outcome first = rig.run_one(limit(alice, Side::buy, 59'900, 100'000));
  const Outcome second = rig.run_one(limit(bob, Side::buy, 59'900, 100'000));
  ASSERT_EQ(rig.run_one(amend(alice, first.id, 0, 60'000)).values[2], 60'000);
  const AgentId carol = rig.add_agent(kRich);
  rig.run_one(limit(carol, Side::sell, 59'900, 10'000));
  EXPECT_NE(find_event(EventType::fill, alice), nullptr);
  ASSERT_EQ(rig.run_one(amend(alice, first.id, 0, 200'000)).code, ResultCode::ok);
  rig.run_one(limit(carol, Side::sell, 59'900, 10'000));
  EXPECT_NE(find_event(EventType::fill, bob), nullptr);
  EXPECT_EQ(rig.run_one(amend(alice, second.id, 0, 1)).code, ResultCode::order_not_found);
}

TEST_F(EngineTest, a_second_amend_in_one_batch_sees_what_the_first_did) {
  const Outcome order = rig.run_one(limit(alice, Side::buy, 59'000, 1'000'000));
  ASSERT_EQ(order.code, ResultCode::ok);
  rig.add(amend(alice, order.id, 0, 500'000));
  rig.add(amend(alice, order.id, 0, 900'000));
  rig.add(amend(alice, order.id, 58'000, 0));
  const BatchOutput& output = rig.run();
  EXPECT_EQ(output.outcomes[0].values[2], 500'000);
  EXPECT_EQ(output.outcomes[1].values[2], 900'000);
  EXPECT_EQ(output.outcomes[2].values[3], 58'000);
}

TEST_F(EngineTest, one_agent_may_stand_on_both_sides_where_that_is_allowed) {
  rig.run_one(set_netting(alice, true));
  rig.run_one(limit(alice, Side::buy, 60'000, 100'000));
  rig.run_one(limit(bob, Side::sell, 60'000, 50'000));
  Command sell = limit(alice, Side::sell, 60'000, 50'000);
  sell.place.stp = SelfTradePrevention::allow;
  EXPECT_EQ(rig.run_one(sell).status, OrderStatus::filled);
  EXPECT_EQ(find_event(EventType::fill, alice)->fill.realised_pnl, Micro(0));
}

TEST_F(EngineTest, a_repeated_key_returns_the_first_outcome_and_executes_nothing) {
  Command order = limit(alice, Side::buy, 59'000, 100'000);
  order.header.key = hash128_text("request-1", 0);
  const Outcome first = rig.run_one(order);
  Outcome again = rig.run_one(order);
  EXPECT_EQ(again.replayed, 1);
  EXPECT_TRUE(rig.output.events.empty());
  again.replayed = 0;
  EXPECT_EQ(again, first);
  order.place.lots = Lots(200'000);
  EXPECT_EQ(rig.run_one(order).code, ResultCode::idempotency_conflict);
}

TEST_F(EngineTest, gtd_orders_expire_at_the_first_batch_at_their_time) {
  Command order = limit(alice, Side::buy, 59'000, 100'000);
  order.place.time_in_force = TimeInForce::gtd;
  order.place.expires_at_ms = rig.now_ms + 1'000;
  ASSERT_EQ(rig.run_one(order).status, OrderStatus::open);
  EXPECT_EQ(rig.engine.next_deadline_ms(), rig.now_ms + 1'000);
  rig.now_ms += 999;
  rig.run();
  EXPECT_EQ(find_event(EventType::order_closed, alice), nullptr);
  rig.now_ms += 1;
  rig.run();
  ASSERT_NE(find_event(EventType::order_closed, alice), nullptr);
  EXPECT_EQ(find_event(EventType::order_closed, alice)->order_closed.reason, CloseReason::expired);
}

TEST_F(EngineTest, save_load_save_gives_the_same_bytes_and_the_same_future) {
  rig.run_one(limit(alice, Side::sell, 60'010, 1'000'000));
  rig.run_one(limit(bob, Side::buy, 60'050, 400'000));
  VectorSink saved;
  rig.engine.save(saved);
  Rig copy;
  MemorySource source(saved.bytes().data(), saved.bytes().size());
  ASSERT_TRUE(copy.engine.load(source));
  EXPECT_EQ(source.left(), 0u);
  VectorSink again;
  copy.engine.save(again);
  EXPECT_EQ(saved.bytes(), again.bytes());
  EXPECT_EQ(copy.engine.state_hash(), rig.engine.state_hash());
  EXPECT_EQ(copy.run_one(limit(bob, Side::buy, 60'050, 100)),
            rig.run_one(limit(bob, Side::buy, 60'050, 100)));
  EXPECT_EQ(copy.engine.state_hash(), rig.engine.state_hash());
}

TEST_F(EngineTest, bad_prices_never_get_in) {
  EXPECT_EQ(rig.set_price(0, Price(0)).code, ResultCode::price_invalid);
  EXPECT_EQ(rig.set_price(0, Price(-5)).code, ResultCode::price_invalid);
  EXPECT_EQ(rig.set_price(0, Price(999)).code, ResultCode::price_invalid);
  Command stale(CommandType::update_price, 0, 0);
  stale.update_price = UpdatePrice{Price(60'100), rig.now_ms - 10'001, {}};
  EXPECT_EQ(rig.run_one(stale).code, ResultCode::price_stale);
  EXPECT_EQ(rig.set_price(0, Price(70'000)).values[0], 60'600);  // 1 % a step
}

// ceil(35 / 40) = 1, but the second line, ceil(35 / 30) - 0, is 2 already below its bound of 41.
TEST(MarginTest, maintenance_is_the_largest_of_all_tier_lines) {
  MarketSpec spec = make_spec();
  spec.tier_count = 2;
  spec.tiers[0] = {0, 20, 0};
  spec.tiers[1] = {41, 15, 0};
  const MarketRules rules(spec);
  EXPECT_EQ(maintenance_margin(Micro(30), rules), Micro(1));
  EXPECT_EQ(maintenance_margin(Micro(35), rules), Micro(2));
  EXPECT_EQ(maintenance_margin(Micro(41), rules), Micro(2));
}

}  // namespace
}  // namespace perpetua
