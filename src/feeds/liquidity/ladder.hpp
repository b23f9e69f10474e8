// Ladder: what a maker wants in the book, and the fewest steps from what it has to that.
//
// Quotes sit on a fixed price grid (a 1-2-5 number of ticks near spacing_ppm of the index), so when
// the index moves by one grid step, one order per side moves from one end of the ladder to the
// other and the rest keep their queue place. Inventory shifts the ladder against itself and thins
// the side that would grow it. Pure functions, integers only; ppm = 1e-6 of the index.
#pragma once

#include <vector>

#include "engine/schema/market_spec.hpp"
#include "feeds/liquidity/agent_view.hpp"

namespace perpetua::feeds {

struct LadderShape {
  uint32_t levels = 10;           // a side
  int64_t half_spread_ppm = 200;  // innermost quote is at least this far from the fair price
  int64_t spacing_ppm = 300;      // between levels, before rounding to the grid
  int64_t skew_max_ppm = 300;     // shift of the fair price at full inventory
  int64_t growth_ppm = 400'000;   // each further level is larger by this part of the innermost
  Micro level_notional{1'000'000'000};    // innermost level
  Micro position_max{2'000'000'000'000};  // inventory at which the growing side is empty
  bool is_offset = false;                 // quotes between the grid points (a second maker)
};

struct Quote {
  Side side = Side::buy;
  Price price;
  Lots lots;
};

struct LadderStep {
  enum class Kind { place, amend, cancel };
  Kind kind = Kind::place;
  OrderId order_id = 0;  // amend, cancel
  Quote quote;           // place: the order; amend: new price and new remaining size
  Lots total;            // amend: new total size (what has filled counts)
};

// Inventory in ppm of position_max, within [-10^6, 10^6]; long > 0.
int64_t inventory_ppm(const LadderShape& shape, const MarketSpec& spec, Price index, Lots base);

// Grid step in ticks, >= 1: the largest 1-2-5 number not above spacing_ppm of the index.
int64_t grid_step_ticks(const LadderShape& shape, Price index);

// Buys then sells, each from the inside out. Prices stay inside the market's absolute band and half
// of its band around the index; sizes reach the market's minimum.
std::vector<Quote> wanted_ladder(const LadderShape& shape, const MarketSpec& spec, Price index,
                                 Lots base);

// Steps from `orders` to `wanted`, most urgent first: orders closer to the index than the innermost
// wanted quote of their side, then missing quotes from the inside out, then surplus, then sizes
// below half or above twice the wanted one. Orders on hold stay unless they are too close.
std::vector<LadderStep> plan_ladder(const std::vector<OwnOrder>& orders,
                                    const std::vector<Quote>& wanted, int64_t now_ms);

}  // namespace perpetua::feeds
