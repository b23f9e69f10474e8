#include "feeds/liquidity/ladder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "feeds/liquidity/fake_exchange.hpp"

namespace perpetua::feeds {
namespace {

const Price kIndex(680'000);

std::vector<Quote> side_of(const std::vector<Quote>& quotes, Side side) {
  std::vector<Quote> result;
  for (const Quote& quote : quotes) {
    if (quote.side == side) result.push_back(quote);
  }
  return result;
}

std::vector<OwnOrder> as_orders(const std::vector<Quote>& quotes) {
  std::vector<OwnOrder> orders;
  for (const Quote& quote : quotes) {
    orders.push_back({orders.size() + 1, quote.side, quote.price, Lots(0), quote.lots, 0});
  }
  return orders;
}

TEST(Ladder, quotes_both_sides_of_the_index_with_growing_sizes) {
  const FeedMarket market = test_market();
  const auto quotes = wanted_ladder({}, market.spec, kIndex, Lots(0));
  const auto buys = side_of(quotes, Side::buy);
  const auto sells = side_of(quotes, Side::sell);
  ASSERT_EQ(buys.size(), 10u);
  ASSERT_EQ(sells.size(), 10u);
  EXPECT_LE(buys[0].price.value, 680'000 - 136);  // 2 bps
  EXPECT_GT(buys[0].price.value, 680'000 - 136 - 200);
  EXPECT_GE(sells[0].price.value, 680'000 + 136);
  for (int i = 1; i < 10; ++i) {
    EXPECT_EQ(buys[i - 1].price.value - buys[i].price.value, 200);
    EXPECT_EQ(sells[i].price.value - sells[i - 1].price.value, 200);
    EXPECT_GT(buys[i].lots, buys[i - 1].lots);
  }
  // Innermost level: 1,000 USDC at about 68,000.
  EXPECT_NEAR(static_cast<double>(buys[0].lots.value), 1'470, 5);
}

TEST(Ladder, offset_maker_quotes_between_the_prices_of_the_first) {
  const FeedMarket market = test_market();
  LadderShape shape;
  std::set<int64_t> prices;
  for (const Quote& q : wanted_ladder(shape, market.spec, kIndex, Lots(0))) {
    prices.insert(q.price.value);
  }
  shape.is_offset = true;
  for (const Quote& q : wanted_ladder(shape, market.spec, kIndex, Lots(0))) {
    EXPECT_EQ(prices.count(q.price.value), 0u);
  }
}

TEST(Ladder, inventory_shifts_quotes_and_thins_the_growing_side) {
  const FeedMarket market = test_market();
  LadderShape shape;
  shape.position_max = Micro(680'000'000'000);
  const Lots half(500'000);  // 340,000 USDC long
  EXPECT_EQ(inventory_ppm(shape, market.spec, kIndex, half), 500'000);
  const auto flat = wanted_ladder(shape, market.spec, kIndex, Lots(0));
  const auto longer = wanted_ladder(shape, market.spec, kIndex, half);
  EXPECT_EQ(side_of(longer, Side::buy).size(), 5u);
  EXPECT_EQ(side_of(longer, Side::sell).size(), 10u);
  EXPECT_LE(side_of(longer, Side::sell)[0].price, side_of(flat, Side::sell)[0].price);
  EXPECT_LT(side_of(longer, Side::buy)[0].price, side_of(flat, Side::buy)[0].price);
  const auto full = wanted_ladder(shape, market.spec, kIndex, Lots(-1'000'000));
  EXPECT_TRUE(side_of(full, Side::sell).empty());
  EXPECT_EQ(side_of(full, Side::buy).size(), 10u);
}

TEST(Ladder, stays_inside_the_market_band_and_above_its_minimum) {
  FeedMarket market = test_market();
  market.spec.price_max = Price(680'400);
  market.spec.notional_min = Micro(5'000'000'000);
  const auto quotes = wanted_ladder({}, market.spec, kIndex, Lots(0));
  EXPECT_LE(side_of(quotes, Side::sell).size(), 2u);
  for (const Quote& q : quotes) {
    EXPECT_LE(q.price, market.spec.price_max);
    EXPECT_GE(q.price.value * q.lots.value, market.spec.notional_min.value);
  }
}

TEST(Ladder, grid_is_one_two_or_five_and_never_below_a_tick) {
  LadderShape shape;
  EXPECT_EQ(grid_step_ticks(shape, Price(680'000)), 200);
  EXPECT_EQ(grid_step_ticks(shape, Price(250'000)), 50);
  EXPECT_EQ(grid_step_ticks(shape, Price(18'000)), 5);
  EXPECT_EQ(grid_step_ticks(shape, Price(100)), 1);
}

TEST(PlanLadder, nothing_to_do_when_the_book_is_as_wanted) {
  const auto wanted = wanted_ladder({}, test_market().spec, kIndex, Lots(0));
  EXPECT_TRUE(plan_ladder(as_orders(wanted), wanted, 0).empty());
}

TEST(PlanLadder, empty_book_is_filled_from_the_inside_out_on_both_sides) {
  const auto wanted = wanted_ladder({}, test_market().spec, kIndex, Lots(0));
  const auto steps = plan_ladder({}, wanted, 0);
  ASSERT_EQ(steps.size(), 20u);
  EXPECT_EQ(steps[0].kind, LadderStep::Kind::place);
  EXPECT_EQ(steps[0].quote.price, side_of(wanted, Side::buy)[0].price);
  EXPECT_EQ(steps[1].quote.price, side_of(wanted, Side::sell)[0].price);
}

TEST(PlanLadder, one_grid_step_moves_one_order_per_side) {
  const FeedMarket market = test_market();
  const auto before = wanted_ladder({}, market.spec, kIndex, Lots(0));
  const auto after = wanted_ladder({}, market.spec, kIndex + Price(200), Lots(0));
  const auto orders = as_orders(before);
  const auto steps = plan_ladder(orders, after, 0);
  std::size_t moves = 0;
  for (const LadderStep& step : steps) {
    EXPECT_EQ(step.kind, LadderStep::Kind::amend);
    const auto order = std::find_if(orders.begin(), orders.end(),
                                    [&](const OwnOrder& o) { return o.id == step.order_id; });
    moves += order->price != step.quote.price ? 1 : 0;
  }
  EXPECT_EQ(moves, 2u);
  // The sell that is now too close comes first.
  EXPECT_EQ(steps[0].quote.side, Side::sell);
  EXPECT_EQ(steps[0].quote.price, side_of(after, Side::sell).back().price);
}

TEST(PlanLadder, eaten_order_is_refilled_counting_what_was_filled) {
  const auto wanted = wanted_ladder({}, test_market().spec, kIndex, Lots(0));
  auto orders = as_orders(wanted);
  const Lots target = wanted[0].lots;
  orders[0].filled = Lots(target.value - 10);
  orders[0].remaining = Lots(10);
  const auto steps = plan_ladder(orders, wanted, 0);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].kind, LadderStep::Kind::amend);
  EXPECT_EQ(steps[0].quote.price, orders[0].price);
  EXPECT_EQ(steps[0].total, orders[0].filled + target);
}

TEST(PlanLadder, surplus_orders_are_cancelled) {
  const auto wanted = wanted_ladder({}, test_market().spec, kIndex, Lots(0));
  auto orders = as_orders(wanted);
  orders.push_back({99, Side::buy, Price(600'000), Lots(0), Lots(5), 0});
  const auto steps = plan_ladder(orders, wanted, 0);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].kind, LadderStep::Kind::cancel);
  EXPECT_EQ(steps[0].order_id, 99u);
}

TEST(PlanLadder, order_that_slid_is_left_alone_until_its_hold_ends) {
  const auto wanted = wanted_ladder({}, test_market().spec, kIndex, Lots(0));
  auto orders = as_orders(wanted);
  orders[0].price -= Price(7);
  orders[0].hold_until_ms = 1'000;
  EXPECT_TRUE(plan_ladder(orders, wanted, 999).empty());
  EXPECT_EQ(plan_ladder(orders, wanted, 1'000).size(), 1u);
}

}  // namespace
}  // namespace perpetua::feeds
