// Candles of one market in all intervals, and its statistics over the last 24 hours.
//
// Incremental: a trade touches the newest candle of each interval and the ends of the window's
// queues; nothing is scanned. A function of trades and log times alone. Bounded: each series keeps
// its newest kCandlesPerSeriesMax candles, the window 1,440 minutes. Not thread-safe: the market's
// lock.
#pragma once

#include <array>
#include <deque>

#include "stores/views.hpp"

namespace perpetua::stores {

class CandleSeries {
 public:
  explicit CandleSeries(CandleInterval interval) : interval_(interval) {}

  void add_trade(int64_t time_ms, Price price, Lots lots, Micro traded);
  void add_candle(const CandleView& candle);  // REQUIRES: newer than all
  std::vector<CandleView> range(int64_t from_ms, int64_t to_ms, std::size_t limit) const;
  const CandleView* last() const { return candles_.empty() ? nullptr : &candles_.back(); }

 private:
  CandleInterval interval_;
  std::deque<CandleView> candles_;
};

// The 1,440 whole minutes up to and including that of the last time given.
class DayWindow {
 public:
  void add(const CandleView& traded);  // a trade or a whole minute, at its minute's open time
  void advance(int64_t time_ms);

  Price open() const { return minutes_.empty() ? Price(0) : minutes_.front().open; }
  Price high() const { return highs_.empty() ? Price(0) : highs_.front().price; }
  Price low() const { return lows_.empty() ? Price(0) : lows_.front().price; }
  Lots volume() const { return volume_; }
  Micro volume_notional() const { return volume_notional_; }
  uint64_t trades() const { return trades_; }

 private:
  struct Extreme {
    int64_t minute_ms = 0;
    Price price;
  };

  std::deque<CandleView> minutes_;
  std::deque<Extreme> highs_;  // prices falling: the front is the highest of the window
  std::deque<Extreme> lows_;   // prices rising
  Lots volume_;
  Micro volume_notional_;
  uint64_t trades_ = 0;
};

class MarketCandles {
 public:
  void add_trade(int64_t time_ms, Price price, Lots lots, Micro traded);
  void warm(CandleInterval interval, const std::vector<CandleView>& candles);
  void advance(int64_t time_ms) { day_.advance(time_ms); }

  const CandleSeries& series(CandleInterval interval) const {
    return series_[static_cast<std::size_t>(interval)];
  }
  const DayWindow& day() const { return day_; }

 private:
  std::array<CandleSeries, kCandleIntervals> series_{
      CandleSeries(CandleInterval::m1),  CandleSeries(CandleInterval::m5),
      CandleSeries(CandleInterval::m15), CandleSeries(CandleInterval::h1),
      CandleSeries(CandleInterval::h4),  CandleSeries(CandleInterval::d1)};
  DayWindow day_;
};

}  // namespace perpetua::stores
