// Deposits, withdrawals, transfers, faucet: docs/rules.md section 7. Amounts in micro-USDC.

#include "engine/ledger/ledger.hpp"

namespace perpetua {
namespace {

constexpr int64_t kFaucetWindowMs = 86'400'000;

}  // namespace

bool Ledger::deposit_fits(Micro amount) const {
  const MoneyTotals& totals = accounts_.totals();
  return (totals.deposits - totals.withdrawals + amount).value <= limits::kCollateralMaxMicro;
}

Outcome Ledger::balances(AgentId agent) const {
  const Account& account = accounts_.get(agent);
  Outcome outcome;
  outcome.values[0] = account.free.value;
  outcome.values[1] = account.reserved.value;
  outcome.values[2] = account.position_margin.value;
  return outcome;
}

void Ledger::add_entry(AgentId agent, uint32_t index, LedgerEntryKind kind, Micro amount,
                       AgentId counterparty, const Context& context) {
  Event event(EventType::ledger_entry, agent, kNoMarket, index);
  event.ledger_entry.amount = amount;
  event.ledger_entry.free_after = accounts_.get(agent).free;
  event.ledger_entry.counterparty = counterparty;
  event.ledger_entry.kind = kind;
  context.events.push_back(event);
}

Decision Ledger::deposit(const Command& command, uint32_t index, const Context& context) {
  const AgentId agent = command.header.agent;
  const Micro amount = command.money.amount;
  Decision decision;
  if (!amount_is_valid(amount)) {
    decision.outcome = rejected(ResultCode::invalid_amount);
  } else if (!deposit_fits(amount)) {
    decision.outcome = rejected(ResultCode::deposit_limit);
  } else {
    accounts_.deposit(agent, amount);
    add_entry(agent, index, LedgerEntryKind::deposit, amount, 0, context);
    decision.outcome = balances(agent);
  }
  return decision;
}

Decision Ledger::claim_faucet(const Command& command, uint32_t index, const Context& context) {
  const AgentId agent = command.header.agent;
  const Account& account = accounts_.get(agent);
  const Micro amount = command.money.amount;
  Decision decision;
  if (!amount_is_valid(amount)) {
    decision.outcome = rejected(ResultCode::invalid_amount);
    return decision;
  }
  if (!deposit_fits(amount)) {
    decision.outcome = rejected(ResultCode::deposit_limit);
    return decision;
  }
  const bool is_open = account.faucet_claimed > Micro(0) &&
                       context.log_time_ms - account.faucet_window_start_ms < kFaucetWindowMs;
  const Micro claimed = is_open ? account.faucet_claimed : Micro(0);
  const Micro left = Micro(limits::kFaucetPerDayMicro) - claimed;
  if (amount > left) {
    decision.outcome = rejected(ResultCode::faucet_limit, amount.value, left.value);
    return decision;
  }
  const int64_t start_ms = is_open ? account.faucet_window_start_ms : context.log_time_ms;
  accounts_.claim_faucet(agent, start_ms, claimed + amount, amount);
  add_entry(agent, index, LedgerEntryKind::faucet, amount, 0, context);
  decision.outcome = balances(agent);
  return decision;
}

Decision Ledger::withdraw(const Command& command, uint32_t index, const Context& context) {
  const AgentId agent = command.header.agent;
  const Micro amount = command.money.amount;
  Decision decision;
  if (!amount_is_valid(amount)) {
    decision.outcome = rejected(ResultCode::invalid_amount);
    return decision;
  }
  const Micro available = accounts_.withdrawable(agent);
  if (amount > available) {
    return refuse_or_defer(
        agent, rejected(ResultCode::insufficient_balance, amount.value, available.value));
  }
  accounts_.withdraw(agent, amount);
  add_entry(agent, index, LedgerEntryKind::withdrawal, amount, 0, context);
  decision.outcome = balances(agent);
  return decision;
}

Decision Ledger::transfer(const Command& command, uint32_t index, const Context& context) {
  const AgentId agent = command.header.agent;
  const AgentId to_agent = command.money.to_agent;
  const Micro amount = command.money.amount;
  Decision decision;
  if (!accounts_.exists(to_agent)) {
    decision.outcome = rejected(ResultCode::agent_not_found);
    return decision;
  }
  if (to_agent == agent) {
    decision.outcome = rejected(ResultCode::invalid_request);
    return decision;
  }
  if (!amount_is_valid(amount)) {
    decision.outcome = rejected(ResultCode::invalid_amount);
    return decision;
  }
  const Micro available = accounts_.withdrawable(agent);
  if (amount > available) {
    return refuse_or_defer(
        agent, rejected(ResultCode::insufficient_balance, amount.value, available.value));
  }
  accounts_.transfer(agent, to_agent, amount);
  add_entry(agent, index, LedgerEntryKind::transfer_out, amount, to_agent, context);
  add_entry(to_agent, index, LedgerEntryKind::transfer_in, amount, agent, context);
  decision.outcome = balances(agent);
  return decision;
}

}  // namespace perpetua
