// OrderTable: what a market knows of its orders beyond the book, in arrays parallel to its slots.
//
// Three arrays, because they are touched at different times: details (every order), own-order links
// (FIFO of an agent's resting orders, for cancel-all), client ids (only orders that carry one).
// Also the index client id -> slot and the queue of expiries; both are derived and rebuilt by
// load(). Thread-safety: none (the market's thread).
#pragma once

#include <vector>

#include "base/flat_map.hpp"
#include "engine/book/book.hpp"
#include "engine/market/expiry_queue.hpp"
#include "engine/schema/command.hpp"

namespace perpetua {

struct OrderDetail {
  Lots lots;  // total; 0 for a budget order that has not rested
  Lots filled;
  Micro filled_notional;
  Micro reserved;
  int64_t expires_at_ms = 0;  // 0 = never
  uint32_t leverage = 1;
  uint8_t flags = 0;  // OrderFlag and kHasClientId
  OrderKind kind = OrderKind::limit;
  TimeInForce time_in_force = TimeInForce::gtc;
  PostOnly post_only = PostOnly::none;
  SelfTradePrevention stp = SelfTradePrevention::cancel_newest;
  uint8_t zero[3] = {};
  uint32_t stop_loss = 0;  // bracket, until its first fill; 0 = without
  uint32_t take_profit = 0;
  uint8_t zero2[4] = {};

  bool has_bracket() const { return (stop_loss | take_profit) != 0; }
  bool is_reduce_only() const { return (flags & kReduceOnly) != 0; }
};
static_assert(sizeof(OrderDetail) == 64 && PlainRecord<OrderDetail>);

inline constexpr uint8_t kHasClientId = 0x80;  // in OrderDetail::flags

struct OwnLinks {
  uint32_t next = kNilSlot;
  uint32_t previous = kNilSlot;
};

class OrderTable {
 public:
  OrderDetail& detail(uint32_t slot) { return details_[slot]; }
  const OrderDetail& detail(uint32_t slot) const { return details_[slot]; }
  OwnLinks& links(uint32_t slot) { return links_[slot]; }
  const OwnLinks& links(uint32_t slot) const { return links_[slot]; }
  ClientId client_id(uint32_t slot) const;
  // Hints: an order's own lines, then those of its neighbours among its agent's orders.
  void prefetch(uint32_t slot) const {
    if (slot >= details_.size()) return;
    __builtin_prefetch(&details_[slot], 1);
    __builtin_prefetch(&links_[slot], 1);
  }
  void prefetch_neighbours(uint32_t slot) const {
    if (slot >= links_.size()) return;
    prefetch_links(links_[slot].next);
    prefetch_links(links_[slot].previous);
  }
  void prefetch_links(uint32_t slot) const {
    if (slot < links_.size()) __builtin_prefetch(&links_[slot], 1);
  }
  ExpiryQueue& expiries() { return expiries_; }
  const ExpiryQueue& expiries() const { return expiries_; }

  // A fresh detail for a slot that the book has just handed out.
  OrderDetail& open(uint32_t slot);
  void set_client_id(uint32_t slot, AgentId agent, const ClientId& id, uint64_t seed);
  // Forgets the order's client id, if it has one.
  void close(uint32_t slot, AgentId agent, uint64_t seed);
  uint32_t find_client_id(AgentId agent, const ClientId& id, uint64_t seed) const;

  void save(ByteSink& sink) const;
  [[nodiscard]] bool load(ByteSource& source, const Book& book, uint64_t seed);

 private:
  std::vector<OrderDetail> details_;
  std::vector<OwnLinks> links_;
  std::vector<ClientId> client_ids_;  // grown only as far as client ids are used
  FlatMap<Hash128, uint32_t> by_client_id_;
  ExpiryQueue expiries_;
};

}  // namespace perpetua
