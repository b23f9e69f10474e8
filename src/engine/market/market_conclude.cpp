// What becomes of a taker after the loop: filled, resting, or closed with a reason.

#include "engine/market/market.hpp"

namespace perpetua {

// none: it rests. REQUIRES: !taker.is_done().
CloseReason Market::closing_reason(const Taker& taker) const {
  const OrderDetail& detail = orders_.detail(taker.slot);
  if (detail.time_in_force == TimeInForce::fok) {
    PERPETUA_ASSERT(taker.has_budget && taker.filled_now);  // the probe saw it fill
    return CloseReason::budget_spent;
  }
  if (taker.stop != CloseReason::none) return taker.stop;
  if (!taker.may_rest) return CloseReason::ioc_remainder;
  if (taker.is_reduce_only && reducible(accounts_[taker.agent].position, taker.side) == Lots(0)) {
    return CloseReason::position_closed;
  }
  return lots_left(taker) == Lots(0) ? CloseReason::budget_spent : CloseReason::none;
}

void Market::rest(Taker& taker, Lots lots) {
  OrderDetail& detail = orders_.detail(taker.slot);
  detail.lots = taker.filled + lots;
  detail.reserved =
      taker.is_reduce_only ? Micro(0) : required_for(taker.limit, lots, taker.leverage, spec_);
  const Micro released = taker.reserved - detail.reserved;
  PERPETUA_ASSERT(released >= Micro(0));
  credit(taker.agent, released, -released, Micro(0));
  book_.insert(taker.slot, taker.limit, lots);
  enlist(taker.slot);
}

void Market::close_taker(Taker& taker, CloseReason reason) {
  credit(taker.agent, taker.reserved, -taker.reserved, Micro(0));
  if (reason != CloseReason::none) {
    Event& event = emit(EventType::order_closed, taker.agent, taker.command);
    event.order_closed.order_id = book_.id(taker.slot);
    event.order_closed.price = taker.limit;
    event.order_closed.remaining = lots_left(taker);
    event.order_closed.side = taker.side;
    event.order_closed.reason = reason;
  }
  orders_.close(taker.slot, taker.agent, seed_);
  book_.release(taker.slot);
}

// Returns the lots that rest now.
Lots Market::conclude(Taker& taker, Outcome& outcome) {
  OrderDetail& detail = orders_.detail(taker.slot);
  detail.filled = taker.filled;
  detail.filled_notional = taker.filled_notional;
  outcome.id = book_.id(taker.slot);
  outcome.values[0] = taker.filled.value;
  outcome.values[1] = taker.filled_notional.value;
  outcome.values[3] = taker.limit.value;
  CloseReason reason = taker.is_done() ? CloseReason::none : closing_reason(taker);
  const bool is_spent = reason == CloseReason::budget_spent && taker.filled > Lots(0);
  if (taker.is_done() || is_spent) {
    if (is_spent) (*round_.events)[taker.last_fill].fill.order_done = 1;
    outcome.status = OrderStatus::filled;
    close_taker(taker, CloseReason::none);
    return Lots(0);
  }
  if (reason != CloseReason::none) {
    outcome.status = OrderStatus::cancelled;
    outcome.reason = reason;
    close_taker(taker, reason);
    return Lots(0);
  }
  const Lots rested = lots_left(taker);
  outcome.status = taker.filled > Lots(0) ? OrderStatus::partially_filled : OrderStatus::open;
  outcome.values[2] = rested.value;
  rest(taker, rested);
  return rested;
}

}  // namespace perpetua
