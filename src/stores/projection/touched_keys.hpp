// TouchedKeys: what a run of batches changed, by name only. The state itself is read when it is
// written, so however many batches touch a thing, it is written once.
//
// TouchCollector reads the events of live batches on the egress thread. It asks the hot store
// nothing: an order is known to be an intent from its acceptance on, so it is told the open intents
// of a description first. Bounds: kTouchedMax names; beyond, `is_everything` stands for all.
// Thread-safety: none.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <vector>

#include "engine/schema/batch.hpp"

namespace perpetua::projection {

inline constexpr std::size_t kTouchedMax = 1u << 18;  // names that wait for the writer

struct TouchedKeys {
  struct Holding {
    AgentId agent = 0;
    MarketId market = kNoMarket;
    auto operator<=>(const Holding&) const = default;
  };
  struct Intent {
    AgentId agent = 0;
    uint64_t sequence = 0;  // of its acceptance if that is among the batches, else 0
    OrderId order_id = 0;
    auto operator<=>(const Intent&) const = default;
  };
  struct Key {
    AgentId agent = 0;
    uint32_t key_id = 0;
    Sha256 sha256{};  // all 0: only the id is known
    auto operator<=>(const Key&) const = default;
  };

  std::vector<AgentId> agents;  // account or description
  std::vector<Holding> holdings;
  std::vector<Intent> intents;
  std::vector<Key> keys;
  uint64_t markets = 0;  // a bit each
  bool is_everything = false;
  BatchNumber last_batch = 0;

  bool is_empty() const {
    return agents.empty() && holdings.empty() && intents.empty() && keys.empty() && markets == 0 &&
           !is_everything;
  }
  std::size_t size() const {
    return agents.size() + holdings.size() + intents.size() + keys.size();
  }
  // Sorted, each once.
  void normalise();
  // `newer` was collected later.
  void merge(const TouchedKeys& newer);
  void clear();
};
static_assert(limits::kMarketsMax <= 64);

class TouchCollector {
 public:
  void add_open_intent(OrderId id) { open_intents_.insert(id); }
  void collect(const AppliedBatch& batch, TouchedKeys& out);

 private:
  void collect_private(const Event& event, TouchedKeys& out);
  void touch_order(const Event& event, OrderId id, bool is_done, TouchedKeys& out);

  boost::unordered_flat_set<OrderId> open_intents_;
};

}  // namespace perpetua::projection
