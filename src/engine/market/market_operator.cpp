// What owner and operator do to positions and markets: docs/rules-perpetual.md sections 18 and 19.

#include <algorithm>

#include "engine/market/market.hpp"

namespace perpetua {

void Market::adjust_margin(const MarketOperation& operation, const Command& command,
                           Outcome& outcome) {
  const AgentId agent = command.header.agent;
  const Micro amount = command.adjust_margin.amount;
  Position& position = account(agent).position;
  const auto refuse = [&](const Outcome& refusal) {
    credit(agent, operation.reserved, -operation.reserved, Micro(0));
    outcome = refusal;
  };
  if (position.base == Lots(0)) return refuse(rejected(ResultCode::no_position));
  if (amount < Micro(0)) {
    if (!state_.accepts_orders()) return refuse(closed());
    const Micro value = notional_at(position, mark_, spec_);
    const Micro loss = std::min(Micro(0), unrealised_pnl(position, value));
    const Micro kept = initial_margin(value, max_leverage_for(value.value, spec_));
    const Micro spare = std::max(Micro(0), position.margin + loss - kept);
    if (-amount > spare) {
      return refuse(rejected(ResultCode::insufficient_margin, -amount.value, spare.value));
    }
    credit(agent, -amount, Micro(0), amount);
  } else {
    credit(agent, Micro(0), -amount, amount);
  }
  position.margin += amount;
  queue_.mark_changed(agent);
  emit_position_change(agent, PositionChange::margin_adjusted, Lots(0), Micro(0), amount,
                       operation.command);
  outcome.values[0] = position.margin.value;
}

Outcome Market::closed() const {
  return rejected(ResultCode::market_closed, static_cast<int64_t>(state_.mode), state_.is_stale);
}

void Market::set_mode(const MarketOperation& operation, const Command& command, int64_t log_time_ms,
                      Outcome& outcome) {
  const MarketMode mode = command.set_market_mode.mode;
  if (state_.mode == MarketMode::settled) {
    outcome = closed();
    return;
  }
  if (mode == MarketMode::settled && mark_ == Price(0)) {
    outcome = rejected(ResultCode::price_unavailable);
    return;
  }
  if (mode == state_.mode) return;
  const bool was_halted = state_.mode == MarketMode::halted;
  state_.mode = mode;
  emit_status(operation.command);
  if (mode == MarketMode::settled) {
    settle_positions(operation.command);
    return return_all_stakes(operation.command);
  }
  // Who became bankrupt meanwhile must not trade first.
  if (was_halted && index_ != Price(0)) advance(log_time_ms, operation.command, false);
}

// Delisting: no order rests, every position is closed at the mark.
void Market::settle_positions(uint32_t command) {
  const Position fund_before = fund();
  const Micro debt_before = state_.bad_debt;
  for (AgentId agent = 1; agent < accounts_.size(); ++agent) {
    while (accounts_[agent].own_first != kNilSlot) {
      close_resting(accounts_[agent].own_first, CloseReason::market_settled, command);
    }
    close_triggers(agent, CloseReason::market_settled, command,
                   [](const Trigger&) { return true; });
  }
  for (AgentId agent = 1; agent < accounts_.size(); ++agent) {
    const Position position = accounts_[agent].position;
    if (position.base == Lots(0)) continue;
    const Micro value = notional_at(position, mark_, spec_);
    const Closing closing = close_part(position, position.size(), value);
    const Micro proceeds = closing.realised + closing.released;
    set_position(agent, Position{});
    credit(agent, std::max(Micro(0), proceeds), Micro(0), -closing.released);
    if (proceeds < Micro(0)) pay_fund(proceeds);
    accounts_[agent].realised_pnl_total += closing.realised;
    emit_position_change(agent, PositionChange::settled, position.size(), value, closing.realised,
                         command);
  }
  const Position own = fund();
  if (own.base != Lots(0)) {
    const Micro value = notional_at(own, mark_, spec_);
    const Closing closing = close_part(own, own.size(), value);
    set_position(0, {Lots(0), Micro(0), own.margin});
    pay_fund(closing.realised);
  }
  emit_fund_change(fund_before, debt_before, command);
}

// The deposit is the ledger's already; what the fund owes is paid first.
void Market::fund_insurance(const MarketOperation& operation, const Command& command) {
  const Position fund_before = fund();
  const Micro debt_before = state_.bad_debt;
  const Micro amount = command.fund_insurance.amount;
  const Micro paid = std::min(amount, std::max(Micro(0), state_.bad_debt));
  state_.bad_debt -= paid;
  pay_fund(amount - paid);
  emit_fund_change(fund_before, debt_before, operation.command);
}

}  // namespace perpetua
