// BookLevels: one market's book as price levels, kept up by events, and what the last batch
// changed in it.
//
// Invariant: a level exists only while its lots are above zero. Taking away more than a level
// holds aborts: the events would not belong to this book. Not thread-safe: the market's lock.
#pragma once

#include <functional>
#include <map>
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
  struct Level {
    Lots lots;
    uint32_t orders = 0;
  };
  using Bids = std::map<int64_t, Level, std::greater<>>;
  using Asks = std::map<int64_t, Level>;

  void note_change(Side side, Price price);
  BookLevel level_at(Side side, int64_t price) const;

  Bids bids_;
  Asks asks_;
  BatchNumber batch_ = 0;
  int64_t batch_time_ms_ = 0;
  uint64_t sequence_ = 0;
  BatchNumber changed_in_ = 0;
  int64_t changed_at_ms_ = 0;
  std::vector<std::pair<Side, int64_t>> changes_;  // of batch changed_in_, may repeat
};

}  // namespace perpetua::stores
