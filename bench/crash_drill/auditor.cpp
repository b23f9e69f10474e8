#include "crash_drill/auditor.hpp"

#include <cstdio>

namespace perpetua::drill {
namespace {

constexpr uint64_t kToldMax = 10;

Int128 signed_entry(const Position& position) {
  const Int128 entry = position.entry_notional.value;
  return position.base < Lots(0) ? -entry : entry;
}

class Comparison final : public DescribeSink {
 public:
  explicit Comparison(const std::vector<AgentBooks>& books) : books_(books) {}

  void on_event(const Event& event, std::string_view /*text*/) override {
    const AgentId agent = event.header.agent;
    if (event.header.type == EventType::account_changed) {
      const AccountChanged& there = event.account_changed;
      const AgentBooks& here = books_[agent];
      is_same_ &= there.free == here.free && there.reserved == here.reserved &&
                  there.position_margin == here.margin;
    } else if (event.header.type == EventType::position_described) {
      const PositionDescribed& there = event.position_described;
      const Position& here = books_[agent].position;
      is_same_ &= there.base == here.base && there.entry_notional == here.entry_notional &&
                  there.margin == here.margin;
    }
  }
  bool is_same() const { return is_same_; }

 private:
  const std::vector<AgentBooks>& books_;
  bool is_same_ = true;
};

}  // namespace

AgentBooks& Auditor::at(AgentId agent) {
  if (agent >= books_.size()) books_.resize(agent + 1);
  return books_[agent];
}

void Auditor::violate(const std::string& what) {
  if (++violations_ <= kToldMax) {
    std::fprintf(stderr, "violation at event %llu: %s\n",
                 static_cast<unsigned long long>(sequence_), what.c_str());
  }
}

void Auditor::on_batch(const BatchOutput& output) {
  for (const Event& event : output.events) {
    sequence_ = event.header.sequence;
    on_event(event);
  }
  check_money();
}

void Auditor::on_event(const Event& event) {
  switch (event.header.type) {
    case EventType::account_changed: {
      const AccountChanged& now = event.account_changed;
      AgentBooks& own = at(event.header.agent);
      cash_ -= own.free.value + own.reserved.value + own.margin.value;
      own.free = now.free;
      own.reserved = now.reserved;
      own.margin = now.position_margin;
      cash_ += own.free.value + own.reserved.value + own.margin.value;
      if (now.free < Micro(0) || now.reserved < Micro(0) || now.position_margin < Micro(0)) {
        violate("an account below zero");
      }
      return;
    }
    case EventType::fill:
      return on_fill(event);
    case EventType::position_changed:
      return on_position(event);
    case EventType::liquidation:
      return on_liquidation(event);
    case EventType::fund_changed:
      fund_ = event.fund_changed;
      return set_position(0, {fund_.base, fund_.entry_notional, fund_.margin});
    case EventType::funding_settled:
      ++counters_.funding_hours;
      return;
    case EventType::price_updated:
      mark_ = event.price_updated.mark;
      index_ = event.price_updated.index;
      return;
    case EventType::market_status:
      if (event.market_status.mode == MarketMode::cancel_only) ++counters_.second_passes;
      return;
    default:
      return;
  }
}

void Auditor::set_position(AgentId agent, const Position& after) {
  Position& position = at(agent).position;
  base_ += after.base.value - position.base.value;
  signed_entry_ += signed_entry(after) - signed_entry(position);
  position = after;
}

void Auditor::on_fill(const Event& event) {
  const Fill& fill = event.fill;
  const bool is_slice = fill.cause == TradeCause::liquidation && fill.is_taker != 0;
  if (fill.is_taker != 0) ++counters_.trades;
  if (is_slice) {
    if (slice_before_.base == Lots(0)) slice_before_ = at(event.header.agent).position;
    counters_.liquidation_fees += fill.fee.value;
  } else {
    fees_ += fill.fee.value;
  }
  set_position(event.header.agent,
               {fill.position_base, fill.position_entry_notional, fill.position_margin});
}

// Its figures are those of before the step; the fills of a slice came already.
void Auditor::on_liquidation(const Event& event) {
  const Liquidation& step = event.liquidation;
  const AgentId agent = event.header.agent;
  if (agent != 0) {
    if (step.equity >= step.maintenance) violate("a healthy position liquidated");
    const bool is_slice = step.step == LiquidationStep::book;
    const Position before = is_slice ? slice_before_ : at(agent).position;
    const Micro value = notional_at(before, step.mark, rules_);
    if (before.base != step.base || equity_at(before, value) != step.equity ||
        maintenance_margin(value, rules_) != step.maintenance) {
      violate("equity or maintenance of a liquidation is not that of the books");
    }
  } else if (step.equity >= Micro(0)) {
    violate("a solvent fund deleveraged");
  }
  slice_before_ = Position{};
  switch (step.step) {
    case LiquidationStep::book:
      ++counters_.book_liquidations;
      counters_.book_micro += step.value.value;
      return;
    case LiquidationStep::taken_over:
      ++counters_.take_overs;
      counters_.taken_over_micro += step.value.value;
      return;
    case LiquidationStep::deleveraged:
      ++counters_.deleveragings;
      counters_.deleveraged_micro += step.value.value;
      return;
  }
}

void Auditor::on_position(const Event& event) {
  const PositionChanged& change = event.position_changed;
  const AgentId agent = event.header.agent;
  const Position before = at(agent).position;
  const Position after{change.base, change.entry_notional, change.margin};
  if (change.cause == PositionChange::deleveraged) {
    ++counters_.deleveraged_agents;
    const bool is_shrinking = after.base == Lots(0) ||
                              (after.is_long() == before.is_long() && after.size() < before.size());
    if (before.base == Lots(0)) violate("a flat account deleveraged");
    if (!is_shrinking || before.size() - after.size() != change.lots) {
      violate("a deleveraged position that did not shrink by its lots");
    }
  }
  set_position(agent, after);
}

void Auditor::check_money() {
  const Int128 difference =
      cash_ - signed_entry_ + fees_ + fund_.margin.value - fund_.bad_debt.value - deposits_;
  if (difference != 0) violate("money: " + std::to_string(static_cast<int64_t>(difference)));
  if (base_ != 0) violate("base: " + std::to_string(base_));
}

void Auditor::check_solvency() {
  for (AgentId agent = 0; agent < books_.size(); ++agent) {
    const Position& position = books_[agent].position;
    if (position.base == Lots(0)) continue;
    if (equity_at(position, notional_at(position, mark_, rules_)) < Micro(0)) {
      violate("agent " + std::to_string(agent) + " is worth less than zero");
    }
  }
}

void Auditor::compare(const Engine& engine) {
  engine.check_invariants();
  Comparison comparison(books_);
  engine.describe(comparison);
  if (!comparison.is_same()) violate("the books are not those of the engine");
}

Micro Auditor::fund_equity() const {
  const Position fund{fund_.base, fund_.entry_notional, fund_.margin};
  return equity_at(fund, notional_at(fund, mark_, rules_));
}

Micro Auditor::equity(AgentId agent) const {
  const AgentBooks& own = books_[agent];
  return own.free + own.reserved + own.margin +
         (own.position.base == Lots(0)
              ? Micro(0)
              : unrealised_pnl(own.position, notional_at(own.position, mark_, rules_)));
}

uint64_t Auditor::open_positions() const {
  uint64_t count = 0;
  for (std::size_t agent = 1; agent < books_.size(); ++agent) {
    if (books_[agent].position.base != Lots(0)) ++count;
  }
  return count;
}

}  // namespace perpetua::drill
