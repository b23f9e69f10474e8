#include "stores/activity/intent_log.hpp"

#include <algorithm>
#include <utility>

#include "stores/order_fold.hpp"

namespace perpetua::stores {

namespace {

bool is_cancelled_by(CloseReason reason) {
  switch (reason) {
    case CloseReason::cancelled:
    case CloseReason::cancel_all:
    case CloseReason::liquidation:
    case CloseReason::market_settled:
    case CloseReason::market_changed:
    case CloseReason::dead_man:
      return true;
    default:
      return false;
  }
}

Micro asked_size(const OrderView& order) {
  return order.budget.value > 0 ? order.budget : order.filled_notional;
}

}  // namespace

IntentState intent_state(const OrderView& order) {
  if (order.is_open()) return IntentState::open;
  if (is_cancelled_by(order.reason)) return IntentState::cancelled;
  return order.filled.value > 0 ? IntentState::filled : IntentState::expired;
}

IntentLog::IntentLog()
    : open_(limits::kMarketsMax),
      closed_(activity_limits::kClosedIntentsMax),
      thoughts_(activity_limits::kTradeThoughtsMax) {}

IntentView* IntentLog::find_open(OrderId id) {
  Open& open = open_[order_market(id)];
  const auto found = open.find(id);
  return found == open.end() ? nullptr : &found->second;
}

IntentView* IntentLog::find_kept(OrderId id) {
  if (IntentView* view = find_open(id)) return view;
  const auto closed = closed_ids_.find(id);
  return closed == closed_ids_.end() ? nullptr : closed_.find(closed->second);
}

void IntentLog::count(const OrderView& order, IntentState state, int direction) {
  if (totals_.size() <= order.market) totals_.resize(order.market + std::size_t{1});
  IntentTotals& totals = totals_[order.market];
  uint64_t* const counters[] = {&totals.open, &totals.filled, &totals.cancelled, &totals.expired};
  *counters[static_cast<std::size_t>(state)] += static_cast<uint64_t>(direction);
}

void IntentLog::think(const OrderView& order) {
  if (order.intent_reason.empty()) return;
  thoughts_.push(thought_heads_[order.agent],
                 {order.order_id, order.agent, order.market, order.side, order.leverage,
                  asked_size(order), order.accepted_at_ms, order.intent_reason});
}

void IntentLog::add(const OrderView& order, uint32_t slippage_ppm) {
  const std::lock_guard guard(mutex_);
  IntentView& view = open_[order.market][order.order_id];
  view.order = order;
  view.slippage_ppm = slippage_ppm;
  count(order, IntentState::open, 1);
  totals_[order.market].total += 1;
  totals_[order.market].asked += order.budget;
  think(order);
}

void IntentLog::warm_closed(const OrderView& order) {
  const std::lock_guard guard(mutex_);
  count(order, intent_state(order), 1);
  totals_[order.market].total += 1;
  totals_[order.market].asked += order.budget;
  think(order);
  IntentView view;
  view.order = order;
  view.matched_at_ms = order.filled.value > 0 ? order.updated_at_ms : 0;
  keep_closed(std::move(view));
}

void IntentLog::warm_open(const OrderView& order) {
  const std::lock_guard guard(mutex_);
  IntentView* view = find_open(order.order_id);
  if (view == nullptr || view->order.filled != order.filled) return;
  view->order = order;
  view->matched_at_ms = order.filled.value > 0 ? order.updated_at_ms : 0;
  totals_[order.market].asked += order.budget;
  think(order);
}

void IntentLog::warm_match(const MatchView& match) {
  const std::lock_guard guard(mutex_);
  const auto note = [&](OrderId own, OrderId other) {
    IntentView* view = find_kept(own);
    if (view == nullptr) return;
    if (view->matched_with == 0) view->matched_with = other;
    view->matched_at_ms = std::min(view->matched_at_ms, match.time_ms);
  };
  note(match.taker_order, match.maker_order);
  note(match.maker_order, match.taker_order);
}

bool IntentLog::fill(const Event& event, const FillView& fill) {
  const std::lock_guard guard(mutex_);
  Open& open = open_[order_market(fill.order_id)];
  const auto found = open.find(fill.order_id);
  if (found == open.end()) return false;
  IntentView& view = found->second;
  fold_fill(view.order, event, fill.notional, fill.time_ms);
  view.realised_pnl += fill.realised_pnl;
  if (view.matched_at_ms == 0) view.matched_at_ms = fill.time_ms;
  if (fill.is_taker) {
    if (view.first_trade == 0) view.first_trade = fill.trade_id;
    ++view.trades;
  }
  if (event.fill.order_done != 0) retire(found);
  return true;
}

void IntentLog::tell(OrderId id, OrderId matched_with, const PositionRecord& position) {
  const std::lock_guard guard(mutex_);
  IntentView* view = find_kept(id);
  if (view == nullptr) return;
  if (view->matched_with == 0) view->matched_with = matched_with;
  view->position = position;
}

void IntentLog::amend(const Event& event, int64_t time_ms) {
  const std::lock_guard guard(mutex_);
  if (IntentView* view = find_open(event.order_amended.order_id)) {
    fold_amend(view->order, event, time_ms);
  }
}

void IntentLog::bracket(const Event& event) {
  const std::lock_guard guard(mutex_);
  if (IntentView* view = find_open(event.order_bracket.order_id)) fold_bracket(view->order, event);
}

bool IntentLog::close(const Event& event, int64_t time_ms) {
  const std::lock_guard guard(mutex_);
  Open& open = open_[order_market(event.order_closed.order_id)];
  const auto found = open.find(event.order_closed.order_id);
  if (found == open.end()) return false;
  fold_close(found->second.order, event, time_ms);
  retire(found);
  return true;
}

void IntentLog::retire(Open::iterator intent) {
  IntentView view = std::move(intent->second);
  open_[view.order.market].erase(intent);
  count(view.order, IntentState::open, -1);
  count(view.order, intent_state(view.order), 1);
  keep_closed(std::move(view));
}

void IntentLog::keep_closed(IntentView&& intent) {
  if (const IntentView* victim = closed_.next_victim()) {
    closed_ids_.erase(victim->order.order_id);
    forgotten_ = std::max(forgotten_, victim->order.sequence);
  }
  const OrderId id = intent.order.order_id;
  closed_ids_[id] = closed_.push(newest_closed_, std::move(intent));
}

void IntentLog::clear() {
  const std::lock_guard guard(mutex_);
  for (Open& open : open_) open.clear();
  closed_ = RecentLog<IntentView>(activity_limits::kClosedIntentsMax);
  newest_closed_ = 0;
  closed_ids_.clear();
  forgotten_ = 0;
  thoughts_ = RecentLog<TradeThought>(activity_limits::kTradeThoughtsMax);
  thought_heads_.clear();
  totals_.clear();
}

std::optional<IntentView> IntentLog::find(OrderId id) const {
  const std::lock_guard guard(mutex_);
  const Open& open = open_[order_market(id)];
  const auto found = open.find(id);
  if (found != open.end()) return found->second;
  const auto closed = closed_ids_.find(id);
  if (closed == closed_ids_.end()) return std::nullopt;
  return *closed_.find(closed->second);
}

std::optional<IntentView> IntentLog::find_named(AgentId agent, const ClientId& client_id) const {
  std::optional<IntentView> result;
  const auto is_it = [&](const IntentView& view) {
    return view.order.agent == agent && view.order.client_id == client_id;
  };
  const std::lock_guard guard(mutex_);
  for (const Open& open : open_) {
    for (const auto& [id, view] : open) {
      if (is_it(view)) return view;
    }
  }
  closed_.visit_all([&](const IntentView& view) {
    if (is_it(view)) result = view;
    return !result;
  });
  return result;
}

uint64_t IntentLog::forgotten() const {
  const std::lock_guard guard(mutex_);
  return forgotten_;
}

// They are kept in the order of their closing, so all of them are looked at.
std::vector<const IntentView*> IntentLog::newest_closed(const IntentQuery& query) const {
  std::vector<const IntentView*> rows;
  closed_.visit_all([&](const IntentView& view) {
    const bool is_wanted = query.market == kNoMarket || query.market == view.order.market;
    if (is_wanted && (!query.state || intent_state(view.order) == *query.state)) {
      rows.push_back(&view);
    }
    return true;
  });
  const auto end = rows.begin() + static_cast<std::ptrdiff_t>(std::min(rows.size(), query.limit));
  std::partial_sort(rows.begin(), end, rows.end(), [](const IntentView* a, const IntentView* b) {
    return a->order.sequence > b->order.sequence;
  });
  rows.erase(end, rows.end());
  return rows;
}

std::vector<IntentView> IntentLog::newest(const IntentQuery& query) const {
  std::vector<IntentView> result;
  const auto is_wanted = [&](MarketId market) {
    return query.market == kNoMarket || query.market == market;
  };
  const std::lock_guard guard(mutex_);
  if (!query.state || *query.state == IntentState::open) {
    for (MarketId market = 0; market < open_.size(); ++market) {
      if (!is_wanted(market)) continue;
      std::size_t left = query.limit;
      const Open& open = open_[market];
      for (auto row = open.rbegin(); row != open.rend() && left > 0; ++row, --left) {
        result.push_back(row->second);
      }
    }
  }
  if (query.state != IntentState::open) {
    for (const IntentView* view : newest_closed(query)) result.push_back(*view);
  }
  std::stable_sort(result.begin(), result.end(), [](const IntentView& a, const IntentView& b) {
    return a.order.sequence > b.order.sequence;
  });
  if (result.size() > query.limit) result.resize(query.limit);
  return result;
}

std::vector<TradeThought> IntentLog::thoughts(std::size_t limit) const {
  std::vector<TradeThought> result;
  if (limit == 0) return result;
  const std::lock_guard guard(mutex_);
  thoughts_.visit_all([&](const TradeThought& thought) {
    result.push_back(thought);
    return result.size() < limit;
  });
  return result;
}

std::vector<TradeThought> IntentLog::thoughts_of(AgentId agent, std::size_t limit) const {
  std::vector<TradeThought> result;
  const std::lock_guard guard(mutex_);
  const auto head = thought_heads_.find(agent);
  if (head == thought_heads_.end() || limit == 0) return result;
  thoughts_.visit_chain(head->second, [&](const TradeThought& thought) {
    result.push_back(thought);
    return result.size() < limit;
  });
  return result;
}

IntentTotals IntentLog::totals() const {
  IntentTotals sum;
  for (const IntentTotals& row : totals_by_market()) {
    sum.total += row.total;
    sum.open += row.open;
    sum.filled += row.filled;
    sum.cancelled += row.cancelled;
    sum.expired += row.expired;
    sum.asked += row.asked;
  }
  return sum;
}

std::vector<IntentTotals> IntentLog::totals_by_market() const {
  const std::lock_guard guard(mutex_);
  return totals_;
}

}  // namespace perpetua::stores
