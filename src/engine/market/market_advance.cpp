// Time and prices: status, mark, funding. docs/rules-perpetual.md sections 11 to 13.

#include <algorithm>

#include "engine/market/market.hpp"

namespace perpetua {

void Market::emit_status(uint32_t command) {
  Event& event = emit(EventType::market_status, 0, command);
  event.market_status.mode = state_.mode;
  event.market_status.is_stale = state_.is_stale;
  event.market_status.is_breaker_open = state_.is_breaker_open;
}

void Market::refresh_status(int64_t log_time_ms, uint32_t command) {
  if (index_ == Price(0) || log_time_ms - price_time_ms_ <= limits::kIndexStaleAfterMs) return;
  state_.fresh_updates = 0;
  if (state_.is_stale != 0) return;
  state_.is_stale = 1;
  emit_status(command);
}

void Market::update_price(const MarketOperation& operation, const Command& command,
                          int64_t log_time_ms, Outcome& outcome) {
  const UpdatePrice& update = command.update_price;
  if (update.price < spec_.price_min || update.price > spec_.price_max) {
    outcome = rejected(ResultCode::price_invalid);
    return;
  }
  if (update.source_time_ms < log_time_ms - limits::kIndexStaleAfterMs) {
    outcome = rejected(ResultCode::price_stale);
    return;
  }
  if (index_ == Price(0)) {
    index_ = update.price;
  } else {
    const Price step(
        std::max<int64_t>(1, mul_div_floor(index_.value, limits::kIndexStepPpm, kPpm)));
    index_ = std::clamp(update.price, index_ - step, index_ + step);
  }
  price_time_ms_ = update.source_time_ms;
  if (state_.is_stale != 0 && ++state_.fresh_updates == limits::kFreshUpdatesToResume) {
    state_.is_stale = 0;
    emit_status(operation.command);
  }
  advance(log_time_ms, operation.command, true);
  outcome.values[0] = index_.value;
  outcome.values[1] = mark_.value;
}

void Market::tick(const MarketOperation& operation, int64_t log_time_ms) {
  if (index_ == Price(0)) return;
  advance(log_time_ms, operation.command, false);
}

void Market::advance(int64_t log_time_ms, uint32_t command, bool is_index_new) {
  const Position fund_before = fund();
  const Micro debt_before = state_.bad_debt;
  refresh_status(log_time_ms, command);
  const bool is_live = state_.is_stale == 0 && state_.is_live();
  const Price mark_before = mark_;
  if (state_.is_stale == 0 || mark_ == Price(0)) move_mark(log_time_ms);
  if (is_index_new || mark_ != mark_before) {
    Event& event = emit(EventType::price_updated, 0, command);
    event.price_updated.index = index_;
    event.price_updated.mark = mark_;
    event.price_updated.source_time_ms = price_time_ms_;
  }
  if (is_live) sample_premium(log_time_ms, command);
  settle_funding_hours(log_time_ms, command);
  if (is_live) {
    watch_fund(command);
    liquidate_due(log_time_ms, command);
    fire_triggers(mark_ != mark_before, command);
    unwind_fund(log_time_ms, command);
    settle_bets(log_time_ms, command);
  }
  for (DeleverageRanking& ranking : rankings_) ranking.forget();
  emit_fund_change(fund_before, debt_before, command);
}

void Market::move_mark(int64_t log_time_ms) {
  const Touch touch{book_.best(Side::buy), book_.best(Side::sell), state_.last_trade};
  state_.mark_inputs.sample(touch, index_, log_time_ms);
  mark_ = std::clamp(state_.mark_inputs.mark(touch, index_, spec_.mark_band_ppm), spec_.price_min,
                     spec_.price_max);
}

void Market::emit_fund_change(const Position& before, Micro debt_before, uint32_t command) {
  const Position& now = fund();
  if (now.base == before.base && now.entry_notional == before.entry_notional &&
      now.margin == before.margin && state_.bad_debt == debt_before) {
    return;
  }
  Event& event = emit(EventType::fund_changed, 0, command);
  event.fund_changed.base = now.base;
  event.fund_changed.entry_notional = now.entry_notional;
  event.fund_changed.margin = now.margin;
  event.fund_changed.bad_debt = state_.bad_debt;
}

// What the impact notional would take from the orders of one side.
ImpactFill Market::impact_fill(Side side) const {
  ImpactFill fill;
  for (Price price = book_.best(side); price != Price(0); price = book_.next_level(side, price)) {
    const int64_t lot_value = price.value * spec_.value_per_tick_lot_micro;
    const auto wanted =
        static_cast<int64_t>((spec_.impact_notional.value - fill.value) / lot_value);
    const int64_t there = book_.level_lots(price).value;
    const int64_t taken = std::min(there, wanted);
    fill.lots += taken;
    fill.value += static_cast<Int128>(taken) * lot_value;
    fill.is_deep_enough = there >= wanted;
    if (fill.is_deep_enough) break;
  }
  return fill;
}

void Market::sample_premium(int64_t log_time_ms, uint32_t command) {
  FundingSamples& samples = state_.funding;
  if (log_time_ms < samples.next_at_ms) return;
  samples.next_at_ms = log_time_ms + kPremiumPeriodMs;
  samples.sum_ppb += premium_ppb(impact_fill(Side::buy), impact_fill(Side::sell), index_,
                                 spec_.value_per_tick_lot_micro);
  ++samples.count;
  Event& event = emit(EventType::premium_sampled, 0, command);
  event.premium_sampled.sum_ppb = static_cast<int64_t>(samples.sum_ppb);
  event.premium_sampled.count = samples.count;
}

void Market::settle_funding_hours(int64_t log_time_ms, uint32_t command) {
  FundingSamples& samples = state_.funding;
  const int64_t hour = log_time_ms / kFundingHourMs;
  if (samples.hour == 0) samples.hour = hour;
  for (int64_t settled = 0; samples.hour < hour && settled < kFundingHoursMax; ++settled) {
    const bool is_due = samples.is_enough() && state_.is_live();
    settle_funding(is_due ? hourly_rate_ppb(samples.average_ppb()) : 0, command);
    samples.sum_ppb = samples.count = 0;
    ++samples.hour;
  }
  samples.hour = hour;
}

// Each position gives a credit and two events (its own, and the account's when the round ends).
// Growing by doubling copies megabytes and faults in every page twice, each hour anew: batches go
// round in a ring of outputs.
void Market::make_room_for_payments() {
  constexpr std::size_t kOtherEvents = 16;  // around the payments
  std::size_t open = 0;
  for (const MarketAccount& own : accounts_) open += own.position.base != Lots(0) ? 1 : 0;
  round_.events->reserve(round_.events->size() + 2 * open + kOtherEvents);
  round_.credits.reserve(round_.credits.size() + open);
}

void Market::settle_funding(int64_t rate_ppb, uint32_t command) {
  const std::size_t place = round_.events->size();
  Event& event = emit(EventType::funding_settled, 0, command);
  event.funding_settled.rate_ppb = rate_ppb;
  event.funding_settled.average_premium_ppb = state_.funding.average_ppb();
  event.funding_settled.samples = state_.funding.count;
  event.funding_settled.hour = state_.funding.hour;
  event.funding_settled.index = index_;
  if (rate_ppb == 0) return;
  make_room_for_payments();
  Micro due, received, shortage;
  for (AgentId agent = 0; agent < accounts_.size(); ++agent) {
    Position& position = accounts_[agent].position;
    if (position.base == Lots(0)) continue;
    const FundingAmount amount =
        funding_amount(position.base, index_, spec_.value_per_tick_lot_micro, rate_ppb);
    Micro change = amount.received;
    if (pays_funding(position.base, rate_ppb)) {
      change = -std::min(amount.due, position.margin);
      due += amount.due;
      shortage += amount.due + change;
    } else {
      received += change;
    }
    position.margin += change;
    if (agent == 0 || change == Micro(0)) continue;
    credit(agent, Micro(0), Micro(0), change);
    queue_.mark_changed(agent);
    emit_position_change(agent, PositionChange::funding, Lots(0), Micro(0), change, command);
  }
  pay_fund(due - received - shortage);
  (*round_.events)[place].funding_settled.due = due;
  (*round_.events)[place].funding_settled.received = received;
}

// Into the fund's cash, or out of it; what it cannot pay is bad debt.
void Market::pay_fund(Micro amount) {
  Position& own = account(0).position;
  own.margin += amount;
  for (DeleverageRanking& ranking : rankings_) ranking.mark_changed(0);
  if (own.margin >= Micro(0)) return;
  state_.bad_debt -= own.margin;
  own.margin = Micro(0);
}

Event& Market::emit_position_change(AgentId agent, PositionChange cause, Lots lots, Micro value,
                                    Micro amount, uint32_t command) {
  const MarketAccount& own = accounts_[agent];
  Event& event = emit(EventType::position_changed, agent, command);
  event.position_changed.lots = lots;
  event.position_changed.value = value;
  event.position_changed.amount = amount;
  event.position_changed.base = own.position.base;
  event.position_changed.entry_notional = own.position.entry_notional;
  event.position_changed.margin = own.position.margin;
  event.position_changed.realised_pnl_total = own.realised_pnl_total;
  event.position_changed.cause = cause;
  return event;
}

}  // namespace perpetua
