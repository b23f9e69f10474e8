// What log time alone brings: expiry of orders, dead-man's switches, a change of the spec.
// docs/rules.md section 6, docs/rules-perpetual.md sections 21 and 23.

#include <algorithm>

#include "engine/market/market.hpp"

namespace perpetua {

int64_t Market::next_deadline_ms() const {
  const int64_t change_ms = pending_.is_set != 0 ? pending_.effective_at_ms : INT64_MAX;
  return std::min({orders_.expiries().next_expiry_ms(), switches_.next_deadline_ms(),
                   signals_.next_deadline_ms(), change_ms});
}

void Market::expire_orders(int64_t log_time_ms) {
  while (orders_.expiries().next_expiry_ms() <= log_time_ms) {
    const uint32_t slot = book_.find(orders_.expiries().top().order_id);
    PERPETUA_ASSERT(slot != kNilSlot);
    close_resting(slot, CloseReason::expired, kNoCommand);
  }
}

void Market::emit_switch(AgentId agent, const DeadManSwitch& armed, uint32_t command) {
  Event& event = emit(EventType::switch_changed, agent, command);
  event.switch_changed.deadline_ms = armed.deadline_ms;
  event.switch_changed.scope = armed.scope;
}

void Market::cancel_all_after(const MarketOperation& operation, const Command& command,
                              int64_t log_time_ms, Outcome& outcome) {
  DeadManSwitch wanted;
  wanted.agent = command.header.agent;
  wanted.scope = command.cancel_all_after.scope;
  if (command.cancel_all_after.timeout_ms > 0) {
    wanted.deadline_ms = log_time_ms + command.cancel_all_after.timeout_ms;
  }
  switches_.set(wanted);
  emit_switch(wanted.agent, wanted, operation.command);
  outcome.values[0] = wanted.deadline_ms;
}

void Market::act_on_switches(int64_t log_time_ms) {
  while (switches_.next_deadline_ms() <= log_time_ms) {
    DeadManSwitch due = switches_.next();
    account(due.agent);
    cancel_scope(due.agent, due.scope, CloseReason::dead_man, kNoCommand);
    due.deadline_ms = 0;
    switches_.set(due);
    emit_switch(due.agent, due, kNoCommand);
  }
}

// Only what does not move the book or the money may differ.
void Market::schedule_change(const MarketOperation& operation, const Command& command,
                             const MarketSpec& spec, Outcome& outcome) {
  const bool fits = spec.symbol == spec_.symbol && spec.tick_size_e9 == spec_.tick_size_e9 &&
                    spec.lot_size_e9 == spec_.lot_size_e9 &&
                    spec.value_per_tick_lot_micro == spec_.value_per_tick_lot_micro &&
                    spec.price_min == spec_.price_min && spec.price_max == spec_.price_max &&
                    spec.default_leverage == spec_.default_leverage;
  if (!fits) {
    outcome = rejected(ResultCode::invalid_request);
    return;
  }
  pending_.spec = spec;
  pending_.effective_at_ms = command.change_market.effective_at_ms;
  pending_.is_set = 1;
  Event& event = emit(EventType::market_change_scheduled, 0, operation.command);
  event.market_change_scheduled.spec = {command.header.text_offset, command.header.text_length};
  event.market_change_scheduled.effective_at_ms = pending_.effective_at_ms;
}

void Market::apply_change(int64_t log_time_ms) {
  if (pending_.is_set == 0 || log_time_ms < pending_.effective_at_ms) return;
  const bool is_fee_new = pending_.spec.taker_fee_ppm != spec_.taker_fee_ppm;
  spec_ = MarketRules(pending_.spec);
  pending_ = PendingChange{};
  emit(EventType::market_changed, 0, kNoCommand);
  for (AgentId agent = 1; agent < accounts_.size(); ++agent) {
    if (accounts_[agent].position.base != Lots(0)) queue_.mark_changed(agent);
    if (!is_fee_new) continue;
    // What they hold in reserve is by the old fee.
    for (uint32_t slot = accounts_[agent].own_first; slot != kNilSlot;) {
      const uint32_t next = orders_.links(slot).next;
      if (!orders_.detail(slot).is_reduce_only()) {
        close_resting(slot, CloseReason::market_changed, kNoCommand);
      }
      slot = next;
    }
    close_entry_triggers(agent, CloseReason::market_changed, kNoCommand);
  }
}

}  // namespace perpetua
