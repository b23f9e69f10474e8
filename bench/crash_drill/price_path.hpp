// Index path at the resolution of seconds from recorded 1-minute bars.
//
// Inside a minute the price runs from the open through both extremes to the close, each third of
// it in a straight line: a minute that falls goes up first (open, high, low, close), one that rises
// goes down first (open, low, high, close). Prices in ticks of 1 USDC, rounded down.
// Thread-safety: immutable once read. Errors: std::runtime_error with file and line.
#pragma once

#include <string>
#include <vector>

#include "base/units.hpp"

namespace perpetua::drill {

struct Bar {
  std::string minute;  // "2021-04-18 03:34", UTC
  int64_t begin_ms = 0;
  int64_t open_cents = 0, high_cents = 0, low_cents = 0, close_cents = 0;
};

class PricePath {
 public:
  static constexpr int64_t kMinuteMs = 60'000;

  // File: a header, then minute,open,high,low,close.
  explicit PricePath(const std::string& file);

  const std::vector<Bar>& bars() const { return bars_; }
  // REQUIRES: 0 <= ms < kMinuteMs.
  static Price at(const Bar& bar, int64_t ms);
  // Index of the bar of that minute; throws if there is none.
  std::size_t find(const std::string& minute) const;
  // First bar of the hour, of `count` bars, with the deepest fall from its open to its last close.
  std::size_t worst_fall(std::size_t count) const;

 private:
  std::vector<Bar> bars_;
};

}  // namespace perpetua::drill
