// MatchLog: the newest trades of every market with both sides.
//
// Trade ids of a market are gap-free, so a match is found by its place. Thread-safe: one lock, held
// while rows are copied. Bounded: kMatchesPerMarketMax a market; older ones are in the history.
#pragma once

#include <array>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "stores/activity/activity_views.hpp"

namespace perpetua::stores {

namespace activity_limits {
constexpr std::size_t kMatchesPerMarketMax = 4'096;
}

class MatchLog {
 public:
  void add(const MatchView& match);
  void clear();

  std::optional<MatchView> find(MarketId market, uint64_t trade_id) const;
  // Those of the ids first, first + 1, ... that are kept.
  std::vector<MatchView> range(MarketId market, uint64_t first, std::size_t count) const;
  std::vector<MatchView> newest(std::size_t limit) const;  // of all markets
  // Sequence of the newest one that is kept no longer; 0: all are.
  uint64_t forgotten() const;

 private:
  void forget(const MatchView& match);
  const MatchView* find_kept(MarketId market, uint64_t trade_id) const;

  mutable std::mutex mutex_;
  std::array<std::deque<MatchView>, limits::kMarketsMax> markets_;  // ids rising by one
  uint64_t forgotten_ = 0;
};

}  // namespace perpetua::stores
