// Triggers, dead-man's switches and changes of a market, as far as the ledger decides them:
// docs/rules-perpetual.md sections 20, 21 and 23.

#include <cstring>

#include "engine/ledger/ledger.hpp"

namespace perpetua {
namespace {

bool is_well_formed(const PlaceTrigger& wanted) {
  for (const Price price : {wanted.stop, wanted.take_profit, wanted.stop_limit,
                            wanted.take_profit_limit, wanted.trail}) {
    if (price < Price(0)) return false;
  }
  const bool has_stop = wanted.stop > Price(0), has_trail = wanted.trail > Price(0);
  const bool has_target = wanted.take_profit > Price(0);
  if (wanted.lots < Lots(0) || (has_stop && has_trail)) return false;
  if (!has_stop && !has_trail && !has_target) return false;
  if (wanted.stop_limit > Price(0) && !has_stop) return false;
  if (wanted.take_profit_limit > Price(0) && !has_target) return false;
  const bool is_protective = (wanted.flags & kReduceOnly) != 0;
  if (is_protective) return true;
  return (wanted.flags & kReplaceTriggers) == 0 && !has_trail && !(has_stop && has_target);
}

Outcome check_prices(const PlaceTrigger& wanted, const MarketRules& spec) {
  if (wanted.slippage_ppm > spec.slippage_max_ppm) {
    return rejected(ResultCode::invalid_slippage, wanted.slippage_ppm, spec.slippage_max_ppm);
  }
  for (const Price price :
       {wanted.stop, wanted.stop_limit, wanted.take_profit, wanted.take_profit_limit}) {
    if (price != Price(0) && (price < spec.price_min || price > spec.price_max)) {
      return rejected(ResultCode::price_out_of_band, price.value, spec.price_min.value,
                      spec.price_max.value);
    }
  }
  if (wanted.trail > spec.price_max) {
    return rejected(ResultCode::price_out_of_band, wanted.trail.value, 1, spec.price_max.value);
  }
  return {};
}

}  // namespace

Decision Ledger::place_trigger(const Command& command, uint32_t index, const Context& context) {
  const CommandHeader& header = command.header;
  const PlaceTrigger& wanted = command.trigger;
  PERPETUA_ASSERT((wanted.flags & ~(kReduceOnly | kReplaceTriggers)) == 0 &&
                  wanted.side <= Side::sell);
  Decision decision;
  const auto refuse = [&](const Outcome& outcome) {
    decision.outcome = outcome;
    return decision;
  };
  if (header.market >= context.markets.size()) {
    return refuse(rejected(ResultCode::market_not_found));
  }
  if (Outcome o = check_key_market(header); o.code != ResultCode::ok) return refuse(o);
  const MarketView& view = context.markets[header.market];
  if (view.mark == Price(0)) return refuse(rejected(ResultCode::price_unavailable));
  if (!is_well_formed(wanted)) return refuse(rejected(ResultCode::invalid_request));
  const bool is_protective = (wanted.flags & kReduceOnly) != 0;
  if (!is_protective && wanted.lots == Lots(0)) {
    return refuse(rejected(ResultCode::invalid_quantity));
  }
  if (Outcome o = check_prices(wanted, *view.spec); o.code != ResultCode::ok) return refuse(o);
  if (is_protective) {
    if (wanted.lots > view.spec->lots_max) {
      return refuse(rejected(ResultCode::size_too_large, 0, limits::kNotionalMaxMicro));
    }
    reserve_order(command, index, PlaceDecision{}, decision);
    return decision;
  }
  const uint16_t setting = leverage_setting(header.agent, header.market);
  const PlaceDecision entry =
      decide_entry_trigger(wanted, view, setting == 0 ? view.spec->default_leverage : setting);
  if (entry.refusal.code != ResultCode::ok) return refuse(entry.refusal);
  const Int128 value = notional_wide(entry.reserve_price, wanted.lots, *view.spec);
  const Outcome limited =
      check_key_order(header, {false, value, entry.leverage}, context.log_time_ms);
  if (limited.code != ResultCode::ok) return refuse(limited);
  const RiskQuestion order{header.agent, entry.leverage, value};
  const bool is_limited = is_risk_limited(header.agent);
  if (is_limited && exceeds_risk(order, index, context, decision)) return decision;
  reserve_order(command, index, entry, decision);
  if (is_limited) note_exposure(order, decision);
  return decision;
}

Decision Ledger::cancel_all_after(const Command& command, uint32_t index, const Context& context) {
  const CancelAllAfter& wanted = command.cancel_all_after;
  PERPETUA_ASSERT(wanted.scope <= CancelScope::everything);
  Decision refusal;
  if (command.header.market != kNoMarket && command.header.market >= context.markets.size()) {
    refusal.outcome = rejected(ResultCode::market_not_found);
    return refusal;
  }
  if (wanted.timeout_ms != 0 && (wanted.timeout_ms < limits::kSwitchTimeoutMinMs ||
                                 wanted.timeout_ms > limits::kSwitchTimeoutMaxMs)) {
    refusal.outcome = rejected(ResultCode::invalid_timeout, wanted.timeout_ms,
                               limits::kSwitchTimeoutMinMs, limits::kSwitchTimeoutMaxMs);
    return refusal;
  }
  return cancel_all(command, index, context);  // one market, or all of them
}

Decision Ledger::change_market(const Command& command, uint32_t index, const Context& context) {
  const CommandHeader& header = command.header;
  Decision decision = forward(command, index, context);
  if (decision.disposition != Disposition::to_market) return decision;
  const auto refuse = [&](ResultCode code) {
    decision.disposition = Disposition::decided;
    decision.outcome = rejected(code);
    return decision;
  };
  MarketSpec spec;
  if (header.text_length != sizeof spec) return refuse(ResultCode::invalid_request);
  std::memcpy(&spec, context.text.data() + header.text_offset, sizeof spec);
  if (!is_valid(spec)) return refuse(ResultCode::invalid_request);
  const int64_t effective_at_ms = command.change_market.effective_at_ms;
  if (effective_at_ms < context.log_time_ms + limits::kMarketChangeDelayMinMs) {
    return refuse(ResultCode::invalid_expiry);
  }
  return decision;
}

}  // namespace perpetua
