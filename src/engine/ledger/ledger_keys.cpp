// What a single key may do: docs/rules-perpetual.md section 22.

#include "engine/ledger/ledger.hpp"

namespace perpetua {

const KeyLimits* Ledger::limits_of(const CommandHeader& header) const {
  if (header.key_id == 0 || header.agent == 0) return nullptr;
  const LimitedKey* key = key_limits_.find(header.key_id);
  return key == nullptr ? nullptr : &key->limits;
}

// A key with limits must not make itself, or money, free of them.
bool Ledger::key_may_not(const CommandHeader& header) const {
  const CommandType type = header.type;
  const bool leads_out = type == CommandType::create_key || type == CommandType::set_key_limits ||
                         type == CommandType::withdraw || type == CommandType::transfer ||
                         type == CommandType::create_signal || type == CommandType::fade_signal ||
                         type == CommandType::set_risk_limits;
  return leads_out && limits_of(header) != nullptr;
}

Outcome Ledger::check_key_market(const CommandHeader& header) const {
  const KeyLimits* limits = limits_of(header);
  return limits == nullptr ? Outcome{} : perpetua::check_key_market(*limits, header.market);
}

Outcome Ledger::check_key_order(const CommandHeader& header, const KeyQuestion& order,
                                int64_t log_time_ms) {
  LimitedKey* key = header.key_id == 0 ? nullptr : key_limits_.find(header.key_id);
  if (key == nullptr || order.is_reduce_only) return {};
  const Outcome refusal = perpetua::check_key_order(key->limits, order);
  const Micro loss_max = key->limits.daily_loss_max;
  if (refusal.code != ResultCode::ok || loss_max == Micro(0)) return refusal;
  const Micro result = accounts_.trading_result(header.agent);
  key->start_day(log_time_ms, result);
  const Micro loss = key->start - result;
  return loss < loss_max ? Outcome{}
                         : key_limited(KeyLimit::daily_loss, loss.value, loss_max.value);
}

Outcome Ledger::check_key_amend(const CommandHeader& header, MarketId market,
                                const KeyQuestion& order, int64_t log_time_ms) {
  CommandHeader asked = header;
  asked.market = market;
  const Outcome refusal = check_key_market(asked);
  return refusal.code != ResultCode::ok ? refusal : check_key_order(asked, order, log_time_ms);
}

Micro Ledger::key_position_max(const CommandHeader& header) const {
  const KeyLimits* limits = limits_of(header);
  return limits == nullptr ? Micro(0) : limits->position_notional_max;
}

bool Ledger::are_valid(const KeyLimits& limits) {
  return limits.order_notional_max >= Micro(0) && limits.position_notional_max >= Micro(0) &&
         limits.daily_loss_max >= Micro(0);
}

void Ledger::limit_key(AgentId agent, uint32_t key_id, const KeyLimits& limits, uint32_t index,
                       const Context& context) {
  key_limits_.forget(key_id);  // its day starts again
  key_limits_.set(key_id, limits);
  Event event(EventType::key_limits_changed, agent, kNoMarket, index);
  event.key_limits_changed.limits = limits;
  event.key_limits_changed.key_id = key_id;
  context.events.push_back(event);
}

Decision Ledger::set_key_limits(const Command& command, uint32_t index, const Context& context) {
  const SetKeyLimits& wanted = command.set_key_limits;
  const KeyLimits& limits = wanted.limits;
  Decision decision;
  if (!are_valid(limits)) {
    decision.outcome = rejected(ResultCode::invalid_request);
    return decision;
  }
  ApiKey* key = registry_.live_key(command.header.agent, wanted.key_id);
  if (key == nullptr) {
    decision.outcome = rejected(ResultCode::key_not_found);
    return decision;
  }
  limit_key(command.header.agent, wanted.key_id, limits, index, context);
  decision.outcome.id = wanted.key_id;
  return decision;
}

}  // namespace perpetua
