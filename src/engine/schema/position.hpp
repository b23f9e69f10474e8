// Position of one agent in one market and what it is worth: value, equity, where it is liquidated
// and where it is bankrupt. Pure functions; engine and stores show the same figures.
//
// Two legs: base (signed lots, long > 0) and entry notional E (micro-USDC, >= 0); margin W is the
// isolated collateral inside. Invariants: base == 0 implies E == 0 and W == 0 (but for the
// insurance fund, whose W is its cash); W >= 0. Formulas: docs/rules-perpetual.md sections 10 and
// 14 (source: perp formulas sections 5 to 7). Prices round toward the mark: long up, short down.
#pragma once

#include "engine/schema/margin.hpp"

namespace perpetua {

struct Position {
  Lots base;
  Micro entry_notional;
  Micro margin;

  bool is_long() const { return base > Lots(0); }
  Lots size() const { return is_long() ? base : -base; }
};

inline Micro notional_at(const Position& position, Price price, const MarketSpec& spec) {
  return notional(price, position.size(), spec);
}

inline Micro unrealised_pnl(const Position& position, Micro value) {
  return position.is_long() ? value - position.entry_notional : position.entry_notional - value;
}

// Of the two, the one that the position would have at a price with this notional.
inline Micro equity_at(const Position& position, Micro value) {
  return position.base == Lots(0) ? position.margin
                                  : position.margin + unrealised_pnl(position, value);
}

// The exact test: equity below maintenance margin.
inline bool is_liquidatable(const Position& position, Price mark, const MarketRules& rules) {
  if (position.base == Lots(0)) return false;
  const Micro value = notional_at(position, mark, rules);
  return equity_at(position, value) < maintenance_margin(value, rules);
}

namespace detail {

inline Int128 floor_div(Int128 a, Int128 b) { return a / b - (a % b < 0 ? 1 : 0); }
inline Int128 ceil_div(Int128 a, Int128 b) { return -floor_div(-a, b); }

inline Price price_within(Int128 ticks, Price highest) {
  if (ticks <= 0) return Price(0);
  return ticks > highest.value ? Price(highest.value + 1) : Price(static_cast<int64_t>(ticks));
}

}  // namespace detail

// Long: the lowest price at which equity covers maintenance; short: the highest one. 0: a long that
// no price liquidates; price_max + 1: a short that no price of this market does. Each tier is a
// line, and the first one reached decides. Solved for N = P x size x u:
//   long  W + N - E = N / D - d      short  W + E - N = N / D - d
// REQUIRES: base != 0.
inline Price liquidation_price(const Position& position, const MarketRules& rules) {
  const Int128 tick_value =
      static_cast<Int128>(position.size().value) * rules.value_per_tick_lot_micro;
  const Int128 entry = position.entry_notional.value, margin = position.margin.value;
  Int128 reached = 0;
  for (uint32_t n = 0; n < rules.tier_count; ++n) {
    const Int128 divisor = rules.maintenance_divisor[n], deduction = rules.deduction[n];
    const Int128 candidate =
        position.is_long()
            ? detail::ceil_div((entry - margin - deduction) * divisor, (divisor - 1) * tick_value)
            : detail::floor_div((entry + margin + deduction) * divisor, (divisor + 1) * tick_value);
    const bool is_first = position.is_long() ? candidate > reached : candidate < reached;
    if (n == 0 || is_first) reached = candidate;
  }
  return detail::price_within(reached, rules.price_max);
}

// Where equity is zero; 0 and price_max + 1 as above. REQUIRES: base != 0.
inline Price bankruptcy_price(const Position& position, const MarketSpec& spec) {
  const Int128 tick_value =
      static_cast<Int128>(position.size().value) * spec.value_per_tick_lot_micro;
  const Int128 entry = position.entry_notional.value, margin = position.margin.value;
  return detail::price_within(position.is_long() ? detail::ceil_div(entry - margin, tick_value)
                                                 : detail::floor_div(entry + margin, tick_value),
                              spec.price_max);
}

}  // namespace perpetua
