#include "engine/market/market.hpp"

#include <algorithm>
#include <cstring>

namespace perpetua {
namespace {

// Operations between a prefetch and its use: about the latency of memory.
constexpr std::size_t kLookAhead = 6;

}  // namespace

Market::Market(MarketId id, const MarketSpec& spec, uint64_t seed)
    : id_(id),
      spec_(spec),
      seed_(seed),
      book_(id, spec.price_max),
      queue_(spec.price_max),
      triggers_(id) {}

MarketAccount& Market::account(AgentId agent) {
  if (agent >= accounts_.size()) {
    accounts_.resize(std::max<std::size_t>(agent + 1, accounts_.size() * 2));
  }
  return accounts_[agent];
}

const MarketAccount* Market::find_account(AgentId agent) const {
  return agent < accounts_.size() ? &accounts_[agent] : nullptr;
}

bool Market::is_netting(AgentId agent) const {
  const MarketAccount* own = find_account(agent);
  return own != nullptr && own->is_netting != 0;
}

uint32_t Market::find_slot(AgentId agent, OrderId id, const ClientId& client_id) const {
  const uint32_t slot = id != 0 ? book_.find(id) : orders_.find_client_id(agent, client_id, seed_);
  if (slot == kNilSlot || book_.agent(slot) != agent || !book_.is_resting(slot)) return kNilSlot;
  return slot;
}

bool Market::find_order(AgentId agent, OrderId id, const ClientId& client_id, OrderId& found,
                        RestingOrder& resting) const {
  const uint32_t slot = find_slot(agent, id, client_id);
  if (slot == kNilSlot) return false;
  const OrderDetail& detail = orders_.detail(slot);
  found = book_.id(slot);
  resting = {book_.side(slot), detail.is_reduce_only(),
             detail.leverage,  book_.price(slot),
             detail.lots,      detail.filled};
  return true;
}

void Market::credit(AgentId agent, Micro free, Micro reserved, Micro margin) {
  if (free == Micro(0) && reserved == Micro(0) && margin == Micro(0)) return;
  PERPETUA_ASSERT(agent != 0);  // the fund's money is in its position
  round_.credits.push_back({agent, 0, free, reserved, margin});
}

void Market::execute(std::span<const Command> commands, std::string_view text, int64_t log_time_ms,
                     bool is_first_round) {
  if (is_first_round) {
    refresh_status(log_time_ms, kNoCommand);
    expire_orders(log_time_ms);
    act_on_switches(log_time_ms);
    close_due_signals(log_time_ms);
  }
  const std::vector<MarketOperation>& operations = round_.operations;
  // Filled in place: a copy of an outcome that was just written waits for every store before it.
  round_.outcomes.assign(operations.size(), Outcome{});
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (i + kLookAhead < operations.size()) {
      const MarketOperation& soon = operations[i + kLookAhead];
      prefetch_soon(soon, commands[soon.command]);
    }
    run(operations[i], commands, text, log_time_ms, round_.outcomes[i]);
  }
  if (is_first_round) apply_change(log_time_ms);
  PERPETUA_ASSERT(base_total_ == Lots(0));
}

void Market::run(const MarketOperation& operation, std::span<const Command> commands,
                 std::string_view text, int64_t log_time_ms, Outcome& outcome) {
  using enum CommandType;
  const Command& command = commands[operation.command];
  switch (command.header.type) {
    case place_order: return this->place_order(operation, command, outcome);
    case amend_order: return this->amend_order(operation, command, outcome);
    case cancel_order: return this->cancel_order(operation, command, outcome);
    case cancel_all: return this->cancel_all(operation, command, outcome);
    case set_netting: return this->set_netting(operation, command, outcome);
    case update_price: return this->update_price(operation, command, log_time_ms, outcome);
    case tick: return this->tick(operation, log_time_ms);
    case adjust_margin: return this->adjust_margin(operation, command, outcome);
    case set_market_mode: return set_mode(operation, command, log_time_ms, outcome);
    case fund_insurance: return this->fund_insurance(operation, command);
    case place_trigger: return this->place_trigger(operation, command, outcome);
    case cancel_all_after:
      return this->cancel_all_after(operation, command, log_time_ms, outcome);
    case create_signal: return this->create_signal(operation, command, log_time_ms, outcome);
    case fade_signal: return this->fade_signal(operation, command, log_time_ms, outcome);
    case change_market: {
      MarketSpec spec;  // the ledger has seen that it is one
      std::memcpy(&spec, text.data() + command.header.text_offset, sizeof spec);
      return schedule_change(operation, command, spec, outcome);
    }
    default:
      PERPETUA_ASSERT(false && "not a market's command");
  }
}

// The second step of prefetch(): its lines are here by now and name the ones to fetch next.
void Market::prefetch_soon(const MarketOperation& operation, const Command& command) const {
  if (operation.order_id != 0) {
    const uint32_t slot = order_slot(operation.order_id);
    book_.prefetch_neighbours(slot);
    orders_.prefetch_neighbours(slot);
  } else if (command.header.type == CommandType::place_order) {
    book_.prefetch_tail(operation.price);
    if (command.header.agent < accounts_.size()) {
      orders_.prefetch_links(accounts_[command.header.agent].own_last);
    }
  }
}

