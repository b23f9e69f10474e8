// Worked examples of the liquidation ladder and of auto-deleveraging, to the micro-USDC.
#include "engine/market/liquidation.hpp"

#include <gtest/gtest.h>

#include <random>

#include "engine/test_support.hpp"

namespace perpetua {
namespace {

constexpr int64_t kUsdc = 1'000'000;
constexpr int64_t kBtc = 1'000'000;  // lots

const MarketRules kRules(test::make_spec());

Position make(int64_t btc, int64_t entry_price, int64_t margin_usdc) {
  const int64_t lots = btc * kBtc;
  return {Lots(lots), Micro((lots < 0 ? -lots : lots) * entry_price), Micro(margin_usdc * kUsdc)};
}

TEST(LiquidationTest, stages_of_the_worked_example) {
  const Position position = make(10, 60'000, 120'000);
  struct Row {
    int64_t mark, equity_usdc;
    bool is_due, is_beyond;
  };
  for (const Row& row : {Row{50'400, 24'000, false, false}, Row{50'277, 22'770, true, false},
                         Row{50'000, 20'000, true, false}, Row{49'483, 14'830, true, false},
                         Row{49'482, 14'820, true, true}}) {
    const Micro value = notional_at(position, Price(row.mark), kRules);
    const Micro equity = equity_at(position, value);
    const Micro maintenance = maintenance_margin(value, kRules);
    EXPECT_EQ(equity, Micro(row.equity_usdc * kUsdc)) << row.mark;
    EXPECT_EQ(equity < maintenance, row.is_due) << row.mark;
    EXPECT_EQ(is_beyond_the_book(equity, maintenance), row.is_beyond) << row.mark;
  }
}

TEST(LiquidationTest, a_slice_restores_a_fifth_more_than_maintenance) {
  const Position position = make(10, 60'000, 120'000);
  const Price mark(50'000);
  const Micro value = notional_at(position, mark, kRules);
  const Micro equity = equity_at(position, value);
  // 7,000 / 2,750 BTC: tier 2 decides, because the remainder lies in it.
  const Lots slice = liquidation_slice(position, mark, value, equity, kRules);
  EXPECT_EQ(slice, Lots(2'545'455));
  const Micro sold = notional(mark, slice, kRules);
  const Micro fee(mul_div_ceil(sold.value, kLiquidationFeePpm, kPpm));
  const Micro left = equity - fee;
  const Micro maintenance = maintenance_margin(value - sold, kRules);
  EXPECT_GE(left.value * 10, maintenance.value * 12);
  EXPECT_LT((left - Micro(100'000)).value * 10, maintenance.value * 12);
}

TEST(LiquidationTest, small_positions_go_whole_and_large_ones_by_a_fifth_at_least) {
  const Position small = make(1, 60'000, 3'000);
  const Micro value = notional_at(small, Price(58'000), kRules);
  EXPECT_EQ(liquidation_slice(small, Price(58'000), value, equity_at(small, value), kRules),
            small.size());
  const Position large = make(10, 60'000, 120'000);
  const Micro at_edge = notional_at(large, Price(50'277), kRules);
  EXPECT_GE(liquidation_slice(large, Price(50'277), at_edge, equity_at(large, at_edge), kRules),
            Lots(2'000'000));
}

TEST(LiquidationTest, closing_parts_of_the_worked_examples) {
  // 5 lots at 60,001 and 2 at 60,004: E 420,013, W 46,669. Three sold at 60,100.
  const Position position{Lots(7), Micro(420'013), Micro(46'669)};
  const Closing sold = close_part(position, Lots(3), Micro(180'300));
  EXPECT_EQ(sold.realised, Micro(294));
  EXPECT_EQ(sold.released, Micro(20'001));
  EXPECT_EQ(sold.after.entry_notional, Micro(240'007));
  EXPECT_EQ(sold.after.margin, Micro(26'668));
  EXPECT_EQ(sold.after.base, Lots(4));
}

TEST(LiquidationTest, a_whole_position_ends_at_exactly_zero_at_its_bankruptcy_value) {
  for (const Position& position : {make(10, 60'000, 120'000), make(-1, 60'000, 12'000)}) {
    const Closing closing = close_part(position, position.size(), bankruptcy_value(position));
    EXPECT_EQ(closing.realised + closing.released, Micro(0));
    EXPECT_EQ(closing.after.base, Lots(0));
    EXPECT_EQ(closing.after.margin, Micro(0));
  }
}

TEST(LiquidationTest, ranks_of_the_worked_example) {
  const Price mark(46'000);
  const auto score = [&](const Position& position) {
    return deleveraging_score(position, notional_at(position, mark, kRules));
  };
  const Int128 y = score(make(-4, 50'000, 10'000));
  const Int128 x = score(make(-3, 60'000, 18'000));
  const Int128 z = score(make(-3, 47'000, 70'500));
  EXPECT_EQ(static_cast<int64_t>(y), int64_t{80'000} * 7'076'923);
  EXPECT_EQ(static_cast<int64_t>(x), int64_t{233'333} * 2'300'000);
  EXPECT_EQ(static_cast<int64_t>(z), int64_t{21'276} * 1'877'551);
  const Int128 loser = score(make(-1, 45'000, 9'000));
  const Int128 broke = score(make(-1, 40'000, 6'000));
  EXPECT_TRUE(y > x && x > z && z > loser && loser > broke);
}

TEST(LiquidationTest, closing_in_parts_gives_what_closing_at_once_gives_but_for_rounding) {
  std::mt19937_64 random(3);
  for (int run = 0; run < 2'000; ++run) {
    const auto size = static_cast<int64_t>(2 + random() % 1'000'000);
    const int64_t sign = random() % 2 == 0 ? 1 : -1;
    const Position position{Lots(sign * size),
                            Micro(size * static_cast<int64_t>(100 + random() % 100'000)),
                            Micro(static_cast<int64_t>(random() % 1'000'000'000))};
    const auto price = static_cast<int64_t>(100 + random() % 100'000);
    const auto first = static_cast<int64_t>(1 + random() % static_cast<uint64_t>(size - 1));
    const Closing one = close_part(position, Lots(first), Micro(first * price));
    const Closing two = close_part(one.after, one.after.size(), Micro((size - first) * price));
    const Closing all = close_part(position, Lots(size), Micro(size * price));
    const Micro parts = one.realised + one.released + two.realised + two.released;
    EXPECT_EQ(parts, all.realised + all.released);
    EXPECT_EQ(two.after.entry_notional, Micro(0));
    EXPECT_EQ(two.after.margin, Micro(0));
  }
}

}  // namespace
}  // namespace perpetua
