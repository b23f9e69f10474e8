// ExpiryQueue: open gtd orders by (expires_at, order id), an indexed binary heap.
//
// Insert and erase are O(log n), so an order that leaves early leaves no entry behind. Derived
// state: its layout is neither saved nor hashed. Thread-safety: none.
#pragma once

#include <vector>

#include "engine/book/book.hpp"

namespace perpetua {

class ExpiryQueue {
 public:
  struct Entry {
    int64_t expires_at_ms = 0;
    OrderId order_id = 0;
  };

  bool empty() const { return heap_.empty(); }
  int64_t next_expiry_ms() const { return heap_.empty() ? INT64_MAX : heap_[0].expires_at_ms; }
  const Entry& top() const { return heap_[0]; }
  std::size_t size() const { return heap_.size(); }

  void insert(int64_t expires_at_ms, OrderId order_id) {
    const uint32_t slot = order_slot(order_id);
    if (positions_.size() <= slot) positions_.resize(slot + 1, kAbsent);
    PERPETUA_ASSERT(positions_[slot] == kAbsent);
    heap_.push_back({expires_at_ms, order_id});
    sift_up(heap_.size() - 1);
  }

  // REQUIRES: the order is in the queue.
  void erase(OrderId order_id) {
    const uint32_t slot = order_slot(order_id);
    const std::size_t hole = positions_[slot];
    PERPETUA_ASSERT(hole < heap_.size() && heap_[hole].order_id == order_id);
    positions_[slot] = kAbsent;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (hole == heap_.size()) return;
    put(hole, last);
    sift_up(hole);
    sift_down(positions_[order_slot(last.order_id)]);
  }

 private:
  static constexpr uint32_t kAbsent = 0xFFFFFFFF;

  static bool before(const Entry& a, const Entry& b) {
    return a.expires_at_ms != b.expires_at_ms ? a.expires_at_ms < b.expires_at_ms
                                              : a.order_id < b.order_id;
  }
  void put(std::size_t place, const Entry& entry) {
    heap_[place] = entry;
    positions_[order_slot(entry.order_id)] = static_cast<uint32_t>(place);
  }
  void sift_up(std::size_t place) {
    const Entry entry = heap_[place];
    while (place > 0 && before(entry, heap_[(place - 1) / 2])) {
      put(place, heap_[(place - 1) / 2]);
      place = (place - 1) / 2;
    }
    put(place, entry);
  }
  void sift_down(std::size_t place) {
    const Entry entry = heap_[place];
    for (;;) {
      std::size_t child = 2 * place + 1;
      if (child >= heap_.size()) break;
      if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
      if (!before(heap_[child], entry)) break;
      put(place, heap_[child]);
      place = child;
    }
    put(place, entry);
  }

  std::vector<Entry> heap_;
  std::vector<uint32_t> positions_;  // [slot] -> place in heap_
};

}  // namespace perpetua
