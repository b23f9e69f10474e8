// Signals and bets, as far as the ledger decides them: docs/rules-agents.md section 25.

#include "engine/ledger/ledger.hpp"

namespace perpetua {
namespace {

Outcome check_terms(const CreateSignal& wanted, const MarketRules& spec) {
  if (wanted.kind > SignalKind::price_change) return rejected(ResultCode::invalid_request);
  if (wanted.duration_ms < limits::kSignalDurationMinMs ||
      wanted.duration_ms > limits::kSignalDurationMaxMs) {
    return rejected(ResultCode::invalid_expiry, wanted.duration_ms, limits::kSignalDurationMinMs,
                    limits::kSignalDurationMaxMs);
  }
  if (wanted.stake.value < limits::kSignalStakeMinMicro ||
      wanted.stake.value > limits::kSignalStakeMaxMicro) {
    return rejected(ResultCode::invalid_amount, wanted.stake.value, limits::kSignalStakeMinMicro,
                    limits::kSignalStakeMaxMicro);
  }
  const bool is_move = wanted.kind == SignalKind::price_change;
  const int64_t lowest = is_move ? 1 : spec.price_min.value;
  const int64_t highest = is_move ? limits::kSignalChangeMaxPpm : spec.price_max.value;
  if (wanted.target < lowest || wanted.target > highest) {
    return rejected(ResultCode::invalid_target, wanted.target, lowest, highest);
  }
  return {};
}

}  // namespace

// A stake leaves the account like a withdrawal; until its market has judged, it is reserved.
Decision Ledger::reserve_stake(const CommandHeader& header, MarketId market, Micro stake,
                               uint32_t index) {
  const Micro available = accounts_.withdrawable(header.agent);
  if (stake > available) {
    return refuse_or_defer(
        header.agent, rejected(ResultCode::insufficient_balance, stake.value, available.value));
  }
  accounts_.reserve(header.agent, stake);
  accounts_.set_flag(header.agent, kWentToMarket);
  Decision decision;
  decision.disposition = Disposition::to_market;
  decision.market = market;
  decision.operation.command = index;
  decision.operation.reserved = stake;
  return decision;
}

Decision Ledger::create_signal(const Command& command, uint32_t index, const Context& context) {
  const CommandHeader& header = command.header;
  Decision decision;
  if (header.market >= context.markets.size()) {
    decision.outcome = rejected(ResultCode::market_not_found);
    return decision;
  }
  const MarketView& view = context.markets[header.market];
  if (view.mark == Price(0)) {
    decision.outcome = rejected(ResultCode::price_unavailable);
    return decision;
  }
  if (is_refused(check_terms(command.create_signal, *view.spec), decision)) return decision;
  return reserve_stake(header, header.market, command.create_signal.stake, index);
}

Decision Ledger::fade_signal(const Command& command, uint32_t index, const Context& context) {
  const SignalId id = command.fade_signal.signal_id;
  const MarketId market = signal_market(id);
  Decision decision;
  const auto refuse = [&](ResultCode code) {
    decision.outcome = rejected(code);
    return decision;
  };
  if (market >= context.markets.size()) return refuse(ResultCode::signal_not_found);
  const SignalQuestion asked = context.orders.ask_signal(market, signal_number(id));
  if (!asked.was) return refuse(ResultCode::signal_not_found);
  if (!asked.is_live) return refuse(ResultCode::signal_expired);
  if (asked.creator == command.header.agent) return refuse(ResultCode::own_signal);
  if (asked.is_matched) return refuse(ResultCode::already_matched);
  return reserve_stake(command.header, market, asked.stake, index);
}

}  // namespace perpetua
