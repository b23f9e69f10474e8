// Deposits, withdrawals, transfers, faucet: docs/rules.md section 7. Amounts in micro-USDC.

#include "engine/ledger/ledger.hpp"

namespace perpetua {
namespace {

constexpr int64_t kFaucetWindowMs = 86'400'000;

uint8_t is_onchain(const Command& command) {
  return (command.money.flags & kOnChain) != 0 ? uint8_t{1} : uint8_t{0};
}

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

LedgerEntry& Ledger::add_entry(AgentId agent, uint32_t index, LedgerEntryKind kind, Micro amount,
                               AgentId counterparty, const Context& context) {
  Event event(EventType::ledger_entry, agent, kNoMarket, index);
  event.ledger_entry.amount = amount;
  event.ledger_entry.free_after = accounts_.get(agent).free;
  event.ledger_entry.counterparty = counterparty;
  event.ledger_entry.kind = kind;
  return context.events.emplace_back(event).ledger_entry;
}

// A payment is credited once, for ever.
Outcome Ledger::check_claim(const Command& command) const {
  const Sha256& claim = command.money.claim;
  if (!DepositClaims::is_given(claim)) return {};
  if (claims_.contains(claim)) return rejected(ResultCode::already_claimed);
  return claims_.is_full() ? rejected(ResultCode::claim_limit_reached) : Outcome{};
}

Decision Ledger::deposit(const Command& command, uint32_t index, const Context& context) {
  const AgentId agent = command.header.agent;
  const Micro amount = command.money.amount;
  Decision decision;
  if (!amount_is_valid(amount)) {
    decision.outcome = rejected(ResultCode::invalid_amount);
  } else if (is_refused(check_claim(command), decision)) {
    return decision;
  } else if (!deposit_fits(amount)) {
    decision.outcome = rejected(ResultCode::deposit_limit);
  } else {
    const Sha256& claim = command.money.claim;
    if (DepositClaims::is_given(claim)) claims_.add(claim);
    accounts_.deposit(agent, amount);
    LedgerEntry& entry = add_entry(agent, index, LedgerEntryKind::deposit, amount, 0, context);
    entry.claim = claim;
    entry.is_onchain = is_onchain(command);
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
  const bool is_once = (command.money.flags & kOncePerWindow) != 0;
  const Micro left = is_once && is_open ? Micro(0) : Micro(limits::kFaucetPerDayMicro) - claimed;
  const int64_t start_ms = is_open ? account.faucet_window_start_ms : context.log_time_ms;
  if (amount > left) {
    const int64_t wait_ms = is_open ? start_ms + kFaucetWindowMs - context.log_time_ms : 0;
    decision.outcome = rejected(ResultCode::faucet_limit, amount.value, left.value, wait_ms);
    return decision;
  }
  accounts_.claim_faucet(agent, start_ms, claimed + amount, amount);
  LedgerEntry& entry = add_entry(agent, index, LedgerEntryKind::faucet, amount, 0, context);
  entry.faucet_window_start_ms = start_ms;
  entry.faucet_claimed = claimed + amount;
  decision.outcome = balances(agent);
  return decision;
}

// Of an on-chain withdrawal: its size, and the time since the agent's last one.
Outcome Ledger::check_withdrawal(const Command& command, int64_t log_time_ms) const {
  if (is_onchain(command) == 0) return {};
  const Micro amount = command.money.amount;
  if (amount.value > limits::kOnChainWithdrawalMaxMicro) {
    return rejected(ResultCode::invalid_amount, amount.value, limits::kOnChainWithdrawalMaxMicro);
  }
  const int64_t last_ms = accounts_.onchain_withdrawn_at_ms(command.header.agent);
  const int64_t wait_ms = last_ms + limits::kOnChainWithdrawalCooldownMs - log_time_ms;
  if (last_ms == 0 || wait_ms <= 0) return {};
  return rejected(ResultCode::withdrawal_cooldown, wait_ms);
}

Decision Ledger::withdraw(const Command& command, uint32_t index, const Context& context) {
  const AgentId agent = command.header.agent;
  const Micro amount = command.money.amount;
  Decision decision;
  if (!amount_is_valid(amount)) {
    decision.outcome = rejected(ResultCode::invalid_amount);
    return decision;
  }
  if (is_refused(check_withdrawal(command, context.log_time_ms), decision)) return decision;
  const Micro available = accounts_.withdrawable(agent);
  if (amount > available) {
    return refuse_or_defer(
        agent, rejected(ResultCode::insufficient_balance, amount.value, available.value));
  }
  accounts_.withdraw(agent, amount);
  if (is_onchain(command) != 0) accounts_.set_onchain_withdrawn_at(agent, context.log_time_ms);
  add_entry(agent, index, LedgerEntryKind::withdrawal, amount, 0, context).is_onchain =
      is_onchain(command);
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
  add_entry(agent, index, LedgerEntryKind::transfer_out, amount, to_agent, context).is_onchain =
      is_onchain(command);
  add_entry(to_agent, index, LedgerEntryKind::transfer_in, amount, agent, context).is_onchain =
      is_onchain(command);
  decision.outcome = balances(agent);
  return decision;
}

}  // namespace perpetua
