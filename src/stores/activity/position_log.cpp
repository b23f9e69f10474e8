#include "stores/activity/position_log.hpp"

#include <algorithm>
#include <utility>

namespace perpetua::stores {

namespace {

int64_t size_of(Lots base) { return base.value < 0 ? -base.value : base.value; }

bool is_same_side(Lots a, Lots b) { return (a.value > 0) == (b.value > 0); }

// The part of `amount` that falls to `part` of `whole` lots.
Micro share(Micro amount, int64_t part, int64_t whole) {
  return Micro(mul_div_floor(amount.value, part, whole));
}

PositionCloseReason reason_of(PositionChange cause) {
  return cause == PositionChange::settled ? PositionCloseReason::settlement
                                          : PositionCloseReason::liquidation;
}

}  // namespace

PositionLog::PositionLog() : closed_(activity_limits::kClosedPositionsMax) {}

PositionRecord& PositionLog::begin(AgentId agent, MarketId market, uint64_t id, int64_t time_ms) {
  const uint64_t key = key_of(agent, market);
  PositionRecord& record = open_[key];
  record = {};
  record.id = id;
  record.agent = agent;
  record.market = market;
  record.opened_at_ms = time_ms;
  open_ids_[id] = key;
  return record;
}

PositionRecord& PositionLog::current(AgentId agent, MarketId market) {
  const auto found = open_.find(key_of(agent, market));
  if (found != open_.end()) return found->second;
  const uint64_t id = PositionRecord::kUnknownOpening | static_cast<uint64_t>(agent) << 8 | market;
  return begin(agent, market, id, 0);
}

const PositionRecord* PositionLog::end(PositionRecord& record, PositionCloseReason reason,
                                       OrderId order, int64_t time_ms) {
  record.close_reason = reason;
  record.closing_order = order;
  record.closed_at_ms = time_ms;
  if (const PositionRecord* victim = closed_.next_victim()) closed_ids_.erase(victim->id);
  const uint64_t id = record.id;
  const uint64_t number = closed_.push(closed_heads_[record.agent], record);
  closed_ids_[id] = number;
  ended_now_.push_back(number);
  open_ids_.erase(id);
  open_.erase(key_of(record.agent, record.market));
  return closed_.find(number);
}

PositionLog::Step PositionLog::fill(const FillView& fill, const Position* after) {
  const std::lock_guard guard(mutex_);
  const Lots before = fill.position_base - Lots(sign(fill.side) * fill.lots.value);
  const int64_t held = size_of(before);
  const int64_t reduced = before.value == 0 || (before.value > 0) == (fill.side == Side::buy)
                              ? 0
                              : std::min(held, fill.lots.value);
  Step step;
  if (reduced > 0) {
    PositionRecord& record = current(fill.agent, fill.market);
    record.base = before;
    record.closed_lots += Lots(reduced);
    record.closed_value += share(fill.notional, reduced, fill.lots.value);
    record.realised_pnl += fill.realised_pnl;
    record.last_trade = fill.trade_id;
    if (reduced == held) {
      const auto reason =
          fill.order_id == 0 ? PositionCloseReason::liquidation : PositionCloseReason::manual;
      step.ended = end(record, reason, fill.order_id, fill.time_ms);
    } else {
      record.entry_notional -= share(record.entry_notional, reduced, held);
    }
  }
  if (fill.position_base.value == 0) return step;
  const bool is_opening = before.value == 0 || !is_same_side(before, fill.position_base);
  PositionRecord& record = is_opening ? begin(fill.agent, fill.market, fill.sequence, fill.time_ms)
                                      : current(fill.agent, fill.market);
  record.base = fill.position_base;
  record.last_trade = fill.trade_id;
  if (reduced < fill.lots.value) {
    record.entry_notional += share(fill.notional, fill.lots.value - reduced, fill.lots.value);
  }
  if (after != nullptr) {
    record.entry_notional = after->entry_notional;
    record.margin = after->margin;
  }
  step.current = &record;
  return step;
}

PositionLog::Step PositionLog::change(const PositionChangeView& view) {
  const std::lock_guard guard(mutex_);
  const PositionChanged& changed = view.change;
  PositionRecord& record = current(view.agent, view.market);
  if (changed.cause == PositionChange::funding) {
    record.funding += changed.amount;
    record.margin = changed.margin;
    return {nullptr, &record};
  }
  if (changed.cause == PositionChange::margin_adjusted) {
    record.margin = changed.margin;
    return {nullptr, &record};
  }
  record.closed_lots += changed.lots;
  record.closed_value += changed.value;
  record.realised_pnl += changed.amount;
  if (changed.base.value == 0) {
    return {end(record, reason_of(changed.cause), 0, view.time_ms), nullptr};
  }
  record.base = changed.base;
  record.entry_notional = changed.entry_notional;
  record.margin = changed.margin;
  return {nullptr, &record};
}

void PositionLog::adopt(const std::vector<DescribedPosition>& positions) {
  const std::lock_guard guard(mutex_);
  const auto known = std::exchange(open_, {});
  open_ids_.clear();
  for (const DescribedPosition& row : positions) {
    const uint64_t key = key_of(row.agent, row.market);
    const auto found = known.find(key);
    if (found != known.end() && is_same_side(found->second.base, row.position.base)) {
      open_[key] = found->second;
      open_ids_[found->second.id] = key;
    }
    PositionRecord& record = current(row.agent, row.market);
    record.base = row.position.base;
    record.entry_notional = row.position.entry_notional;
    record.margin = row.position.margin;
  }
}

void PositionLog::guard(const TriggerView& view) {
  const std::lock_guard lock(mutex_);
  const bool has_ended_with_it = view.reason == CloseReason::position_closed ||
                                 view.reason == CloseReason::triggered ||
                                 view.reason == CloseReason::other_fired;
  if (!has_ended_with_it || view.trigger.is_protective == 0) return;
  for (std::size_t i = ended_now_.size(); i-- > 0;) {
    PositionRecord* record = closed_.find(ended_now_[i]);
    if (record == nullptr || record->agent != view.agent || record->market != view.market) continue;
    const bool is_stop = view.trigger.kind == TriggerKind::stop;
    (is_stop ? record->stop_loss : record->take_profit) = view.trigger.at;
    const bool has_closed_it =
        view.reason == CloseReason::triggered && view.trigger.order_id == record->closing_order;
    if (has_closed_it) {
      record->close_reason =
          is_stop ? PositionCloseReason::stop_loss : PositionCloseReason::take_profit;
    }
    return;
  }
}

void PositionLog::start_batch() { ended_now_.clear(); }

void PositionLog::clear() {
  const std::lock_guard guard(mutex_);
  open_.clear();
  open_ids_.clear();
  closed_ = RecentLog<PositionRecord>(activity_limits::kClosedPositionsMax);
  closed_ids_.clear();
  closed_heads_.clear();
  ended_now_.clear();
}

std::optional<PositionRecord> PositionLog::find(uint64_t id) const {
  const std::lock_guard guard(mutex_);
  const auto open = open_ids_.find(id);
  if (open != open_ids_.end()) return open_.at(open->second);
  const auto closed = closed_ids_.find(id);
  if (closed == closed_ids_.end()) return std::nullopt;
  return *closed_.find(closed->second);
}

std::optional<PositionRecord> PositionLog::open(AgentId agent, MarketId market) const {
  const std::lock_guard guard(mutex_);
  const auto found = open_.find(key_of(agent, market));
  if (found == open_.end()) return std::nullopt;
  return found->second;
}

std::vector<PositionRecord> PositionLog::closed(AgentId agent, std::size_t limit) const {
  std::vector<PositionRecord> result;
  const std::size_t most = std::min(limit, activity_limits::kClosedPositionsPerAgentMax);
  const std::lock_guard guard(mutex_);
  const auto head = closed_heads_.find(agent);
  if (head == closed_heads_.end() || most == 0) return result;
  closed_.visit_chain(head->second, [&](const PositionRecord& record) {
    result.push_back(record);
    return result.size() < most;
  });
  return result;
}

bool PositionLog::has_forgotten() const {
  const std::lock_guard guard(mutex_);
  return closed_.next_victim() != nullptr;
}

}  // namespace perpetua::stores
