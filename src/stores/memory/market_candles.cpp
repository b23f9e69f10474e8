#include "stores/memory/market_candles.hpp"

#include <algorithm>

#include "stores/memory/hot_store.hpp"
#include "stores/trade_fold.hpp"

namespace perpetua::stores {

namespace {

constexpr int64_t kWindowMs = interval_ms(CandleInterval::d1);
constexpr int64_t kMinuteMs = interval_ms(CandleInterval::m1);
static_assert(hot_limits::kCandlesPerSeriesMax >= kWindowMs / kMinuteMs);

void merge(CandleView& candle, const CandleView& later) {
  candle.high = std::max(candle.high, later.high);
  candle.low = std::min(candle.low, later.low);
  candle.close = later.close;
  candle.volume += later.volume;
  candle.volume_notional += later.volume_notional;
  candle.trades += later.trades;
}

}  // namespace

void CandleSeries::add_trade(int64_t time_ms, Price price, Lots lots, Micro traded) {
  const int64_t open_time_ms = candle_open_time_ms(time_ms, interval_);
  if (!candles_.empty() && candles_.back().open_time_ms == open_time_ms) {
    fold_trade(candles_.back(), price, lots, traded);
  } else {
    add_candle(first_candle(open_time_ms, price, lots, traded));
  }
}

void CandleSeries::add_candle(const CandleView& candle) {
  PERPETUA_ASSERT(candles_.empty() || candle.open_time_ms > candles_.back().open_time_ms);
  candles_.push_back(candle);
  if (candles_.size() > hot_limits::kCandlesPerSeriesMax) candles_.pop_front();
}

std::vector<CandleView> CandleSeries::range(int64_t from_ms, int64_t to_ms,
                                            std::size_t limit) const {
  const auto before = [](const CandleView& candle, int64_t time) {
    return candle.open_time_ms < time;
  };
  auto first = std::lower_bound(candles_.begin(), candles_.end(), from_ms, before);
  const auto last = std::lower_bound(first, candles_.end(), to_ms, before);
  if (static_cast<std::size_t>(last - first) > limit) {
    first = last - static_cast<std::ptrdiff_t>(limit);
  }
  return {first, last};
}

void DayWindow::add(const CandleView& traded) {
  const int64_t minute_ms = traded.open_time_ms;
  if (!minutes_.empty() && minutes_.back().open_time_ms == minute_ms) {
    merge(minutes_.back(), traded);
  } else {
    minutes_.push_back(traded);
  }
  volume_ += traded.volume;
  volume_notional_ += traded.volume_notional;
  trades_ += traded.trades;
  while (!highs_.empty() && highs_.back().price <= traded.high) highs_.pop_back();
  highs_.push_back({minute_ms, traded.high});
  while (!lows_.empty() && lows_.back().price >= traded.low) lows_.pop_back();
  lows_.push_back({minute_ms, traded.low});
}

void DayWindow::advance(int64_t time_ms) {
  const int64_t first_ms = candle_open_time_ms(time_ms, CandleInterval::m1) - kWindowMs + kMinuteMs;
  while (!minutes_.empty() && minutes_.front().open_time_ms < first_ms) {
    volume_ -= minutes_.front().volume;
    volume_notional_ -= minutes_.front().volume_notional;
    trades_ -= minutes_.front().trades;
    minutes_.pop_front();
  }
  while (!highs_.empty() && highs_.front().minute_ms < first_ms) highs_.pop_front();
  while (!lows_.empty() && lows_.front().minute_ms < first_ms) lows_.pop_front();
}

void MarketCandles::add_trade(int64_t time_ms, Price price, Lots lots, Micro traded) {
  for (CandleSeries& series : series_) series.add_trade(time_ms, price, lots, traded);
  day_.advance(time_ms);
  day_.add(first_candle(candle_open_time_ms(time_ms, CandleInterval::m1), price, lots, traded));
}

void MarketCandles::warm(CandleInterval interval, const std::vector<CandleView>& candles) {
  for (const CandleView& candle : candles) {
    series_[static_cast<std::size_t>(interval)].add_candle(candle);
    if (interval == CandleInterval::m1) day_.add(candle);
  }
}

}  // namespace perpetua::stores
