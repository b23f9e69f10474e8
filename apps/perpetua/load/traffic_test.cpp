#include "load/traffic.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace perpetua::load {
namespace {

std::vector<TradedMarket> markets() {
  return {{"BTC-PERP", 100'000'000, 10'000, 1'000'000, 680'000},
          {"ETH-PERP", 10'000'000, 100'000, 1'000'000, 250'000}};
}

std::vector<OrderReply> all_open(const Action& action) {
  std::vector<OrderReply> replies;
  for (const NewOrder& order : action.orders) {
    replies.push_back({Verdict::ok, order.number, !order.is_ioc});
  }
  for (std::size_t i = 0; i < action.cancels.size(); ++i) {
    replies.push_back({Verdict::ok, action.cancels[i], false});
  }
  return replies;
}

TEST(Traffic, open_orders_stay_bounded_and_requests_always_hold_one_batch) {
  for (const uint32_t batch : {1u, 20u}) {
    Traffic traffic(markets(), 3, batch, 1);
    Action action;
    std::set<uint64_t> open;
    std::size_t cancels = 0;
    for (int i = 0; i < 3'000; ++i) {
      traffic.next(1, action);
      ASSERT_EQ(action.orders.size() + action.cancels.size(), batch);
      for (const uint64_t id : action.cancels) EXPECT_EQ(open.erase(id), 1u);
      cancels += action.cancels.size();
      const auto replies = all_open(action);
      for (const OrderReply& reply : replies) {
        if (reply.is_open) open.insert(reply.order_id);
      }
      traffic.on_replies(1, replies);
      EXPECT_LE(open.size(), (kOpenOrdersKept + 1) * batch);
    }
    EXPECT_GT(cancels, 300u * batch);
  }
}

TEST(Traffic, orders_are_near_the_mark_on_both_sides_and_some_cross) {
  Traffic traffic(markets(), 50, 1, 1);
  Action action;
  int buys = 0, orders = 0, crossing = 0;
  std::set<uint32_t> seen;
  for (uint32_t i = 0; i < 2'000; ++i) {
    traffic.next(i % 50, action);
    if (action.orders.empty()) continue;
    const NewOrder& order = action.orders[0];
    const TradedMarket& market = traffic.markets()[order.market];
    const int64_t away = order.price_ticks - market.mark_ticks;
    EXPECT_LT(std::abs(away), market.mark_ticks / 150);
    const bool beyond = order.side == Side::buy ? away > 0 : away < 0;
    EXPECT_EQ(beyond, order.is_ioc);
    EXPECT_GE(order.lots, 1);
    ++orders;
    buys += order.side == Side::buy ? 1 : 0;
    crossing += order.is_ioc ? 1 : 0;
    seen.insert(order.market);
  }
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_NEAR(buys, orders / 2, orders / 10);
  EXPECT_NEAR(crossing, orders / 4, orders / 10);
}

TEST(Traffic, sizes_reach_the_market_minimum) {
  auto list = markets();
  list[0].notional_min_micro = 10'000'000;
  Traffic traffic({list[0]}, 1, 1, 3);
  Action action;
  for (int i = 0; i < 200; ++i) {
    traffic.next(0, action);
    if (action.orders.empty()) continue;
    // One tick and lot of this market is one micro-USDC.
    EXPECT_GE(action.orders[0].price_ticks * action.orders[0].lots, 12'000'000);
    EXPECT_LE(action.orders[0].price_ticks * action.orders[0].lots, 70'000'000);
  }
}

TEST(Traffic, same_seed_gives_the_same_orders) {
  Traffic first(markets(), 5, 2, 9);
  Traffic second(markets(), 5, 2, 9);
  Action a, b;
  for (uint32_t i = 0; i < 100; ++i) {
    first.next(i % 5, a);
    second.next(i % 5, b);
    ASSERT_EQ(a.orders.size(), b.orders.size());
    for (std::size_t k = 0; k < a.orders.size(); ++k) {
      EXPECT_EQ(a.orders[k].price_ticks, b.orders[k].price_ticks);
      EXPECT_EQ(a.orders[k].lots, b.orders[k].lots);
    }
  }
}

TEST(Traffic, follows_the_mark) {
  Traffic traffic({markets()[0]}, 1, 1, 1);
  traffic.set_mark("BTC-PERP", 340'000);
  traffic.set_mark("BTC-PERP", 0);  // no price is no news
  Action action;
  traffic.next(0, action);
  EXPECT_LT(action.orders.at(0).price_ticks, 345'000);
}

TEST(Traffic, agent_with_a_market_trades_no_other_and_numbers_go_on_from_the_first) {
  Traffic traffic(markets(), 2, 1, 1, 5'000);
  traffic.set_market(1, "ETH-PERP");
  traffic.set_market(1, "NONE-PERP");
  Action action;
  for (uint64_t i = 0; i < 50; ++i) {
    traffic.next(1, action);
    ASSERT_EQ(action.orders.size(), 1u);
    EXPECT_EQ(action.orders[0].market, 1u);
    EXPECT_EQ(action.orders[0].number, 5'000 + i);
  }
}

TEST(Traffic, orders_that_are_gone_are_not_cancelled) {
  Traffic traffic(markets(), 1, 1, 1);
  for (uint64_t id = 1; id <= kOpenOrdersKept; ++id) {
    const OrderReply reply{Verdict::ok, id, true};
    traffic.on_replies(0, {&reply, 1});
  }
  traffic.on_closed(0, 1);
  traffic.on_closed(0, 77);
  const OrderReply reply{Verdict::ok, 9, true};
  traffic.on_replies(0, {&reply, 1});
  Action action;
  traffic.next(0, action);
  ASSERT_EQ(action.cancels.size(), 1u);
  EXPECT_EQ(action.cancels[0], 2u);
}

}  // namespace
}  // namespace perpetua::load
