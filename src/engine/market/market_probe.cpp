// The matching loop without effects: would a fill-or-kill order fill completely?
//
// A maker of the taker's own is never filled here, even where that is allowed (docs/rules.md 4.7).
// Uses the same leaves as step() (fillable, maker_terms, taker_terms, evaluate_fill), and carries
// the positions that several fills touch, because a later fill's guard depends on the earlier ones.

#include <algorithm>
#include <utility>

#include "engine/market/market.hpp"

namespace perpetua {
namespace {

// Positions as they would be; few agents are touched, so a scan beats a table.
class MovedPositions {
 public:
  const Position* find(AgentId agent) const {
    for (const auto& [other, position] : moved_) {
      if (other == agent) return &position;
    }
    return nullptr;
  }
  void set(AgentId agent, const Position& position) {
    for (auto& [other, held] : moved_) {
      if (other == agent) {
        held = position;
        return;
      }
    }
    moved_.emplace_back(agent, position);
  }

 private:
  std::vector<std::pair<AgentId, Position>> moved_;
};

}  // namespace

bool Market::can_fill_completely(const Taker& taker) const {
  Taker probe = taker;
  MovedPositions moved;
  Micro last_lot_value;
  const Side maker_side = opposite(probe.side);
  const auto position_of = [&](AgentId agent) {
    if (const Position* found = moved.find(agent)) return *found;
    const MarketAccount* own = find_account(agent);
    return own == nullptr ? Position{} : own->position;
  };
  // One maker as step() would treat it; false = the taker stops.
  const auto probe_step = [&](uint32_t slot, Price price) {
    const AgentId agent = book_.agent(slot);
    if (agent == probe.agent) return probe.stp == SelfTradePrevention::cancel_oldest;
    Lots lots = fillable(probe, price, book_.remaining(slot));
    if (lots == Lots(0)) return false;
    const Position maker_before = position_of(agent);
    if (orders_.detail(slot).is_reduce_only()) {
      lots = std::min(lots, reducible(maker_before, maker_side));
      if (lots == Lots(0)) return true;
    }
    if (probe.is_reduce_only) {
      lots = std::min(lots, reducible(position_of(probe.agent), probe.side));
      if (lots == Lots(0)) return false;
    }
    const FillEffect maker = evaluate_fill(maker_before, maker_terms(slot, price, lots), spec_);
    if (!maker.allowed) return true;
    const FillTerms terms = taker_terms(probe, price, lots);
    const FillEffect own = evaluate_fill(position_of(probe.agent), terms, spec_);
    if (!own.allowed) return false;
    moved.set(agent, maker.after);
    moved.set(probe.agent, own.after);
    take_lots(probe, terms);
    last_lot_value = notional(price, Lots(1), spec_);
    return true;
  };
  bool goes_on = true;
  for (Price price = book_.best(maker_side); goes_on && price != Price(0) && !probe.is_done();
       price = book_.next_level(maker_side, price)) {
    if (!can_trade_at(probe, price)) break;
    for (uint32_t slot = book_.level_front(price); goes_on && slot != kNilSlot && !probe.is_done();
         slot = book_.next_in_level(slot)) {
      goes_on = probe_step(slot, price);
    }
  }
  if (!probe.has_budget) return probe.remaining == Lots(0);
  return probe.filled > Lots(0) && probe.budget_left < last_lot_value;
}

}  // namespace perpetua
