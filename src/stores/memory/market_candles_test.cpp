#include "stores/memory/market_candles.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "stores/memory/hot_store.hpp"

namespace perpetua::stores {
namespace {

constexpr int64_t kMinuteMs = 60'000;

struct Traded {
  int64_t time_ms;
  int64_t price;
  int64_t lots;
};

TEST(CandleSeries, trades_of_one_interval_share_a_candle_and_gaps_have_none) {
  CandleSeries series(CandleInterval::m1);
  series.add_trade(60'000, Price(10), Lots(1), Micro(10));
  series.add_trade(119'999, Price(14), Lots(2), Micro(28));
  series.add_trade(90'000 + 120'000, Price(9), Lots(3), Micro(27));
  const auto candles = series.range(0, INT64_MAX, 10);
  ASSERT_EQ(candles.size(), 2u);
  EXPECT_EQ(candles[0], (CandleView{60'000, Price(10), Price(14), Price(10), Price(14), Lots(3),
                                    Micro(38), 2}));
  EXPECT_EQ(candles[1].open_time_ms, 180'000);
  EXPECT_EQ(series.range(0, 180'000, 10).size(), 1u);
  EXPECT_EQ(series.range(0, INT64_MAX, 1).front().open_time_ms, 180'000);
}

TEST(CandleSeries, keeps_the_newest_candles_up_to_its_limit) {
  CandleSeries series(CandleInterval::m1);
  const auto count = static_cast<int64_t>(hot_limits::kCandlesPerSeriesMax) + 5;
  for (int64_t i = 0; i < count; ++i) {
    series.add_trade(i * kMinuteMs, Price(1), Lots(1), Micro(1));
  }
  const auto candles = series.range(0, INT64_MAX, 1'000'000);
  EXPECT_EQ(candles.size(), hot_limits::kCandlesPerSeriesMax);
  EXPECT_EQ(candles.front().open_time_ms, 5 * kMinuteMs);
}

TEST(DayWindow, equals_a_full_scan_of_the_last_1440_minutes) {
  std::mt19937_64 random(11);
  MarketCandles candles;
  std::vector<Traded> trades;
  int64_t now_ms = 1'700'000'000'000;
  for (int i = 0; i < 4'000; ++i) {
    now_ms += static_cast<int64_t>(random() % 150'000);
    const Traded traded{now_ms, static_cast<int64_t>(100 + random() % 1'000),
                        static_cast<int64_t>(1 + random() % 50)};
    trades.push_back(traded);
    candles.add_trade(now_ms, Price(traded.price), Lots(traded.lots),
                      Micro(traded.price * traded.lots));
    if (i % 7 == 0) {
      now_ms += static_cast<int64_t>(random() % 600'000);
      candles.advance(now_ms);
    }
    const int64_t first_ms = now_ms - now_ms % kMinuteMs - 1'439 * kMinuteMs;
    int64_t volume = 0, value = 0, high = 0, low = 0, open = 0;
    for (const Traded& old : trades) {
      if (old.time_ms < first_ms) continue;
      if (open == 0) open = low = old.price;
      volume += old.lots;
      value += old.price * old.lots;
      high = std::max(high, old.price);
      low = std::min(low, old.price);
    }
    const DayWindow& day = candles.day();
    ASSERT_EQ(day.volume(), Lots(volume)) << i;
    ASSERT_EQ(day.volume_notional(), Micro(value)) << i;
    ASSERT_EQ(day.high(), Price(high)) << i;
    ASSERT_EQ(day.low(), Price(low)) << i;
    ASSERT_EQ(day.open(), Price(open)) << i;
  }
  EXPECT_LT(candles.day().trades(), trades.size());
}

TEST(DayWindow, warmed_from_candles_equals_fed_by_trades) {
  MarketCandles fed;
  for (int64_t i = 0; i < 3'000; ++i) {
    fed.add_trade(i * 40'000, Price(100 + i * 7 % 90), Lots(1 + i % 5), Micro(i));
  }
  MarketCandles warmed;
  for (const CandleInterval interval : kAllCandleIntervals) {
    warmed.warm(interval, fed.series(interval).range(0, INT64_MAX, 1'000'000));
  }
  warmed.advance(2'999 * 40'000);
  for (MarketCandles* both : {&fed, &warmed}) {
    both->add_trade(2'999 * 40'000 + 5, Price(400), Lots(2), Micro(800));
  }
  EXPECT_EQ(warmed.day().volume(), fed.day().volume());
  EXPECT_EQ(warmed.day().high(), fed.day().high());
  EXPECT_EQ(warmed.day().low(), fed.day().low());
  EXPECT_EQ(warmed.day().open(), fed.day().open());
  EXPECT_EQ(warmed.day().trades(), fed.day().trades());
  EXPECT_EQ(*warmed.series(CandleInterval::h1).last(), *fed.series(CandleInterval::h1).last());
}

}  // namespace
}  // namespace perpetua::stores
