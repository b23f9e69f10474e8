#include "feeds/liquidity/agent_view.hpp"

#include <algorithm>

namespace perpetua::feeds {

void AgentView::adopt(const ExistingAgent& existing) {
  agent_ = existing.agent;
  free_ = existing.free;
  reserved_ = existing.reserved;
  position_margin_ = existing.position_margin;
  base_ = existing.base;
  leverage_ = existing.leverage;
  netting_ = existing.netting;
  orders_ = existing.orders;
  std::erase_if(orders_, [](const OwnOrder& order) { return order.remaining.value <= 0; });
}

void AgentView::on_event(const Event& event) {
  if (agent_ == 0 || event.header.agent != agent_) return;
  if (event.header.type == EventType::account_changed) {
    free_ = event.account_changed.free;
    reserved_ = event.account_changed.reserved;
    position_margin_ = event.account_changed.position_margin;
    return;
  }
  if (event.header.market != market_) return;
  switch (event.header.type) {
    case EventType::settings_changed:
      leverage_ = event.settings_changed.leverage;
      netting_ = event.settings_changed.netting != 0;
      break;
    case EventType::order_accepted:
      on_accepted(event.order_accepted);
      break;
    case EventType::order_amended:
      on_amended(event.order_amended);
      break;
    case EventType::order_closed:
      forget_order(event.order_closed.order_id);
      break;
    case EventType::fill:
      on_fill(event.fill);
      break;
    case EventType::position_changed:
      base_ = event.position_changed.base;
      break;
    default:
      break;
  }
}

void AgentView::forget_order(OrderId id) {
  std::erase_if(orders_, [id](const OwnOrder& order) { return order.id == id; });
}

void AgentView::hold_order(OrderId id, int64_t until_ms) {
  if (OwnOrder* order = find(id)) order->hold_until_ms = until_ms;
}

OwnOrder* AgentView::find(OrderId id) {
  for (OwnOrder& order : orders_) {
    if (order.id == id) return &order;
  }
  return nullptr;
}

void AgentView::on_accepted(const OrderAccepted& accepted) {
  if (accepted.rested.value <= 0) return;
  const Lots filled = std::max(accepted.lots - accepted.rested, Lots(0));
  orders_.push_back({accepted.order_id, accepted.side, accepted.price, filled, accepted.rested, 0});
}

void AgentView::on_amended(const OrderAmended& amended) {
  OwnOrder* order = find(amended.order_id);
  if (order == nullptr) return;
  if (amended.rested.value <= 0) return forget_order(amended.order_id);
  order->price = amended.price;
  order->remaining = amended.rested;
  order->filled = amended.lots - amended.rested;
}

void AgentView::on_fill(const Fill& fill) {
  base_ = fill.position_base;
  // A taker's fills are already in `rested` of the event that announced the order.
  OwnOrder* order = fill.is_taker != 0 ? nullptr : find(fill.order_id);
  if (order == nullptr) return;
  order->filled += fill.lots;
  order->remaining = fill.remaining;
  if (fill.order_done != 0 || fill.remaining.value <= 0) forget_order(fill.order_id);
}

}  // namespace perpetua::feeds
