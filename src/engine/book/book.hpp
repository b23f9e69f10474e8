// Book: the resting orders of one market in price-time order.
//
// An order lives in a slot of the pool (order_pool.hpp) and, while it rests, in the FIFO of its
// price level (price_ladder.hpp). The matching loop is the market's: it takes front() of the best
// opposite level, reduces or removes it, and finally inserts what is left of the taker. Insert,
// remove and reduce are O(1); a new best price after the last order of a level is found in at most
// 7 word steps however far it is. Nothing allocates but a growing pool (see reserve).
//
// Both sides share one ladder: prices up to best(buy) are bids, from best(sell) on asks. So an
// order that would cross must not be inserted; that is asserted.
//
// Not thread-safe. Units: ticks and lots. A broken REQUIRES aborts; there are no other errors.
// Invariants: best(buy) < best(sell); a level's lots are the sum over its FIFO; ids are unique for
// ever; the same calls give the same slots and ids, also across save and load.
#pragma once

#include <cstdint>

#include "engine/book/order_pool.hpp"
#include "engine/book/price_ladder.hpp"
#include "engine/schema/types.hpp"

namespace perpetua {

class Book {
 public:
  // Prices are 1..price_max. REQUIRES: 1 <= price_max <= limits::kPriceMaxTicks.
  Book(MarketId market, Price price_max);

  // A slot for a new order that is not in the book yet; remaining is 0. REQUIRES: !is_full().
  uint32_t allocate(AgentId agent, Side side) { return pool_.allocate(agent, side); }
  // Gives the slot back; its id is dead from now on. REQUIRES: allocated, not resting.
  void release(uint32_t slot) { pool_.release(slot); }
  bool is_full() const { return pool_.is_full(); }
  // Grows the pool now so that the next `more` calls of allocate() do not.
  void reserve(uint32_t more) { pool_.reserve(more); }

  OrderId id(uint32_t slot) const { return make_order_id(market_, slot, pool_[slot].generation); }

  // Slot of a live order, resting or not; kNilSlot for any other number.
  uint32_t find(OrderId id) const {
    const uint32_t slot = order_slot(id);
    if (slot >= pool_.size()) return kNilSlot;
    const OrderNode& node = pool_[slot];
    const bool found = node.generation == order_generation(id) &&
                       (node.flags & kNodeLive) != 0 && order_market(id) == market_;
    return found ? slot : kNilSlot;
  }
  // Hints: the lines that a cancel of this order, then its removal, will touch.
  void prefetch(OrderId id) const { prefetch_slot(order_slot(id)); }
  void prefetch_slot(uint32_t slot) const { pool_.prefetch(slot); }
  void prefetch_neighbours(uint32_t slot) const {
    if (slot >= pool_.size()) return;
    pool_.prefetch(pool_[slot].next);
    pool_.prefetch(pool_[slot].prev);
  }

  // Hint: the last order at this price, which the next one there is linked to.
  void prefetch_tail(Price price) const {
    const PriceLevel* level = ladder_.find(checked_price(price));
    if (level != nullptr) pool_.prefetch(level->tail);
  }

  // To the back of the queue at price. REQUIRES: allocated, not resting, lots > 0, the price is in
  // range and does not cross.
  void insert(uint32_t slot, Price price, Lots lots);
  // Takes the order out of the book; remaining becomes 0, the slot stays allocated.
  // REQUIRES: resting.
  void remove(uint32_t slot);
  // In place; the order keeps its queue position. REQUIRES: resting, 0 < by < remaining.
  void reduce(uint32_t slot, Lots by);

  AgentId agent(uint32_t slot) const { return pool_[slot].agent; }
  Side side(uint32_t slot) const { return static_cast<Side>(pool_[slot].flags & kNodeSell); }
  Price price(uint32_t slot) const { return Price(pool_[slot].price); }  // 0 unless resting
  Lots remaining(uint32_t slot) const { return Lots(pool_[slot].remaining); }
  bool is_resting(uint32_t slot) const { return pool_[slot].price != 0; }

