#include "gateway/ws/book_window.hpp"

#include <algorithm>
#include <functional>

#include "stores/views.hpp"

namespace perpetua::gateway::ws {
namespace {

std::vector<Level> best_of(const std::vector<stores::BookLevel>& levels) {
  std::vector<Level> best;
  const std::size_t count = std::min(levels.size(), kBookLevels);
  best.reserve(count);
  for (std::size_t i = 0; i < count; ++i) best.push_back({levels[i].price, levels[i].lots});
  return best;
}

// Both sorted best first; `is_better(a, b)` is that order.
template <class IsBetter>
std::vector<Level> changed_levels(const std::vector<Level>& before, const std::vector<Level>& after,
                                  IsBetter is_better) {
  std::vector<Level> changed;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < before.size() || j < after.size()) {
    if (j == after.size() || (i < before.size() && is_better(before[i].price, after[j].price))) {
      changed.push_back({before[i++].price, Lots(0)});
    } else if (i == before.size() || is_better(after[j].price, before[i].price)) {
      changed.push_back(after[j++]);
    } else {
      if (before[i].lots != after[j].lots) changed.push_back(after[j]);
      ++i;
      ++j;
    }
  }
  return changed;
}

}  // namespace

BookWindow make_window(const stores::BookView& book) {
  return {best_of(book.bids), best_of(book.asks)};
}

BookWindow difference(const BookWindow& before, const BookWindow& after) {
  return {changed_levels(before.bids, after.bids, std::greater<>()),
          changed_levels(before.asks, after.asks, std::less<>())};
}

}  // namespace perpetua::gateway::ws
