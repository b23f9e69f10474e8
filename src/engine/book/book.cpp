#include "engine/book/book.hpp"

namespace perpetua {

Book::Book(MarketId market, Price price_max)
    : market_(market), ladder_(static_cast<uint32_t>(price_max.value)) {
  PERPETUA_ASSERT(price_max.value >= 1 && price_max.value <= limits::kPriceMaxTicks);
  PERPETUA_ASSERT(market < 1u << kOrderMarketBits);
}

void Book::save(ByteSink& sink) const { pool_.save(sink); }

bool Book::load(ByteSource& source) {
  if (!pool_.load(source)) return false;
  ladder_ = PriceLadder(ladder_.price_max());
  best_keys_[0] = best_keys_[1] = 0;
  uint64_t resting = 0;
  for (uint32_t slot = 0; slot < pool_.size(); ++slot) {
    if ((pool_[slot].flags & kNodeLive) == 0) continue;
    if (!node_is_sound(slot)) return false;
    if (pool_[slot].price != 0) ++resting;
  }
  // Every resting order hangs on exactly one level, reached from its only head.
  uint64_t linked = 0;
  for (uint32_t slot = 0; slot < pool_.size(); ++slot) {
    if (pool_[slot].price == 0 || pool_[slot].prev != kNilSlot) continue;
    if (!load_level(slot, linked)) return false;
  }
  const bool crossed = uint64_t{best_keys_[0]} + best_keys_[1] >= 0xFFFFFFFFull;
  return linked == resting && !crossed;
}

// The node by itself and against its neighbours, which must point back at it.
bool Book::node_is_sound(uint32_t slot) const {
  const OrderNode& node = pool_[slot];
  if (node.price == 0) {
    return node.remaining == 0 && node.next == kNilSlot && node.prev == kNilSlot;
  }
  if (node.price > ladder_.price_max() || node.remaining <= 0) return false;
  const auto linked_to = [&](uint32_t other) {
    return other < pool_.size() && pool_[other].price == node.price &&
           pool_[other].flags == node.flags;
  };
  if (node.next != kNilSlot && (!linked_to(node.next) || pool_[node.next].prev != slot)) {
    return false;
  }
  return node.prev == kNilSlot || (linked_to(node.prev) && pool_[node.prev].next == slot);
}

// The links are sound, so a FIFO that starts at a head has an end.
bool Book::load_level(uint32_t head, uint64_t& linked) {
  const uint32_t price = pool_[head].price;
  const Side side = static_cast<Side>(pool_[head].flags & kNodeSell);
  if (ladder_.find(price) != nullptr) return false;
  PriceLevel& level = ladder_.occupy(price);
  level.lots = 0;
  level.head = head;
  for (uint32_t slot = head; slot != kNilSlot; slot = pool_[slot].next) {
    if (__builtin_add_overflow(level.lots, pool_[slot].remaining, &level.lots)) return false;
    level.tail = slot;
    ++linked;
  }
  uint32_t& best_key = best_keys_[static_cast<int>(side)];
  const uint32_t key = price ^ key_mask(side);
  if (key > best_key) best_key = key;
  return true;
}

void Book::check_invariants() const {
  ladder_.check_invariants();
  const uint32_t bid = static_cast<uint32_t>(best(Side::buy).value);
  const uint32_t ask = static_cast<uint32_t>(best(Side::sell).value);
  PERPETUA_ASSERT(bid == 0 || ask == 0 || bid < ask);
  uint64_t linked = 0;
  Side side = Side::buy;
  uint32_t last_bid = 0;
  uint32_t first_ask = 0;
  for (uint32_t price = ladder_.find(1) != nullptr ? 1 : ladder_.next_above(1); price != 0;
       price = price == ladder_.price_max() ? 0 : ladder_.next_above(price)) {
    const PriceLevel& level = ladder_.occupied(price);
    if ((pool_[level.head].flags & kNodeSell) != 0 && side == Side::buy) {
      side = Side::sell;
      first_ask = price;
    }
    if (side == Side::buy) last_bid = price;
    int64_t lots = 0;
    uint32_t prev = kNilSlot;
    for (uint32_t slot = level.head; slot != kNilSlot; slot = pool_[slot].next) {
      const OrderNode& node = pool_[slot];
      PERPETUA_ASSERT(node.prev == prev && node.price == price && node.remaining > 0);
      PERPETUA_ASSERT(node.flags == (kNodeLive | static_cast<uint32_t>(side)));
      lots += node.remaining;
      prev = slot;
      ++linked;
    }
    PERPETUA_ASSERT(level.tail == prev && level.lots == lots);
  }
  PERPETUA_ASSERT(bid == last_bid && ask == first_ask);
  uint64_t resting = 0;
  for (uint32_t slot = 0; slot < pool_.size(); ++slot) {
    const OrderNode& node = pool_[slot];
    PERPETUA_ASSERT((node.price != 0) == (node.remaining != 0));
    PERPETUA_ASSERT(node.price == 0 || find(id(slot)) == slot);
    if (node.price != 0) ++resting;
  }
  PERPETUA_ASSERT(resting == linked);
}

}  // namespace perpetua
