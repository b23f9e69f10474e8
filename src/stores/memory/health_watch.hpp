// HealthWatch: which positions of one market have just come too close to liquidation.
//
//   rows   agent 7: low 51,200 high none | agent 9: low none high 68,400 | ...
//
// A row is unhealthy while the mark is below `low` (a long's warn price) or above `high` (a
// short's). A price update compares the mark with two numbers a row, nothing else; positions that
// changed since the last one get their warn price anew before. Each crossing is reported once: the
// row must become healthy again first. Bounded by the open positions. Not thread-safe: the
// market's lock.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <vector>

#include "stores/health.hpp"

namespace perpetua::stores {

class HealthWatch {
 public:
  HealthWatch() = default;
  explicit HealthWatch(const MarketRules& rules) : rules_(&rules) {}

  // From now on these hold; every warn price is reckoned anew before the next mark. REQUIRES:
  // rules outlive the watch, or the next set_rules().
  void set_rules(const MarketRules& rules);

  // The position after a change; base 0: there is none any more.
  void set(AgentId agent, const Position& position);

  // Agents that became unhealthy at this mark, in no order; valid until the next call.
  const std::vector<AgentId>& on_mark(Price mark);

  const Position* find(AgentId agent) const;
  const std::vector<Position>& positions() const { return positions_; }
  const std::vector<AgentId>& agents() const { return agents_; }  // whose they are, by place
  std::size_t size() const { return agents_.size(); }

 private:
  struct Row {
    int32_t low = 0;
    int32_t high = 0;
    bool operator==(const Row&) const = default;
  };

  void refresh();
  void remove(std::size_t place);

  const MarketRules* rules_ = nullptr;
  boost::unordered_flat_map<AgentId, uint32_t> places_;
  // By place, parallel: what a price update reads lies close together.
  std::vector<Row> rows_;
  std::vector<uint8_t> is_unhealthy_;
  std::vector<uint8_t> is_changed_;
  std::vector<AgentId> agents_;
  std::vector<Position> positions_;
  std::vector<AgentId> changed_;
  std::vector<AgentId> crossed_;
};

}  // namespace perpetua::stores
