#include "stores/position_math.hpp"

#include <gtest/gtest.h>

#include <random>

#include "engine/test_support.hpp"

namespace perpetua::stores {
namespace {

constexpr int64_t kUsdc = 1'000'000;
constexpr int64_t kBtc = 1'000'000;  // lots

// Long 1 at 60,000 and so on: sizes in BTC, entry at 60,000, margin in USDC.
PositionState opened(int64_t btc, int64_t margin_usdc) {
  const int64_t lots = btc * kBtc;
  return {Lots(lots), Micro((lots < 0 ? -lots : lots) * 60'000), Micro(margin_usdc * kUsdc)};
}

bool covers_maintenance(const MarketSpec& spec, const PositionState& position, Price mark) {
  const Micro equity = position.margin + unrealised_pnl(spec, position, mark);
  return equity >= maintenance_margin(spec, position_notional(spec, position.base, mark));
}

TEST(PositionMath, liquidation_price_matches_the_worked_examples) {
  const MarketSpec spec = test::make_spec();
  EXPECT_EQ(liquidation_price(spec, opened(1, 12'000)), Price(49'231));    // 49,230.77
  EXPECT_EQ(liquidation_price(spec, opened(-1, 12'000)), Price(70'243));   // 70,243.90
  EXPECT_EQ(liquidation_price(spec, opened(1, 3'000)), Price(58'462));     // 58,461.54
  EXPECT_EQ(liquidation_price(spec, opened(10, 120'000)), Price(50'278));  // 50,277.78, tier 3
  EXPECT_EQ(liquidation_price(spec, opened(10, 123'000)), Price(49'948));  // 49,947.37, tier 2
}

TEST(PositionMath, maintenance_margin_is_continuous_over_the_tiers) {
  const MarketSpec spec = test::make_spec();
  const auto at = [&](int64_t usdc) { return maintenance_margin(spec, Micro(usdc * kUsdc)); };
  EXPECT_EQ(at(60'000), Micro(1'500 * kUsdc));
  EXPECT_EQ(at(100'000), Micro(2'500 * kUsdc));
  EXPECT_EQ(at(250'000), Micro(10'000 * kUsdc));
  EXPECT_EQ(at(500'000), Micro(22'500 * kUsdc));
  EXPECT_EQ(at(600'000), Micro(32'500 * kUsdc));
}

TEST(PositionMath, a_long_whose_margin_covers_everything_has_no_liquidation_price) {
  const MarketSpec spec = test::make_spec();
  EXPECT_EQ(liquidation_price(spec, opened(1, 60'000)), std::nullopt);
  EXPECT_EQ(bankruptcy_price(spec, opened(1, 60'000)), std::nullopt);
  EXPECT_EQ(liquidation_price(spec, {}), std::nullopt);
}

TEST(PositionMath, bankruptcy_price_is_where_equity_is_zero) {
  const MarketSpec spec = test::make_spec();
  EXPECT_EQ(bankruptcy_price(spec, opened(1, 12'000)), Price(48'000));
  EXPECT_EQ(bankruptcy_price(spec, opened(-1, 12'000)), Price(72'000));
  // 7 lots at 60,001 with 46,668 micro: 53,334.14, rounded toward the mark.
  EXPECT_EQ(bankruptcy_price(spec, {Lots(7), Micro(420'007), Micro(46'668)}), Price(53'335));
  EXPECT_EQ(unrealised_pnl(spec, opened(-1, 12'000), Price(59'000)), Micro(1'000 * kUsdc));
  EXPECT_EQ(unrealised_pnl(spec, opened(1, 12'000), Price(59'000)), Micro(-1'000 * kUsdc));
}

TEST(PositionMath, liquidation_price_agrees_with_the_equity_test_and_one_tick_beyond) {
  const MarketSpec spec = test::make_spec();
  std::mt19937_64 random(7);
  int compared = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto lots = static_cast<int64_t>(1 + random() % (20 * kBtc));
    const bool is_long = random() % 2 == 0;
    const auto entry_price = static_cast<int64_t>(20'000 + random() % 80'000);
    const auto leverage = static_cast<int64_t>(1 + random() % 20);
    const int64_t entry = lots * entry_price;
    const PositionState position{Lots(is_long ? lots : -lots), Micro(entry),
                                 Micro(entry / leverage + static_cast<int64_t>(random() % 1'000))};
    const std::optional<Price> price = liquidation_price(spec, position);
    if (!price) continue;
    ++compared;
    const Price beyond = *price + Price(is_long ? -1 : 1);
    ASSERT_TRUE(covers_maintenance(spec, position, *price)) << i;
    ASSERT_FALSE(covers_maintenance(spec, position, beyond)) << i;
    const std::optional<Price> bankrupt = bankruptcy_price(spec, position);
    if (!bankrupt) continue;
    ASSERT_TRUE(is_long ? *bankrupt <= *price : *bankrupt >= *price) << i;
  }
  EXPECT_GT(compared, 15'000);
}

}  // namespace
}  // namespace perpetua::stores
