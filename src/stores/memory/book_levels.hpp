// BookLevels: one market's book as price levels, kept up by events, and what the last batch
// changed in it.
//
// Each side is a sorted row, the best level last: books change near their best price, and the best
// hundred levels, which are read with every batch, lie beside each other.
//
// Invariant: a level exists only while its lots are above zero. Taking away more than a level
// holds aborts: the events would not belong to this book. Not thread-safe: the market's lock.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "stores/views.hpp"

namespace perpetua::stores {

class BookLevels {
 public:
  // Every change that follows belongs to this batch; 0 while a description is read, which leaves
  // the sequence alone.
  void start_batch(BatchNumber batch, int64_t time_ms);

  void add(Side side, Price price, Lots lots);                        // an order rests
  void remove(Side side, Price price, Lots lots, bool order_leaves);  // lots > 0

  Price best(Side side) const;  // 0: empty
  BookView view(MarketId market, std::size_t depth) const;
  BookDelta last_delta(MarketId market) const;
  BatchNumber changed_in() const { return changed_in_; }

 private:
  // Rising in `rank`, so the best is the last: the price of a bid, the negated price of an ask.
  struct Level {
    int64_t rank;
    Lots lots;
    uint32_t orders;
  };
  using Levels = std::vector<Level>;

  static int64_t rank_of(Side side, int64_t price) { return side == Side::buy ? price : -price; }
  static void copy(Side side, const Levels& levels, std::size_t depth, std::vector<BookLevel>& out);
  Levels& side_of(Side side) { return side == Side::buy ? bids_ : asks_; }
  const Levels& side_of(Side side) const { return side == Side::buy ? bids_ : asks_; }
  void note_change(Side side, Price price);
  BookLevel level_at(Side side, int64_t price) const;

  Levels bids_;
  Levels asks_;
  BatchNumber batch_ = 0;
  int64_t batch_time_ms_ = 0;
  uint64_t sequence_ = 0;
  BatchNumber changed_in_ = 0;
  int64_t changed_at_ms_ = 0;
  std::vector<std::pair<Side, int64_t>> changes_;  // of batch changed_in_, may repeat
};

}  // namespace perpetua::stores
