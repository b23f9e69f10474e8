// TriggerTable: orders that wait for the mark to reach a price, of one market.
//
// Who is due at a mark is found without looking at the others: two ordered queues, one of those
// that fire (or, trailing, move) when the mark falls to their price, one for when it rises to it.
// Insert, erase and the step to the next due one are O(log n). Slots are used again last in, first
// out; ids name slot and generation. Rules: docs/rules-perpetual.md section 20. The queues are
// derived: load() rebuilds them. Thread-safety: none (the market's thread). Bounded by
// limits::kTriggersPerAgentMax and one bracket per agent and market.
#pragma once

#include <set>
#include <tuple>
#include <vector>

#include "base/byte_io.hpp"
#include "engine/schema/types.hpp"

namespace perpetua {

struct Trigger {
  uint64_t age = 0;     // counts up with every trigger of the market; 0: the slot is free
  Price at;             // mark at which it fires
  Price limit;          // of its order; entry: limit or bound; protective: 0 = market
  Price reserve_price;  // entry only, as is `reserved`
  Price moves_at;       // trailing: mark at which it follows; 0 = never
  Lots lots;            // 0: the whole position
  Micro reserved;
  Micro position_max;     // entry only: of the key that placed it, or of the agent; 0 = none
  OrderId parent_id = 0;  // the order whose bracket it is
  OrderId sent_id = 0;    // the last order it sent
  AgentId agent = 0;
  uint32_t generation = 0;
  uint32_t partner = 0xFFFF'FFFF;  // slot
  uint32_t trail = 0;              // ticks
  uint32_t slippage_ppm = 0;
  uint16_t leverage = 0;  // entry only
  Side side = Side::buy;  // of its order
  TriggerKind kind = TriggerKind::stop;
  TriggerStatus status = TriggerStatus::waiting;
  uint8_t is_protective = 0;
  uint8_t is_market = 0;  // its order is
  uint8_t is_agents_max = 0;
  uint8_t zero[4] = {};

  bool is_live() const { return age != 0; }
  // Fires when the mark falls to its price, else when it rises to it.
  bool falls() const { return (kind == TriggerKind::stop) == (side == Side::sell); }
  bool is_met(Price mark) const { return falls() ? mark <= at : mark >= at; }
};
static_assert(sizeof(Trigger) == 112 && PlainRecord<Trigger>);

class TriggerTable {
 public:
  struct Named {
    uint32_t slot = 0;
    uint64_t age = 0;
  };

  explicit TriggerTable(MarketId market) : market_(market) {}

  const Trigger& operator[](uint32_t slot) const { return triggers_[slot]; }
  OrderId id(uint32_t slot) const {
    return make_order_id(market_, slot, triggers_[slot].generation | kTriggerGeneration);
  }
  bool is_same(const Named& named) const { return triggers_[named.slot].age == named.age; }
  // kNone if the agent has no such trigger.
  uint32_t find(AgentId agent, OrderId id) const;
  std::vector<Named> of_agent(AgentId agent) const;  // by age
  std::vector<Named> all() const;                    // by agent, then age
  std::vector<Named> fired() const;                  // by age

  // Sets age and generation.
  uint32_t add(Trigger trigger);
  void remove(uint32_t slot);
  // Changes `at` and `moves_at` of a waiting one; it keeps its age.
  void move(uint32_t slot, Price at, Price moves_at);
  void set_fired(uint32_t slot);
  void set_sent(uint32_t slot, Lots lots, OrderId order_id);
  void take_reserved(uint32_t slot) { triggers_[slot].reserved = Micro(0); }
  void set_partner(uint32_t slot, uint32_t partner) { triggers_[slot].partner = partner; }

  // Everyone who fires or moves at the mark, in the order of docs/rules-perpetual.md section 20.
  void collect(Price mark, std::vector<Named>& due) const;

  void save(ByteSink& sink) const;
  [[nodiscard]] bool load(ByteSource& source);
  void check_invariants() const;

  static constexpr uint32_t kNone = 0xFFFF'FFFF;

 private:
  using Queue = std::set<std::tuple<int64_t, uint64_t, uint32_t>>;  // price, age, slot

  void enqueue(uint32_t slot);
  void dequeue(uint32_t slot);
  std::size_t live_count() const { return by_agent_.size(); }

  MarketId market_;
  uint64_t last_age_ = 0;
  std::vector<Trigger> triggers_;
  std::vector<uint32_t> free_slots_;  // the last one is used next
  Queue falls_;                       // by -price: the first one is reached first
  Queue rises_;
  std::set<std::tuple<AgentId, uint64_t, uint32_t>> by_agent_;
  std::set<std::tuple<uint64_t, uint32_t>> fired_;
};

}  // namespace perpetua
