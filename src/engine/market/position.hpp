// What one side of a fill does to a position. Pure.
//
// Formulas, rounding and the fill-time guard: docs/rules.md section 5. Amounts in micro-USDC.
#pragma once

#include "engine/market/liquidation.hpp"

namespace perpetua {

// Lots a reduce-only order of this side can still take off the position.
inline Lots reducible(const Position& position, Side side) {
  const int64_t opposed = -sign(side) * position.base.value;
  return Lots(std::max<int64_t>(0, opposed));
}

struct FillTerms {
  Side side = Side::buy;
  Price price;
  Lots lots;
  Micro share;  // what the order's reservation frees for these lots
  uint32_t leverage = 1;
  uint32_t fee_ppm = 0;
  Price mark;
};

struct FillEffect {
  Position after;
  Micro fee;
  Micro realised_pnl;
  Micro credit;  // to free collateral, >= 0 when allowed
  Micro margin_change;
  bool allowed = false;  // the guard: docs/rules.md section 5
};

inline FillEffect evaluate_fill(const Position& before, const FillTerms& terms,
                                const MarketRules& spec) {
  FillEffect effect;
  Position& position = effect.after;
  position = before;
  const Lots reduced = std::min(terms.lots, reducible(before, terms.side));
  const Lots increased = terms.lots - reduced;
  effect.fee = fee_of(notional(terms.price, terms.lots, spec), terms.fee_ppm);
  Micro released, added;
  if (reduced > Lots(0)) {
    const Closing closing = close_part(before, reduced, notional(terms.price, reduced, spec));
    position = closing.after;
    effect.realised_pnl = closing.realised;
    released = closing.released;
  }
  if (increased > Lots(0)) {
    const Micro value = notional(terms.price, increased, spec);
    const Micro room = reduced > Lots(0) ? terms.share : terms.share - effect.fee;
    added = std::min(initial_margin(value, terms.leverage), room);
    PERPETUA_ASSERT(added >= Micro(0));
    position.base += Lots(sign(terms.side) * increased.value);
    position.entry_notional += value;
    position.margin += added;
  }
  effect.credit = terms.share + released + effect.realised_pnl - added - effect.fee;
  effect.margin_change = added - released;
  effect.allowed = true;
  if (reduced > Lots(0)) {
    const Micro own_share = increased > Lots(0) ? Micro(0) : terms.share;
    effect.allowed = effect.credit - own_share >= Micro(0);
  }
  if (increased > Lots(0) && effect.allowed) {
    const bool is_long = position.base > Lots(0);
    const Lots size = is_long ? position.base : -position.base;
    effect.allowed = size <= spec.lots_max;
    if (effect.allowed) {
      const Micro value = notional(terms.mark, size, spec);
      const Micro pnl = is_long ? value - position.entry_notional : position.entry_notional - value;
      effect.allowed = position.margin + pnl >= maintenance_margin(value, spec);
    }
  }
  return effect;
}

// The taker's side of a fill that nobody ordered: nothing is released, so what is left of a
// position in liquidation gets healthier, and the fund keeps its cash. docs/rules-perpetual.md
// sections 15 and 16. REQUIRES: the fill reduces the position.
inline FillEffect evaluate_forced_fill(const Position& before, const FillTerms& terms,
                                       TradeCause cause, const MarketRules& spec) {
  FillEffect effect;
  const Micro value = notional(terms.price, terms.lots, spec);
  const Closing closing = close_part(before, terms.lots, value);
  effect.after = closing.after;
  effect.after.margin = before.margin + closing.realised;
  effect.realised_pnl = closing.realised;
  effect.allowed = effect.after.margin >= Micro(0);
  if (!effect.allowed || cause == TradeCause::fund) return effect;
  const Micro equity =
      equity_at(effect.after, notional_at(effect.after, terms.mark, spec));
  effect.fee = std::min(fee_of(value, terms.fee_ppm),
                        std::max(Micro(0), std::min(effect.after.margin, equity)));
  effect.after.margin -= effect.fee;
  if (effect.after.base == Lots(0)) {
    effect.credit = effect.after.margin;
    effect.after.margin = Micro(0);
  }
  effect.margin_change = effect.after.margin - before.margin;
  return effect;
}

}  // namespace perpetua
