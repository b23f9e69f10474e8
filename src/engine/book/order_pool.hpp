// OrderPool: the live orders of one market as fixed 32-byte nodes, named by a dense slot number.
//
//   0           8       12     16     20           24      28      32
//   | remaining | price | next | prev | generation | agent | flags |
//
// A slot is free, allocated (an order that is being matched) or resting (linked into the FIFO of
// its price). Free slots form a LIFO list through `next`, so the next order takes the slot that is
// warm in the cache and the pool never exceeds the largest live set. Released slots count their
// generation up; one whose 32 bits are used up is retired, so an order id never comes back.
// Not thread-safe. Invariants: slot < size(); a free slot is zero but for next, prev, generation.
#pragma once

#include <cstdint>
#include <vector>

#include "base/assert.hpp"
#include "base/byte_io.hpp"
#include "base/limits.hpp"
#include "engine/schema/types.hpp"

namespace perpetua {

inline constexpr uint32_t kNilSlot = 0xFFFFFFFF;

struct alignas(32) OrderNode {
  int64_t remaining = 0;    // lots; > 0 exactly while resting
  uint32_t price = 0;       // ticks; > 0 exactly while resting
  uint32_t next = kNilSlot;  // FIFO successor, or the next free slot
  uint32_t prev = kNilSlot;
  uint32_t generation = 1;  // 0: retired
  AgentId agent = 0;
  uint32_t flags = 0;  // kNodeSell, kNodeLive
};
static_assert(sizeof(OrderNode) == 32 && PlainRecord<OrderNode>);

inline constexpr uint32_t kNodeSell = 1;
inline constexpr uint32_t kNodeLive = 2;

class OrderPool {
 public:
  uint32_t size() const { return static_cast<uint32_t>(nodes_.size()); }
  uint32_t live_count() const { return live_count_; }
  bool is_full() const {
    return live_count_ >= limits::kOrdersLiveMax ||
           (free_head_ == kNilSlot && size() >= 1u << kOrderSlotBits);
  }

  OrderNode& operator[](uint32_t slot) {
    PERPETUA_ASSERT(slot < nodes_.size());
    return nodes_[slot];
  }
  const OrderNode& operator[](uint32_t slot) const {
    PERPETUA_ASSERT(slot < nodes_.size());
    return nodes_[slot];
  }

  // Room for `more` further orders without growing inside allocate().
  void reserve(uint32_t more);

  uint32_t allocate(AgentId agent, Side side) {
    PERPETUA_ASSERT(!is_full());
    if (free_head_ == kNilSlot) append();
    const uint32_t slot = free_head_;
    OrderNode& node = nodes_[slot];
    free_head_ = node.next;
    node.next = kNilSlot;
    node.agent = agent;
    node.flags = kNodeLive | static_cast<uint32_t>(side);
    ++live_count_;
    return slot;
  }

  // REQUIRES: allocated and not resting.
  void release(uint32_t slot) {
    OrderNode& node = (*this)[slot];
    PERPETUA_ASSERT((node.flags & kNodeLive) != 0 && node.price == 0);
    node.agent = 0;
    node.flags = 0;
    --live_count_;
    if (++node.generation == 0) return;
    node.next = free_head_;
    free_head_ = slot;
  }

  void prefetch(uint32_t slot) const {
    if (slot < nodes_.size()) __builtin_prefetch(nodes_.data() + slot, 1);
  }

  // False if the bytes are short or the free list does not hold every free slot exactly once.
  // Links and prices of resting orders are the book's to check.
  void save(ByteSink& sink) const;
  [[nodiscard]] bool load(ByteSource& source);

 private:
  void append();
  [[nodiscard]] bool load_nodes(ByteSource& source);
  [[nodiscard]] bool free_list_is_sound();

  std::vector<OrderNode> nodes_;
  uint32_t free_head_ = kNilSlot;
  uint32_t live_count_ = 0;
};

}  // namespace perpetua
