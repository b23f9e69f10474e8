// TriggerShard: the triggers of every agent whose id falls into this shard.
//
// Live ones, bounded by the engine (kTriggersPerAgentMax an agent and market, brackets of orders on
// top), and the recently closed. One lock, taken for one event or while a reader copies rows. An
// agent without triggers costs nothing and reads as one that has none.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "stores/memory/recent_log.hpp"
#include "stores/trigger_views.hpp"

namespace perpetua::stores {

class TriggerShard {
 public:
  TriggerShard();

  // Writer. A close of a trigger that is not live aborts: it is not this history.
  void change(const Event& event, int64_t time_ms);
  void close(const Event& event, int64_t time_ms);
  // Gives a live trigger the times that history knows; takes a closed one as it is.
  void warm(const TriggerView& view);

  // Readers. `market` may be kNoMarket for all.
  std::optional<TriggerView> trigger(AgentId agent, OrderId id) const;
  std::vector<TriggerView> live(AgentId agent, MarketId market, OrderId before,
                                std::size_t limit) const;  // ids falling, below `before` (0: all)
  std::vector<TriggerView> closed(AgentId agent, MarketId market,
                                  std::size_t limit) const;  // last closed first

 private:
  struct Owner {
    std::map<OrderId, TriggerView> live;
    RecentLog<TriggerView>::Head closed = 0;
  };

  mutable std::mutex mutex_;
  boost::unordered_flat_map<AgentId, Owner> owners_;
  RecentLog<TriggerView> closed_;
};

}  // namespace perpetua::stores
