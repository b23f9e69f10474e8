// AdlRanks: where a position stands in the queue for auto-deleveraging, in fifths.
//
// The scores of all positions of one market, sorted by side, made anew when somebody asks and they
// are older than kAdlRanksMs. Making them copies the positions under the market's lock and reckons
// outside it, so the writer waits for a copy alone. Thread-safe: its own mutex, taken before the
// market's; the writer never takes it.
#pragma once

#include <algorithm>
#include <functional>
#include <mutex>
#include <vector>

#include "engine/market/liquidation.hpp"

namespace perpetua::stores {

inline constexpr int64_t kAdlRanksMs = 1'000;

class AdlRanks {
 public:
  // 5: among the first fifth to be deleveraged; 1: the last. `copy` returns the positions of the
  // market and the mark they are to be valued at. REQUIRES: base != 0.
  template <class Copy>
  uint8_t quintile(const Position& position, Price mark, const MarketRules& rules, int64_t time_ms,
                   const Copy& copy) {
    const std::lock_guard guard(mutex_);
    if (made_at_ms_ == 0 || time_ms - made_at_ms_ >= kAdlRanksMs || time_ms < made_at_ms_) {
      make(copy(), mark, rules);
      made_at_ms_ = time_ms;
    }
    const std::vector<Int128>& scores = scores_[position.is_long() ? 0 : 1];
    if (scores.empty()) return 5;
    const Int128 own = deleveraging_score(position, notional_at(position, mark, rules));
    const auto place = static_cast<std::size_t>(
        std::lower_bound(scores.begin(), scores.end(), own, std::greater<>()) - scores.begin());
    return static_cast<uint8_t>(5 - std::min(place, scores.size() - 1) * 5 / scores.size());
  }

 private:
  void make(const std::vector<Position>& positions, Price mark, const MarketRules& rules) {
    for (auto& scores : scores_) scores.clear();
    for (const Position& position : positions) {
      scores_[position.is_long() ? 0 : 1].push_back(
          deleveraging_score(position, notional_at(position, mark, rules)));
    }
    for (auto& scores : scores_) std::sort(scores.begin(), scores.end(), std::greater<>());
  }

  std::mutex mutex_;
  int64_t made_at_ms_ = 0;
  std::vector<Int128> scores_[2];  // longs, shorts; highest first
};

}  // namespace perpetua::stores
