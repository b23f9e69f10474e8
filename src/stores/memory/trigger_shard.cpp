#include "stores/memory/trigger_shard.hpp"

#include "stores/memory/hot_store.hpp"
#include "stores/trigger_fold.hpp"

namespace perpetua::stores {

namespace {

using Guard = std::lock_guard<std::mutex>;

bool wanted(MarketId filter, MarketId market) { return filter == kNoMarket || filter == market; }

}  // namespace

TriggerShard::TriggerShard() : closed_(hot_limits::kClosedTriggersPerShardMax) {}

void TriggerShard::change(const Event& event, int64_t time_ms) {
  const Guard guard(mutex_);
  auto& live = owners_[event.header.agent].live;
  const auto [row, is_new] =
      live.try_emplace(event.trigger_changed.trigger_id, make_trigger(event, time_ms));
  if (!is_new) fold_trigger_change(row->second, event, time_ms);
}

void TriggerShard::close(const Event& event, int64_t time_ms) {
  const Guard guard(mutex_);
  Owner& owner = owners_[event.header.agent];
  const auto row = owner.live.find(event.trigger_closed.trigger_id);
  PERPETUA_ASSERT(row != owner.live.end());
  fold_trigger_close(row->second, event, time_ms);
  closed_.push(owner.closed, row->second);
  owner.live.erase(row);
}

void TriggerShard::warm(const TriggerView& view) {
  const Guard guard(mutex_);
  if (!view.is_live()) {
    closed_.push(owners_[view.agent].closed, view);
    return;
  }
  const auto owner = owners_.find(view.agent);
  if (owner == owners_.end()) return;
  const auto row = owner->second.live.find(view.id());
  if (row == owner->second.live.end()) return;
  row->second.created_at_ms = view.created_at_ms;
  row->second.updated_at_ms = view.updated_at_ms;
}

std::optional<TriggerView> TriggerShard::trigger(AgentId agent, OrderId id) const {
  const Guard guard(mutex_);
  const auto owner = owners_.find(agent);
  if (owner == owners_.end()) return std::nullopt;
  const auto live = owner->second.live.find(id);
  if (live != owner->second.live.end()) return live->second;
  std::optional<TriggerView> result;
  std::size_t visited = 0;
  closed_.visit_chain(owner->second.closed, [&](const TriggerView& row) {
    if (row.id() == id) result = row;
    return !result && ++visited < hot_limits::kClosedTriggersPerAgentMax;
  });
  return result;
}

std::vector<TriggerView> TriggerShard::live(AgentId agent, MarketId market, OrderId before,
                                            std::size_t limit) const {
  std::vector<TriggerView> result;
  const Guard guard(mutex_);
  const auto owner = owners_.find(agent);
  if (owner == owners_.end()) return result;
  const auto& rows = owner->second.live;
  auto next = before == 0 ? rows.end() : rows.lower_bound(before);
  while (next != rows.begin() && result.size() < limit) {
    --next;
    if (wanted(market, next->second.market)) result.push_back(next->second);
  }
  return result;
}

std::vector<TriggerView> TriggerShard::closed(AgentId agent, MarketId market,
                                              std::size_t limit) const {
  std::vector<TriggerView> result;
  const Guard guard(mutex_);
  const auto owner = owners_.find(agent);
  if (owner == owners_.end() || limit == 0) return result;
  std::size_t visited = 0;
  closed_.visit_chain(owner->second.closed, [&](const TriggerView& row) {
    if (wanted(market, row.market)) result.push_back(row);
    return result.size() < limit && ++visited < hot_limits::kClosedTriggersPerAgentMax;
  });
  return result;
}

}  // namespace perpetua::stores
