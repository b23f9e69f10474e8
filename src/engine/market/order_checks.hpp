// What a market asks of an order before it may trade: docs/rules.md section 4. Pure functions; the
// market decides by them, and the preview of an order shows what they would say.
#pragma once

#include "engine/market/position.hpp"
#include "engine/schema/outcome.hpp"

namespace perpetua {

// An order and what counts together with it. Amounts in micro-USDC.
struct OrderExposure {
  Side side = Side::buy;
  OrderKind kind = OrderKind::limit;
  Price price;  // limit or bound
  uint32_t leverage = 1;
  Lots lots;           // 0 if the size is a budget
  Micro budget;        // 0 if the size is in lots
  Lots held;           // position on this side
  Lots open;           // own open orders of this side, reduce-only ones apart
  Micro position_max;  // of the key that sent it, or of the agent; 0 = none
  bool is_agents_max = false;
};

inline Int128 exposure_of(const OrderExposure& order, const MarketRules& rules) {
  return notional_wide(order.price, order.held + order.open + order.lots, rules) +
         order.budget.value;
}

// A position must not be born liquidatable: margin less the loss at the mark covers maintenance.
inline Outcome check_birth(const OrderExposure& order, Price mark, const MarketRules& rules) {
  const int64_t lot_value = notional(order.price, Lots(1), rules).value;
  const Lots lots = order.budget > Micro(0) ? Lots(order.budget.value / lot_value) : order.lots;
  const Micro value = notional(order.price, lots, rules);
  const Micro at_mark = notional(mark, lots, rules);
  const Micro loss =
      std::max(Micro(0), order.side == Side::buy ? value - at_mark : at_mark - value);
  if (initial_margin(value, order.leverage) - loss >= maintenance_margin(at_mark, rules)) return {};
  const PriceBand band = price_band(mark, rules);
  return rejected(ResultCode::price_out_of_band, order.price.value, band.low.value,
                  band.high.value);
}

// Size of the position with all orders, leverage at that size, and the birth of the position.
// REQUIRES: not reduce-only.
inline Outcome check_exposure(const OrderExposure& order, Price mark, const MarketRules& rules) {
  const Int128 exposure = exposure_of(order, rules);
  if (exposure > rules.position_notional_max.value) {
    return rejected(ResultCode::position_too_large, saturate(exposure),
                    rules.position_notional_max.value);
  }
  if (order.position_max > Micro(0) && exposure > order.position_max.value) {
    const auto which = order.is_agents_max ? static_cast<int64_t>(RiskLimit::position)
                                           : static_cast<int64_t>(KeyLimit::position_notional);
    return rejected(order.is_agents_max ? ResultCode::limit_exceeded : ResultCode::key_limited,
                    which, saturate(exposure), order.position_max.value);
  }
  const uint32_t allowed = max_leverage_for(exposure, rules);
  if (order.leverage > allowed) {
    return rejected(ResultCode::leverage_too_high, order.leverage, allowed);
  }
  return order.kind == OrderKind::limit ? check_birth(order, mark, rules) : Outcome{};
}

// Without netting nothing may open the side opposite to the position or to open orders.
// `opposed`: own open lots of the other side.
inline Outcome check_conflict(const Position& position, Side side, Lots opposed) {
  if (reducible(position, side) == Lots(0) && opposed == Lots(0)) return {};
  return rejected(ResultCode::conflicting_position, position.base.value, opposed.value);
}

// Refuses a post-only order that would trade, or slides its `price` off `touch`, the best price of
// the other side (0 = none). A sell does not slide beyond what it has reserved for.
inline Outcome apply_post_only(PostOnly mode, Side side, Price touch, Price reserve_price,
                               const MarketRules& rules, Price& price) {
  if (mode == PostOnly::none || touch == Price(0)) return {};
  const bool crosses = side == Side::buy ? price >= touch : price <= touch;
  if (!crosses) return {};
  const Price slid = touch - Price(sign(side));
  const bool fits = slid >= rules.price_min && slid <= rules.price_max &&
                    (side == Side::buy || slid <= reserve_price);
  if (mode == PostOnly::reject || !fits) return rejected(ResultCode::would_cross, touch.value);
  price = slid;
  return {};
}

}  // namespace perpetua
