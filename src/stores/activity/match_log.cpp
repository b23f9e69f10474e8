#include "stores/activity/match_log.hpp"

#include <algorithm>

namespace perpetua::stores {

void MatchLog::add(const MatchView& match) {
  const std::lock_guard guard(mutex_);
  std::deque<MatchView>& rows = markets_[match.market];
  // A history that was cut short leaves a gap; what lies before it cannot be found by place.
  if (!rows.empty() && rows.back().trade_id + 1 != match.trade_id) {
    forget(rows.back());
    rows.clear();
  }
  if (rows.size() == activity_limits::kMatchesPerMarketMax) {
    forget(rows.front());
    rows.pop_front();
  }
  rows.push_back(match);
}

void MatchLog::clear() {
  const std::lock_guard guard(mutex_);
  for (auto& rows : markets_) rows.clear();
  forgotten_ = 0;
}

void MatchLog::forget(const MatchView& match) { forgotten_ = std::max(forgotten_, match.sequence); }

uint64_t MatchLog::forgotten() const {
  const std::lock_guard guard(mutex_);
  return forgotten_;
}

const MatchView* MatchLog::find_kept(MarketId market, uint64_t trade_id) const {
  if (market >= markets_.size()) return nullptr;
  const std::deque<MatchView>& rows = markets_[market];
  if (rows.empty() || trade_id < rows.front().trade_id || trade_id > rows.back().trade_id) {
    return nullptr;
  }
  return &rows[static_cast<std::size_t>(trade_id - rows.front().trade_id)];
}

std::optional<MatchView> MatchLog::find(MarketId market, uint64_t trade_id) const {
  const std::lock_guard guard(mutex_);
  const MatchView* match = find_kept(market, trade_id);
  if (match == nullptr) return std::nullopt;
  return *match;
}

std::vector<MatchView> MatchLog::range(MarketId market, uint64_t first, std::size_t count) const {
  std::vector<MatchView> result;
  const std::lock_guard guard(mutex_);
  for (std::size_t i = 0; i < count; ++i) {
    if (const MatchView* match = find_kept(market, first + i)) result.push_back(*match);
  }
  return result;
}

std::vector<MatchView> MatchLog::newest(std::size_t limit) const {
  std::vector<MatchView> result;
  std::array<std::size_t, limits::kMarketsMax> left{};
  const std::lock_guard guard(mutex_);
  for (std::size_t i = 0; i < markets_.size(); ++i) left[i] = markets_[i].size();
  while (result.size() < limit) {
    const MatchView* best = nullptr;
    std::size_t place = 0;
    for (std::size_t i = 0; i < markets_.size(); ++i) {
      if (left[i] == 0) continue;
      const MatchView& candidate = markets_[i][left[i] - 1];
      if (best != nullptr && candidate.sequence < best->sequence) continue;
      best = &candidate;
      place = i;
    }
    if (best == nullptr) break;
    result.push_back(*best);
    --left[place];
  }
  return result;
}

}  // namespace perpetua::stores
