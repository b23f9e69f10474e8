// What a position is worth and where it ends, in integers. Pure.
//
// maintenance   max over tiers n of ceil(notional / (2 x max_leverage_n)) - d_n, docs/rules.md 4
// liquidation   the last mark at which equity still covers maintenance; one tick further it does
//               not: rounded toward the mark (long up, short down). Each tier is a line; the first
//               reached decides: the largest candidate for a long, the smallest for a short
// bankruptcy    the price at which equity is zero, rounded the same way
// Prices that are not above zero are null. A value beyond int64 saturates (display only).
#pragma once

#include <optional>

#include "engine/schema/market_spec.hpp"

namespace perpetua::stores {

// base signed, entry_notional >= 0.
struct PositionState {
  Lots base;
  Micro entry_notional;
  Micro margin;
};

Micro position_notional(const MarketSpec& spec, Lots base, Price mark);
Micro unrealised_pnl(const MarketSpec& spec, const PositionState& position, Price mark);
Micro maintenance_margin(const MarketSpec& spec, Micro notional);
std::optional<Price> liquidation_price(const MarketSpec& spec, const PositionState& position);
std::optional<Price> bankruptcy_price(const MarketSpec& spec, const PositionState& position);

}  // namespace perpetua::stores
