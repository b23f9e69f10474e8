#include "feeds/liquidity/ladder.hpp"

#include <algorithm>
#include <cstdlib>

namespace perpetua::feeds {

namespace {

// Largest multiple of step (plus half a step when offset) that is <= ticks.
int64_t snap_down(int64_t ticks, int64_t step, const LadderShape& shape) {
  const int64_t shift = shape.is_offset ? step / 2 : 0;
  return mul_div_floor(ticks - shift, 1, step) * step + shift;
}

// Whether `a` is closer to the other side of the book than `b`.
bool is_inside(Side side, Price a, Price b) { return side == Side::buy ? a > b : a < b; }

uint32_t level_count(const LadderShape& shape, Side side, int64_t inventory) {
  const int64_t growing = std::max<int64_t>(0, sign(side) * inventory);
  return static_cast<uint32_t>(mul_div_ceil(shape.levels, kPpm - growing, kPpm));
}

void add_side(const LadderShape& shape, const MarketSpec& spec, Price index, int64_t inventory,
              Side side, std::vector<Quote>& quotes) {
  const int64_t step = grid_step_ticks(shape, index);
  const int64_t fair_shift_ppm = mul_div_floor(-inventory, shape.skew_max_ppm, kPpm);
  const int64_t edge_ppm = kPpm + fair_shift_ppm - sign(side) * shape.half_spread_ppm;
  // Away from the fair price: down for buys, up for sells.
  int64_t price = side == Side::buy
                      ? snap_down(mul_div_floor(index.value, edge_ppm, kPpm), step, shape)
                      : -snap_down(-mul_div_ceil(index.value, edge_ppm, kPpm), step, shape);
  const int64_t band = mul_div_floor(index.value, spec.price_band_ppm / 2, kPpm);
  const uint32_t count = level_count(shape, side, inventory);
  for (uint32_t level = 0; level < count; ++level, price -= sign(side) * step) {
    if (price < spec.price_min.value || price > spec.price_max.value) break;
    if (std::abs(price - index.value) > band) break;
    const int64_t size_ppm = kPpm + shape.growth_ppm * level;
    const int64_t worth = mul_div_floor(shape.level_notional.value, size_ppm, kPpm);
    const int64_t lot_worth = price * spec.value_per_tick_lot_micro;
    const int64_t lots_min = div_ceil(spec.notional_min.value, lot_worth);
    quotes.push_back({side, Price(price), Lots(std::max(worth / lot_worth, lots_min))});
  }
}

struct SidePlan {
  std::vector<OwnOrder> orders;
  std::vector<Quote> quotes;  // wanted and not yet covered
  Price innermost;
  bool has_quotes = false;
  std::vector<LadderStep> urgent;
  std::vector<LadderStep> missing;
  std::vector<LadderStep> surplus;
  std::vector<LadderStep> resize;
};

LadderStep amend_step(const OwnOrder& order, const Quote& quote) {
  return {LadderStep::Kind::amend, order.id, quote, order.filled + quote.lots};
}

// Removes orders that stand where one is wanted, and the quotes they cover.
void match_in_place(SidePlan& plan) {
  std::erase_if(plan.orders, [&plan](const OwnOrder& order) {
    const auto quote = std::find_if(plan.quotes.begin(), plan.quotes.end(),
                                    [&](const Quote& q) { return q.price == order.price; });
    if (quote == plan.quotes.end()) return false;
    const int64_t wanted = quote->lots.value;
    if (order.remaining.value < wanted / 2 || order.remaining.value > 2 * wanted) {
      plan.resize.push_back(amend_step(order, *quote));
    }
    plan.quotes.erase(quote);
    return true;
  });
}

// An order that slid off its price covers the nearest wanted quote until its hold ends.
void match_held(SidePlan& plan, int64_t now_ms) {
  std::erase_if(plan.orders, [&plan, now_ms](const OwnOrder& order) {
    if (order.hold_until_ms <= now_ms || plan.quotes.empty()) return false;
    if (is_inside(order.side, order.price, plan.innermost)) return false;
    const auto distance = [&order](const Quote& q) {
      return std::abs(q.price.value - order.price.value);
    };
    plan.quotes.erase(std::min_element(
        plan.quotes.begin(), plan.quotes.end(),
        [&](const Quote& a, const Quote& b) { return distance(a) < distance(b); }));
    return true;
  });
}

void pair_rest(SidePlan& plan) {
  std::size_t next = 0;
  for (const OwnOrder& order : plan.orders) {
    const bool is_urgent = !plan.has_quotes || is_inside(order.side, order.price, plan.innermost);
    if (next < plan.quotes.size()) {
      (is_urgent ? plan.urgent : plan.missing).push_back(amend_step(order, plan.quotes[next++]));
    } else {
      (is_urgent ? plan.urgent : plan.surplus)
          .push_back({LadderStep::Kind::cancel, order.id, {}, Lots(0)});
    }
  }
  for (; next < plan.quotes.size(); ++next) {
    plan.missing.push_back({LadderStep::Kind::place, 0, plan.quotes[next], Lots(0)});
  }
}

SidePlan plan_side(Side side, const std::vector<OwnOrder>& orders, const std::vector<Quote>& wanted,
                   int64_t now_ms) {
  SidePlan plan;
  for (const OwnOrder& order : orders) {
    if (order.side == side) plan.orders.push_back(order);
  }
  for (const Quote& quote : wanted) {
    if (quote.side == side) plan.quotes.push_back(quote);
  }
  plan.has_quotes = !plan.quotes.empty();
  if (plan.has_quotes) plan.innermost = plan.quotes.front().price;
  std::stable_sort(
      plan.orders.begin(), plan.orders.end(),
      [side](const OwnOrder& a, const OwnOrder& b) { return is_inside(side, a.price, b.price); });
  match_in_place(plan);
  match_held(plan, now_ms);
  pair_rest(plan);
  return plan;
}

}  // namespace

int64_t inventory_ppm(const LadderShape& shape, const MarketSpec& spec, Price index, Lots base) {
  const Int128 worth =
      static_cast<Int128>(index.value) * base.value * spec.value_per_tick_lot_micro;
  const Int128 part = worth * kPpm / shape.position_max.value;
  return static_cast<int64_t>(std::clamp<Int128>(part, -kPpm, kPpm));
}

int64_t grid_step_ticks(const LadderShape& shape, Price index) {
  const int64_t wanted = std::max<int64_t>(1, mul_div_floor(index.value, shape.spacing_ppm, kPpm));
  int64_t decade = 1;
  while (decade * 10 <= wanted) decade *= 10;
  if (decade * 5 <= wanted) return decade * 5;
  return decade * 2 <= wanted ? decade * 2 : decade;
}

std::vector<Quote> wanted_ladder(const LadderShape& shape, const MarketSpec& spec, Price index,
                                 Lots base) {
  PERPETUA_ASSERT(index.value > 0 && shape.position_max.value > 0);
  const int64_t inventory = inventory_ppm(shape, spec, index, base);
  std::vector<Quote> quotes;
  quotes.reserve(2 * shape.levels);
  add_side(shape, spec, index, inventory, Side::buy, quotes);
  add_side(shape, spec, index, inventory, Side::sell, quotes);
  return quotes;
}

std::vector<LadderStep> plan_ladder(const std::vector<OwnOrder>& orders,
                                    const std::vector<Quote>& wanted, int64_t now_ms) {
  SidePlan buys = plan_side(Side::buy, orders, wanted, now_ms);
  SidePlan sells = plan_side(Side::sell, orders, wanted, now_ms);
  std::vector<LadderStep> steps;
  for (auto part : {&SidePlan::urgent, &SidePlan::missing, &SidePlan::surplus, &SidePlan::resize}) {
    // Both sides alternate, so a short burst never leaves one side empty.
    const auto& first = buys.*part;
    const auto& second = sells.*part;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
      if (i < first.size()) steps.push_back(first[i]);
      if (i < second.size()) steps.push_back(second[i]);
    }
  }
  return steps;
}

}  // namespace perpetua::feeds
