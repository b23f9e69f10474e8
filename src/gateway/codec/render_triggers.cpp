#include "gateway/codec/render_triggers.hpp"

#include "gateway/codec/render.hpp"

namespace perpetua::gateway {
namespace {

void write_intent_fields(JsonWriter& json, const stores::OrderView& view, const IntentLife& life,
                         const MarketSpec& spec) {
  json.key("intent_id").id(view.order_id);
  json.key("client_id").text_or_null(client_id_view(view.client_id));
  json.key("agent_id").id(view.agent);
  json.key("market").text(symbol_view(spec));
  json.key("direction").text(view.side == Side::buy ? "long" : "short");
  json.key("size_usdc").micro(view.budget);
  json.key("leverage").number(view.leverage);
  json.key("limit_price");
  if (view.kind == OrderKind::limit)
    json.price(view.price, spec);
  else
    json.null();
  write_bracket_prices(json, view.stop_loss, view.take_profit, spec);
  json.key("status").text(life.status);
  write_filled(json, view, spec);
  json.key("order_status").text(wire_name(view.status));
  write_close_reason(json, view.reason);
  json.key("closed_by").text_or_null(life.closed_by);
  json.key("closing_order_id").id_or_null(life.closing_order);
  json.key("closed_at").time_or_null(life.closed_at_ms);
  json.key("reason").text(view.intent_reason);
  json.key("expires_at").time_or_null(view.expires_at_ms);
  json.key("created_at").number(view.accepted_at_ms);
  json.key("updated_at").number(view.updated_at_ms);
}

}  // namespace

void write_bracket_prices(JsonWriter& json, Price stop_loss, Price take_profit,
                          const MarketSpec& spec) {
  json.key("stop_loss").price_or_null(stop_loss, spec);
  json.key("take_profit").price_or_null(take_profit, spec);
}

void write_trigger_terms(JsonWriter& json, const TriggerChanged& trigger, const MarketSpec& spec) {
  json.key("trigger_id").id(trigger.trigger_id);
  json.key("market").text(symbol_view(spec));
  json.key("kind").text(wire_name(trigger.kind));
  json.key("reduce_only").boolean(trigger.is_protective != 0);
  json.key("side").text(wire_name(trigger.side));
  json.key("trigger_price").price(trigger.at, spec);
  json.key("trail").price_or_null(Price(trigger.trail), spec);
  json.key("limit_price").price_or_null(trigger.is_market != 0 ? Price(0) : trigger.limit, spec);
  json.key("size");
  if (trigger.lots == Lots(0))
    json.null();
  else
    json.lots(trigger.lots, spec);
  json.key("max_slippage");
  if (trigger.slippage_ppm == 0)
    json.null();
  else
    json.decimal(trigger.slippage_ppm, kMicroDigits);
  json.key("leverage");
  if (trigger.is_protective != 0)
    json.null();
  else
    json.number(trigger.leverage);
  json.key("reserved").micro(trigger.reserved);
  json.key("partner_id").id_or_null(trigger.partner_id);
  json.key("bracket_of").id_or_null(trigger.parent_id);
  json.key("order_id").id_or_null(trigger.order_id);
}

void render_trigger(std::string& out, const stores::TriggerView& view, const MarketSpec& spec) {
  const bool is_live = view.is_live();
  JsonWriter json(out);
  json.begin_object();
  write_trigger_terms(json, view.trigger, spec);
  json.key("status").text(is_live ? wire_name(view.trigger.status) : "closed");
  write_close_reason(json, view.reason);
  json.key("refusal").text_or_null(view.code == ResultCode::ok ? std::string_view()
                                                               : result_info(view.code).name);
  json.key("closed_at_mark").price_or_null(view.closed_at_mark, spec);
  json.key("created_at").number(view.created_at_ms);
  json.key("updated_at").number(view.updated_at_ms);
  json.end_object();
}

void render_trigger_cancelled(std::string& out, const Outcome& outcome, const MarketSpec& spec) {
  JsonWriter json(out);
  json.begin_object();
  json.key("trigger_id").id(outcome.id);
  json.key("market").text(symbol_view(spec));
  json.key("status").text("closed");
  write_close_reason(json, outcome.reason);
  json.key("trigger_price").price(Price(outcome.values[3]), spec);
  json.key("replayed").boolean(outcome.replayed != 0);
  json.end_object();
}

void render_intent(std::string& out, const stores::OrderView& view, const IntentLife& life,
                   const MarketSpec& spec) {
  JsonWriter json(out);
  json.begin_object();
  write_intent_fields(json, view, life, spec);
  json.end_object();
}

void render_intent_detail(std::string& out, const stores::OrderView& view, const IntentLife& life,
                          const MarketSpec& spec) {
  JsonWriter json(out);
  json.begin_object();
  write_intent_fields(json, view, life, spec);
  json.key("realised_pnl");
  if (life.realised_pnl)
    json.micro(*life.realised_pnl);
  else
    json.null();
  const auto write_list = [&](std::string_view name, const auto& rows, auto render) {
    json.key(name).begin_array();
    std::string row_text;
    for (const auto& row : rows) {
      row_text.clear();
      render(row_text, row, spec);
      json.raw(row_text);
    }
    json.end_array();
  };
  write_list("fills", life.fills, render_fill);
  write_list("triggers", life.triggers, render_trigger);
  json.end_object();
}

}  // namespace perpetua::gateway
