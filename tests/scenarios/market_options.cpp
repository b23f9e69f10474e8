#include "market_options.hpp"

#include <algorithm>
#include <cstring>

namespace perpetua::scenario {
namespace {

constexpr int64_t kPriceMaxTicks = 1'000'000;

struct Grid {
  std::string_view name;
  int64_t tick_size_e9;
  int64_t lot_size_e9;
};
// Any other market is like BTC.
constexpr Grid kGrids[] = {
    {"BTC", 1'000'000'000, 1'000}, {"ETH", 100'000'000, 10'000}, {"SOL", 10'000'000, 100'000}};

}  // namespace

MarketSpec make_spec(const std::string& name) {
  Grid grid = kGrids[0];
  for (const Grid& known : kGrids) {
    if (known.name == name) grid = known;
  }
  MarketSpec spec;
  std::memcpy(spec.symbol.data(), name.data(), std::min(name.size(), spec.symbol.size() - 1));
  spec.tick_size_e9 = grid.tick_size_e9;
  spec.lot_size_e9 = grid.lot_size_e9;
  spec.value_per_tick_lot_micro = grid.tick_size_e9 * grid.lot_size_e9 / 1'000'000'000'000;
  spec.price_min = Price(1'000);
  spec.price_max = Price(kPriceMaxTicks);
  spec.notional_min = Micro(1'000'000);
  spec.position_notional_max = Micro(100'000'000'000'000);
  spec.tier_count = 3;
  spec.tiers[0] = {0, 20, 0};
  spec.tiers[1] = {100'000'000'000, 10, 0};
  spec.tiers[2] = {500'000'000'000, 5, 0};
  return spec;
}

bool take_market_option(Words& words, MarketSpec& spec) {
  if (words.accept("tiers")) {
    spec.tier_count = 0;
    spec.tiers = {};
    do {
      if (spec.tier_count == spec.tiers.size()) words.fail("more tiers than a market has");
      MarginTier& tier = spec.tiers[spec.tier_count++];
      tier = {0, words.take_leverage(), 0};
      if (words.accept("from")) tier.lower_notional_micro = words.take_usdc().value;
    } while (words.accept("|"));
  } else if (words.accept({"fund", "cap"})) {
    spec.fund_notional_max = words.take_usdc();
  } else if (words.accept("breaker")) {
    spec.liquidation_per_minute_max = words.take_usdc();
  } else if (words.accept({"mark", "band"})) {
    spec.mark_band_ppm = words.take_percent_ppm();
  } else if (words.accept("impact")) {
    spec.impact_notional = words.take_usdc();
  } else if (words.accept({"lowest", "price"})) {
    spec.price_min = words.take_price(spec);
  } else if (words.accept({"maker", "fee"})) {
    spec.maker_fee_ppm = words.take_percent_ppm();
  } else if (words.accept({"taker", "fee"})) {
    spec.taker_fee_ppm = words.take_percent_ppm();
  } else if (words.accept({"no", "fees"})) {
    spec.maker_fee_ppm = spec.taker_fee_ppm = 0;
  } else {
    return false;
  }
  return true;
}

}  // namespace perpetua::scenario
