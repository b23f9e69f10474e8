// Margin arithmetic of one market: reservations, initial and maintenance margin. Pure functions.
//
// Formulas and rounding: docs/rules.md sections 1 and 4 (source: perp formulas, initial margin
// IM = ceil(notional / leverage), maintenance by tiers with a continuity deduction). Amounts in
// micro-USDC. Everything is rounded against the account.
#pragma once

#include <algorithm>
#include <array>

#include "engine/schema/market_spec.hpp"

namespace perpetua {

// A spec with what every fill needs of it, divided once instead of each time.
struct MarketRules : MarketSpec {
  explicit MarketRules(const MarketSpec& spec)
      : MarketSpec(spec), lots_max(perpetua::lots_max(spec)) {
    for (uint32_t n = 0; n < tier_count; ++n) {
      maintenance_divisor[n] = 2 * int64_t{tiers[n].max_leverage};
      if (n == 0) continue;
      // Continuous at the tier's lower bound, roundings included.
      const int64_t lower = tiers[n].lower_notional_micro;
      deduction[n] = deduction[n - 1] + div_ceil(lower, maintenance_divisor[n]) -
                     div_ceil(lower, maintenance_divisor[n - 1]);
      // So far below the bound that no rounding lifts this line above the one before: at x below
      // it, the lines differ by less than 2 - x (1 / D - 1 / D before), which is below 1 there.
      const int64_t before = maintenance_divisor[n - 1], own = maintenance_divisor[n];
      matters_from[n] = lower - div_ceil(own * before, before - own);
    }
  }

  Lots lots_max;
  std::array<int64_t, limits::kTiersMax> maintenance_divisor{};
  std::array<int64_t, limits::kTiersMax> deduction{};
  // Notional at which a tier's line may lead.
  std::array<int64_t, limits::kTiersMax> matters_from{};
};

inline Int128 notional_wide(Price price, Lots lots, const MarketSpec& spec) {
  return static_cast<Int128>(price.value) * lots.value * spec.value_per_tick_lot_micro;
}

inline Micro notional(Price price, Lots lots, const MarketSpec& spec) {
  return notional(price, lots, spec.value_per_tick_lot_micro);
}

inline int64_t saturate(Int128 value) {
  return value > INT64_MAX ? INT64_MAX : static_cast<int64_t>(value);
}

inline Micro fee_of(Micro notional_value, uint32_t fee_ppm) {
  return Micro(mul_div_ceil(notional_value.value, fee_ppm, kPpm));
}

inline Micro initial_margin(Micro notional_value, uint32_t leverage) {
  return leverage == 1 ? notional_value : Micro(div_ceil(notional_value.value, leverage));
}

// What an order of this notional reserves: initial margin and the taker fee.
inline Micro required_for(Micro notional_value, uint32_t leverage, const MarketSpec& spec) {
  return initial_margin(notional_value, leverage) + fee_of(notional_value, spec.taker_fee_ppm);
}

inline Micro required_for(Price price, Lots lots, uint32_t leverage, const MarketSpec& spec) {
  return required_for(notional(price, lots, spec), leverage, spec);
}

// The largest tier line is the right one, because rates rise (the curve is convex). All of them:
// just below a tier's bound the roundings can lift its line by a micro already.
inline Micro maintenance_margin(Micro notional_value, const MarketRules& rules) {
  int64_t margin = div_ceil(notional_value.value, rules.maintenance_divisor[0]);
  for (uint32_t n = 1; n < rules.tier_count; ++n) {
    if (notional_value.value < rules.matters_from[n]) continue;  // spares a division
    margin = std::max(
        margin, div_ceil(notional_value.value, rules.maintenance_divisor[n]) - rules.deduction[n]);
  }
  return Micro(margin);
}

// The highest tier whose lower bound the notional reaches.
inline uint32_t max_leverage_for(Int128 notional_value, const MarketSpec& spec) {
  uint32_t leverage = spec.tiers[0].max_leverage;
  for (uint32_t n = 1; n < spec.tier_count; ++n) {
    if (notional_value >= spec.tiers[n].lower_notional_micro) leverage = spec.tiers[n].max_leverage;
  }
  return leverage;
}

// What a new order may reserve: free collateral, and the room below the cap on margin in use.
inline Micro available_collateral(Micro free, Micro in_use, uint32_t cap_ppm) {
  const Micro cap(mul_div_floor((free + in_use).value, cap_ppm, kPpm));
  return std::min(free, std::max(Micro(0), cap - in_use));
}

struct PriceBand {
  Price low;
  Price high;
  bool contains(Price price) const { return price >= low && price <= high; }
};

// Limit prices must lie in the band around the mark and in the market's absolute band.
inline PriceBand price_band(Price mark, const MarketSpec& spec) {
  const int64_t low = mul_div_floor(mark.value, kPpm - spec.price_band_ppm, kPpm);
  const int64_t high = mul_div_ceil(mark.value, kPpm + spec.price_band_ppm, kPpm);
  return {Price(std::max(low, spec.price_min.value)), Price(std::min(high, spec.price_max.value))};
}

// The price a market order may reach; docs/rules.md 3.6.
inline Price slippage_bound(Price mark, Side side, uint32_t slippage_ppm, const MarketSpec& spec) {
  const int64_t bound = side == Side::buy ? mul_div_floor(mark.value, kPpm + slippage_ppm, kPpm)
                                          : mul_div_ceil(mark.value, kPpm - slippage_ppm, kPpm);
  return Price(std::clamp(bound, spec.price_min.value, spec.price_max.value));
}

// Reserve prices: a sell may fill above its limit, so it reserves at `sell_floor` or its limit.
inline Price sell_reserve_floor(Price best_bid, Price mark, const MarketSpec& spec) {
  const int64_t top = std::max(best_bid.value, mark.value);
  return Price(mul_div_ceil(top, kPpm + spec.sell_reserve_buffer_ppm, kPpm));
}

inline Price reserve_price(Side side, Price price, Price sell_floor, const MarketSpec& spec) {
  if (side == Side::buy) return price;
  return std::min(std::max(price, sell_floor), spec.price_max);
}

}  // namespace perpetua
