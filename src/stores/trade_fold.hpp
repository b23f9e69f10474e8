// Folding trades into candles: shared by the hot store and the history, so both show the same.
//
// Pure. A candle's open time is the log time of its trades rounded down to the interval; trades
// arrive in order of log time.
#pragma once

#include <algorithm>

#include "stores/views.hpp"

namespace perpetua::stores {

constexpr int64_t candle_open_time_ms(int64_t time_ms, CandleInterval interval) {
  return time_ms - time_ms % interval_ms(interval);
}

inline CandleView first_candle(int64_t open_time_ms, Price price, Lots lots, Micro traded) {
  return {open_time_ms, price, price, price, price, lots, traded, 1};
}

inline void fold_trade(CandleView& candle, Price price, Lots lots, Micro traded) {
  candle.high = std::max(candle.high, price);
  candle.low = std::min(candle.low, price);
  candle.close = price;
  candle.volume += lots;
  candle.volume_notional += traded;
  candle.trades += 1;
}

}  // namespace perpetua::stores
