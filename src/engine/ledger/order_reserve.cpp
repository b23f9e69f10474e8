#include "engine/ledger/order_reserve.hpp"

#include <algorithm>

namespace perpetua {
namespace {

// The gateway's decoders make no others; what a market would do with one is undefined.
bool enumerators_are_known(const PlaceOrder& order) {
  constexpr unsigned kKnownFlags = kReduceOnly | kClosePosition | kIntent;
  return order.side <= Side::sell && order.kind <= OrderKind::market &&
         order.time_in_force <= TimeInForce::gtd && order.post_only <= PostOnly::slide &&
         order.stp <= SelfTradePrevention::allow && (order.flags & ~kKnownFlags) == 0;
}

bool fields_fit(const PlaceOrder& order) {
  if (order.kind == OrderKind::limit) {
    const bool is_immediate =
        order.time_in_force == TimeInForce::ioc || order.time_in_force == TimeInForce::fok;
    return order.post_only == PostOnly::none || !is_immediate;
  }
  return order.post_only == PostOnly::none;
}

bool size_is_given_once(const PlaceOrder& order) {
  if ((order.flags & kClosePosition) != 0) return true;
  return (order.lots > Lots(0) && order.budget == Micro(0)) ||
         (order.lots == Lots(0) && order.budget > Micro(0));
}

Outcome out_of_band(Price price, const PriceBand& band) {
  return rejected(ResultCode::price_out_of_band, price.value, band.low.value, band.high.value);
}

// Sets price and reserve price; docs/rules.md 3.6 and 3.7.
Outcome decide_price(const PlaceOrder& order, const MarketView& view, PlaceDecision& decision) {
  const MarketRules& spec = *view.spec;
  if (order.kind == OrderKind::limit) {
    if (!view.band.contains(order.price)) return out_of_band(order.price, view.band);
    decision.price = order.price;
  } else {
    if (order.price != Price(0)) return rejected(ResultCode::invalid_request);
    if (order.slippage_ppm > spec.slippage_max_ppm) {
      return rejected(ResultCode::invalid_slippage, order.slippage_ppm, spec.slippage_max_ppm);
    }
    const uint32_t slippage =
        order.slippage_ppm == 0 ? spec.slippage_default_ppm : order.slippage_ppm;
    decision.price = slippage_bound(view.mark, order.side, slippage, spec);
  }
  decision.reserve_price = reserve_price(order.side, decision.price, view.sell_floor, spec);
  return {};
}

// Both triggers of a bracket on their sides of where the position opens.
Outcome check_bracket(const PlaceOrder& order, Price price, const MarketView& view) {
  if ((order.stop_loss | order.take_profit) == 0) return {};
  if ((order.flags & (kReduceOnly | kClosePosition)) != 0) {
    return rejected(ResultCode::invalid_request);
  }
  const MarketRules& spec = *view.spec;
  for (const Price at : {Price(order.stop_loss), Price(order.take_profit)}) {
    if (at != Price(0) && (at < spec.price_min || at > spec.price_max)) {
      return rejected(ResultCode::price_out_of_band, at.value, spec.price_min.value,
                      spec.price_max.value);
    }
  }
  const bool is_buy = order.side == Side::buy;
  const Price opens = is_buy ? std::min(price, view.mark) : std::max(price, view.mark);
  const Price stop(order.stop_loss), target(order.take_profit);
  if (stop != Price(0) && (is_buy ? stop >= opens : stop <= opens)) {
    return rejected(ResultCode::trigger_wrong_side, stop.value, opens.value);
  }
  if (target != Price(0) && (is_buy ? target <= opens : target >= opens)) {
    return rejected(ResultCode::trigger_wrong_side, target.value, opens.value);
  }
  return {};
}

Outcome check_size(const PlaceOrder& order, const MarketRules& spec,
                   const PlaceDecision& decision) {
  const bool has_budget = order.budget > Micro(0);
  const Int128 reserve_value = has_budget ? static_cast<Int128>(order.budget.value)
                                          : notional_wide(decision.reserve_price, order.lots, spec);
  if (reserve_value > limits::kNotionalMaxMicro || order.lots > spec.lots_max) {
    return rejected(ResultCode::size_too_large, saturate(reserve_value), limits::kNotionalMaxMicro);
  }
  if (has_budget) {
    const int64_t lot_value = notional(decision.reserve_price, Lots(1), spec).value;
    if (order.budget.value < lot_value) {
      return rejected(ResultCode::size_too_small, order.budget.value, lot_value);
    }
  }
  if ((order.flags & kReduceOnly) == 0) {
    const Micro value = has_budget ? order.budget : notional(decision.price, order.lots, spec);
    if (value < spec.notional_min) {
      return rejected(ResultCode::size_too_small, value.value, spec.notional_min.value);
    }
  }
  return {};
}

}  // namespace

MarketView make_market_view(const MarketRules& spec, Price mark, Price best_bid) {
  MarketView view;
  view.spec = &spec;
  view.mark = mark;
  view.best_bid = best_bid;
  if (mark > Price(0)) {
    view.band = price_band(mark, spec);
    view.sell_floor = sell_reserve_floor(best_bid, mark, spec);
  }
  return view;
}

PlaceDecision decide_place(const PlaceOrder& order, const MarketView& view, int64_t log_time_ms,
                           uint32_t default_leverage) {
  PERPETUA_ASSERT(enumerators_are_known(order));
  PlaceDecision decision;
  const MarketRules& spec = *view.spec;
  const auto refuse = [&](const Outcome& outcome) {
    decision.refusal = outcome;
    return decision;
  };
  if (view.mark == Price(0)) return refuse(rejected(ResultCode::price_unavailable));
  if (!fields_fit(order)) return refuse(rejected(ResultCode::invalid_request));
  if (order.kind == OrderKind::limit && order.time_in_force == TimeInForce::gtd &&
      order.expires_at_ms <= log_time_ms) {
    return refuse(rejected(ResultCode::invalid_expiry));
  }
  if (!size_is_given_once(order)) return refuse(rejected(ResultCode::invalid_quantity));
  if (Outcome o = decide_price(order, view, decision); o.code != ResultCode::ok) return refuse(o);
  const bool is_close = (order.flags & kClosePosition) != 0;
  if (!is_close) {
    if (Outcome o = check_size(order, spec, decision); o.code != ResultCode::ok) return refuse(o);
  }
  decision.leverage = order.leverage == 0 ? default_leverage : order.leverage;
  if (decision.leverage > spec.tiers[0].max_leverage) {
    return refuse(
        rejected(ResultCode::leverage_too_high, decision.leverage, spec.tiers[0].max_leverage));
  }
  if (Outcome o = check_bracket(order, decision.price, view); o.code != ResultCode::ok) {
    return refuse(o);
  }
  if (is_close || (order.flags & kReduceOnly) != 0) return decision;
  const Micro value =
      order.budget > Micro(0) ? order.budget : notional(decision.reserve_price, order.lots, spec);
  decision.need = required_for(value, decision.leverage, spec);
  return decision;
}

bool amend_is_well_formed(const AmendOrder& amend) {
  return amend.price >= Price(0) && amend.lots >= Lots(0) &&
         !(amend.price == Price(0) && amend.lots == Lots(0));
}

PlaceDecision decide_entry_trigger(const PlaceTrigger& wanted, const MarketView& view,
                                   uint32_t default_leverage) {
  PlaceDecision decision;
  const MarketRules& spec = *view.spec;
  const bool is_stop = wanted.stop > Price(0);
  const Price at = is_stop ? wanted.stop : wanted.take_profit;
  const Price limit = is_stop ? wanted.stop_limit : wanted.take_profit_limit;
  const uint32_t slippage_ppm =
      wanted.slippage_ppm == 0 ? spec.slippage_default_ppm : wanted.slippage_ppm;
  decision.price = limit > Price(0) ? limit : slippage_bound(at, wanted.side, slippage_ppm, spec);
  const Price floor = sell_reserve_floor(std::max(view.best_bid, at), view.mark, spec);
  decision.reserve_price = reserve_price(wanted.side, decision.price, floor, spec);
  PlaceOrder order;
  order.lots = wanted.lots;
  decision.refusal = check_size(order, spec, decision);
  if (decision.refusal.code != ResultCode::ok) return decision;
  decision.leverage = wanted.leverage == 0 ? default_leverage : wanted.leverage;
  if (decision.leverage > spec.tiers[0].max_leverage) {
    decision.refusal =
        rejected(ResultCode::leverage_too_high, decision.leverage, spec.tiers[0].max_leverage);
    return decision;
  }
  decision.need = required_for(decision.reserve_price, wanted.lots, decision.leverage, spec);
  return decision;
}

AmendDecision decide_amend(const AmendOrder& amend, const RestingOrder& resting,
                           const MarketView& view) {
  AmendDecision decision;
  const MarketRules& spec = *view.spec;
  decision.price = amend.price > Price(0) ? amend.price : resting.price;
  const Lots lots = amend.lots > Lots(0) ? amend.lots : resting.lots;
  if (amend.price > Price(0)) {
    if (view.mark == Price(0)) {
      decision.refusal = rejected(ResultCode::price_unavailable);
      return decision;
    }
    if (!view.band.contains(amend.price)) {
      decision.refusal = out_of_band(amend.price, view.band);
      return decision;
    }
  }
  if (lots <= resting.filled) {
    decision.refusal = rejected(ResultCode::invalid_quantity, lots.value, resting.filled.value);
    return decision;
  }
  decision.reserve_price = reserve_price(resting.side, decision.price, view.sell_floor, spec);
  const Int128 value = notional_wide(decision.reserve_price, lots - resting.filled, spec);
  if (value > limits::kNotionalMaxMicro || lots > spec.lots_max) {
    decision.refusal =
        rejected(ResultCode::size_too_large, saturate(value), limits::kNotionalMaxMicro);
    return decision;
  }
  const bool stays = decision.price == resting.price && lots <= resting.lots;
  if (stays || resting.is_reduce_only) return decision;
  // The increment at each end of what may fill before the market sees the amend; it is linear in
  // between, and 4 micro-USDC cover the roundings (docs/money.md).
  const auto increment_at = [&](Lots filled) {
    return required_for(decision.reserve_price, lots - filled, resting.leverage, spec) -
           required_for(resting.price, resting.lots - filled, resting.leverage, spec);
  };
  const Lots last = std::min(lots, resting.lots) - Lots(1);
  const Micro need = std::max(increment_at(resting.filled), increment_at(last));
  if (need > Micro(-4)) decision.need = std::max(Micro(0), need + Micro(4));
  return decision;
}

}  // namespace perpetua
