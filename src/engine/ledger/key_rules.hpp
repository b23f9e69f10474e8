// What the limits of a key say to an order, but for the daily loss, which needs the ledger: pure
// functions of docs/rules-perpetual.md section 22, in its order.
#pragma once

#include "engine/schema/command.hpp"
#include "engine/schema/margin.hpp"
#include "engine/schema/outcome.hpp"

namespace perpetua {

inline Outcome key_limited(KeyLimit which, Int128 given, int64_t allowed) {
  return rejected(ResultCode::key_limited, static_cast<int64_t>(which), saturate(given), allowed);
}

inline Outcome check_key_market(const KeyLimits& limits, MarketId market) {
  const bool is_allowed = limits.markets == 0 || (limits.markets >> (market & 63) & 1) != 0;
  return is_allowed ? Outcome{} : key_limited(KeyLimit::market, market, 0);
}

inline Outcome check_key_leverage(const KeyLimits& limits, uint32_t leverage) {
  const bool is_allowed = limits.leverage_max == 0 || leverage <= limits.leverage_max;
  return is_allowed ? Outcome{} : key_limited(KeyLimit::leverage, leverage, limits.leverage_max);
}

struct KeyQuestion {
  bool is_reduce_only = false;
  Int128 value = 0;  // of the order at its reserve price, or its budget
  uint32_t leverage = 0;
};

// What a place_order asks. `reserve_price` and `leverage` as decide_place resolved them.
inline KeyQuestion key_question(const PlaceOrder& order, Price reserve_price, uint32_t leverage,
                                const MarketSpec& spec) {
  const bool is_reduce_only = (order.flags & (kReduceOnly | kClosePosition)) != 0;
  const Int128 value = order.budget > Micro(0) ? static_cast<Int128>(order.budget.value)
                                               : notional_wide(reserve_price, order.lots, spec);
  return {is_reduce_only, value, leverage};
}

inline Outcome check_key_order(const KeyLimits& limits, const KeyQuestion& order) {
  if (order.is_reduce_only) return {};
  if (limits.reduce_only != 0) return key_limited(KeyLimit::reduce_only, 0, 0);
  if (limits.order_notional_max > Micro(0) && order.value > limits.order_notional_max.value) {
    return key_limited(KeyLimit::order_notional, order.value, limits.order_notional_max.value);
  }
  return check_key_leverage(limits, order.leverage);
}

}  // namespace perpetua
