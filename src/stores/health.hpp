// How far a position is from liquidation. Pure.
//
// Healthy: equity at the mark is at least kHealthWarnPercent of maintenance margin; liquidatable:
// below maintenance margin (the engine's exact test). The warn price is where the first ends, by
// the same arithmetic as liquidation_price with a larger maintenance margin.
#pragma once

#include "engine/schema/position.hpp"
#include "stores/perpetual_views.hpp"

namespace perpetua::stores {

inline constexpr int64_t kHealthWarnPercent = 150;  // of maintenance margin

inline Health health_of(const Position& position, Price mark, const MarketRules& rules) {
  if (position.base == Lots(0)) return Health::healthy;
  const Micro value = notional_at(position, mark, rules);
  const Micro equity = equity_at(position, value);
  const Micro maintenance = maintenance_margin(value, rules);
  if (equity < maintenance) return Health::liquidatable;
  const bool is_low = static_cast<Int128>(equity.value) * 100 <
                      static_cast<Int128>(maintenance.value) * kHealthWarnPercent;
  return is_low ? Health::warning : Health::healthy;
}

// Long: the lowest healthy price; short: the highest one. 0 and price_max + 1 as for
// liquidation_price. Solved tier by tier for N, then put right by the exact test where roundings
// moved it by a tick. REQUIRES: base != 0.
inline Price warn_price(const Position& position, const MarketRules& rules) {
  const Int128 tick_value =
      static_cast<Int128>(position.size().value) * rules.value_per_tick_lot_micro;
  const Int128 entry = position.entry_notional.value, margin = position.margin.value;
  Int128 reached = 0;
  for (uint32_t n = 0; n < rules.tier_count; ++n) {
    // 100 (W +- (N - E)) = percent (N / D - d)
    const Int128 divisor = rules.maintenance_divisor[n];
    const Int128 deduction = static_cast<Int128>(rules.deduction[n]) * kHealthWarnPercent;
    const Int128 candidate =
        position.is_long()
            ? detail::ceil_div(((entry - margin) * 100 - deduction) * divisor,
                               (divisor * 100 - kHealthWarnPercent) * tick_value)
            : detail::floor_div(((entry + margin) * 100 + deduction) * divisor,
                                (divisor * 100 + kHealthWarnPercent) * tick_value);
    const bool is_first = position.is_long() ? candidate > reached : candidate < reached;
    if (n == 0 || is_first) reached = candidate;
  }
  Price price = detail::price_within(reached, rules.price_max);
  const Price inward(position.is_long() ? 1 : -1);
  const auto is_inside = [&](Price p) { return p > Price(0) && p <= rules.price_max; };
  for (int i = 0; i < 2 && is_inside(price); ++i) {
    if (health_of(position, price, rules) == Health::healthy) break;
    price += inward;
  }
  return price;
}

}  // namespace perpetua::stores
