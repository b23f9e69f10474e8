// What an agent may risk: docs/rules-agents.md section 26.

#include "engine/ledger/ledger.hpp"

namespace perpetua {
namespace {

Outcome limit_exceeded(RiskLimit which, Int128 given, int64_t allowed) {
  return rejected(ResultCode::limit_exceeded, static_cast<int64_t>(which), saturate(given),
                  allowed);
}

}  // namespace

bool Ledger::are_valid(const RiskLimits& limits) {
  for (const Micro amount : {limits.position_max, limits.exposure_max, limits.daily_loss_max}) {
    if (amount < Micro(0) || amount.value > limits::kNotionalMaxMicro) return false;
  }
  return limits.leverage_max <= limits::kLeverageMax;
}

Outcome Ledger::check_risk_leverage(AgentId agent, uint32_t leverage) const {
  const AgentRisk* risk = risk_.find(agent);
  if (risk == nullptr || risk->limits.leverage_max == 0 || leverage <= risk->limits.leverage_max) {
    return {};
  }
  return limit_exceeded(RiskLimit::leverage, leverage, risk->limits.leverage_max);
}

Outcome Ledger::check_daily_loss(AgentId agent, uint32_t index, const Context& context) {
  AgentRisk& risk = *risk_.find(agent);
  const Micro loss_max = risk.limits.daily_loss_max;
  if (loss_max == Micro(0)) return {};
  const Micro result = accounts_.trading_result(agent);
  if (risk.start_day(context.log_time_ms, result)) {
    Event event(EventType::risk_day_started, agent, kNoMarket, index);
    event.risk_day_started.day = risk.day;
    event.risk_day_started.start = risk.start;
    context.events.push_back(event);
  }
  const Micro loss = risk.start - result;
  if (loss < loss_max) return {};
  return limit_exceeded(RiskLimit::daily_loss, loss.value, loss_max.value);
}

// Positions and orders of all markets as of the end of the previous round, and what this round has
// sent since.
Outcome Ledger::check_total_exposure(AgentId agent, Int128 added, const Context& context) const {
  const Micro exposure_max = risk_.find(agent)->limits.exposure_max;
  if (exposure_max == Micro(0)) return {};
  Int128 exposure = added;
  for (std::size_t m = 0; m < context.markets.size(); ++m) {
    exposure += context.orders.exposure(static_cast<MarketId>(m), agent);
  }
  for (const auto& [sender, value] : round_exposure_) {
    if (sender == agent) exposure += value;
  }
  if (exposure <= exposure_max.value) return {};
  return limit_exceeded(RiskLimit::exposure, exposure, exposure_max.value);
}

// True if `decision` is a refusal, or to wait. REQUIRES: the agent has limits, and the order may
// open or grow a position.
bool Ledger::exceeds_risk(const RiskQuestion& order, uint32_t index, const Context& context,
                          Decision& decision) {
  if (is_refused(check_risk_leverage(order.agent, order.leverage), decision)) return true;
  if (is_refused(check_daily_loss(order.agent, index, context), decision)) return true;
  const Outcome refusal = check_total_exposure(order.agent, order.added, context);
  if (refusal.code == ResultCode::ok) return false;
  decision = refuse_or_defer(order.agent, refusal);
  return true;
}

void Ledger::bound_position(const CommandHeader& header, MarketOperation& operation) const {
  if (header.key_id != 0) operation.position_max = key_position_max(header);
  if (!is_risk_limited(header.agent)) return;
  const Micro own = risk_.find(header.agent)->limits.position_max;
  if (own == Micro(0)) return;
  if (operation.position_max > Micro(0) && operation.position_max <= own) return;
  operation.position_max = own;
  operation.is_agents_max = 1;
}

void Ledger::limit_agent(AgentId agent, const RiskLimits& limits, uint32_t index,
                         const Context& context) {
  risk_.set(agent, limits);
  accounts_.set_risk_limited(agent, limits != RiskLimits{});
  Event event(EventType::risk_limits_changed, agent, kNoMarket, index);
  event.risk_limits_changed.limits = limits;
  context.events.push_back(event);
}

Decision Ledger::set_risk_limits(const Command& command, uint32_t index, const Context& context) {
  const SetRiskLimits& wanted = command.set_risk_limits;
  const AgentId agent = command.header.agent;
  Decision decision;
  RiskLimits limits = risk_.limits_of(agent);
  const auto is_named = [&](RiskLimit limit) { return (wanted.fields & risk_bit(limit)) != 0; };
  if (is_named(RiskLimit::position)) limits.position_max = wanted.limits.position_max;
  if (is_named(RiskLimit::exposure)) limits.exposure_max = wanted.limits.exposure_max;
  if (is_named(RiskLimit::leverage)) limits.leverage_max = wanted.limits.leverage_max;
  if (is_named(RiskLimit::daily_loss)) limits.daily_loss_max = wanted.limits.daily_loss_max;
  if (wanted.fields == 0 || wanted.fields > kAllRiskLimits || !are_valid(limits)) {
    decision.outcome = rejected(ResultCode::invalid_request);
    return decision;
  }
  limit_agent(agent, limits, index, context);
  return decision;
}

}  // namespace perpetua
