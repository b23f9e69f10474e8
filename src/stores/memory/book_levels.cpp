#include "stores/memory/book_levels.hpp"

#include <algorithm>

namespace perpetua::stores {

namespace {

// The level of that rank, or the place where it belongs. Looks at the best few first: most orders
// come and go there.
template <class Levels>
auto place_of(Levels& levels, int64_t rank) {
  constexpr std::ptrdiff_t kNearBest = 8;
  const auto end = levels.end();
  const auto near = end - std::min<std::ptrdiff_t>(kNearBest, end - levels.begin());
  const auto is_before = [](const auto& level, int64_t wanted) { return level.rank < wanted; };
  if (near != end && near->rank < rank) return std::lower_bound(near, end, rank, is_before);
  return std::lower_bound(levels.begin(), near, rank, is_before);
}

}  // namespace

void BookLevels::start_batch(BatchNumber batch, int64_t time_ms) {
  batch_ = batch;
  batch_time_ms_ = time_ms;
}

void BookLevels::note_change(Side side, Price price) {
  if (batch_ == 0) return;
  if (changed_in_ != batch_) {
    changed_in_ = batch_;
    changed_at_ms_ = batch_time_ms_;
    ++sequence_;
    changes_.clear();
  }
  changes_.emplace_back(side, price.value);
}

void BookLevels::add(Side side, Price price, Lots lots) {
  PERPETUA_ASSERT(lots.value > 0);
  Levels& levels = side_of(side);
  const int64_t rank = rank_of(side, price.value);
  auto place = place_of(levels, rank);
  if (place == levels.end() || place->rank != rank) place = levels.insert(place, {rank, {}, 0});
  place->lots += lots;
  place->orders += 1;
  note_change(side, price);
}

void BookLevels::remove(Side side, Price price, Lots lots, bool order_leaves) {
  PERPETUA_ASSERT(lots.value > 0);
  Levels& levels = side_of(side);
  const int64_t rank = rank_of(side, price.value);
  const auto found = place_of(levels, rank);
  PERPETUA_ASSERT(found != levels.end() && found->rank == rank && found->lots >= lots);
  found->lots -= lots;
  if (order_leaves) {
    PERPETUA_ASSERT(found->orders > 0);
    found->orders -= 1;
  }
  if (found->lots.value == 0) levels.erase(found);
  note_change(side, price);
}

Price BookLevels::best(Side side) const {
  const Levels& levels = side_of(side);
  return levels.empty() ? Price(0) : Price(rank_of(side, levels.back().rank));
}

void BookLevels::copy(Side side, const Levels& levels, std::size_t depth,
                      std::vector<BookLevel>& out) {
  const std::size_t count = std::min(depth, levels.size());
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Level& level = levels[levels.size() - 1 - i];
    out.push_back({Price(rank_of(side, level.rank)), level.lots, level.orders});
  }
}

BookView BookLevels::view(MarketId market, std::size_t depth) const {
  BookView view;
  view.market = market;
  view.sequence = sequence_;
  view.time_ms = changed_at_ms_;
  copy(Side::buy, bids_, depth, view.bids);
  copy(Side::sell, asks_, depth, view.asks);
  return view;
}

BookLevel BookLevels::level_at(Side side, int64_t price) const {
  const Levels& levels = side_of(side);
  const int64_t rank = rank_of(side, price);
  const auto found = place_of(levels, rank);
  if (found == levels.end() || found->rank != rank) return {Price(price), Lots(0), 0};
  return {Price(price), found->lots, found->orders};
}

BookDelta BookLevels::last_delta(MarketId market) const {
  BookDelta delta;
  delta.market = market;
  delta.sequence = sequence_;
  delta.batch = changed_in_;
  delta.time_ms = changed_at_ms_;
  auto changes = changes_;
  std::sort(changes.begin(), changes.end());
  changes.erase(std::unique(changes.begin(), changes.end()), changes.end());
  for (const auto& [side, price] : changes) {
    (side == Side::buy ? delta.bids : delta.asks).push_back(level_at(side, price));
  }
  std::reverse(delta.bids.begin(), delta.bids.end());
  return delta;
}

}  // namespace perpetua::stores