  // Best price of a side, 0 if it is empty.
  Price best(Side side) const {
    const uint32_t key = best_keys_[static_cast<int>(side)];
    return Price(key == 0 ? 0 : key ^ key_mask(side));
  }
  // First order of the best level, kNilSlot if the side is empty.
  uint32_t front(Side side) const {
    const uint32_t key = best_keys_[static_cast<int>(side)];
    return key == 0 ? kNilSlot : ladder_.occupied(key ^ key_mask(side)).head;
  }
  // FIFO successor in the same level or kNilSlot. REQUIRES: resting.
  uint32_t next_in_level(uint32_t slot) const {
    PERPETUA_ASSERT(is_resting(slot));
    return pool_[slot].next;
  }
  // The order that trades after this one: its successor, or the front of the next worse level.
  // kNilSlot after the last one. REQUIRES: resting.
  uint32_t next_in_queue(uint32_t slot) const {
    const OrderNode& node = pool_[slot];
    PERPETUA_ASSERT(node.price != 0);
    if (node.next != kNilSlot) return node.next;
    const Price worse = next_level(static_cast<Side>(node.flags & kNodeSell), Price(node.price));
    return worse == Price(0) ? kNilSlot : ladder_.occupied(checked_price(worse)).head;
  }
  // Next worse occupied price of that side, 0 if none. REQUIRES: price is an occupied level of it.
  Price next_level(Side side, Price price) const {
    const uint32_t at = checked_price(price);
    return Price(side == Side::buy ? ladder_.next_below(at) : ladder_.next_above(at));
  }
  uint32_t level_front(Price price) const {
    const PriceLevel* level = ladder_.find(checked_price(price));
    return level == nullptr ? kNilSlot : level->head;
  }
  Lots level_lots(Price price) const {
    const PriceLevel* level = ladder_.find(checked_price(price));
    return Lots(level == nullptr ? 0 : level->lots);
  }

  // Every slot ever used is below: the size of arrays that run parallel to the pool.
  uint32_t slot_count() const { return pool_.size(); }
  uint32_t live_count() const { return pool_.live_count(); }

  // The whole pool with its free list and FIFOs; the ladder is derived. load() replaces a book that
  // was made with the same market and price_max and returns false, leaving it unusable, if the
  // bytes do not form one. save -> load -> save gives the same bytes.
  void save(ByteSink& sink) const;
  [[nodiscard]] bool load(ByteSource& source);

  // Full scan; aborts on the first violated invariant.
  void check_invariants() const;

 private:
  // Prices of a side as keys that grow as they get better; 0 is "none" on both sides.
  static constexpr uint32_t key_mask(Side side) { return -static_cast<uint32_t>(side); }

  uint32_t checked_price(Price price) const {
    PERPETUA_ASSERT(price.value >= 1 && price.value <= ladder_.price_max());
    return static_cast<uint32_t>(price.value);
  }
  void leave_level(uint32_t price, Side side);
  [[nodiscard]] bool load_level(uint32_t head, uint64_t& linked);
  [[nodiscard]] bool node_is_sound(uint32_t slot) const;

  MarketId market_;
  uint32_t best_keys_[2] = {0, 0};
  OrderPool pool_;
  PriceLadder ladder_;
};

inline void Book::insert(uint32_t slot, Price price, Lots lots) {
  const uint32_t at = checked_price(price);
  OrderNode& node = pool_[slot];
  const Side side = static_cast<Side>(node.flags & kNodeSell);
  const uint32_t key = at ^ key_mask(side);
  PERPETUA_ASSERT((node.flags & kNodeLive) != 0 && node.price == 0 && lots.value > 0);
  // bid >= ask, in keys: the sum of a price and a complement reaches all ones.
  PERPETUA_ASSERT(static_cast<uint64_t>(key) + best_keys_[static_cast<int>(opposite(side))] <
                  0xFFFFFFFFull);
  PriceLevel& level = ladder_.occupy(at);
  node.remaining = lots.value;
  node.price = at;
  node.next = kNilSlot;
  if (level.lots == 0) {
    node.prev = kNilSlot;
    level.head = slot;
  } else {
    node.prev = level.tail;
    pool_[level.tail].next = slot;
  }
  level.tail = slot;
  const bool overflows = __builtin_add_overflow(level.lots, lots.value, &level.lots);
  PERPETUA_ASSERT(!overflows);
  uint32_t& best_key = best_keys_[static_cast<int>(side)];
  best_key = key > best_key ? key : best_key;
}

inline void Book::remove(uint32_t slot) {
  OrderNode& node = pool_[slot];
  const uint32_t price = node.price;
  PERPETUA_ASSERT(price != 0);
  PriceLevel& level = ladder_.occupied(price);
  (node.prev == kNilSlot ? level.head : pool_[node.prev].next) = node.next;
  (node.next == kNilSlot ? level.tail : pool_[node.next].prev) = node.prev;
  level.lots -= node.remaining;
  node.remaining = 0;
  node.price = 0;
  node.next = kNilSlot;
  node.prev = kNilSlot;
  if (level.lots == 0) leave_level(price, static_cast<Side>(node.flags & kNodeSell));
}

inline void Book::reduce(uint32_t slot, Lots by) {
  OrderNode& node = pool_[slot];
  PERPETUA_ASSERT(by.value > 0 && by.value < node.remaining);
  node.remaining -= by.value;
  ladder_.occupied(node.price).lots -= by.value;
}

inline void Book::leave_level(uint32_t price, Side side) {
  uint32_t& best_key = best_keys_[static_cast<int>(side)];
  if (best_key == (price ^ key_mask(side))) {
    const uint32_t next =
        side == Side::buy ? ladder_.next_below(price) : ladder_.next_above(price);
    best_key = next == 0 ? 0 : next ^ key_mask(side);
  }
  ladder_.vacate(price);
}

}  // namespace perpetua
