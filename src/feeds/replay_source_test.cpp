#include "feeds/replay_source.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "feeds/liquidity/fake_exchange.hpp"

namespace perpetua::feeds {
namespace {

constexpr int64_t kNowMs = 1'760'000'000'000;

TEST(ReplayBars, bundled_series_are_whole_and_plausible) {
  const BarSeries btc = bundled_bars("BTC-PERP");
  const BarSeries eth = bundled_bars("ETH-PERP");
  const BarSeries sol = bundled_bars("SOL-PERP");
  EXPECT_EQ(btc.bars.size(), 2'400u);
  EXPECT_EQ(btc.bar_ms, 60'000);
  EXPECT_EQ(eth.bars.size(), 2'400u);
  EXPECT_EQ(eth.bar_ms, 60'000);
  EXPECT_EQ(sol.bars.size(), 1'600u);
  EXPECT_EQ(sol.bar_ms, 3'600'000);
  EXPECT_EQ(btc.bars[0].open_e9, 67'909'850'000'000);
  EXPECT_TRUE(bundled_bars("XRP-PERP").empty());
}

TEST(ReplayBars, the_invented_series_cover_forty_hours_and_move_like_a_market) {
  for (const char* symbol : {"DOGE-PERP", "PEPE-PERP", "WIF-PERP", "ARB-PERP", "OP-PERP",
                             "SUI-PERP", "AVAX-PERP", "LINK-PERP", "AAVE-PERP"}) {
    const BarSeries series = bundled_bars(symbol);
    ASSERT_EQ(series.bars.size(), 480u) << symbol;
    EXPECT_EQ(series.bar_ms, 300'000) << symbol;
    int64_t lowest = INT64_MAX, highest = 0;
    for (const Bar& bar : series.bars) {
      lowest = std::min(lowest, bar.low_e9);
      highest = std::max(highest, bar.high_e9);
      EXPECT_LT(bar.high_e9 - bar.low_e9, bar.open_e9 / 20) << symbol;
    }
    EXPECT_GT(highest - lowest, lowest / 50) << symbol;
    EXPECT_LT(highest - lowest, lowest / 2) << symbol;
  }
}

TEST(ReplayBars, malformed_text_gives_no_series) {
  const std::string good = "time,open,high,low,close\n60,10,12,9,11.5\n120,11.5,12,11,11\n";
  EXPECT_EQ(parse_bars(good).bars.size(), 2u);
  EXPECT_EQ(parse_bars(good).bars[0].close_e9, 11'500'000'000);
  EXPECT_TRUE(parse_bars("time,open,high,low,close\n60,10,9,9,11\n120,11,12,11,11\n").empty());
  EXPECT_TRUE(parse_bars("time,open,high,low,close\n60,10,12,0,11\n120,11,12,11,11\n").empty());
  EXPECT_TRUE(parse_bars("h\n60,10,12,9,x\n120,11,12,11,11\n").empty());
  EXPECT_TRUE(parse_bars("h\n60,10,12,9,11\n60,11,12,11,11\n").empty());
  EXPECT_TRUE(parse_bars("").empty());
}

TEST(ReplayBars, path_visits_all_four_prices_of_a_bar) {
  BarSeries series;
  series.bar_ms = 4'000;
  series.bars = {{100, 140, 80, 120}, {120, 130, 60, 90}};
  EXPECT_EQ(path_price_e9(series, 0), 100);
  EXPECT_EQ(path_price_e9(series, 1'000), 80);
  EXPECT_EQ(path_price_e9(series, 2'000), 110);
  EXPECT_EQ(path_price_e9(series, 3'000), 140);
  EXPECT_EQ(path_price_e9(series, 4'000), 120);
  EXPECT_EQ(path_price_e9(series, 5'000), 130);
  EXPECT_EQ(path_price_e9(series, 7'000), 60);
  EXPECT_EQ(path_price_e9(series, 8'000), 90);
}

TEST(ReplayBars, ping_pong_turns_without_a_jump) {
  EXPECT_EQ(ping_pong(0, 10), 0);
  EXPECT_EQ(ping_pong(10, 10), 10);
  EXPECT_EQ(ping_pong(11, 10), 9);
  EXPECT_EQ(ping_pong(20, 10), 0);
  EXPECT_EQ(ping_pong(21, 10), 1);
}

TEST(ReplaySource, quotes_every_market_with_bars_once_per_interval) {
  ReplaySource source({test_market("BTC-PERP", 0), test_market("X-PERP", 1)}, {});
  std::vector<PriceQuote> due;
  source.poll(kNowMs, due);
  source.poll(kNowMs + 500, due);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].market, 0);
  EXPECT_EQ(due[0].source_time_ms, kNowMs);
  source.poll(kNowMs + 1'000, due);
  EXPECT_EQ(due.size(), 2u);
}

TEST(ReplaySource, restarted_source_goes_on_at_the_same_price) {
  ReplaySource first({test_market()}, {});
  ReplaySource second({test_market()}, {});
  std::vector<PriceQuote> due;
  for (int i = 0; i < 50; ++i) first.poll(kNowMs + i * 1'000, due);
  EXPECT_EQ(second.price_at(0, kNowMs + 49'000), due.back().price);
}

// A whole cycle of the fastest recording: forward, turn, backward, turn.
TEST(ReplaySource, steps_stay_far_below_the_engine_clamp_and_do_move) {
  for (const char* symbol : {"BTC-PERP", "ETH-PERP", "SOL-PERP"}) {
    FeedMarket market = test_market(symbol);
    market.spec.tick_size_e9 = 10'000'000;
    ReplaySource source({market}, {});
    const int64_t cycle_ms = 2 * bundled_bars(symbol).length_ms() / ReplayOptions{}.speed;
    int64_t before = source.price_at(0, kNowMs).value;
    int64_t largest_ppm = 0;
    int64_t moved_ppm = 0;
    const int64_t seconds = std::min<int64_t>(cycle_ms / 1'000, 40'000);
    for (int64_t i = 1; i <= seconds; ++i) {
      const int64_t price = source.price_at(0, kNowMs + i * 1'000).value;
      const int64_t step_ppm = std::abs(price - before) * kPpm / before;
      largest_ppm = std::max(largest_ppm, step_ppm);
      moved_ppm += step_ppm;
      before = price;
    }
    EXPECT_LT(largest_ppm, limits::kIndexStepPpm / 2) << symbol;
    EXPECT_GT(moved_ppm / seconds, 20) << symbol;
  }
}

TEST(ReplaySource, speed_changes_how_fast_the_recording_plays) {
  FeedMarket market = test_market();
  ReplaySource slow({market}, {1, 1'000});
  ReplaySource fast({market}, {100, 1'000});
  int64_t slow_moves = 0;
  int64_t fast_moves = 0;
  for (int64_t i = 0; i < 2'000; ++i) {
    const int64_t a = kNowMs + i * 1'000;
    slow_moves += std::abs(slow.price_at(0, a + 1'000).value - slow.price_at(0, a).value);
    fast_moves += std::abs(fast.price_at(0, a + 1'000).value - fast.price_at(0, a).value);
  }
  EXPECT_GT(fast_moves, 3 * slow_moves);
}

TEST(ReplaySource, prices_stay_inside_the_absolute_band) {
  FeedMarket market = test_market();
  market.spec.price_max = Price(600'000);
  ReplaySource source({market}, {});
  EXPECT_EQ(source.price_at(0, kNowMs), Price(600'000));
}

}  // namespace
}  // namespace perpetua::feeds
