// The matching loop: docs/rules.md section 5. Control flow in match() and step(); what a fill does
// to a position is evaluate_fill() in position.hpp.

#include <algorithm>

#include "engine/market/market.hpp"

namespace perpetua {

// Within the limit, and for a sell not beyond the price it was reserved for.
bool Market::can_trade_at(const Taker& taker, Price price) const {
  if (taker.side == Side::buy) return price <= taker.limit;
  return price >= taker.limit && !exceeds_reserve(taker, price);
}

bool Market::exceeds_reserve(const Taker& taker, Price price) const {
  return taker.side == Side::sell && !taker.is_reduce_only && !taker.has_budget &&
         price > taker.reserve_price;
}

// Lots that a budget order's rest would be at its limit.
Lots Market::lots_left(const Taker& taker) const {
  if (!taker.has_budget) return taker.remaining;
  return Lots(taker.budget_left.value / notional(taker.limit, Lots(1), spec_).value);
}

Lots Market::fillable(const Taker& taker, Price price, Lots maker_remaining) const {
  if (!taker.has_budget) return std::min(taker.remaining, maker_remaining);
  const int64_t lot_value = notional(price, Lots(1), spec_).value;
  return std::min(maker_remaining, Lots(taker.budget_left.value / lot_value));
}

FillTerms Market::taker_terms(const Taker& taker, Price price, Lots lots) const {
  const uint32_t fee_ppm = taker.cause == TradeCause::order         ? spec_.taker_fee_ppm
                           : taker.cause == TradeCause::liquidation ? kLiquidationFeePpm
                                                                    : 0;
  FillTerms terms{taker.side, price, lots, Micro(0), taker.leverage, fee_ppm, mark_};
  if (taker.is_reduce_only) return terms;
  const Micro kept =
      taker.has_budget
          ? required_for(taker.budget_left - notional(price, lots, spec_), taker.leverage, spec_)
          : required_for(taker.reserve_price, taker.remaining - lots, taker.leverage, spec_);
  terms.share = taker.reserved - kept;
  return terms;
}

FillTerms Market::maker_terms(uint32_t maker_slot, Price price, Lots lots) const {
  const OrderDetail& detail = orders_.detail(maker_slot);
  FillTerms terms{book_.side(maker_slot), price, lots, Micro(0), detail.leverage,
                  spec_.maker_fee_ppm,    mark_};
  if (detail.is_reduce_only()) return terms;
  const Lots left = book_.remaining(maker_slot) - lots;
  terms.share = detail.reserved - required_for(price, left, detail.leverage, spec_);
  return terms;
}

void Market::match(Taker& taker) {
  const Side maker_side = opposite(taker.side);
  while (!taker.is_done()) {
    const Price best = book_.best(maker_side);
    if (best == Price(0)) return;
    if (!can_trade_at(taker, best)) {
      if (exceeds_reserve(taker, best)) taker.stop = CloseReason::price_moved;
      return;
    }
    const uint32_t maker_slot = book_.front(maker_side);
    prefetch_ahead(taker, maker_slot);
    if (!step(taker, maker_slot)) return;
  }
}

// A sweep finds its makers in the cache: of the next one all that its node names, of the one after
// that the node. Most takers meet one maker; so the first step only asks and waits for nothing.
void Market::prefetch_ahead(Taker& taker, uint32_t maker_slot) const {
  orders_.prefetch_neighbours(maker_slot);
  const bool is_first = taker.ahead == kNilSlot;
  if (is_first || taker.ahead == maker_slot || !book_.is_resting(taker.ahead)) {
    taker.ahead = book_.next_in_queue(maker_slot);
  }
  if (taker.ahead == kNilSlot) return;
  if (!is_first) {
    orders_.prefetch(taker.ahead);
    prefetch_account(book_.agent(taker.ahead));
    taker.ahead = book_.next_in_queue(taker.ahead);
    if (taker.ahead == kNilSlot) return;
  }
  book_.prefetch_slot(taker.ahead);
}

// One maker: trades, cancels it, or stops the taker (false).
bool Market::step(Taker& taker, uint32_t maker_slot) {
  const Price price = book_.price(maker_slot);
  const auto stop = [&](CloseReason reason) {
    taker.stop = reason;
    return false;
  };
  FillSide maker, own;
  maker.agent = book_.agent(maker_slot);
  maker.order_id = book_.id(maker_slot);
  own.agent = taker.agent;
  own.order_id = taker.slot == kNilSlot ? 0 : book_.id(taker.slot);
  const bool is_self = maker.agent == taker.agent;
  if (is_self && taker.stp != SelfTradePrevention::allow) {
    if (taker.stp != SelfTradePrevention::cancel_newest) {
      close_resting(maker_slot, CloseReason::self_trade_prevention, taker.command);
      if (taker.stp == SelfTradePrevention::cancel_oldest) return true;
    }
    return stop(CloseReason::self_trade_prevention);
  }
  Lots lots = fillable(taker, price, book_.remaining(maker_slot));
  if (lots == Lots(0)) return stop(CloseReason::budget_spent);
  const Position& maker_position = account(maker.agent).position;
  const Position& own_position = accounts_[taker.agent].position;
  if (orders_.detail(maker_slot).is_reduce_only()) {
    lots = std::min(lots, reducible(maker_position, opposite(taker.side)));
    if (lots == Lots(0)) {
      close_resting(maker_slot, CloseReason::position_closed, taker.command);
      return true;
    }
  }
  if (taker.is_reduce_only) {
    lots = std::min(lots, reducible(own_position, taker.side));
    if (lots == Lots(0)) return stop(CloseReason::position_closed);
  }
  maker.terms = maker_terms(maker_slot, price, lots);
  maker.effect = evaluate_fill(maker_position, maker.terms, spec_);
  if (!maker.effect.allowed) {
    close_resting(maker_slot, CloseReason::would_be_liquidated, taker.command);
    return true;
  }
  own.terms = taker_terms(taker, price, lots);
  own.effect = taker.cause == TradeCause::order
                   ? evaluate_fill(is_self ? maker.effect.after : own_position, own.terms, spec_)
                   : evaluate_forced_fill(own_position, own.terms, taker.cause, spec_);
  if (!own.effect.allowed) return stop(CloseReason::would_be_liquidated);
  commit_fill(taker, maker_slot, own, maker);
  return true;
}

void Market::take_lots(Taker& taker, const FillTerms& terms) const {
  const Micro value = notional(terms.price, terms.lots, spec_);
  if (taker.has_budget) {
    taker.budget_left -= value;
  } else {
    taker.remaining -= terms.lots;
  }
  taker.reserved -= terms.share;
  taker.filled += terms.lots;
  taker.filled_notional += value;
  taker.filled_now = true;
}

// Returns true if the maker is filled completely and gone.
bool Market::reduce_maker(uint32_t slot, const FillTerms& terms) {
  OrderDetail& detail = orders_.detail(slot);
  const AgentId agent = book_.agent(slot);
  detail.filled += terms.lots;
  detail.filled_notional += notional(terms.price, terms.lots, spec_);
  detail.reserved -= terms.share;
  if (terms.lots == book_.remaining(slot)) {
    delist(slot);
    book_.remove(slot);
    orders_.close(slot, agent, seed_);
    book_.release(slot);
    return true;
  }
  book_.reduce(slot, terms.lots);
  if (!detail.is_reduce_only()) {
    accounts_[agent].open_lots[static_cast<int>(terms.side)] -= terms.lots;
  }
  return false;
}

void Market::move_position(const FillSide& side) {
  set_position(side.agent, side.effect.after);
  accounts_[side.agent].realised_pnl_total += side.effect.realised_pnl;
}

void Market::emit_fill(const FillSide& side, const Taker& taker, AgentId counterparty,
                       bool is_taker, Lots remaining, bool is_done) {
  Event& event = emit(EventType::fill, side.agent, taker.command);
  Fill& fill = event.fill;
  fill.trade_id = trade_count_;
  fill.order_id = side.order_id;
  fill.price = side.terms.price;
  fill.lots = side.terms.lots;
  fill.remaining = remaining;
  fill.fee = side.effect.fee;
  fill.realised_pnl = side.effect.realised_pnl;
  fill.position_base = side.effect.after.base;
  fill.position_entry_notional = side.effect.after.entry_notional;
  fill.position_margin = side.effect.after.margin;
  fill.counterparty = counterparty;
  fill.side = side.terms.side;
  fill.is_taker = is_taker ? 1 : 0;
  fill.order_done = is_done ? 1 : 0;
  fill.cause = taker.cause;
}

void Market::commit_fill(Taker& taker, uint32_t maker_slot, const FillSide& own,
                         const FillSide& maker) {
  ++trade_count_;
  const Lots maker_left = book_.remaining(maker_slot) - maker.terms.lots;
  // Of one agent on both sides (allow), the maker's effect came first; its credit must, too.
  const bool is_self = own.agent == maker.agent;
  for (const FillSide* side : {is_self ? &maker : &own, is_self ? &own : &maker}) {
    if (side->agent == 0) continue;
    credit(side->agent, side->effect.credit, -side->terms.share, side->effect.margin_change);
  }
  round_.fees += maker.effect.fee;
  state_.last_trade = own.terms.price;

  const int64_t maker_base_before = accounts_[maker.agent].position.base.value;
  move_position(maker);
  const int64_t own_base_before = accounts_[own.agent].position.base.value;
  move_position(own);
  if (taker.cause == TradeCause::order) {
    round_.fees += own.effect.fee;
  } else {
    taker.forced_fee += own.effect.fee;
    pay_fund(own.effect.fee);
  }
  take_lots(taker, own.terms);
  const OrderDetail& detail = orders_.detail(maker_slot);
  const Bracket of_maker{detail.stop_loss, detail.take_profit};
  const bool maker_done = reduce_maker(maker_slot, maker.terms);
  const int64_t lot_value = notional(own.terms.price, Lots(1), spec_).value;
  const Lots left = taker.has_budget ? Lots(taker.budget_left.value / lot_value) : taker.remaining;
  taker.last_fill = round_.events->size();
  emit_fill(own, taker, maker.agent, true, left, taker.is_done());
  emit_fill(maker, taker, own.agent, false, maker_left, maker_done);

  const auto has_ended = [](int64_t before, int64_t after) {
    return after == 0 || (before != 0 && (before > 0) != (after > 0));
  };
  if (has_ended(maker_base_before, maker.effect.after.base.value)) {
    cancel_reduce_only(maker.agent, taker.command);
  }
  if (has_ended(own_base_before, own.effect.after.base.value)) {
    cancel_reduce_only(own.agent, taker.command);
  }
  if (of_maker.is_set() || taker.has_bracket) [[unlikely]] {
    arm_brackets(taker, maker_slot, maker, of_maker, maker_done);
  }
}

// An order's bracket comes to life with the first fill that leaves the position on its side.
void Market::arm_brackets(Taker& taker, uint32_t maker_slot, const FillSide& maker,
                          const Bracket& of_maker, bool maker_done) {
  const auto is_on_side = [this](AgentId agent, Side side) {
    return sign(side) * accounts_[agent].position.base.value > 0;
  };
  const Side maker_side = opposite(taker.side);
  if (of_maker.is_set() && is_on_side(maker.agent, maker_side)) {
    if (!maker_done) {
      orders_.detail(maker_slot).stop_loss = orders_.detail(maker_slot).take_profit = 0;
    }
    arm_bracket(of_maker, maker.order_id, maker.agent, maker_side, taker.command);
  }
  if (!taker.has_bracket || !is_on_side(taker.agent, taker.side)) return;
  OrderDetail& detail = orders_.detail(taker.slot);
  const Bracket of_taker{detail.stop_loss, detail.take_profit};
  detail.stop_loss = detail.take_profit = 0;
  taker.has_bracket = false;
  arm_bracket(of_taker, book_.id(taker.slot), taker.agent, taker.side, taker.command);
}

// What only closes a position goes with it: its reduce-only orders and its protective triggers.
void Market::cancel_reduce_only(AgentId agent, uint32_t command) {
  const MarketAccount& own = accounts_[agent];
  uint32_t slot = own.reduce_only_orders == 0 ? kNilSlot : own.own_first;
  while (slot != kNilSlot) {
    const uint32_t next = orders_.links(slot).next;
    if (orders_.detail(slot).is_reduce_only()) {
      close_resting(slot, CloseReason::position_closed, command);
    }
    slot = next;
  }
  if (own.triggers != 0) close_protective(agent, command);
}

}  // namespace perpetua
