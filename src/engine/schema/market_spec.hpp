// MarketSpec: the contract of one market. Enters the engine as the text of create_market, so a
// journal is complete without any configuration file.
//
// Units: sizes of tick and lot in 1e-9 USDC and 1e-9 asset; a market is accepted only if
// tick x lot is a whole number of micro-USDC, which is value_per_tick_lot_micro.
// Tiers: ascending by lower_notional_micro, first 0, max_leverage strictly falling;
// maintenance rate of a tier = 1 / (2 x max_leverage). Source: perp formulas, docs/money.md.
#pragma once

#include <array>

#include "base/byte_io.hpp"
#include "base/limits.hpp"
#include "engine/schema/types.hpp"

namespace perpetua {

struct MarginTier {
  int64_t lower_notional_micro = 0;
  uint32_t max_leverage = 0;
  uint32_t zero = 0;
};

struct MarketSpec {
  std::array<char, 16> symbol{};  // "BTC-PERP", zero-padded
  int64_t tick_size_e9 = 0;
  int64_t lot_size_e9 = 0;
  int64_t value_per_tick_lot_micro = 0;
  Price price_min;              // absolute band of index prices and limit prices
  Price price_max;              // < limits::kPriceMaxTicks - 1
  Micro notional_min;           // smallest opening order
  Micro position_notional_max;  // one agent, orders included; <= limits::kNotionalMaxMicro
  uint32_t maker_fee_ppm = 200;
  uint32_t taker_fee_ppm = 500;
  uint32_t price_band_ppm = 200'000;      // limit prices around the mark
  uint32_t slippage_default_ppm = 5'000;  // market orders
  uint32_t slippage_max_ppm = 100'000;
  uint32_t sell_reserve_buffer_ppm = 10'000;  // docs/rules.md section 3
  uint32_t default_leverage = 1;
  uint32_t tier_count = 0;
  uint32_t mark_band_ppm = 50'000;  // the mark around the index
  uint32_t zero = 0;
  Micro impact_notional{20'000'000'000};  // of a premium sample
  Micro liquidation_per_minute_max{10'000'000'000'000};  // notional through the book
  Micro fund_notional_max{10'000'000'000'000};  // position of the insurance fund
  std::array<MarginTier, limits::kTiersMax> tiers{};
};
static_assert(sizeof(MarketSpec) == 200 && PlainRecord<MarketSpec>);

inline std::string_view symbol_view(const MarketSpec& spec) {
  std::size_t size = 0;
  while (size < spec.symbol.size() && spec.symbol[size] != 0) ++size;
  return {spec.symbol.data(), size};
}

// Bounds every order and position, so a notional at any price of the market fits int64.
constexpr Lots lots_max(const MarketSpec& spec) {
  return Lots(limits::kNotionalAbsoluteMaxMicro / spec.value_per_tick_lot_micro /
              spec.price_max.value);
}

// Everything the engine relies on; create_market refuses a spec for which this is false.
constexpr bool is_valid(const MarketSpec& s) {
  const Int128 value = static_cast<Int128>(s.tick_size_e9) * s.lot_size_e9;
  if (s.symbol[0] == 0 || s.tick_size_e9 <= 0 || s.lot_size_e9 <= 0) return false;
  if (s.value_per_tick_lot_micro < 1 || s.value_per_tick_lot_micro > 1'000'000'000 ||
      value != static_cast<Int128>(s.value_per_tick_lot_micro) * 1'000'000'000'000) {
    return false;
  }
  if (s.price_min.value < 1 || s.price_max <= s.price_min ||
      s.price_max.value > limits::kPriceMaxTicks - 2) {
    return false;
  }
  // One lot is never worth less than 100 micro-USDC, so a fill's margin share covers its fee
  // whatever is rounded (docs/money.md).
  if (s.price_min.value * s.value_per_tick_lot_micro < limits::kLeverageMax) return false;
  if (s.notional_min.value < 1 || s.position_notional_max < s.notional_min ||
      s.position_notional_max.value > limits::kNotionalMaxMicro) {
    return false;
  }
  if (s.taker_fee_ppm > 10'000 || s.maker_fee_ppm > s.taker_fee_ppm) return false;
  if (s.price_band_ppm == 0 || s.price_band_ppm > 900'000) return false;
  if (s.slippage_default_ppm == 0 || s.slippage_default_ppm > s.slippage_max_ppm ||
      s.slippage_max_ppm >= kPpm || s.sell_reserve_buffer_ppm >= kPpm) {
    return false;
  }
  if (s.mark_band_ppm == 0 || s.mark_band_ppm > 900'000 || s.impact_notional.value < 1 ||
      s.impact_notional.value > limits::kNotionalMaxMicro ||
      s.liquidation_per_minute_max.value < 0 || s.fund_notional_max.value < 0 ||
      s.fund_notional_max.value > limits::kNotionalMaxMicro) {
    return false;
  }
  if (s.tier_count < 1 || s.tier_count > limits::kTiersMax) return false;
  if (s.tiers[0].lower_notional_micro != 0 || s.tiers[0].max_leverage > limits::kLeverageMax) {
    return false;
  }
  for (uint32_t i = 0; i < s.tier_count; ++i) {
    if (s.tiers[i].max_leverage < 1) return false;
    if (i > 0 && (s.tiers[i].lower_notional_micro <= s.tiers[i - 1].lower_notional_micro ||
                  s.tiers[i].max_leverage >= s.tiers[i - 1].max_leverage)) {
      return false;
    }
  }
  return s.default_leverage >= 1 && s.default_leverage <= s.tiers[0].max_leverage;
}

}  // namespace perpetua
