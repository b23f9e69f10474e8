// BookWindow: what the `book` channel shows of a market, the best kBookLevels of each side.
//
// The feed publishes the differences between successive windows, so a client that applies every
// delta to its snapshot holds exactly the window: a level that falls out of it comes as size 0, one
// that moves in comes with its size. Pure values; thread-safe. Units: ticks and lots.
#pragma once

#include <cstddef>
#include <vector>

#include "base/units.hpp"

namespace perpetua::stores {
struct BookView;
}

namespace perpetua::gateway::ws {

inline constexpr std::size_t kBookLevels = 100;  // of each side

struct Level {
  Price price;
  Lots lots;  // 0 in a difference: the level is gone
  bool operator==(const Level&) const = default;
};

struct BookWindow {
  std::vector<Level> bids;  // best first
  std::vector<Level> asks;  // best first
  bool operator==(const BookWindow&) const = default;
};

BookWindow make_window(const stores::BookView& book);

// The levels of `after` that are new or changed, and, with 0 lots, those of `before` that are gone.
BookWindow difference(const BookWindow& before, const BookWindow& after);

}  // namespace perpetua::gateway::ws
