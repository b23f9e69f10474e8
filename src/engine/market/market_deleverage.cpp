// Auto-deleveraging: docs/rules-perpetual.md section 17.

#include <algorithm>

#include "engine/market/market.hpp"

namespace perpetua {

// The candidates against a bankrupt position; scored once in an advance.
DeleverageRanking& Market::rank_against(bool is_long) {
  const auto score_of = [&](AgentId agent, Int128& score) {
    const Position& position = accounts_[agent].position;
    if (position.base == Lots(0) || position.is_long() == is_long) return false;
    score = deleveraging_score(position, notional_at(position, mark_, spec_));
    return true;
  };
  DeleverageRanking& ranking = rankings_[is_long ? 1 : 0];
  if (ranking.is_built()) {
    ranking.refresh(score_of);
  } else {
    ranking.build(static_cast<AgentId>(accounts_.size()), score_of);
  }
  return ranking;
}

// Lots of a bankrupt position, which is gone already, are closed for `value` against the others.
void Market::deleverage(bool is_long, Lots lots, Micro value, AgentId bankrupt, uint32_t command) {
  DeleverageRanking& ranking = rank_against(is_long);
  Lots left = lots;
  Micro value_left = value;
  Ranked ranked;
  uint32_t rank = 0;
  const auto close = [&](Lots part, Micro price, const Closing& closing) {
    close_against(ranked, rank, part, price, closing, bankrupt, command);
    left -= part;
    value_left -= price;
  };
  for (DeleverageRanking::Walk walk(ranking); left > Lots(0) && walk.next(ranked);) {
    ++rank;
    const Position& position = accounts_[ranked.agent].position;
    const Lots part = std::min(left, position.size());
    const Micro price = part == left
                            ? value_left
                            : Micro(mul_div_floor(value.value, part.value, lots.value));
    const Closing closing = close_part(position, part, price);
    if (closing.realised + closing.released >= Micro(0)) close(part, price, closing);
  }
  if (left == Lots(0)) return;
  // Nobody can pay that any more: at the mark, and somebody's loss stays unpaid.
  const Micro shortfall = value_left - notional(mark_, left, spec_);
  pay_fund(is_long ? -shortfall : shortfall);
  rank = 0;
  for (DeleverageRanking::Walk walk(ranking); left > Lots(0) && walk.next(ranked);) {
    ++rank;
    const Position& position = accounts_[ranked.agent].position;
    if (position.base == Lots(0)) continue;
    const Lots part = std::min(left, position.size());
    const Micro price = notional(mark_, part, spec_);
    close(part, price, close_part(position, part, price));
  }
  PERPETUA_ASSERT(left == Lots(0));  // the other side has as many lots as this one
  if (state_.mode != MarketMode::open) return;
  state_.mode = MarketMode::cancel_only;
  emit_status(command);
}

void Market::close_against(const Ranked& ranked, uint32_t rank, Lots lots, Micro value,
                           const Closing& closing, AgentId bankrupt, uint32_t command) {
  const AgentId agent = ranked.agent;
  const Micro before = accounts_[agent].position.margin;
  Position after = closing.after;
  if (agent == 0) after.margin = before;  // the fund's cash stays where it is
  set_position(agent, after);
  if (agent == 0) return pay_fund(closing.realised);
  const Micro proceeds = closing.realised + closing.released;
  credit(agent, std::max(Micro(0), proceeds), Micro(0), -closing.released);
  if (proceeds < Micro(0)) pay_fund(proceeds);
  accounts_[agent].realised_pnl_total += closing.realised;
  Event& event = emit_position_change(agent, PositionChange::deleveraged, lots, value,
                                      closing.realised, command);
  constexpr Int128 kWidest = INT64_MAX;
  event.position_changed.score_ppm =
      static_cast<int64_t>(std::clamp<Int128>(ranked.score / kPpm, -kWidest, kWidest));
  event.position_changed.rank = rank;
  event.position_changed.counterparty = bankrupt;
  if (after.base == Lots(0)) cancel_reduce_only(agent, command);
}

}  // namespace perpetua
