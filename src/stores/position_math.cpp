#include "stores/position_math.hpp"

#include <algorithm>
#include <array>

namespace perpetua::stores {

namespace {

using Deductions = std::array<int64_t, limits::kTiersMax>;

int64_t saturate(Int128 value) {
  if (value > INT64_MAX) return INT64_MAX;
  if (value < -INT64_MAX) return -INT64_MAX;
  return static_cast<int64_t>(value);
}

Int128 floor_div(Int128 a, Int128 b) {
  const Int128 quotient = a / b;
  return a % b < 0 ? quotient - 1 : quotient;
}

Int128 ceil_div(Int128 a, Int128 b) { return -floor_div(-a, b); }

int64_t twice_leverage(const MarketSpec& spec, uint32_t tier) {
  return 2 * static_cast<int64_t>(spec.tiers[tier].max_leverage);
}

Deductions deductions(const MarketSpec& spec) {
  Deductions result{};
  for (uint32_t n = 1; n < spec.tier_count; ++n) {
    const int64_t lower = spec.tiers[n].lower_notional_micro;
    result[n] = result[n - 1] + div_ceil(lower, twice_leverage(spec, n)) -
                div_ceil(lower, twice_leverage(spec, n - 1));
  }
  return result;
}

Int128 value_of_tick(const MarketSpec& spec, Lots base) {
  const Int128 lots = base.value < 0 ? -static_cast<Int128>(base.value) : base.value;
  return lots * spec.value_per_tick_lot_micro;
}

std::optional<Price> price_above_zero(Int128 ticks) {
  if (ticks <= 0) return std::nullopt;
  return Price(saturate(ticks));
}

}  // namespace

Micro position_notional(const MarketSpec& spec, Lots base, Price mark) {
  return Micro(saturate(value_of_tick(spec, base) * mark.value));
}

Micro unrealised_pnl(const MarketSpec& spec, const PositionState& position, Price mark) {
  const Int128 gain =
      value_of_tick(spec, position.base) * mark.value - position.entry_notional.value;
  return Micro(saturate(position.base.value < 0 ? -gain : gain));
}

Micro maintenance_margin(const MarketSpec& spec, Micro notional) {
  const Deductions deduction = deductions(spec);
  int64_t largest = 0;
  for (uint32_t n = 0; n < spec.tier_count; ++n) {
    largest = std::max(largest, div_ceil(notional.value, twice_leverage(spec, n)) - deduction[n]);
  }
  return Micro(largest);
}

std::optional<Price> liquidation_price(const MarketSpec& spec, const PositionState& position) {
  if (position.base.value == 0) return std::nullopt;
  const Deductions deduction = deductions(spec);
  const Int128 tick_value = value_of_tick(spec, position.base);
  const bool is_long = position.base.value > 0;
  const Int128 entry = position.entry_notional.value;
  const Int128 margin = position.margin.value;
  std::optional<Int128> reached;
  for (uint32_t n = 0; n < spec.tier_count; ++n) {
    const Int128 m = twice_leverage(spec, n);
    // Long: W + N - E = N / m - d.  Short: W + E - N = N / m - d.  Solved for N = P x tick_value.
    const Int128 candidate =
        is_long ? ceil_div((entry - margin - deduction[n]) * m, (m - 1) * tick_value)
                : floor_div((entry + margin + deduction[n]) * m, (m + 1) * tick_value);
    if (!reached || (is_long ? candidate > *reached : candidate < *reached)) reached = candidate;
  }
  return reached ? price_above_zero(*reached) : std::nullopt;
}

std::optional<Price> bankruptcy_price(const MarketSpec& spec, const PositionState& position) {
  if (position.base.value == 0) return std::nullopt;
  const Int128 tick_value = value_of_tick(spec, position.base);
  const Int128 entry = position.entry_notional.value;
  const Int128 margin = position.margin.value;
  return price_above_zero(position.base.value > 0 ? ceil_div(entry - margin, tick_value)
                                                  : floor_div(entry + margin, tick_value));
}

}  // namespace perpetua::stores