// Keeps the market's totals and the liquidation queue true.
void Market::set_position(AgentId agent, const Position& after) {
  const auto signed_entry = [](const Position& position) {
    const Int128 entry = position.entry_notional.value;
    return position.is_long() ? entry : -entry;
  };
  Position& own = account(agent).position;
  signed_entry_total_ += signed_entry(after) - signed_entry(own);
  base_total_ += after.base - own.base;
  own = after;
  for (DeleverageRanking& ranking : rankings_) ranking.mark_changed(agent);
  PERPETUA_ASSERT(own.margin >= Micro(0) && own.entry_notional >= Micro(0));
  PERPETUA_ASSERT(own.base != Lots(0) || own.entry_notional == Micro(0));
  if (agent == 0) return;
  PERPETUA_ASSERT(own.base != Lots(0) || own.margin == Micro(0));
  queue_.mark_changed(agent);
}

void Market::enlist(uint32_t slot) {
  const OrderDetail& detail = orders_.detail(slot);
  MarketAccount& own = account(book_.agent(slot));
  if (detail.is_reduce_only()) {
    ++own.reduce_only_orders;
  } else {
    own.open_lots[static_cast<int>(book_.side(slot))] += book_.remaining(slot);
  }
  ++own.open_orders;
  orders_.links(slot) = {kNilSlot, own.own_last};
  (own.own_last == kNilSlot ? own.own_first : orders_.links(own.own_last).next) = slot;
  own.own_last = slot;
  if (detail.expires_at_ms != 0) orders_.expiries().insert(detail.expires_at_ms, book_.id(slot));
}

// What has filled since left open_lots with each fill; `remaining` is what is still counted.
void Market::delist(uint32_t slot) {
  const OrderDetail& detail = orders_.detail(slot);
  MarketAccount& own = account(book_.agent(slot));
  if (detail.is_reduce_only()) {
    --own.reduce_only_orders;
  } else {
    own.open_lots[static_cast<int>(book_.side(slot))] -= book_.remaining(slot);
  }
  PERPETUA_ASSERT(own.open_orders > 0);
  --own.open_orders;
  const OwnLinks links = orders_.links(slot);
  (links.previous == kNilSlot ? own.own_first : orders_.links(links.previous).next) = links.next;
  (links.next == kNilSlot ? own.own_last : orders_.links(links.next).previous) = links.previous;
  if (detail.expires_at_ms != 0) orders_.expiries().erase(book_.id(slot));
}

void Market::close_resting(uint32_t slot, CloseReason reason, uint32_t command) {
  const AgentId agent = book_.agent(slot);
  const OrderDetail& detail = orders_.detail(slot);
  Event& event = emit(EventType::order_closed, agent, command);
  event.order_closed.order_id = book_.id(slot);
  event.order_closed.price = book_.price(slot);
  event.order_closed.remaining = book_.remaining(slot);
  event.order_closed.removed_from_book = book_.remaining(slot);
  event.order_closed.side = book_.side(slot);
  event.order_closed.reason = reason;
  credit(agent, detail.reserved, -detail.reserved, Micro(0));
  delist(slot);
  book_.remove(slot);
  orders_.close(slot, agent, seed_);
  book_.release(slot);
}

void Market::cancel_order(const MarketOperation& operation, const Command& command,
                          Outcome& outcome) {
  const AgentId agent = command.header.agent;
  if (is_trigger(operation.order_id)) return cancel_trigger(operation, command, outcome);
  const uint32_t slot = find_slot(agent, operation.order_id, command.cancel.client_id);
  if (slot == kNilSlot) {
    outcome = rejected(ResultCode::order_not_found);
    return;
  }
  const OrderDetail& detail = orders_.detail(slot);
  outcome.id = book_.id(slot);
  outcome.status = OrderStatus::cancelled;
  outcome.reason = CloseReason::cancelled;
  outcome.values[0] = detail.filled.value;
  outcome.values[1] = detail.filled_notional.value;
  outcome.values[2] = book_.remaining(slot).value;
  outcome.values[3] = book_.price(slot).value;
  close_resting(slot, CloseReason::cancelled, operation.command);
}

void Market::cancel_all(const MarketOperation& operation, const Command& command,
                        Outcome& outcome) {
  if (find_account(command.header.agent) == nullptr) return;
  outcome.count = cancel_scope(command.header.agent, command.cancel_all.scope,
                               CloseReason::cancel_all, operation.command);
}

// Returns how many.
uint32_t Market::cancel_scope(AgentId agent, CancelScope scope, CloseReason reason,
                              uint32_t command) {
  uint32_t count = 0;
  while (scope != CancelScope::triggers && accounts_[agent].own_first != kNilSlot) {
    close_resting(accounts_[agent].own_first, reason, command);
    ++count;
  }
  if (scope == CancelScope::triggers) {
    return close_triggers(agent, reason, command, [](const Trigger&) { return true; });
  }
  const auto is_entry = [](const Trigger& trigger) { return trigger.is_protective == 0; };
  count += close_triggers(agent, reason, command, is_entry);
  if (scope == CancelScope::orders) return count;
  return count + close_triggers(agent, reason, command, [](const Trigger&) { return true; });
}

void Market::set_netting(const MarketOperation& operation, const Command& command,
                         Outcome& outcome) {
  const AgentId agent = command.header.agent;
  MarketAccount& own = account(agent);
  const bool is_netting = command.set_netting.netting != 0;
  if (!is_netting) {
    const Lots buys = own.open_lots[0], sells = own.open_lots[1], base = own.position.base;
    const Lots opposed = base > Lots(0) ? sells : base < Lots(0) ? buys : std::min(buys, sells);
    if (opposed > Lots(0)) {
      outcome = rejected(ResultCode::conflicting_position, base.value, opposed.value);
      return;
    }
  }
  own.is_netting = is_netting ? 1 : 0;
  Event& event = emit(EventType::settings_changed, agent, operation.command);
  event.settings_changed.netting = own.is_netting;  // the engine adds the leverage
}

}  // namespace perpetua
