#include "gateway/ws/private_messages.hpp"

#include "base/assert.hpp"
#include "engine/schema/position.hpp"
#include "gateway/codec/render.hpp"
#include "gateway/codec/render_triggers.hpp"

namespace perpetua::gateway::ws {
namespace {

JsonWriter begin(std::string& out, Channel channel, std::string_view name, const Event& event,
                 int64_t time_ms) {
  out.reserve(512);
  JsonWriter json(out);
  json.begin_object().key("type").text(wire_name(channel)).key("event").text(name);
  json.key("seq").number(static_cast<int64_t>(event.header.agent_sequence));
  json.key("time").number(time_ms);
  return json;
}

void write_client_id(JsonWriter& json, const ClientId& id) {
  const std::string_view text = client_id_view(id);
  json.key("client_id");
  if (text.empty()) {
    json.null();
  } else {
    json.text(text);
  }
}

void write_accepted(JsonWriter& json, const OrderAccepted& order, const MarketSpec& spec) {
  json.key("order_id").id(order.order_id).key("market").text(symbol_view(spec));
  write_client_id(json, order.client_id);
  json.key("side").text(wire_name(order.side)).key("kind").text(wire_name(order.kind));
  json.key("price").price(order.price, spec);
  json.key("size");
  if (order.lots.value > 0) {
    json.lots(order.lots, spec);
  } else {
    json.null();
  }
  json.key("size_usdc");
  if (order.budget.value > 0) {
    json.micro(order.budget);
  } else {
    json.null();
  }
  json.key("remaining").lots(order.rested, spec);
  json.key("time_in_force").text(wire_name(order.time_in_force));
  json.key("expires_at");
  if (order.expires_at_ms == 0) {
    json.null();
  } else {
    json.number(order.expires_at_ms);
  }
  json.key("post_only").text(wire_name(order.post_only));
  json.key("self_trade_prevention").text(wire_name(order.stp));
  json.key("reduce_only").boolean((order.flags & (kReduceOnly | kClosePosition)) != 0);
  json.key("is_intent").boolean((order.flags & kIntent) != 0);
  json.key("leverage").number(order.leverage);
}

void write_amended(JsonWriter& json, const OrderAmended& order, const MarketSpec& spec) {
  json.key("order_id").id(order.order_id).key("market").text(symbol_view(spec));
  json.key("side").text(wire_name(order.side));
  json.key("price").price(order.price, spec).key("size").lots(order.lots, spec);
  json.key("remaining").lots(order.rested, spec);
  json.key("keeps_priority").boolean(order.keeps_priority != 0);
}

void write_closed(JsonWriter& json, const OrderClosed& order, const MarketSpec& spec) {
  json.key("order_id").id(order.order_id).key("market").text(symbol_view(spec));
  json.key("side").text(wire_name(order.side)).key("price").price(order.price, spec);
  json.key("unfilled").lots(order.remaining, spec);
  json.key("close_reason").text(wire_name(order.reason));
}

void write_fill(JsonWriter& json, const Fill& fill, const MarketSpec& spec) {
  json.key("trade_id").id(fill.trade_id).key("order_id");
  if (fill.order_id == 0) {
    json.null();
  } else {
    json.id(fill.order_id);
  }
  json.key("cause").text(wire_name(fill.cause));
  json.key("market").text(symbol_view(spec)).key("side").text(wire_name(fill.side));
  json.key("price").price(fill.price, spec).key("size").lots(fill.lots, spec);
  json.key("notional")
      .micro(notional(fill.price, fill.lots, spec.value_per_tick_lot_micro));
  json.key("remaining").lots(fill.remaining, spec);
  json.key("order_done").boolean(fill.order_done != 0);
  json.key("liquidity").text(fill.is_taker != 0 ? "taker" : "maker");
  json.key("fee").micro(fill.fee).key("realised_pnl").micro(fill.realised_pnl);
}

// The position after an event.
void write_position(JsonWriter& json, const Position& position, const MarketSpec& spec) {
  const int64_t base = position.base.value;
  json.key("market").text(symbol_view(spec));
  json.key("side");
  if (base == 0) {
    json.null();
  } else {
    json.text(base > 0 ? "long" : "short");
  }
  json.key("size").lots(position.size(), spec);
  json.key("entry_price");
  write_average_price(json, position.entry_notional, position.size(), spec);
  json.key("entry_notional").micro(position.entry_notional);
  json.key("margin").micro(position.margin);
}

void write_change(JsonWriter& json, const PositionChanged& change, const MarketSpec& spec) {
  write_position(json, {change.base, change.entry_notional, change.margin}, spec);
  json.key("cause").text(wire_name(change.cause)).key("amount").micro(change.amount);
  json.key("closed").lots(change.lots, spec).key("closed_notional").micro(change.value);
  json.key("rank");
  if (change.rank == 0) {
    json.null();
  } else {
    json.number(change.rank);
  }
}

void write_settings(JsonWriter& json, const SettingsChanged& settings, const MarketSpec& spec) {
  json.key("market").text(symbol_view(spec));
  json.key("leverage").number(settings.leverage).key("netting").boolean(settings.netting != 0);
}

void write_ledger(JsonWriter& json, const LedgerEntry& entry) {
  json.key("kind").text(wire_name(entry.kind)).key("amount").micro(entry.amount);
  json.key("free_after").micro(entry.free_after).key("counterparty");
  if (entry.counterparty == 0) {
    json.null();
  } else {
    json.id(entry.counterparty);
  }
}

// The text is read over HTTP: the events that a resumption repeats have none.
void write_private_message(JsonWriter& json, const PrivateMessage& message) {
  json.key("message_id").id(message.message_id).key("kind").text(wire_name(message.kind));
  json.key("from_agent").number(message.from_agent).key("to_agent").number(message.to_agent);
}

void write_risk_limits(JsonWriter& json, const RiskLimits& limits) {
  json.key("max_position_size").micro(limits.position_max);
  json.key("max_total_exposure").micro(limits.exposure_max);
  json.key("max_leverage").number(limits.leverage_max);
  json.key("max_daily_loss").micro(limits.daily_loss_max);
}

void write_account(JsonWriter& json, const AccountChanged& account) {
  json.key("free").micro(account.free).key("reserved").micro(account.reserved);
  json.key("position_margin").micro(account.position_margin);
  json.key("collateral").micro(account.free + account.reserved + account.position_margin);
}

void write_trigger_closed(JsonWriter& json, const TriggerClosed& closed, const MarketSpec& spec) {
  json.key("trigger_id").id(closed.trigger_id).key("market").text(symbol_view(spec));
  json.key("order_id").id_or_null(closed.order_id);
  json.key("mark_price").price_or_null(closed.mark, spec);
  json.key("close_reason").text(wire_name(closed.reason)).key("refusal");
  if (closed.code == 0) {
    json.null();
  } else {
    json.text(result_info(static_cast<ResultCode>(closed.code)).name);
  }
}

void write_trigger_event(JsonWriter& json, const Event& event, const MarketSpec& spec) {
  switch (event.header.type) {
    case EventType::trigger_changed:
      write_trigger_terms(json, event.trigger_changed, spec);
      json.key("status").text(wire_name(event.trigger_changed.status));
      break;
    case EventType::trigger_closed:
      write_trigger_closed(json, event.trigger_closed, spec);
      break;
    default:
      json.key("order_id").id(event.order_bracket.order_id);
      json.key("market").text(symbol_view(spec));
      write_bracket_prices(json, event.order_bracket.stop_loss, event.order_bracket.take_profit,
                           spec);
  }
}

void write_switch(JsonWriter& json, const SwitchChanged& armed, const MarketSpec& spec) {
  json.key("market").text(symbol_view(spec)).key("scope").text(wire_name(armed.scope));
  json.key("deadline").time_or_null(armed.deadline_ms);
}

std::string_view event_name(Channel channel, EventType type) {
  switch (type) {
    case EventType::ledger_entry:
      return "ledger";
    case EventType::account_changed:
      return "balance";
    case EventType::settings_changed:
      return "settings";
    case EventType::order_accepted:
      return "accepted";
    case EventType::order_amended:
      return "amended";
    case EventType::order_closed:
      return "closed";
    case EventType::position_changed:
      return "changed";
    case EventType::trigger_changed:
      return "trigger";
    case EventType::trigger_closed:
      return "trigger_closed";
    case EventType::order_bracket:
      return "bracket";
    case EventType::switch_changed:
      return "switch";
    case EventType::private_message:
      return "message";
    case EventType::risk_limits_changed:
      return "risk_limits";
    case EventType::risk_day_started:
      return "risk_day";
    default:
      return channel == Channel::fills ? "fill" : "position";
  }
}

}  // namespace

EventChannels channels_of(EventType type) {
  switch (type) {
    case EventType::ledger_entry:
    case EventType::account_changed:
    case EventType::private_message:
    case EventType::risk_limits_changed:
    case EventType::risk_day_started:
      return {Channel::account, Channel::account};
    case EventType::settings_changed:
      return {Channel::positions, Channel::positions};
    case EventType::position_changed:
      return {Channel::positions, Channel::positions};
    case EventType::fill:
      return {Channel::fills, Channel::positions};
    default:
      return {Channel::orders, Channel::orders};
  }
}

std::string private_message(Channel channel, const Event& event, const MarketSpec* spec,
                            int64_t time_ms) {
  const EventType type = event.header.type;
  PERPETUA_ASSERT(is_private(type) && type != EventType::position_described);
  PERPETUA_ASSERT(spec != nullptr || channel == Channel::account);
  std::string out;
  JsonWriter json = begin(out, channel, event_name(channel, type), event, time_ms);
  switch (type) {
    case EventType::ledger_entry:
      write_ledger(json, event.ledger_entry);
      break;
    case EventType::account_changed:
      write_account(json, event.account_changed);
      break;
    case EventType::private_message:
      write_private_message(json, event.private_message);
      break;
    case EventType::risk_limits_changed:
      write_risk_limits(json, event.risk_limits_changed.limits);
      break;
    case EventType::risk_day_started:
      json.key("trading_result").micro(event.risk_day_started.start);
      break;
    case EventType::settings_changed:
      write_settings(json, event.settings_changed, *spec);
      break;
    case EventType::order_accepted:
      write_accepted(json, event.order_accepted, *spec);
      break;
    case EventType::order_amended:
      write_amended(json, event.order_amended, *spec);
      break;
    case EventType::order_closed:
      write_closed(json, event.order_closed, *spec);
      break;
    case EventType::switch_changed:
      write_switch(json, event.switch_changed, *spec);
      break;
    case EventType::position_changed:
      write_change(json, event.position_changed, *spec);
      break;
    case EventType::trigger_changed:
    case EventType::trigger_closed:
    case EventType::order_bracket:
      write_trigger_event(json, event, *spec);
      break;
    default:
      if (channel == Channel::fills) {
        write_fill(json, event.fill, *spec);
      } else {
        const Fill& fill = event.fill;
        write_position(
            json, {fill.position_base, fill.position_entry_notional, fill.position_margin}, *spec);
      }
      break;
  }
  json.end_object();
  return out;
}

}  // namespace perpetua::gateway::ws
