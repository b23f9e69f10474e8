// Commands that a market executes: the ledger checks what it can and reserves what they need.

#include <algorithm>

#include "engine/ledger/ledger.hpp"

namespace perpetua {

uint16_t Ledger::leverage_setting(AgentId agent, MarketId market) const {
  const std::vector<uint16_t>& settings = leverage_[market];
  return agent < settings.size() ? settings[agent] : 0;
}

// One variable is returned, so that no call copies it.
Decision Ledger::place(const Command& command, uint32_t index, const Context& context) {
  const CommandHeader& header = command.header;
  Decision decision;
  if (header.market >= context.markets.size()) {
    decision.outcome = rejected(ResultCode::market_not_found);
    return decision;
  }
  if (header.key_id != 0 && is_refused(check_key_market(header), decision)) return decision;
  const MarketView& view = context.markets[header.market];
  const uint16_t setting = leverage_setting(header.agent, header.market);
  const uint32_t leverage = setting == 0 ? view.spec->default_leverage : setting;
  const PlaceDecision place = decide_place(command.place, view, context.log_time_ms, leverage);
  if (place.refusal.code != ResultCode::ok) {
    decision.outcome = place.refusal;
    return decision;
  }
  if (header.key_id != 0) {
    const KeyQuestion question =
        key_question(command.place, place.reserve_price, place.leverage, *view.spec);
    const Outcome limited = check_key_order(header, question, context.log_time_ms);
    if (is_refused(limited, decision)) return decision;
  }
  if (is_risk_limited(header.agent)) [[unlikely]] {
    place_limited(command, index, place, context, decision);
  } else {
    reserve_order(command, index, place, decision);
  }
  return decision;
}

void Ledger::place_limited(const Command& command, uint32_t index, const PlaceDecision& place,
                           const Context& context, Decision& decision) {
  const CommandHeader& header = command.header;
  const KeyQuestion asked = key_question(command.place, place.reserve_price, place.leverage,
                                         *context.markets[header.market].spec);
  if (asked.is_reduce_only) return reserve_order(command, index, place, decision);
  const RiskQuestion order{header.agent, place.leverage, asked.value};
  if (exceeds_risk(order, index, context, decision)) return;
  reserve_order(command, index, place, decision);
  note_exposure(order, decision);
}

bool Ledger::is_refused(const Outcome& outcome, Decision& decision) {
  decision.outcome = outcome;
  return outcome.code != ResultCode::ok;
}

// Sends an order, or a trigger that holds one's reservation, to its market.
void Ledger::reserve_order(const Command& command, uint32_t index, const PlaceDecision& place,
                           Decision& decision) {
  const CommandHeader& header = command.header;
  if (place.need > Micro(0)) {
    const Micro available = accounts_.available(header.agent);
    if (place.need > available) {
      decision = refuse_or_defer(header.agent, rejected(ResultCode::insufficient_margin,
                                                        place.need.value, available.value));
      return;
    }
    accounts_.reserve(header.agent, place.need);
  }
  accounts_.set_flag(header.agent, kWentToMarket);
  decision.disposition = Disposition::to_market;
  decision.market = header.market;
  MarketOperation& operation = decision.operation;
  operation.command = index;
  operation.leverage = static_cast<uint16_t>(place.leverage);
  operation.price = place.price;
  operation.reserve_price = place.reserve_price;
  operation.reserved = place.need;
  bound_position(header, operation);
}

bool Ledger::find_order(const Command& command, const Context& context, MarketId& market,
                        OrderId& found, RestingOrder& resting) const {
  const AmendOrder& amend = command.amend;
  const AgentId agent = command.header.agent;
  if (amend.order_id != 0) {
    market = order_market(amend.order_id);
    return market < context.markets.size() &&
           context.orders.find_order(market, agent, amend.order_id, amend.client_id, found,
                                     resting);
  }
  for (std::size_t m = 0; m < context.markets.size(); ++m) {
    if (command.header.market != kNoMarket && command.header.market != m) continue;
    market = static_cast<MarketId>(m);
    if (context.orders.find_order(market, agent, 0, amend.client_id, found, resting)) return true;
  }
  return false;
}

// What a second amend of an order needs depends on what the first one did.
bool Ledger::was_amended(AgentId agent, OrderId order_id) const {
  return accounts_.has_flag(agent, kAmended) &&
         std::find(amended_.begin(), amended_.end(), order_id) != amended_.end();
}

// What an amend adds to the agent's exposure; agent 0: nothing to ask, it only shrinks.
Ledger::RiskQuestion Ledger::amend_question(const Command& command, const RestingOrder& resting,
                                            const AmendDecision& amended, const MarketRules& spec,
                                            Price mark) {
  const AmendOrder& amend = command.amend;
  const Lots lots = amend.lots > Lots(0) ? amend.lots : resting.lots;
  if (amended.price == resting.price && lots <= resting.lots) return {};
  const Int128 value = notional_wide(amended.reserve_price, lots - resting.filled, spec);
  const Int128 before = notional_wide(mark, resting.lots - resting.filled, spec);
  return {command.header.agent, resting.leverage, value - before};
}

Decision Ledger::amend(const Command& command, uint32_t index, const Context& context) {
  const AgentId agent = command.header.agent;
  const AmendOrder& amend = command.amend;
  Decision decision;
  if (amend.order_id == 0 && amend.client_id[0] == 0) {
    decision.outcome = rejected(ResultCode::invalid_request);
    return decision;
  }
  if (!amend_is_well_formed(amend)) {
    decision.outcome = rejected(ResultCode::invalid_quantity);
    return decision;
  }
  if (amend.order_id == 0 && command.header.market != kNoMarket &&
      command.header.market >= context.markets.size()) {
    decision.outcome = rejected(ResultCode::market_not_found);
    return decision;
  }
  OrderId order_id = 0;
  RestingOrder resting;
  if (!find_order(command, context, decision.market, order_id, resting)) {
    return refuse_or_defer(agent, rejected(ResultCode::order_not_found));
  }
  if (was_amended(agent, order_id)) return defer(agent);
  const AmendDecision amended = decide_amend(amend, resting, context.markets[decision.market]);
  if (amended.refusal.code != ResultCode::ok) {
    decision.outcome = amended.refusal;
    return decision;
  }
  if (command.header.key_id != 0) {
    const Lots lots = (amend.lots > Lots(0) ? amend.lots : resting.lots) - resting.filled;
    const MarketRules& spec = *context.markets[decision.market].spec;
    const KeyQuestion question{resting.is_reduce_only,
                               notional_wide(amended.reserve_price, lots, spec), resting.leverage};
    const Outcome limited =
        check_key_amend(command.header, decision.market, question, context.log_time_ms);
    if (is_refused(limited, decision)) return decision;
  }
  RiskQuestion growth;
  if (is_risk_limited(agent) && !resting.is_reduce_only) {
    growth = amend_question(command, resting, amended, *context.markets[decision.market].spec,
                            context.markets[decision.market].mark);
    const bool is_asked = growth.agent != 0;
    if (is_asked && exceeds_risk(growth, index, context, decision)) return decision;
  }
  const Micro available = accounts_.available(agent);
  if (amended.need > Micro(0) && amended.need > available) {
    return refuse_or_defer(
        agent, rejected(ResultCode::insufficient_margin, amended.need.value, available.value));
  }
  accounts_.reserve(agent, amended.need);
  accounts_.set_flag(agent, kWentToMarket);
  accounts_.set_flag(agent, kAmended);
  amended_.push_back(order_id);
  decision.disposition = Disposition::to_market;
  MarketOperation& operation = decision.operation;
  operation.command = index;
  operation.leverage = static_cast<uint16_t>(resting.leverage);
  operation.price = amended.price;
  operation.reserve_price = amended.reserve_price;
  operation.reserved = amended.need;
  operation.order_id = order_id;
  bound_position(command.header, operation);
  if (growth.agent != 0) note_exposure(growth, decision);
  return decision;
}

Decision Ledger::cancel(const Command& command, uint32_t index, const Context& context) {
  const CancelOrder& cancel = command.cancel;
  Decision decision;
  decision.operation.command = index;
  decision.operation.order_id = cancel.order_id;
  decision.outcome = rejected(ResultCode::order_not_found);
  if (cancel.order_id != 0) {
    decision.market = order_market(cancel.order_id);
    if (decision.market >= context.markets.size()) return decision;
    decision.disposition = Disposition::to_market;
  } else if (cancel.client_id[0] == 0) {
    decision.outcome = rejected(ResultCode::invalid_request);
    return decision;
  } else if (command.header.market != kNoMarket) {
    decision.market = command.header.market;
    if (decision.market >= context.markets.size()) {
      decision.outcome = rejected(ResultCode::market_not_found);
      return decision;
    }
    decision.disposition = Disposition::to_market;
  } else {
    decision.disposition = Disposition::to_markets;
    decision.operation.to_all = 1;
  }
  accounts_.set_flag(command.header.agent, kWentToMarket);
  return decision;
}

Decision Ledger::cancel_all(const Command& command, uint32_t index, const Context& context) {
  Decision decision;
  decision.operation.command = index;
  decision.market = command.header.market;
  if (decision.market == kNoMarket) {
    decision.disposition = Disposition::to_markets;
    decision.operation.to_all = 1;
  } else if (decision.market < context.markets.size()) {
    decision.disposition = Disposition::to_market;
  } else {
    decision.outcome = rejected(ResultCode::market_not_found);
    return decision;
  }
  accounts_.set_flag(command.header.agent, kWentToMarket);
  return decision;
}

Decision Ledger::tick(uint32_t index) {
  Decision decision;
  decision.disposition = Disposition::to_markets;
  decision.operation.command = index;
  decision.operation.to_all = 1;
  return decision;
}

// Money into a position is reserved like an order's; money out of one is the market's to judge.
Decision Ledger::adjust_margin(const Command& command, uint32_t index, const Context& context) {
  const Micro amount = command.adjust_margin.amount;
  if (amount == Micro(0) || amount.value > limits::kAmountMaxMicro ||
      amount.value < -limits::kAmountMaxMicro) {
    Decision decision;
    decision.outcome = rejected(ResultCode::invalid_amount);
    return decision;
  }
  const AgentId agent = command.header.agent;
  const bool is_known = command.header.market < context.markets.size();
  if (const Outcome limited = check_key_market(command.header);
      is_known && limited.code != ResultCode::ok) {
    Decision decision;
    decision.outcome = limited;
    return decision;
  }
  const Micro available = accounts_.available(agent);
  if (is_known && amount > available) {
    return refuse_or_defer(
        agent, rejected(ResultCode::insufficient_margin, amount.value, available.value));
  }
  Decision decision = forward(command, index, context);
  if (decision.disposition != Disposition::to_market || amount < Micro(0)) return decision;
  accounts_.reserve(agent, amount);
  decision.operation.reserved = amount;
  return decision;
}

Decision Ledger::fund_insurance(const Command& command, uint32_t index, const Context& context) {
  const Micro amount = command.fund_insurance.amount;
  Decision decision = forward(command, index, context);
  if (decision.disposition != Disposition::to_market) return decision;
  if (!amount_is_valid(amount) || !deposit_fits(amount)) {
    decision.disposition = Disposition::decided;
    decision.outcome =
        rejected(amount_is_valid(amount) ? ResultCode::deposit_limit : ResultCode::invalid_amount);
    return decision;
  }
  accounts_.add_deposit(amount);
  return decision;
}

// Commands that concern one market and no money: set_netting, update_price.
Decision Ledger::forward(const Command& command, uint32_t index, const Context& context) {
  Decision decision;
  decision.market = command.header.market;
  decision.operation.command = index;
  if (decision.market >= context.markets.size()) {
    decision.outcome = rejected(ResultCode::market_not_found);
    return decision;
  }
  if (is_refused(check_key_market(command.header), decision)) return decision;
  decision.disposition = Disposition::to_market;
  if (command.header.agent != 0) accounts_.set_flag(command.header.agent, kWentToMarket);
  return decision;
}

Decision Ledger::create_market(const Command& command, const Context& context) const {
  Decision decision;
  decision.outcome = rejected(ResultCode::invalid_request);
  MarketSpec spec;
  if (command.header.text_length != sizeof spec || context.markets.size() >= limits::kMarketsMax) {
    return decision;
  }
  std::memcpy(&spec, context.text.data() + command.header.text_offset, sizeof spec);
  if (!is_valid(spec)) return decision;
  for (const MarketView& other : context.markets) {
    if (other.spec->symbol == spec.symbol) {
      decision.outcome = rejected(ResultCode::market_exists);
      return decision;
    }
  }
  decision.disposition = Disposition::new_market;
  decision.market = static_cast<MarketId>(context.markets.size());
  decision.outcome = Outcome{};
  decision.outcome.id = decision.market;
  return decision;
}

}  // namespace perpetua
