// The liquidation ladder and the insurance fund: docs/rules-perpetual.md sections 15 and 16.

#include <algorithm>

#include "engine/market/market.hpp"

namespace perpetua {
namespace {

constexpr int64_t kBreakerMinuteMs = 60'000;
constexpr int64_t kUnwindPeriodMs = 3'000;
constexpr int64_t kUnwindMicro = 20'000'000'000;  // one order of the fund
constexpr uint32_t kUnwindSlippagePpm = 5'000;

}  // namespace

void Market::liquidate_due(int64_t log_time_ms, uint32_t command) {
  queue_.refresh(spec_,
                 [this](AgentId agent) -> const Position& { return accounts_[agent].position; });
  std::erase_if(slices_, [&](const SliceTime& slice) {
    return log_time_ms - slice.at_ms >= kSliceCooldownMs;
  });
  due_.clear();
  queue_.collect(mark_, due_);
  for (const LiquidationQueue::Due& due : due_) liquidate(due.agent, log_time_ms, command);
}

void Market::liquidate(AgentId agent, int64_t log_time_ms, uint32_t command) {
  const Position position = accounts_[agent].position;
  if (!is_liquidatable(position, mark_, spec_)) return;
  const Micro value = notional_at(position, mark_, spec_);
  const Micro equity = equity_at(position, value);
  while (accounts_[agent].own_first != kNilSlot) {
    close_resting(accounts_[agent].own_first, CloseReason::liquidation, command);
  }
  close_entry_triggers(agent, CloseReason::liquidation, command);
  if (is_beyond_the_book(equity, maintenance_margin(value, spec_))) {
    return take_over(agent, command);
  }
  const auto is_same = [&](const SliceTime& slice) { return slice.agent == agent; };
  if (std::any_of(slices_.begin(), slices_.end(), is_same)) return;
  if (is_breaker_open(log_time_ms, command)) return;
  const Lots slice = liquidation_slice(position, mark_, value, equity, spec_);
  if (!sell_slice(agent, slice, log_time_ms, command)) return take_over(agent, command);
  // What a thin book left may be worth less than nothing: no advance ends with such a position.
  const Position left = accounts_[agent].position;
  if (left.base == Lots(0)) return;
  const Micro rest = notional_at(left, mark_, spec_);
  if (is_beyond_the_book(equity_at(left, rest), maintenance_margin(rest, spec_))) {
    take_over(agent, command);
  }
}

// Too much was liquidated through the book in this minute.
bool Market::is_breaker_open(int64_t log_time_ms, uint32_t command) {
  const int64_t minute = log_time_ms / kBreakerMinuteMs;
  if (minute != state_.liquidation_minute) {
    state_.liquidation_minute = minute;
    state_.liquidated = Micro(0);
  }
  const bool is_open = state_.liquidated >= spec_.liquidation_per_minute_max;
  if (is_open != (state_.is_breaker_open != 0)) {
    state_.is_breaker_open = is_open ? 1 : 0;
    emit_status(command);
  }
  return is_open;
}

Event& Market::emit_liquidation(AgentId agent, LiquidationStep step, Lots lots, Micro traded,
                                const Position& before, uint32_t command) {
  const Micro value = notional_at(before, mark_, spec_);
  Event& event = emit(EventType::liquidation, agent, command);
  event.liquidation.lots = lots;
  event.liquidation.value = traded;
  event.liquidation.base = before.base;
  event.liquidation.equity = equity_at(before, value);
  event.liquidation.maintenance = maintenance_margin(value, spec_);
  event.liquidation.mark = mark_;
  event.liquidation.step = step;
  return event;
}

// A reduce-only order that is in no table: it trades or it is gone.
Taker Market::forced_taker(AgentId agent, Lots lots, Price limit, TradeCause cause,
                           uint32_t command) const {
  Taker taker;
  taker.command = command;
  taker.agent = agent;
  taker.side = accounts_[agent].position.is_long() ? Side::sell : Side::buy;
  taker.is_reduce_only = true;
  taker.limit = std::clamp(limit, Price(1), spec_.price_max);
  taker.reserve_price = taker.limit;
  taker.remaining = lots;
  taker.cause = cause;
  return taker;
}

// False if nothing traded.
bool Market::sell_slice(AgentId agent, Lots lots, int64_t log_time_ms, uint32_t command) {
  const Position before = accounts_[agent].position;
  Taker taker =
      forced_taker(agent, lots, bankruptcy_price(before, spec_), TradeCause::liquidation, command);
  match(taker);
  if (taker.filled == Lots(0)) return false;
  slices_.push_back({agent, 0, log_time_ms});
  state_.liquidated += taker.filled_notional;
  Event& event = emit_liquidation(agent, LiquidationStep::book, taker.filled, taker.filled_notional,
                                  before, command);
  event.liquidation.fee = taker.forced_fee;
  return true;
}

// Everything a position has changes hands for what leaves it at zero: the fund takes what it can
// carry, the other side of the market the rest.
void Market::take_over(AgentId agent, uint32_t command) {
  const Position position = accounts_[agent].position;
  const Lots size = position.size();
  const Micro value = bankruptcy_value(position);
  const Lots carried = fund_capacity(position, value);
  Micro carried_value = value;
  if (carried < size) {
    carried_value =
        Micro(position.is_long() ? mul_div_floor(value.value, carried.value, size.value)
                                 : mul_div_ceil(value.value, carried.value, size.value));
  }
  const bool is_whole = carried == size;
  set_position(agent, Position{});
  accounts_[agent].realised_pnl_total -= position.margin;
  credit(agent, Micro(0), Micro(0), -position.margin);
  if (carried > Lots(0)) {
    emit_liquidation(agent, LiquidationStep::taken_over, carried, carried_value, position, command);
    trade_with_fund(position.is_long() ? carried : -carried, carried_value);
  }
  if (!is_whole) {
    emit_liquidation(agent, LiquidationStep::deleveraged, size - carried, value - carried_value,
                     position, command);
    deleverage(position.is_long(), size - carried, value - carried_value, agent, command);
  }
  emit_position_change(agent,
                       is_whole ? PositionChange::taken_over : PositionChange::deleveraged_bankrupt,
                       size, value, -position.margin, command);
  cancel_reduce_only(agent, command);
}

// Lots of the position that the fund takes for their share of `value` without going below zero.
Lots Market::fund_capacity(const Position& position, Micro value) {
  const Position& own = account(0).position;
  const int64_t direction = position.is_long() ? 1 : -1;
  const Lots size = position.size();
  const int64_t lot_value = notional(mark_, Lots(1), spec_).value;
  const int64_t cap = std::min(spec_.fund_notional_max.value / lot_value, spec_.lots_max.value);
  const int64_t room = std::max<int64_t>(0, cap - direction * own.base.value);
  int64_t lots = std::min(size.value, room);
  const int64_t loss = direction * (value - notional_at(position, mark_, spec_)).value;
  if (loss > 0) {
    const Micro equity = equity_at(own, notional_at(own, mark_, spec_));
    if (equity.value < loss) {  // else it can carry all, and the quotient might not fit
      lots = std::min(lots, mul_div_floor(std::max<int64_t>(0, equity.value), size.value, loss));
    }
  }
  return Lots(lots);
}

// The fund buys (lots > 0) or sells for a value.
void Market::trade_with_fund(Lots lots, Micro value) {
  Position after = fund();
  const Lots size(lots > Lots(0) ? lots.value : -lots.value);
  const Lots reduced = std::min(size, reducible(after, lots > Lots(0) ? Side::buy : Side::sell));
  const Micro part =
      reduced == size ? value : Micro(mul_div_floor(value.value, reduced.value, size.value));
  Micro realised;
  if (reduced > Lots(0)) {
    const Micro cash = after.margin;
    const Closing closing = close_part(after, reduced, part);
    after = closing.after;
    after.margin = cash;
    realised = closing.realised;
  }
  if (reduced < size) {
    after.base += lots > Lots(0) ? size - reduced : reduced - size;
    after.entry_notional += value - part;
  }
  set_position(0, after);
  pay_fund(realised);
}

// A fund that would be worth less than nothing is deleveraged like anybody else.
void Market::watch_fund(uint32_t command) {
  const Position own = fund();
  if (own.base == Lots(0)) return;
  if (equity_at(own, notional_at(own, mark_, spec_)) >= Micro(0)) return;
  const Micro value = bankruptcy_value(own);
  set_position(0, Position{});
  emit_liquidation(0, LiquidationStep::deleveraged, own.size(), value, own, command);
  deleverage(own.is_long(), own.size(), value, 0, command);
}

// The fund closes what it holds, a small order at a time and near the mark.
void Market::unwind_fund(int64_t log_time_ms, uint32_t command) {
  const Position own = fund();
  if (own.base == Lots(0) || log_time_ms - state_.unwound_at_ms < kUnwindPeriodMs) return;
  state_.unwound_at_ms = log_time_ms;
  const int64_t lots = std::max<int64_t>(1, kUnwindMicro / notional(mark_, Lots(1), spec_).value);
  const Side side = own.is_long() ? Side::sell : Side::buy;
  Taker taker = forced_taker(0, std::min(own.size(), Lots(lots)),
                             slippage_bound(mark_, side, kUnwindSlippagePpm, spec_),
                             TradeCause::fund, command);
  match(taker);
}

}  // namespace perpetua
