#include "stores/order_fold.hpp"

#include <algorithm>

namespace perpetua::stores {

namespace {

OrderView order_of(const Event& event, std::string_view reason) {
  const OrderAccepted& accepted = event.order_accepted;
  OrderView order;
  order.order_id = accepted.order_id;
  order.sequence = event.header.sequence;
  order.agent = event.header.agent;
  order.market = event.header.market;
  order.side = accepted.side;
  order.kind = accepted.kind;
  order.time_in_force = accepted.time_in_force;
  order.post_only = accepted.post_only;
  order.stp = accepted.stp;
  order.status = OrderStatus::open;
  order.flags = accepted.flags;
  order.leverage = accepted.leverage;
  order.price = accepted.price;
  order.remaining = accepted.rested;
  order.budget = accepted.budget;
  order.expires_at_ms = accepted.expires_at_ms;
  order.client_id = accepted.client_id;
  order.intent_reason = reason;
  return order;
}

}  // namespace

OrderView make_order(const Event& event, int64_t time_ms, std::string_view reason) {
  OrderView order = order_of(event, reason);
  // The lots of a budget order are known fill by fill; what rests of it is known at once.
  order.lots = std::max(event.order_accepted.lots, event.order_accepted.rested);
  order.accepted_at_ms = time_ms;
  order.updated_at_ms = time_ms;
  return order;
}

OrderView make_described_order(const Event& event, std::string_view reason) {
  OrderView order = order_of(event, reason);
  order.lots = event.order_accepted.lots;
  order.filled = order.lots - order.remaining;
  if (order.filled.value > 0) order.status = OrderStatus::partially_filled;
  return order;
}

void fold_fill(OrderView& order, const Event& event, Micro traded, int64_t time_ms) {
  const Fill& fill = event.fill;
  order.filled += fill.lots;
  order.filled_notional += traded;
  order.fee += fill.fee;
  if (fill.is_taker == 0) order.remaining -= fill.lots;
  PERPETUA_ASSERT(order.remaining.value >= 0);
  order.lots = std::max(order.lots, order.filled + order.remaining);
  order.status = OrderStatus::partially_filled;
  if (fill.order_done != 0) {
    order.status = OrderStatus::filled;
    order.remaining = Lots(0);
  }
  order.updated_at_ms = time_ms;
}

void fold_amend(OrderView& order, const Event& event, int64_t time_ms) {
  const OrderAmended& amended = event.order_amended;
  order.price = amended.price;
  order.lots = amended.lots;
  order.remaining = amended.rested;
  order.updated_at_ms = time_ms;
}

void fold_close(OrderView& order, const Event& event, int64_t time_ms) {
  const OrderClosed& closed = event.order_closed;
  order.status =
      closed.reason == CloseReason::expired ? OrderStatus::expired : OrderStatus::cancelled;
  order.reason = closed.reason;
  order.remaining = Lots(0);
  order.updated_at_ms = time_ms;
}

void fold_bracket(OrderView& order, const Event& event) {
  order.stop_loss = event.order_bracket.stop_loss;
  order.take_profit = event.order_bracket.take_profit;
}

FillView make_fill(const Event& event, Micro traded, int64_t time_ms) {
  const Fill& fill = event.fill;
  FillView view;
  view.sequence = event.header.sequence;
  view.trade_id = fill.trade_id;
  view.order_id = fill.order_id;
  view.agent = event.header.agent;
  view.counterparty = fill.counterparty;
  view.market = event.header.market;
  view.side = fill.side;
  view.is_taker = fill.is_taker != 0;
  view.cause = fill.cause;
  view.price = fill.price;
  view.lots = fill.lots;
  view.notional = traded;
  view.fee = fill.fee;
  view.realised_pnl = fill.realised_pnl;
  view.position_base = fill.position_base;
  view.time_ms = time_ms;
  return view;
}

std::string_view intent_reason(const Event& event, const AppliedBatch& batch) {
  if (event.order_accepted.text_length == 0 || event.header.command >= batch.commands.size()) {
    return {};
  }
  const CommandHeader& command = batch.commands[event.header.command].header;
  return event_text({command.text_offset, command.text_length}, batch.text);
}

}  // namespace perpetua::stores
