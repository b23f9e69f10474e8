// Triggers and brackets: docs/rules-perpetual.md section 20.

#include <algorithm>

#include "engine/market/market.hpp"

namespace perpetua {
namespace {

// Of the mark, from one move of a trailing stop to its next; 0: none inside the market's prices.
Price next_move(Side side, Price mark, const MarketSpec& spec) {
  const int64_t step = std::max<int64_t>(1, mul_div_floor(mark.value, limits::kTrailStepPpm, kPpm));
  const Price next = mark - Price(sign(side) * step);
  return next < spec.price_min || next > spec.price_max ? Price(0) : next;
}

}  // namespace

// The legs that a command asks for; `count` of them.
Market::TriggerLegs Market::make_legs(const MarketOperation& operation, const Command& command,
                                      Side side) const {
  const PlaceTrigger& wanted = command.trigger;
  const bool is_protective = (wanted.flags & kReduceOnly) != 0;
  TriggerLegs legs;
  const auto add = [&](TriggerKind kind, Price at, Price limit) {
    Trigger& leg = legs.legs[legs.count++];
    leg.at = at;
    leg.limit = is_protective ? limit : operation.price;
    leg.is_market = limit == Price(0) ? 1 : 0;
    leg.reserve_price = operation.reserve_price;
    leg.reserved = operation.reserved;
    leg.position_max = operation.position_max;
    leg.is_agents_max = operation.is_agents_max;
    leg.lots = wanted.lots;
    leg.agent = command.header.agent;
    leg.slippage_ppm = wanted.slippage_ppm;
    leg.leverage = is_protective ? uint16_t{0} : operation.leverage;
    leg.side = side;
    leg.kind = kind;
    leg.is_protective = is_protective ? 1 : 0;
  };
  if (wanted.trail > Price(0)) {
    add(TriggerKind::stop, mark_ - Price(-sign(side) * wanted.trail.value), Price(0));
    legs.legs[0].trail =
        static_cast<uint32_t>(std::min<int64_t>(wanted.trail.value, limits::kPriceMaxTicks));
    legs.legs[0].moves_at = next_move(side, mark_, spec_);
  } else if (wanted.stop > Price(0)) {
    add(TriggerKind::stop, wanted.stop, wanted.stop_limit);
  }
  if (wanted.take_profit > Price(0)) {
    add(TriggerKind::take_profit, wanted.take_profit, wanted.take_profit_limit);
  }
  return legs;
}

Outcome Market::check_legs(const TriggerLegs& legs, bool replaces) const {
  for (int i = 0; i < legs.count; ++i) {
    const Trigger& leg = legs.legs[i];
    if (leg.at < spec_.price_min || leg.at > spec_.price_max) {
      return rejected(ResultCode::price_out_of_band, leg.at.value, spec_.price_min.value,
                      spec_.price_max.value);
    }
    if (leg.is_met(mark_)) {
      return rejected(ResultCode::trigger_wrong_side, leg.at.value, mark_.value);
    }
  }
  int64_t held = 0;
  for (const TriggerTable::Named& named : triggers_.of_agent(legs.legs[0].agent)) {
    if (!replaces || triggers_[named.slot].is_protective == 0) ++held;
  }
  if (held + legs.count > limits::kTriggersPerAgentMax) {
    return rejected(ResultCode::too_many_triggers, held, limits::kTriggersPerAgentMax);
  }
  return {};
}

void Market::place_trigger(const MarketOperation& operation, const Command& command,
                           Outcome& outcome) {
  const AgentId agent = command.header.agent;
  const PlaceTrigger& wanted = command.trigger;
  const bool is_protective = (wanted.flags & kReduceOnly) != 0;
  const bool replaces = (wanted.flags & kReplaceTriggers) != 0;
  const auto refuse = [&](const Outcome& refusal) {
    credit(agent, operation.reserved, -operation.reserved, Micro(0));
    outcome = refusal;
  };
  if (!state_.accepts_orders()) return refuse(closed());
  const Position& position = account(agent).position;
  if (is_protective && position.base == Lots(0)) {
    return refuse(rejected(ResultCode::no_position));
  }
  const Side closing_side = position.is_long() ? Side::sell : Side::buy;
  const TriggerLegs legs =
      make_legs(operation, command, is_protective ? closing_side : wanted.side);
  const Outcome refusal = check_legs(legs, replaces);
  if (refusal.code != ResultCode::ok) return refuse(refusal);
  if (replaces) {
    close_triggers(agent, CloseReason::replaced, operation.command,
                   [](const Trigger& trigger) { return trigger.is_protective != 0; });
  }
  const LegSlots slots = add_legs(legs, operation.command);
  outcome.id = triggers_.id(slots.first);
  outcome.status = OrderStatus::open;
  if (slots.second != TriggerTable::kNone) {
    outcome.values[0] = static_cast<int64_t>(triggers_.id(slots.second));
  }
  for (int i = 0; i < legs.count; ++i) {
    outcome.values[legs.legs[i].kind == TriggerKind::stop ? 1 : 2] = legs.legs[i].at.value;
  }
}

Market::LegSlots Market::add_legs(const TriggerLegs& legs, uint32_t command) {
  LegSlots slots;
  slots.first = triggers_.add(legs.legs[0]);
  if (legs.count == 2) {
    slots.second = triggers_.add(legs.legs[1]);
    triggers_.set_partner(slots.first, slots.second);
    triggers_.set_partner(slots.second, slots.first);
  }
  account(legs.legs[0].agent).triggers += static_cast<uint16_t>(legs.count);
  emit_trigger(slots.first, command);
  if (legs.count == 2) emit_trigger(slots.second, command);
  return slots;
}

void Market::describe_trigger(uint32_t slot, Event& event) const {
  const Trigger& trigger = triggers_[slot];
  TriggerChanged& told = event.trigger_changed;
  told.trigger_id = triggers_.id(slot);
  if (trigger.partner != TriggerTable::kNone) told.partner_id = triggers_.id(trigger.partner);
  told.parent_id = trigger.parent_id;
  told.order_id = trigger.sent_id;
  told.at = trigger.at;
  told.limit = trigger.limit;
  told.lots = trigger.lots;
  told.reserved = trigger.reserved;
  told.trail = trigger.trail;
  told.slippage_ppm = trigger.slippage_ppm;
  told.leverage = trigger.leverage;
  told.side = trigger.side;
  told.kind = trigger.kind;
  told.status = trigger.status;
  told.is_protective = trigger.is_protective;
  told.is_market = trigger.is_market;
}

void Market::emit_trigger(uint32_t slot, uint32_t command) {
  describe_trigger(slot, emit(EventType::trigger_changed, triggers_[slot].agent, command));
}

void Market::close_trigger(uint32_t slot, CloseReason reason, uint32_t command, ResultCode code) {
  const Trigger& trigger = triggers_[slot];
  Event& event = emit(EventType::trigger_closed, trigger.agent, command);
  event.trigger_closed.trigger_id = triggers_.id(slot);
  event.trigger_closed.order_id = trigger.sent_id;
  event.trigger_closed.mark = mark_;
  event.trigger_closed.code = static_cast<uint16_t>(code);
  event.trigger_closed.reason = reason;
  credit(trigger.agent, trigger.reserved, -trigger.reserved, Micro(0));
  --account(trigger.agent).triggers;
  triggers_.remove(slot);
}

void Market::cancel_trigger(const MarketOperation& operation, const Command& command,
                            Outcome& outcome) {
  const uint32_t slot = triggers_.find(command.header.agent, operation.order_id);
  if (slot == TriggerTable::kNone) {
    outcome = rejected(ResultCode::order_not_found);
    return;
  }
  outcome.id = operation.order_id;
  outcome.status = OrderStatus::cancelled;
  outcome.reason = CloseReason::cancelled;
  outcome.values[3] = triggers_[slot].at.value;
  close_trigger(slot, CloseReason::cancelled, operation.command);
}

// Of a position that is zero or has turned. The one that is sending closes by itself.
void Market::close_protective(AgentId agent, uint32_t command) {
  close_triggers(agent, CloseReason::position_closed, command, [this](const Trigger& trigger) {
    return trigger.is_protective != 0 && &trigger != sending_trigger();
  });
}

void Market::close_entry_triggers(AgentId agent, CloseReason reason, uint32_t command) {
  close_triggers(agent, reason, command,
                 [](const Trigger& trigger) { return trigger.is_protective == 0; });
}

void Market::arm_bracket(const Bracket& bracket, OrderId order_id, AgentId agent, Side side,
                         uint32_t command) {
  close_triggers(agent, CloseReason::replaced, command,
                 [](const Trigger& trigger) { return trigger.parent_id != 0; });
  TriggerLegs legs;
  const auto add = [&](TriggerKind kind, uint32_t at) {
    if (at == 0) return;
    Trigger& leg = legs.legs[legs.count++];
    leg.at = Price(at);
    leg.is_market = 1;
    leg.parent_id = order_id;
    leg.agent = agent;
    leg.side = opposite(side);
    leg.kind = kind;
    leg.is_protective = 1;
  };
  add(TriggerKind::stop, bracket.stop_loss);
  add(TriggerKind::take_profit, bracket.take_profit);
  add_legs(legs, command);
}

void Market::fire_triggers(bool is_mark_new, uint32_t command) {
  if (!state_.accepts_orders()) return;
  if (is_mark_new) {
    for (const TriggerTable::Named& named : triggers_.fired()) {
      if (triggers_.is_same(named) && may_trade(named.slot)) send_order(named.slot, command);
    }
  }
  due_triggers_.clear();
  triggers_.collect(mark_, due_triggers_);
  for (const TriggerTable::Named& named : due_triggers_) {
    if (!triggers_.is_same(named)) continue;
    const Trigger& trigger = triggers_[named.slot];
    if (trigger.status != TriggerStatus::waiting) continue;
    if (trigger.is_met(mark_)) {
      fire(named.slot, command);
    } else {
      follow(named.slot, command);
    }
  }
}

// There is somebody within the bound: a trigger in an empty book waits without a word.
bool Market::may_trade(uint32_t slot) const {
  MarketOperation operation;
  const PlaceOrder order = order_of(triggers_[slot], operation);
  const Price best = book_.best(opposite(order.side));
  if (best == Price(0)) return false;
  return order.side == Side::buy ? best <= operation.price : best >= operation.price;
}

// A trailing stop that the mark has left far enough behind.
void Market::follow(uint32_t slot, uint32_t command) {
  const Trigger& trigger = triggers_[slot];
  PERPETUA_ASSERT(trigger.trail > 0 && trigger.moves_at != Price(0));
  const Price at = mark_ - Price(-sign(trigger.side) * int64_t{trigger.trail});
  triggers_.move(slot, std::clamp(at, spec_.price_min, spec_.price_max),
                 next_move(trigger.side, mark_, spec_));
  emit_trigger(slot, command);
}

void Market::fire(uint32_t slot, uint32_t command) {
  const uint32_t partner = triggers_[slot].partner;
  if (partner != TriggerTable::kNone) close_trigger(partner, CloseReason::other_fired, command);
  triggers_.set_fired(slot);
  send_order(slot, command);
}

// The order that a trigger sends at the mark of now.
PlaceOrder Market::order_of(const Trigger& trigger, MarketOperation& operation) const {
  PlaceOrder order;
  order.side = trigger.side;
  order.lots = trigger.lots;
  order.kind = trigger.is_market != 0 ? OrderKind::market : OrderKind::limit;
  order.time_in_force = trigger.is_market != 0 ? TimeInForce::ioc : TimeInForce::gtc;
  order.flags = kTriggered;
  operation.leverage = std::max<uint16_t>(trigger.leverage, 1);
  operation.price = trigger.limit;
  operation.reserve_price = trigger.reserve_price;
  operation.reserved = trigger.reserved;
  operation.position_max = trigger.position_max;
  operation.is_agents_max = trigger.is_agents_max;
  if (trigger.is_protective == 0) return order;
  order.flags |= kReduceOnly;
  order.stp = SelfTradePrevention::cancel_oldest;  // an own order in the way must not disarm it
  if (trigger.lots == Lots(0)) order.flags |= kClosePosition;
  if (trigger.is_market != 0) {
    const uint32_t slippage_ppm =
        trigger.slippage_ppm == 0 ? spec_.slippage_default_ppm : trigger.slippage_ppm;
    operation.price = slippage_bound(mark_, trigger.side, slippage_ppm, spec_);
  } else {
    const PriceBand band = price_band(mark_, spec_);
    operation.price = trigger.side == Side::sell ? std::max(trigger.limit, band.low)
                                                 : std::min(trigger.limit, band.high);
  }
  operation.reserve_price = operation.price;
  return order;
}

void Market::send_order(uint32_t slot, uint32_t command) {
  const Trigger trigger = triggers_[slot];
  MarketOperation operation;
  operation.command = command;
  const PlaceOrder order = order_of(trigger, operation);
  triggers_.take_reserved(slot);  // the order's, from here on
  sending_ = slot;
  Outcome outcome;
  Taker taker = make_taker(operation, order, trigger.agent);
  enter_order(order, taker, 0, outcome);
  sending_ = TriggerTable::kNone;
  const bool may_retry = trigger.is_protective != 0 && trigger.is_market != 0;
  if (outcome.code != ResultCode::ok) {
    if (!may_retry) close_trigger(slot, CloseReason::refused, command, outcome.code);
    return;
  }
  const Lots left = std::max(Lots(0), trigger.lots - Lots(outcome.values[0]));
  triggers_.set_sent(slot, left, outcome.id);
  const bool is_whole = trigger.lots == Lots(0);
  const Lots held = reducible(accounts_[trigger.agent].position, trigger.side);
  if (may_retry && held > Lots(0) && (is_whole || left > Lots(0))) {
    emit_trigger(slot, command);
  } else {
    close_trigger(slot, CloseReason::triggered, command);
  }
}

}  // namespace perpetua
