// Entry of an order: the checks a market makes before it lets an order trade (docs/rules.md
// sections 4 and 6). A refusal gives back all that was reserved and changes nothing.

#include <algorithm>

#include "engine/market/market.hpp"

namespace perpetua {

Taker Market::make_taker(const MarketOperation& operation, const PlaceOrder& order,
                         AgentId agent) const {
  Taker taker;
  taker.command = operation.command;
  taker.agent = agent;
  taker.side = order.side;
  taker.stp = order.stp;
  taker.is_reduce_only = (order.flags & (kReduceOnly | kClosePosition)) != 0;
  taker.has_budget = (order.flags & kClosePosition) == 0 && order.budget > Micro(0);
  taker.may_rest = order.kind == OrderKind::limit && (order.time_in_force == TimeInForce::gtc ||
                                                      order.time_in_force == TimeInForce::gtd);
  taker.leverage = operation.leverage;
  taker.limit = operation.price;
  taker.reserve_price = operation.reserve_price;
  taker.remaining = taker.has_budget ? Lots(0) : order.lots;
  taker.budget_left = taker.has_budget ? order.budget : Micro(0);
  taker.reserved = operation.reserved;
  taker.position_max = operation.position_max;
  taker.is_agents_max = operation.is_agents_max != 0;
  taker.has_bracket = (order.stop_loss | order.take_profit) != 0;
  return taker;
}

// `replaced`: lots of an amended order that count no more.
OrderExposure Market::exposure_of(const Taker& taker, const MarketAccount& own, Lots replaced,
                                  OrderKind kind) const {
  OrderExposure order;
  order.side = taker.side;
  order.kind = kind;
  order.price = taker.limit;
  order.leverage = taker.leverage;
  order.lots = taker.remaining;
  order.budget = taker.budget_left;
  order.held = Lots(std::max<int64_t>(0, sign(taker.side) * own.position.base.value));
  order.open = own.open_lots[static_cast<int>(taker.side)] - replaced;
  order.position_max = taker.position_max;
  order.is_agents_max = taker.is_agents_max;
  return order;
}

Outcome Market::apply_post_only(PostOnly mode, Taker& taker) const {
  return perpetua::apply_post_only(mode, taker.side, book_.best(opposite(taker.side)),
                                   taker.reserve_price, spec_, taker.limit);
}

Outcome Market::check_place(const PlaceOrder& order, const MarketAccount& own, Taker& taker) const {
  if (taker.is_reduce_only) {
    const bool is_close = (order.flags & kClosePosition) != 0;
    const Lots held = reducible(own.position, taker.side);
    if (held == Lots(0)) {
      return rejected(is_close ? ResultCode::no_position : ResultCode::reduce_only_would_increase);
    }
    if (!taker.has_budget) taker.remaining = is_close ? held : std::min(order.lots, held);
  } else if (own.is_netting == 0) {
    const Lots opposed = own.open_lots[static_cast<int>(opposite(taker.side))];
    const Outcome conflict = check_conflict(own.position, taker.side, opposed);
    if (conflict.code != ResultCode::ok) return conflict;
  }
  if ((taker.may_rest && own.open_orders >= limits::kOpenOrdersPerAgentMax) || book_.is_full()) {
    return rejected(ResultCode::too_many_open_orders, own.open_orders,
                    limits::kOpenOrdersPerAgentMax);
  }
  if (!taker.is_reduce_only) {
    const Outcome exposure =
        check_exposure(exposure_of(taker, own, Lots(0), order.kind), mark_, spec_);
    if (exposure.code != ResultCode::ok) return exposure;
  }
  if (Outcome o = apply_post_only(order.post_only, taker); o.code != ResultCode::ok) return o;
  if (order.time_in_force == TimeInForce::fok && !can_fill_completely(taker)) {
    return rejected(ResultCode::fok_unfillable);
  }
  return {};
}

void Market::accept(Taker& taker, const PlaceOrder& order, uint32_t text_length) {
  taker.slot = book_.allocate(taker.agent, taker.side);
  OrderDetail& detail = orders_.open(taker.slot);
  detail.lots = taker.remaining;
  detail.leverage = taker.leverage;
  detail.flags = static_cast<uint8_t>((order.flags & (kIntent | kTriggered)) |
                                      (taker.is_reduce_only ? kReduceOnly : 0));
  detail.kind = order.kind;
  detail.time_in_force = order.time_in_force;
  detail.post_only = order.post_only;
  detail.stp = order.stp;
  detail.stop_loss = order.stop_loss;
  detail.take_profit = order.take_profit;
  if (taker.may_rest && order.time_in_force == TimeInForce::gtd) {
    detail.expires_at_ms = order.expires_at_ms;
  }
  if (order.client_id[0] != 0) {
    orders_.set_client_id(taker.slot, taker.agent, order.client_id, seed_);
  }
  Event& event = emit(EventType::order_accepted, taker.agent, taker.command);
  OrderAccepted& accepted = event.order_accepted;
  accepted.order_id = book_.id(taker.slot);
  accepted.price = taker.limit;
  accepted.lots = taker.remaining;
  accepted.budget = taker.budget_left;
  accepted.expires_at_ms = detail.expires_at_ms;
  accepted.leverage = static_cast<uint16_t>(taker.leverage);
  accepted.side = order.side;
  accepted.kind = order.kind;
  accepted.time_in_force = order.time_in_force;
  accepted.post_only = order.post_only;
  accepted.stp = order.stp;
  accepted.flags = order.flags;
  accepted.text_length = text_length;
  accepted.client_id = order.client_id;
  if (!taker.has_bracket) return;
  OrderBracket& bracket = emit(EventType::order_bracket, taker.agent, taker.command).order_bracket;
  bracket.order_id = book_.id(taker.slot);
  bracket.stop_loss = Price(order.stop_loss);
  bracket.take_profit = Price(order.take_profit);
}

void Market::enter_order(const PlaceOrder& order, Taker& taker, uint32_t text_length,
                         Outcome& outcome) {
  const Outcome refusal =
      state_.accepts_orders() ? check_place(order, account(taker.agent), taker) : closed();
  if (refusal.code != ResultCode::ok) {
    credit(taker.agent, taker.reserved, -taker.reserved, Micro(0));
    outcome = refusal;
    return;
  }
  const std::size_t accepted = round_.events->size();
  accept(taker, order, text_length);
  match(taker);
  const Lots rested = conclude(taker, outcome);
  (*round_.events)[accepted].order_accepted.rested = rested;
}

void Market::place_order(const MarketOperation& operation, const Command& command,
                         Outcome& outcome) {
  Taker taker = make_taker(operation, command.place, command.header.agent);
  enter_order(command.place, taker, command.header.text_length, outcome);
}

Outcome Market::check_amend(uint32_t slot, Lots rest, Taker& taker) const {
  const OrderDetail& detail = orders_.detail(slot);
  const MarketAccount& own = accounts_[taker.agent];
  taker.remaining = rest;
  if (taker.is_reduce_only) {
    taker.remaining = std::min(rest, reducible(own.position, taker.side));
    PERPETUA_ASSERT(taker.remaining > Lots(0));
  } else {
    const Outcome exposure =
        check_exposure(exposure_of(taker, own, book_.remaining(slot), detail.kind), mark_, spec_);
    if (exposure.code != ResultCode::ok) return exposure;
  }
  return apply_post_only(detail.post_only, taker);
}

void Market::shrink_in_place(uint32_t slot, Lots rest, const MarketOperation& operation) {
  OrderDetail& detail = orders_.detail(slot);
  const AgentId agent = book_.agent(slot);
  const Lots before = book_.remaining(slot);
  if (rest < before) {
    book_.reduce(slot, before - rest);
    if (!detail.is_reduce_only()) {
      account(agent).open_lots[static_cast<int>(book_.side(slot))] -= before - rest;
    }
  }
  detail.lots = detail.filled + rest;
  const Micro kept = detail.is_reduce_only()
                         ? Micro(0)
                         : required_for(book_.price(slot), rest, detail.leverage, spec_);
  const Micro released = detail.reserved - kept + operation.reserved;
  detail.reserved = kept;
  credit(agent, released, -released, Micro(0));
  Event& event = emit(EventType::order_amended, agent, operation.command);
  event.order_amended.order_id = book_.id(slot);
  event.order_amended.price_before = book_.price(slot);
  event.order_amended.resting_before = before;
  event.order_amended.price = book_.price(slot);
  event.order_amended.rested = rest;
  event.order_amended.lots = detail.lots;
  event.order_amended.side = book_.side(slot);
  event.order_amended.keeps_priority = 1;
}

// Takes the order out of the book, ready to go through it again.
void Market::requeue(Taker& taker, const MarketOperation& operation) {
  OrderDetail& detail = orders_.detail(taker.slot);
  Event& event = emit(EventType::order_amended, taker.agent, operation.command);
  event.order_amended.order_id = book_.id(taker.slot);
  event.order_amended.price_before = book_.price(taker.slot);
  event.order_amended.resting_before = book_.remaining(taker.slot);
  event.order_amended.price = taker.limit;
  event.order_amended.lots = taker.filled + taker.remaining;
  event.order_amended.side = taker.side;
  delist(taker.slot);
  book_.remove(taker.slot);
  detail.lots = taker.filled + taker.remaining;
  taker.reserved = taker.is_reduce_only
                       ? Micro(0)
                       : required_for(taker.reserve_price, taker.remaining, taker.leverage, spec_);
  const Micro released = detail.reserved + operation.reserved - taker.reserved;
  PERPETUA_ASSERT(released >= Micro(0));
  credit(taker.agent, released, -released, Micro(0));
}

void Market::amend_order(const MarketOperation& operation, const Command& command,
                         Outcome& outcome) {
  const AgentId agent = command.header.agent;
  const auto refuse = [&](const Outcome& refusal) {
    credit(agent, operation.reserved, -operation.reserved, Micro(0));
    outcome = refusal;
  };
  if (!state_.accepts_orders()) return refuse(closed());
  const uint32_t slot = find_slot(agent, operation.order_id, command.amend.client_id);
  if (slot == kNilSlot) return refuse(rejected(ResultCode::order_not_found));
  const OrderDetail& detail = orders_.detail(slot);
  const Lots lots = command.amend.lots > Lots(0) ? command.amend.lots : detail.lots;
  const Lots rest = lots - detail.filled;
  if (rest <= Lots(0)) {
    return refuse(rejected(ResultCode::invalid_quantity, lots.value, detail.filled.value));
  }
  const bool price_stays =
      command.amend.price == Price(0) || command.amend.price == book_.price(slot);
  if (price_stays && rest <= book_.remaining(slot)) {
    outcome.id = book_.id(slot);
    outcome.values[0] = detail.filled.value;
    outcome.values[1] = detail.filled_notional.value;
    outcome.status = detail.filled > Lots(0) ? OrderStatus::partially_filled : OrderStatus::open;
    outcome.values[2] = rest.value;
    outcome.values[3] = book_.price(slot).value;
    return shrink_in_place(slot, rest, operation);
  }
  Taker taker;
  taker.slot = slot;
  taker.command = operation.command;
  taker.agent = agent;
  taker.side = book_.side(slot);
  taker.stp = detail.stp;
  taker.is_reduce_only = detail.is_reduce_only();
  taker.may_rest = true;
  taker.leverage = detail.leverage;
  taker.limit = price_stays ? book_.price(slot) : command.amend.price;
  taker.reserve_price = operation.reserve_price;
  taker.filled = detail.filled;
  taker.filled_notional = detail.filled_notional;
  taker.position_max = operation.position_max;
  taker.is_agents_max = operation.is_agents_max != 0;
  taker.has_bracket = detail.has_bracket();
  const Outcome refusal = check_amend(slot, rest, taker);
  if (refusal.code != ResultCode::ok) return refuse(refusal);
  const std::size_t amended = round_.events->size();
  requeue(taker, operation);
  match(taker);
  const Lots rested = conclude(taker, outcome);
  (*round_.events)[amended].order_amended.rested = rested;
}

}  // namespace perpetua
