// Liquidation arithmetic: closing a part for a value, the size of a slice, the rank for
// auto-deleveraging. Pure functions.
//
// Rules and rounding: docs/rules-perpetual.md sections 10, 15 and 17 (source: perp formulas
// sections 7, 8, 10). Amounts in micro-USDC; what the account gets is rounded down, what it pays
// up.
#pragma once

#include <algorithm>

#include "engine/schema/position.hpp"

namespace perpetua {

inline constexpr uint32_t kLiquidationFeePpm = 5'000;
inline constexpr int64_t kSliceWholeMicro = 100'000'000'000;  // up to this notional: all at once
inline constexpr int64_t kSliceCooldownMs = 30'000;
inline constexpr int64_t kSliceShareMin = 5;  // at least a fifth of the position

// Lots that leave a position for a value: a long gets it, a short pays it.
struct Closing {
  Position after;
  Micro realised;
  Micro released;
};

// REQUIRES: 0 < lots <= size.
inline Closing close_part(const Position& before, Lots lots, Micro value) {
  const bool is_long = before.is_long();
  const int64_t size = before.size().value;
  const bool is_all = lots.value == size;
  const int64_t entry = before.entry_notional.value;
  const Micro removed(is_all    ? entry
                      : is_long ? mul_div_ceil(entry, lots.value, size)
                                : mul_div_floor(entry, lots.value, size));
  Closing closing;
  closing.realised = is_long ? value - removed : removed - value;
  closing.released =
      is_all ? before.margin : Micro(mul_div_floor(before.margin.value, lots.value, size));
  closing.after.base = before.base + (is_long ? -lots : lots);
  closing.after.entry_notional = before.entry_notional - removed;
  closing.after.margin = before.margin - closing.released;
  return closing;
}

// What restores equity to 1.2 x maintenance after the fee, in the tier that needs the most; at
// least a fifth, at most all. `value` and `equity` are those at the mark.
inline Lots liquidation_slice(const Position& position, Price mark, Micro value, Micro equity,
                              const MarketRules& rules) {
  const Lots size = position.size();
  if (value.value <= kSliceWholeMicro) return size;
  constexpr int64_t kTargetPpm = 1'200'000;
  const Int128 lot_value = static_cast<Int128>(mark.value) * rules.value_per_tick_lot_micro;
  Int128 needed = (size.value + kSliceShareMin - 1) / kSliceShareMin;
  for (uint32_t n = 0; n < rules.tier_count; ++n) {
    const Int128 divisor = rules.maintenance_divisor[n];
    const Int128 relief = kTargetPpm - divisor * kLiquidationFeePpm;
    if (relief <= 0) return size;
    const Int128 lack = (value.value - divisor * rules.deduction[n]) * kTargetPpm -
                        divisor * equity.value * kPpm;
    needed = std::max(needed, detail::ceil_div(lack, lot_value * relief));
  }
  return needed < size.value ? Lots(static_cast<int64_t>(needed)) : size;
}

// Below two thirds of maintenance the fund takes over.
constexpr bool is_beyond_the_book(Micro equity, Micro maintenance) {
  return static_cast<Int128>(equity.value) * 3 < static_cast<Int128>(maintenance.value) * 2;
}

// What the whole position changes hands for when it ends at zero. REQUIRES: base != 0.
inline Micro bankruptcy_value(const Position& position) {
  const Micro value = position.is_long() ? position.entry_notional - position.margin
                                         : position.entry_notional + position.margin;
  return std::max(value, Micro(0));
}

// Rank for auto-deleveraging at the mark, highest first: profit x leverage; losers below.
inline Int128 deleveraging_score(const Position& position, Micro value) {
  const Micro equity = equity_at(position, value);
  if (equity <= Micro(0)) return -(static_cast<Int128>(1) << 126);
  const Int128 entry = std::max<int64_t>(1, position.entry_notional.value);
  const Int128 pnl = unrealised_pnl(position, value).value;
  const Int128 pnl_ppm = detail::floor_div(pnl * kPpm, entry);
  const Int128 leverage_ppm = static_cast<Int128>(value.value) * kPpm / equity.value;
  if (pnl > 0) return pnl_ppm * leverage_ppm;
  return detail::floor_div(pnl_ppm * kPpm, std::max<Int128>(1, leverage_ppm));
}

}  // namespace perpetua
