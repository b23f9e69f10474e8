// Replay bars: recorded open/high/low/close bars, bundled into the binary, and the price path they
// describe.
//
// Prices are 1e-9 USDC (int64); no floating point. A path runs open -> low -> high -> close through
// a bar that rises and open -> high -> low -> close through one that falls, in straight lines with
// corners at 1/4 and 3/4 of the bar; bar k covers [k, k + 1) x bar length. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace perpetua::feeds {

struct Bar {
  int64_t open_e9 = 0;
  int64_t high_e9 = 0;
  int64_t low_e9 = 0;
  int64_t close_e9 = 0;
  bool operator==(const Bar&) const = default;
};

struct BarSeries {
  int64_t bar_ms = 0;  // length of one bar; 0 = no data
  std::vector<Bar> bars;

  bool empty() const { return bars.empty(); }
  int64_t length_ms() const { return bar_ms * static_cast<int64_t>(bars.size()); }
};

// Text with a header line and `time,open,high,low,close` rows: seconds since 1970, equidistant, and
// decimal prices with low <= open, close <= high. Anything else gives an empty series.
BarSeries parse_bars(std::string_view csv);

// The bundled series of a market symbol ("BTC-PERP", ...; data/README.md lists them); empty for
// others.
BarSeries bundled_bars(std::string_view symbol);

// Price at `position_ms` of the series. REQUIRES: !series.empty(), 0 <= position <= length.
int64_t path_price_e9(const BarSeries& series, int64_t position_ms);

// Forward to the end, then backward to the start, and so on: no jump at either end.
// REQUIRES: length_ms > 0, elapsed_ms >= 0. Result in [0, length_ms].
constexpr int64_t ping_pong(int64_t elapsed_ms, int64_t length_ms) {
  const int64_t phase = elapsed_ms % (2 * length_ms);
  return phase <= length_ms ? phase : 2 * length_ms - phase;
}

}  // namespace perpetua::feeds
