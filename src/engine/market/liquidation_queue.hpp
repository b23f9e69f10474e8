// LiquidationQueue: every position of a market by its liquidation price, so that a price move finds
// the ones that are due without looking at the others.
//
// Two price ladders (longs, shorts) whose levels hold intrusive lists of agents: insert, remove and
// the step to the next due price are O(1). A fill only marks its agents as changed; their prices
// are computed at the next price move, because a price costs divisions and matters only then.
// Derived state: neither saved nor hashed; collect() sorts, so the order inside a level is free.
// Thread-safety: none (the market's thread).
#pragma once

#include <vector>

#include "engine/book/price_ladder.hpp"
#include "engine/schema/position.hpp"

namespace perpetua {

class LiquidationQueue {
 public:
  struct Due {
    AgentId agent = 0;
    Price price;  // liquidation price
    bool is_long = false;
  };

  explicit LiquidationQueue(Price price_max)
      : ladders_{PriceLadder(key_of(price_max) + 1), PriceLadder(key_of(price_max) + 1)} {}

  // The agent's position is not what it was.
  void mark_changed(AgentId agent) {
    if (agent >= is_changed_.size()) is_changed_.resize(agent + 1);
    if (is_changed_[agent] != 0) return;
    is_changed_[agent] = 1;
    changed_.push_back(agent);
  }

  // Brings every changed agent to its place. `position_of(agent)` gives its position.
  template <class PositionOf>
  void refresh(const MarketRules& rules, PositionOf&& position_of) {
    if (nodes_.size() < is_changed_.size()) nodes_.resize(is_changed_.size());
    for (const AgentId agent : changed_) {
      is_changed_[agent] = 0;
      unlink(agent);
      const Position& position = position_of(agent);
      if (position.base == Lots(0)) continue;
      const Price price = liquidation_price(position, rules);
      const bool is_never = position.is_long() ? price == Price(0) : price > rules.price_max;
      if (!is_never) link(agent, key_of(price), position.is_long());
    }
    changed_.clear();
  }

  // Everyone due at the mark, in order of urgency: longs by price falling, shorts by price rising,
  // ties by agent. REQUIRES: refreshed.
  void collect(Price mark, std::vector<Due>& due) const;

 private:
  struct Node {
    uint32_t key = 0;  // 0: in no ladder
    uint32_t next = 0;   // agents; 0 ends the list, because agent 0 has no place here
    uint32_t previous = 0;
    uint8_t is_long = 0;
  };

  // A short due at every price has price 0, a long due at every price price_max + 1.
  static uint32_t key_of(Price price) { return static_cast<uint32_t>(price.value) + 1; }
  PriceLadder& ladder(bool is_long) { return ladders_[is_long ? 0 : 1]; }
  const PriceLadder& ladder(bool is_long) const { return ladders_[is_long ? 0 : 1]; }
  void link(AgentId agent, uint32_t key, bool is_long);
  void unlink(AgentId agent);
  void collect_level(uint32_t key, bool is_long, std::vector<Due>& due) const;

  PriceLadder ladders_[2];
  std::vector<Node> nodes_;  // [agent]
  std::vector<AgentId> changed_;
  std::vector<uint8_t> is_changed_;  // [agent] is in changed_; bytes, so that fills find them near
};

}  // namespace perpetua
