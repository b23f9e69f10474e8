// NaiveBook: what Book means, written to be obviously right. Maps and lists, linear searches, no
// performance. Tests run the same contract on both and compare them call by call.
//
// Same calls, same units, same slots and ids as Book; broken REQUIRES are not detected.
#pragma once

#include <list>
#include <map>
#include <vector>

#include "engine/book/order_pool.hpp"
#include "engine/schema/types.hpp"

namespace perpetua {

class NaiveBook {
 public:
  NaiveBook(MarketId market, Price /*price_max*/) : market_(market) {}

  uint32_t allocate(AgentId agent, Side side) {
    uint32_t slot = slot_count();
    if (free_.empty()) {
      orders_.emplace_back();
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    Order& order = orders_[slot];
    order.agent = agent;
    order.side = side;
    order.is_live = true;
    return slot;
  }
  void release(uint32_t slot) {
    const uint32_t generation = orders_[slot].generation + 1;
    orders_[slot] = Order{};
    orders_[slot].generation = generation;
    free_.push_back(slot);
  }
  OrderId id(uint32_t slot) const { return make_order_id(market_, slot, orders_[slot].generation); }
  uint32_t find(OrderId wanted) const {
    const uint32_t slot = order_slot(wanted);
    return slot < slot_count() && orders_[slot].is_live && id(slot) == wanted ? slot : kNilSlot;
  }

  void insert(uint32_t slot, Price price, Lots lots) {
    levels_[price.value].push_back(slot);
    orders_[slot].price = price;
    orders_[slot].remaining = lots;
  }
  void remove(uint32_t slot) {
    Order& order = orders_[slot];
    std::list<uint32_t>& queue = levels_[order.price.value];
    queue.remove(slot);
    if (queue.empty()) levels_.erase(order.price.value);
    order.price = Price(0);
    order.remaining = Lots(0);
  }
  void reduce(uint32_t slot, Lots by) { orders_[slot].remaining -= by; }

  AgentId agent(uint32_t slot) const { return orders_[slot].agent; }
  Side side(uint32_t slot) const { return orders_[slot].side; }
  Price price(uint32_t slot) const { return orders_[slot].price; }
  Lots remaining(uint32_t slot) const { return orders_[slot].remaining; }
  bool is_resting(uint32_t slot) const { return orders_[slot].price != Price(0); }

  Price best(Side wanted) const {
    Price found(0);
    for (const auto& [price, queue] : levels_) {
      if (side(queue.front()) != wanted) continue;
      found = Price(price);
      if (wanted == Side::sell) break;
    }
    return found;
  }
  uint32_t front(Side wanted) const { return level_front(best(wanted)); }
  uint32_t next_in_level(uint32_t slot) const {
    bool passed = false;
    for (const uint32_t other : levels_.at(price(slot).value)) {
      if (passed) return other;
      passed = other == slot;
    }
    return kNilSlot;
  }
  Price next_level(Side wanted, Price price) const {
    auto level = levels_.find(price.value);
    if (wanted == Side::sell) return ++level == levels_.end() ? Price(0) : Price(level->first);
    return level == levels_.begin() ? Price(0) : Price((--level)->first);
  }
  uint32_t level_front(Price price) const {
    const auto level = levels_.find(price.value);
    return level == levels_.end() ? kNilSlot : level->second.front();
  }
  Lots level_lots(Price price) const {
    Lots sum(0);
    const auto level = levels_.find(price.value);
    if (level == levels_.end()) return sum;
    for (const uint32_t slot : level->second) sum += remaining(slot);
    return sum;
  }
  uint32_t slot_count() const { return static_cast<uint32_t>(orders_.size()); }
  void prefetch(OrderId) const {}
  void check_invariants() const {}

  const std::map<int64_t, std::list<uint32_t>>& levels() const { return levels_; }

 private:
  struct Order {
    uint32_t generation = 1;
    bool is_live = false;
    AgentId agent = 0;
    Side side = Side::buy;
    Price price;
    Lots remaining;
  };

  MarketId market_;
  std::vector<Order> orders_;
  std::vector<uint32_t> free_;
  std::map<int64_t, std::list<uint32_t>> levels_;
};

}  // namespace perpetua
