#include "genesis.hpp"

#include <gtest/gtest.h>

#include "feeds/replay_bars.hpp"

namespace perpetua::app {
namespace {

TEST(Genesis, twelve_markets_whose_lots_are_worth_at_most_ten_cents) {
  const std::vector<MarketSpec> markets = default_markets();
  ASSERT_EQ(markets.size(), 12u);
  for (const MarketSpec& spec : markets) {
    const std::string symbol(symbol_view(spec));
    EXPECT_TRUE(is_valid(spec)) << symbol;
    EXPECT_EQ(spec.tiers[0].max_leverage, 20u) << symbol;
    const feeds::BarSeries series = feeds::bundled_bars(symbol);
    ASSERT_FALSE(series.empty()) << symbol;
    for (const feeds::Bar& bar : series.bars) {
      const int64_t ticks = bar.close_e9 / spec.tick_size_e9;
      EXPECT_GE(ticks, 5'000) << symbol << ": a tick is more than two basis points";
      EXPECT_LE(ticks * spec.value_per_tick_lot_micro, 100'000) << symbol;
      EXPECT_LT(ticks, spec.price_max.value / 10) << symbol;
    }
  }
}

TEST(Genesis, the_first_batch_configures_opens_and_endows_every_market) {
  const RiskLimits risk_limits{Micro(1), Micro(2), Micro(3), 4, {}};
  const auto commands = genesis_commands({7, Micro(1'000'000), risk_limits});
  ASSERT_EQ(commands.size(), 25u);
  const Configure& configure = commands[0].command.configure;
  EXPECT_EQ(configure.hash_seed, 7u);
  EXPECT_EQ(configure.risk_limits, risk_limits);
  EXPECT_EQ(commands[12].command.header.type, CommandType::create_market);
  EXPECT_EQ(commands[24].command.header.market, 11);
  EXPECT_EQ(genesis_commands({7, Micro(0), risk_limits}).size(), 13u);
}

}  // namespace
}  // namespace perpetua::app
