#include "stores/memory/book_levels.hpp"

#include <algorithm>

namespace perpetua::stores {

namespace {

template <class Levels>
void remove_from(Levels& levels, Price price, Lots lots, bool order_leaves) {
  const auto found = levels.find(price.value);
  PERPETUA_ASSERT(found != levels.end() && found->second.lots >= lots);
  found->second.lots -= lots;
  if (order_leaves) {
    PERPETUA_ASSERT(found->second.orders > 0);
    found->second.orders -= 1;
  }
  if (found->second.lots.value == 0) levels.erase(found);
}

template <class Levels>
void copy_levels(const Levels& levels, std::size_t depth, std::vector<BookLevel>& out) {
  out.reserve(std::min(depth, levels.size()));
  for (const auto& [price, level] : levels) {
    if (out.size() >= depth) return;
    out.push_back({Price(price), level.lots, level.orders});
  }
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
  Level& level = side == Side::buy ? bids_[price.value] : asks_[price.value];
  level.lots += lots;
  level.orders += 1;
  note_change(side, price);
}

void BookLevels::remove(Side side, Price price, Lots lots, bool order_leaves) {
  PERPETUA_ASSERT(lots.value > 0);
  if (side == Side::buy) {
    remove_from(bids_, price, lots, order_leaves);
  } else {
    remove_from(asks_, price, lots, order_leaves);
  }
  note_change(side, price);
}

Price BookLevels::best(Side side) const {
  if (side == Side::buy) return bids_.empty() ? Price(0) : Price(bids_.begin()->first);
  return asks_.empty() ? Price(0) : Price(asks_.begin()->first);
}

BookView BookLevels::view(MarketId market, std::size_t depth) const {
  BookView view;
  view.market = market;
  view.sequence = sequence_;
  view.time_ms = changed_at_ms_;
  copy_levels(bids_, depth, view.bids);
  copy_levels(asks_, depth, view.asks);
  return view;
}

BookLevel BookLevels::level_at(Side side, int64_t price) const {
  BookLevel result{Price(price), Lots(0), 0};
  const auto copy_found = [&](const auto& levels) {
    const auto found = levels.find(price);
    if (found != levels.end()) {
      result.lots = found->second.lots;
      result.orders = found->second.orders;
    }
  };
  if (side == Side::buy) {
    copy_found(bids_);
  } else {
    copy_found(asks_);
  }
  return result;
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
