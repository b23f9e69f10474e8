#include "stores/memory/agent_shard.hpp"

#include <algorithm>

#include "stores/order_fold.hpp"

namespace perpetua::stores {

namespace {

using Guard = std::lock_guard<std::mutex>;

HoldingChange change_of(Lots before, Micro entry_before, Lots after, Micro entry_after) {
  const auto long_part = [](Lots base) { return std::max(base, Lots(0)); };
  const auto signed_entry = [](Lots base, Micro entry) {
    return base < Lots(0) ? -static_cast<Int128>(entry.value) : static_cast<Int128>(entry.value);
  };
  return {long_part(after) - long_part(before), long_part(-after) - long_part(-before),
          signed_entry(after, entry_after) - signed_entry(before, entry_before),
          static_cast<int>(after.value != 0) - static_cast<int>(before.value != 0)};
}

bool wanted(MarketId filter, MarketId market) { return filter == kNoMarket || filter == market; }

}  // namespace

AgentShard::AgentShard()
    : closed_(hot_limits::kClosedOrdersPerShardMax),
      fills_(hot_limits::kFillsPerShardMax),
      alerts_(hot_limits::kAlertsPerShardMax) {}

void AgentShard::add_agent(AgentId agent) {
  const Guard guard(mutex_);
  const std::size_t index = agent / hot_limits::kAgentShards;
  if (agents_.size() <= index) agents_.resize(index + 1);
  agents_[index].agent = agent;
  agents_[index].account.agent = agent;
}

// Before the event itself is taken: what it changes is never seen without it. An agent that is only
// now registered has nothing yet.
void AgentShard::note_change(const Event& event, BatchNumber batch) {
  const Guard guard(mutex_);
  if (find(event.header.agent) == nullptr) return;
  AgentChanges& changes = state(event.header.agent).changes;
  changes.any = batch;
  if (event.header.type == EventType::ledger_entry) changes.ledger = batch;
  if (event.header.type == EventType::fill) changes.fills = batch;
}

AgentChanges AgentShard::changes(AgentId agent) const {
  const Guard guard(mutex_);
  const AgentState* owner = find(agent);
  return owner == nullptr ? AgentChanges() : owner->changes;
}

AgentShard::AgentState& AgentShard::state(AgentId agent) {
  const std::size_t index = agent / hot_limits::kAgentShards;
  PERPETUA_ASSERT(index < agents_.size() && agents_[index].agent == agent);
  return agents_[index];
}

const AgentShard::AgentState* AgentShard::find(AgentId agent) const {
  const std::size_t index = agent / hot_limits::kAgentShards;
  if (agent == 0 || index >= agents_.size() || agents_[index].agent != agent) return nullptr;
  return &agents_[index];
}

HoldingRow& AgentShard::holding_of(AgentState& state, MarketId market) {
  const auto found =
      std::lower_bound(state.holdings.begin(), state.holdings.end(), market,
                       [](const HoldingRow& row, MarketId id) { return row.market < id; });
  if (found != state.holdings.end() && found->market == market) return *found;
  HoldingRow row;
  row.market = market;
  return *state.holdings.insert(found, row);
}

AgentShard::OpenOrders::iterator AgentShard::open_order(AgentState& state, OrderId id) {
  const auto found = state.open_orders.find(id);
  PERPETUA_ASSERT(found != state.open_orders.end());
  return found;
}

Micro AgentShard::set_account(AgentId agent, const AccountChanged& account, int64_t time_ms) {
  const Guard guard(mutex_);
  AgentState& owner = state(agent);
  AccountView& view = owner.account;
  const Micro before = view.collateral();
  view.free = account.free;
  view.reserved = account.reserved;
  view.position_margin = account.position_margin;
  owner.bounds.on_collateral(view.collateral(), time_ms);
  return view.collateral() - before;
}

void AgentShard::set_sequence(AgentId agent, uint64_t agent_sequence) {
  const Guard guard(mutex_);
  AccountView& view = state(agent).account;
  PERPETUA_ASSERT(agent_sequence >= view.agent_sequence);
  view.agent_sequence = agent_sequence;
}

void AgentShard::set_settings(AgentId agent, MarketId market, const SettingsChanged& settings) {
  const Guard guard(mutex_);
  HoldingRow& row = holding_of(state(agent), market);
  row.is_touched = true;
  row.leverage = settings.leverage;
  row.netting = settings.netting != 0;
}

void AgentShard::set_switch(AgentId agent, MarketId market, const SwitchChanged& changed) {
  const Guard guard(mutex_);
  HoldingRow& row = holding_of(state(agent), market);
  row.switch_deadline_ms = changed.deadline_ms;
  row.switch_scope = changed.scope;
}

HoldingChange AgentShard::set_position(AgentId agent, MarketId market,
                                       const PositionDescribed& position) {
  const Guard guard(mutex_);
  HoldingRow& row = holding_of(state(agent), market);
  const HoldingChange change =
      change_of(row.base, row.entry_notional, position.base, position.entry_notional);
  row.is_touched = true;
  row.base = position.base;
  row.entry_notional = position.entry_notional;
  row.margin = position.margin;
  row.realised_pnl = position.realised_pnl_total;
  return change;
}

HoldingChange AgentShard::change_position(AgentId agent, MarketId market,
                                          const PositionChanged& position) {
  PositionDescribed after;
  after.base = position.base;
  after.entry_notional = position.entry_notional;
  after.margin = position.margin;
  after.realised_pnl_total = position.realised_pnl_total;
  return set_position(agent, market, after);
}

HoldingChange AgentShard::add_fill(const Event& event, const FillView& fill) {
  const Guard guard(mutex_);
  AgentState& owner = state(fill.agent);
  HoldingRow& row = holding_of(owner, fill.market);
  const HoldingChange change = change_of(row.base, row.entry_notional, event.fill.position_base,
                                         event.fill.position_entry_notional);
  row.is_touched = true;
  row.base = event.fill.position_base;
  row.entry_notional = event.fill.position_entry_notional;
  row.margin = event.fill.position_margin;
  row.realised_pnl += event.fill.realised_pnl;
  if (fill.order_id == 0) {  // the taker of a liquidation is no order
    fills_.push(owner.fills, fill);
    return change;
  }
  const auto order = open_order(owner, fill.order_id);
  FillView shown = fill;
  shown.is_intent = order->second.is_intent();
  fills_.push(owner.fills, shown);
  const Lots remaining = order->second.remaining;
  fold_fill(order->second, event, fill.notional, fill.time_ms);
  count_open(owner, order->second, remaining);
  if (event.fill.order_done != 0) retire(owner, order);
  return change;
}

void AgentShard::add_order(const OrderView& order) {
  const Guard guard(mutex_);
  AgentState& owner = state(order.agent);
  const bool added = owner.open_orders.emplace(order.order_id, order).second;
  PERPETUA_ASSERT(added);
  count_open(owner, order, Lots(0));
  if (order.client_id != ClientId{}) {
    client_ids_[{order.agent, order.client_id}] = order.order_id;
  }
}

void AgentShard::amend_order(const Event& event, int64_t time_ms) {
  const Guard guard(mutex_);
  AgentState& owner = state(event.header.agent);
  OrderView& order = open_order(owner, event.order_amended.order_id)->second;
  const Lots remaining = order.remaining;
  fold_amend(order, event, time_ms);
  count_open(owner, order, remaining);
}

void AgentShard::close_order(const Event& event, int64_t time_ms) {
  const Guard guard(mutex_);
  AgentState& owner = state(event.header.agent);
  const auto order = open_order(owner, event.order_closed.order_id);
  const Lots remaining = order->second.remaining;
  fold_close(order->second, event, time_ms);
  count_open(owner, order->second, remaining);
  retire(owner, order);
}

void AgentShard::set_bracket(const Event& event) {
  const Guard guard(mutex_);
  fold_bracket(open_order(state(event.header.agent), event.order_bracket.order_id)->second, event);
}

void AgentShard::add_alert(const AlertView& alert) {
  const Guard guard(mutex_);
  alerts_.push(state(alert.agent).alerts, alert);
}

bool AgentShard::warm_order(const OrderView& order) {
  const Guard guard(mutex_);
  OpenOrders& open = state(order.agent).open_orders;
  const auto found = open.find(order.order_id);
  if (found == open.end() || found->second.filled != order.filled) return false;
  found->second = order;
  return true;
}

void AgentShard::retire(AgentState& owner, OpenOrders::iterator order) {
  const OrderView& view = order->second;
  if (view.client_id != ClientId{}) {
    // A client id may have been used again since; it then names the newer order.
    const auto named = client_ids_.find({view.agent, view.client_id});
    if (named != client_ids_.end() && named->second == view.order_id) client_ids_.erase(named);
  }
  closed_.push(owner.closed, std::move(order->second));
  owner.open_orders.erase(order);
}

std::optional<AccountView> AgentShard::account(AgentId agent) const {
  const Guard guard(mutex_);
  const AgentState* owner = find(agent);
  if (owner == nullptr) return std::nullopt;
  return owner->account;
}

std::optional<std::vector<HoldingRow>> AgentShard::holdings(AgentId agent) const {
  const Guard guard(mutex_);
  const AgentState* owner = find(agent);
  if (owner == nullptr) return std::nullopt;
  return owner->holdings;
}

std::optional<HoldingRow> AgentShard::holding(AgentId agent, MarketId market) const {
  const Guard guard(mutex_);
  const AgentState* owner = find(agent);
  if (owner == nullptr) return std::nullopt;
  for (const HoldingRow& row : owner->holdings) {
    if (row.market == market) return row;
  }
  HoldingRow untouched;
  untouched.market = market;
  return untouched;
}

std::optional<OrderView> AgentShard::order(AgentId agent, OrderId id) const {
  const Guard guard(mutex_);
  const AgentState* owner = find(agent);
  if (owner == nullptr) return std::nullopt;
  const auto open = owner->open_orders.find(id);
  if (open != owner->open_orders.end()) return open->second;
  std::optional<OrderView> result;
  std::size_t visited = 0;
  closed_.visit_chain(owner->closed, [&](const OrderView& order) {
    if (order.order_id == id) result = order;
    return !result && ++visited < hot_limits::kClosedOrdersPerAgentMax;
  });
  return result;
}

std::optional<OrderView> AgentShard::order_by_client_id(AgentId agent,
                                                        const ClientId& client_id) const {
  const Guard guard(mutex_);
  const AgentState* owner = find(agent);
  if (owner == nullptr || client_id == ClientId{}) return std::nullopt;
  const auto named = client_ids_.find({agent, client_id});
  if (named != client_ids_.end()) return owner->open_orders.at(named->second);
  std::optional<OrderView> result;
  std::size_t visited = 0;
  closed_.visit_chain(owner->closed, [&](const OrderView& order) {
    if (order.client_id == client_id) result = order;
    return !result && ++visited < hot_limits::kClosedOrdersPerAgentMax;
  });
  return result;
}

std::vector<OrderView> AgentShard::open_orders(AgentId agent, MarketId market, OrderId before,
                                               std::size_t limit) const {
  std::vector<OrderView> result;
  const Guard guard(mutex_);
  const AgentState* owner = find(agent);
  if (owner == nullptr) return result;
  const OpenOrders& open = owner->open_orders;
  auto next = before == 0 ? open.end() : open.lower_bound(before);
  while (next != open.begin() && result.size() < limit) {
    --next;
    if (wanted(market, next->second.market)) result.push_back(next->second);
  }
  return result;
}

std::size_t AgentShard::open_order_count(AgentId agent) const {
  const Guard guard(mutex_);
  const AgentState* owner = find(agent);
  return owner == nullptr ? 0 : owner->open_orders.size();
}

std::vector<OrderView> AgentShard::closed_orders(AgentId agent, MarketId market,
                                                 std::size_t limit) const {
  std::vector<OrderView> result;
  const Guard guard(mutex_);
  const AgentState* owner = find(agent);
  if (owner == nullptr || limit == 0) return result;
  std::size_t visited = 0;
  closed_.visit_chain(owner->closed, [&](const OrderView& order) {
    if (wanted(market, order.market)) result.push_back(order);
    return result.size() < limit && ++visited < hot_limits::kClosedOrdersPerAgentMax;
  });
  return result;
}

std::vector<FillView> AgentShard::fills(AgentId agent, MarketId market, std::size_t limit) const {
  std::vector<FillView> result;
  const Guard guard(mutex_);
  const AgentState* owner = find(agent);
  if (owner == nullptr || limit == 0) return result;
  std::size_t visited = 0;
  fills_.visit_chain(owner->fills, [&](const FillView& fill) {
    if (wanted(market, fill.market)) result.push_back(fill);
    return result.size() < limit && ++visited < hot_limits::kFillsPerAgentMax;
  });
  return result;
}

std::vector<AlertView> AgentShard::alerts(AgentId agent, uint64_t before, std::size_t limit) const {
  std::vector<AlertView> result;
  const Guard guard(mutex_);
  const AgentState* owner = find(agent);
  if (owner == nullptr || limit == 0) return result;
  std::size_t visited = 0;
  alerts_.visit_chain(owner->alerts, [&](const AlertView& alert) {
    if (before == 0 || alert.sequence < before) result.push_back(alert);
    return result.size() < limit && ++visited < hot_limits::kAlertsPerAgentMax;
  });
  return result;
}

}  // namespace perpetua::stores
