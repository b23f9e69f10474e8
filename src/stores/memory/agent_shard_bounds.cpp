// What binds an agent beside its collateral: AgentBounds under the shard's lock.

#include "stores/memory/agent_shard.hpp"

namespace perpetua::stores {

void AgentShard::add_entry(const Event& event, int64_t time_ms) {
  const std::lock_guard guard(mutex_);
  state(event.header.agent).bounds.on_entry(event.ledger_entry, time_ms);
}

void AgentShard::move_stake(AgentId agent, Micro amount) {
  const std::lock_guard guard(mutex_);
  state(agent).bounds.paid_in += amount;
}

void AgentShard::describe_account(const Event& event) {
  const std::lock_guard guard(mutex_);
  AgentState& owner = state(event.header.agent);
  owner.bounds.on_described(event.account_described, owner.account.collateral());
}

void AgentShard::set_risk_limits(const Event& event) {
  const std::lock_guard guard(mutex_);
  state(event.header.agent).bounds.on_limits(event.risk_limits_changed.limits);
}

void AgentShard::start_day(const Event& event) {
  const std::lock_guard guard(mutex_);
  state(event.header.agent).bounds.on_day(event.risk_day_started);
}

void AgentShard::count_open(AgentState& owner, const OrderView& order, Lots before) {
  if (order.is_reduce_only() || order.remaining == before) return;
  holding_of(owner, order.market).open_lots += order.remaining - before;
}

std::optional<AgentBounds> AgentShard::bounds(AgentId agent) const {
  const std::lock_guard guard(mutex_);
  const AgentState* owner = find(agent);
  if (owner == nullptr) return std::nullopt;
  return owner->bounds;
}

}  // namespace perpetua::stores
