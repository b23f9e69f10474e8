#include "engine/book/order_pool.hpp"

#include <algorithm>

namespace perpetua {

namespace {

constexpr uint32_t kSlotsMax = 1u << kOrderSlotBits;
constexpr std::size_t kSlotsFirst = 1024;

}  // namespace

void OrderPool::reserve(uint32_t more) {
  const std::size_t wanted = std::size_t{live_count_} + more;
  if (wanted <= nodes_.capacity()) return;
  nodes_.reserve(std::max({wanted, 2 * nodes_.capacity(), kSlotsFirst}));
}

// A fresh slot becomes the only free one.
void OrderPool::append() {
  if (nodes_.size() == nodes_.capacity()) reserve(1);
  free_head_ = size();
  nodes_.emplace_back();
}

void OrderPool::save(ByteSink& sink) const {
  write_value(sink, size());
  write_value(sink, free_head_);
  sink.write(nodes_.data(), nodes_.size() * sizeof(OrderNode));
}

bool OrderPool::load(ByteSource& source) {
  return load_nodes(source) && free_list_is_sound();
}

// In pieces, so that a damaged count cannot make us allocate more than the source holds.
bool OrderPool::load_nodes(ByteSource& source) {
  constexpr uint32_t kPiece = 1u << 16;
  uint32_t count = 0;
  if (!read_value(source, count) || count > kSlotsMax) return false;
  if (!read_value(source, free_head_)) return false;
  nodes_.clear();
  for (uint32_t done = 0; done < count;) {
    const uint32_t piece = std::min(kPiece, count - done);
    nodes_.resize(done + piece);
    if (!source.read(nodes_.data() + done, piece * sizeof(OrderNode))) return false;
    done += piece;
  }
  return true;
}

bool OrderPool::free_list_is_sound() {
  uint32_t free_expected = 0;
  live_count_ = 0;
  for (const OrderNode& node : nodes_) {
    if ((node.flags & ~(kNodeSell | kNodeLive)) != 0) return false;
    if ((node.flags & kNodeLive) != 0) {
      if (node.generation == 0) return false;
      ++live_count_;
      continue;
    }
    if (node.flags != 0 || node.agent != 0 || node.remaining != 0 || node.price != 0 ||
        node.prev != kNilSlot) {
      return false;
    }
    if (node.generation != 0) ++free_expected;
    else if (node.next != kNilSlot) return false;
  }
  uint32_t free_count = 0;
  for (uint32_t slot = free_head_; slot != kNilSlot; slot = nodes_[slot].next) {
    if (slot >= size() || free_count == free_expected) return false;
    if ((nodes_[slot].flags & kNodeLive) != 0 || nodes_[slot].generation == 0) return false;
    ++free_count;
  }
  return free_count == free_expected && live_count_ <= limits::kOrdersLiveMax;
}

}  // namespace perpetua
