#include "stores/history/history_rows.hpp"

#include <algorithm>
#include <cstring>

#include "stores/agent_fold.hpp"
#include "stores/order_fold.hpp"
#include "stores/perpetual_fold.hpp"
#include "stores/safety_fold.hpp"
#include "stores/trade_fold.hpp"
#include "stores/trigger_fold.hpp"

namespace perpetua::stores {

bool HistoryRows::add(const HistoryBatch& batch) {
  PERPETUA_ASSERT(batch.number > last_batch);
  last_batch = batch.number;
  violations.insert(violations.end(), batch.violations.begin(), batch.violations.end());
  for (const HistoryEvent& item : batch.events) {
    if (!leaves_rows(item.event.header.type)) continue;
    if (!add_event(item, batch)) return false;
  }
  return true;
}

bool HistoryRows::add_event(const HistoryEvent& item, const HistoryBatch& batch) {
  const Event& event = item.event;
  const int64_t time_ms = batch.log_time_ms;
  switch (event.header.type) {
    case EventType::market_created:
      return add_market(event, event_text(item.text, batch.text));
    case EventType::agent_registered:
      agents.push_back(make_agent(event, batch.text));
      return true;
    case EventType::thought_posted:
    case EventType::private_message:
      return add_message(event, batch);
    case EventType::signal_created:
    case EventType::signal_faded:
    case EventType::signal_closed:
      return add_signal_event(event, time_ms);
    case EventType::ledger_entry:
      ledger.push_back(make_ledger_entry(event, time_ms));
      return true;
    case EventType::order_accepted:
      add_order(event, time_ms, event_text(item.text, batch.text));
      return true;
    case EventType::fill:
      return add_fill(event, time_ms);
    case EventType::order_amended: {
      OrderView* order = find_order(event.order_amended.order_id);
      if (order != nullptr) fold_amend(*order, event, time_ms);
      return order != nullptr;
    }
    case EventType::order_closed: {
      OrderView* order = find_order(event.order_closed.order_id);
      if (order != nullptr) fold_close(*order, event, time_ms);
      return order != nullptr;
    }
    case EventType::order_bracket: {
      OrderView* order = find_order(event.order_bracket.order_id);
      if (order != nullptr) fold_bracket(*order, event);
      return order != nullptr;
    }
    case EventType::trigger_changed:
    case EventType::trigger_closed:
      return add_trigger_event(event, time_ms);
    case EventType::market_change_scheduled:
    case EventType::market_changed:
      return add_market_change(item, batch);
    default:
      return add_perpetual_event(event, time_ms);
  }
}

// Payments follow their settlement within one batch.
bool HistoryRows::add_perpetual_event(const Event& event, int64_t time_ms) {
  const MarketId market = event.header.market;
  if (market >= specs_.size() || !specs_[market]) return false;
  switch (event.header.type) {
    case EventType::funding_settled:
      settled_[market] = event.funding_settled;
      fundings.push_back(make_funding(event, time_ms));
      return true;
    case EventType::liquidation:
      liquidations.push_back(make_liquidation(event, time_ms));
      return true;
    case EventType::fund_changed:
      fund_changes.push_back(make_fund_change(event, time_ms));
      return true;
    case EventType::position_changed:
      if (event.position_changed.cause == PositionChange::funding) {
        funding_payments.push_back(make_funding_payment(event, settled_[market], time_ms));
      } else {
        position_changes.push_back(make_position_change(event, time_ms));
      }
      add_position_end(event, time_ms);
      return true;
    default:
      return true;
  }
}

bool HistoryRows::add_market_change(const HistoryEvent& item, const HistoryBatch& batch) {
  const Event& event = item.event;
  const MarketId market = event.header.market;
  if (event.header.type == EventType::market_change_scheduled) {
    const std::string_view bytes = event_text(item.text, batch.text);
    if (bytes.size() != sizeof(MarketSpec)) return false;
    market_changes.push_back(make_market_change(event, bytes, batch.log_time_ms));
    return true;
  }
  const auto last = std::find_if(market_changes.rbegin(), market_changes.rend(),
                                 [&](const auto& change) { return change.market == market; });
  if (last == market_changes.rend()) {
    applied_changes.emplace_back(market, batch.log_time_ms);
  } else {
    last->applied_at_ms = batch.log_time_ms;
  }
  return true;
}

bool HistoryRows::add_market(const Event& event, std::string_view bytes) {
  MarketSpec spec;
  if (event.header.market >= specs_.size() || bytes.size() != sizeof spec) return false;
  std::memcpy(&spec, bytes.data(), sizeof spec);
  specs_[event.header.market] = spec;
  markets.emplace_back(event.header.market, spec);
  return true;
}

bool HistoryRows::add_fill(const Event& event, int64_t time_ms) {
  const MarketId market = event.header.market;
  if (market >= specs_.size() || !specs_[market]) return false;
  const Fill& fill = event.fill;
  const Micro traded = notional(fill.price, fill.lots, specs_[market]->value_per_tick_lot_micro);
  fills.push_back(make_fill(event, traded, time_ms));
  if (fill.order_id != 0) {  // the taker of a liquidation, and the fund, have no order
    OrderView* order = find_order(fill.order_id);
    if (order == nullptr) return false;
    fold_fill(*order, event, traded, time_ms);
    fills.back().is_intent = order->is_intent();
  }
  add_position_end(event, time_ms);
  if (fill.is_taker == 0) return true;
  for (const CandleInterval interval : kAllCandleIntervals) {
    const int64_t open_time_ms = candle_open_time_ms(time_ms, interval);
    const auto [candle, added] =
        candles.try_emplace({market, interval, open_time_ms},
                            first_candle(open_time_ms, fill.price, fill.lots, traded));
    if (!added) fold_trade(candle->second, fill.price, fill.lots, traded);
  }
  return true;
}

bool HistoryRows::add_trigger_event(const Event& event, int64_t time_ms) {
  const bool is_close = event.header.type == EventType::trigger_closed;
  const OrderId id = is_close ? event.trigger_closed.trigger_id : event.trigger_changed.trigger_id;
  TriggerView* trigger = find_trigger(id);
  if (is_close) {
    if (trigger != nullptr) fold_trigger_close(*trigger, event, time_ms);
    return trigger != nullptr;
  }
  if (trigger != nullptr) {
    fold_trigger_change(*trigger, event, time_ms);
    return true;
  }
  trigger_index_[id] = triggers.size();
  triggers.push_back({make_trigger(event, time_ms), true});
  return true;
}

// Both ends of a private message have an event; the sender's makes the row.
bool HistoryRows::add_message(const Event& event, const HistoryBatch& batch) {
  if (event.header.type == EventType::private_message) {
    if (event.header.agent != event.private_message.from_agent) return true;
    messages.push_back(make_private_message(event, batch.text, batch.log_time_ms));
    return true;
  }
  ThoughtView view = make_thought(event, batch.text, batch.log_time_ms);
  const bool is_thought = view.kind == MessageKind::thought;
  (is_thought ? thoughts : messages).push_back(std::move(view));
  return true;
}

bool HistoryRows::add_signal_event(const Event& event, int64_t time_ms) {
  if (event.header.type == EventType::signal_created) {
    signal_index_[event.signal_created.signal_id] = signals.size();
    signals.push_back({make_signal(event), true});
    return true;
  }
  const bool is_close = event.header.type == EventType::signal_closed;
  SignalView* signal =
      find_signal(is_close ? event.signal_closed.signal_id : event.signal_faded.signal_id);
  if (signal == nullptr) return false;
  if (is_close) {
    fold_signal_close(*signal, event, time_ms);
  } else {
    fold_signal_fade(*signal, event);
  }
  return true;
}

SignalView* HistoryRows::find_signal(SignalId id) {
  const auto found = signal_index_.find(id);
  if (found != signal_index_.end()) return &signals[found->second].signal;
  const auto loaded = load_signal_(id);
  if (!loaded) return nullptr;
  signal_index_[id] = signals.size();
  signals.push_back({*loaded, false});
  return &signals.back().signal;
}

// The insurance fund's is told by fund_changed.
void HistoryRows::add_position_end(const Event& event, int64_t time_ms) {
  if (event.header.agent == 0) return;
  if (const auto end = find_position_end(event, time_ms)) position_ends.push_back(*end);
}

TriggerView* HistoryRows::find_trigger(OrderId id) {
  const auto found = trigger_index_.find(id);
  if (found != trigger_index_.end()) return &triggers[found->second].trigger;
  const std::optional<TriggerView> loaded = load_trigger_(id);
  if (!loaded) return nullptr;
  trigger_index_[id] = triggers.size();
  triggers.push_back({*loaded, false});
  return &triggers.back().trigger;
}

void HistoryRows::add_order(const Event& event, int64_t time_ms, std::string_view reason) {
  order_index_[event.order_accepted.order_id] = orders.size();
  orders.push_back({make_order(event, time_ms, reason), true});
}

OrderView* HistoryRows::find_order(OrderId id) {
  const auto found = order_index_.find(id);
  if (found != order_index_.end()) return &orders[found->second].order;
  const std::optional<OrderView> loaded = load_(id);
  if (!loaded) return nullptr;
  order_index_[id] = orders.size();
  orders.push_back({*loaded, false});
  return &orders.back().order;
}

}  // namespace perpetua::stores
