// Worked examples of maintenance, liquidation and bankruptcy, and their agreement with the exact
// test, found by stepping over the price.
#include "engine/schema/position.hpp"

#include <gtest/gtest.h>

#include <random>

#include "engine/test_support.hpp"

namespace perpetua {
namespace {

constexpr int64_t kUsdc = 1'000'000;
constexpr int64_t kBtc = 1'000'000;  // lots

const MarketRules kRules(test::make_spec());

// Long 1 at 60,000 and so on: sizes in BTC, entry at 60,000, margin in USDC.
Position opened(int64_t btc, int64_t margin_usdc) {
  const int64_t lots = btc * kBtc;
  return {Lots(lots), Micro((lots < 0 ? -lots : lots) * 60'000), Micro(margin_usdc * kUsdc)};
}

TEST(PositionTest, liquidation_price_matches_the_worked_examples) {
  EXPECT_EQ(liquidation_price(opened(1, 12'000), kRules), Price(49'231));    // 49,230.77
  EXPECT_EQ(liquidation_price(opened(-1, 12'000), kRules), Price(70'243));   // 70,243.90
  EXPECT_EQ(liquidation_price(opened(1, 3'000), kRules), Price(58'462));     // 58,461.54
  EXPECT_EQ(liquidation_price(opened(10, 120'000), kRules), Price(50'278));  // 50,277.78, tier 3
  EXPECT_EQ(liquidation_price(opened(10, 123'000), kRules), Price(49'948));  // 49,947.37, tier 2
  // What an account's other positions add or bind counts like margin: 10,000 − 1,000 − 500.
  EXPECT_EQ(liquidation_price(opened(1, 8'500), kRules), Price(52'821));  // 52,820.51
}

TEST(PositionTest, maintenance_margin_is_continuous_over_the_tiers) {
  const auto at = [&](int64_t usdc) { return maintenance_margin(Micro(usdc * kUsdc), kRules); };
  EXPECT_EQ(at(60'000), Micro(1'500 * kUsdc));
  EXPECT_EQ(at(100'000), Micro(2'500 * kUsdc));
  EXPECT_EQ(at(250'000), Micro(10'000 * kUsdc));
  EXPECT_EQ(at(500'000), Micro(22'500 * kUsdc));
  EXPECT_EQ(at(600'000), Micro(32'500 * kUsdc));
}

// Lines that are left out, because they cannot lead, never would have: all of them, at every
// notional around the bounds, for tiers of every kind.
TEST(PositionTest, maintenance_margin_is_the_largest_of_all_lines) {
  std::mt19937_64 random(3);
  for (int table = 0; table < 300; ++table) {
    MarketSpec spec = test::make_spec();
    spec.tier_count = 2 + random() % 3;
    int64_t lower = 0;
    uint32_t leverage = 100;
    for (uint32_t n = 0; n < spec.tier_count; ++n) {
      spec.tiers[n] = {lower, leverage, 0};
      lower += 1 + static_cast<int64_t>(random() % (table % 2 == 0 ? 300 : 1'000'000));
      leverage -= 1 + static_cast<uint32_t>(random() % 24);
    }
    const MarketRules rules(spec);
    for (uint32_t n = 0; n < spec.tier_count; ++n) {
      const int64_t bound = spec.tiers[n].lower_notional_micro;
      for (int64_t value = std::max<int64_t>(0, bound - 300); value < bound + 300; ++value) {
        int64_t largest = 0;
        for (uint32_t line = 0; line < spec.tier_count; ++line) {
          largest = std::max(largest, div_ceil(value, rules.maintenance_divisor[line]) -
                                          rules.deduction[line]);
        }
        ASSERT_EQ(maintenance_margin(Micro(value), rules), Micro(largest)) << value;
      }
    }
  }
}

TEST(PositionTest, a_long_whose_margin_covers_everything_has_no_liquidation_price) {
  EXPECT_EQ(liquidation_price(opened(1, 60'000), kRules), Price(0));
  EXPECT_EQ(bankruptcy_price(opened(1, 60'000), kRules), Price(0));
}

TEST(PositionTest, a_short_that_no_price_of_the_market_liquidates_shows_a_price_beyond_it) {
  const Position covered = opened(-1, 20'000'000);
  EXPECT_EQ(liquidation_price(covered, kRules), kRules.price_max + Price(1));
  EXPECT_FALSE(is_liquidatable(covered, kRules.price_max, kRules));
}

TEST(PositionTest, bankruptcy_price_is_where_equity_is_zero) {
  EXPECT_EQ(bankruptcy_price(opened(1, 12'000), kRules), Price(48'000));
  EXPECT_EQ(bankruptcy_price(opened(-1, 12'000), kRules), Price(72'000));
  // 7 lots at 60,001 with 46,668 micro: 53,334.14, rounded toward the mark.
  EXPECT_EQ(bankruptcy_price({Lots(7), Micro(420'007), Micro(46'668)}, kRules), Price(53'335));
  const Position shorted = opened(-1, 12'000);
  const auto equity = [&](int64_t price) {
    return equity_at(shorted, notional_at(shorted, Price(price), kRules));
  };
  EXPECT_EQ(equity(59'000), Micro(13'000 * kUsdc));
  EXPECT_EQ(equity(72'000), Micro(0));
}

TEST(PositionTest, liquidation_price_agrees_with_the_exact_test_and_one_tick_beyond) {
  std::mt19937_64 random(7);
  int compared = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto lots = static_cast<int64_t>(1 + random() % (20 * kBtc));
    const bool is_long = random() % 2 == 0;
    const auto entry_price = static_cast<int64_t>(20'000 + random() % 80'000);
    const auto leverage = static_cast<int64_t>(1 + random() % 20);
    const int64_t entry = lots * entry_price;
    const Position position{Lots(is_long ? lots : -lots), Micro(entry),
                            Micro(entry / leverage + static_cast<int64_t>(random() % 1'000))};
    const Price price = liquidation_price(position, kRules);
    if (price == Price(0) || price > kRules.price_max) continue;
    ++compared;
    ASSERT_FALSE(is_liquidatable(position, price, kRules)) << i;
    ASSERT_TRUE(is_liquidatable(position, price + Price(is_long ? -1 : 1), kRules)) << i;
    const Price bankrupt = bankruptcy_price(position, kRules);
    ASSERT_TRUE(is_long ? bankrupt <= price : bankrupt >= price) << i;
  }
  EXPECT_GT(compared, 15'000);
}

// From any price, halving toward the boundary of the exact test finds the displayed price.
TEST(PositionTest, bisection_finds_the_displayed_liquidation_price) {
  std::mt19937_64 random(8);
  for (int i = 0; i < 2'000; ++i) {
    const bool is_long = random() % 2 == 0;
    const auto lots = static_cast<int64_t>(1 + random() % (12 * kBtc));
    const Position position{Lots(is_long ? lots : -lots), Micro(lots * 60'000),
                            Micro(lots * 60'000 / static_cast<int64_t>(1 + random() % 20))};
    // is_due is monotone: true below the boundary of a long, above that of a short.
    int64_t low = 1, high = 400'000;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      const bool is_due = is_liquidatable(position, Price(middle), kRules);
      (is_due == is_long ? low : high) = is_due == is_long ? middle + 1 : middle;
    }
    // A long: the first price that is safe. A short: one below the first that is due.
    const Price displayed = liquidation_price(position, kRules);
    if (is_long) {
      ASSERT_EQ(std::max(displayed, Price(1)), Price(low)) << i;
    } else {
      ASSERT_EQ(displayed, Price(low - 1)) << i;
    }
  }
}

}  // namespace
}  // namespace perpetua
