#include "gateway/codec/render.hpp"
#include "gateway/codec/render_triggers.hpp"

namespace perpetua::gateway {
namespace {

void write_client_id(JsonWriter& json, const ClientId& client_id) {
  json.key("client_id").text_or_null(client_id_view(client_id));
}

void write_micro_or_null(JsonWriter& json, std::string_view name, Micro value) {
  json.key(name);
  if (value.value == 0)
    json.null();
  else
    json.micro(value);
}

void write_progress(JsonWriter& json, const stores::OrderView& view, const MarketSpec& spec) {
  write_filled(json, view, spec);
  json.key("status").text(wire_name(view.status));
  write_close_reason(json, view.reason);
}

// What the position has, not what the next order gets: fills at other leverages, reductions and
// fees make it a fraction.
void write_leverage(JsonWriter& json, const stores::PositionView& view) {
  json.key("leverage");
  if (view.base.value == 0 || view.margin.value <= 0) {
    json.null();
    return;
  }
  constexpr unsigned kDigits = 2;
  const Int128 hundredfold = static_cast<Int128>(view.entry_notional.value) * 100;
  const Int128 margin = view.margin.value;
  json.decimal(static_cast<int64_t>((hundredfold + margin / 2) / margin), kDigits);
}

// Equity / maintenance margin: liquidated below 1.
void write_margin_ratio(JsonWriter& json, const stores::PositionView& view) {
  json.key("margin_ratio");
  if (view.maintenance_margin.value <= 0) {
    json.null();
    return;
  }
  constexpr unsigned kDigits = 4;
  const Int128 scaled = static_cast<Int128>(view.equity.value) * 10'000;
  json.decimal(static_cast<int64_t>(scaled / view.maintenance_margin.value), kDigits);
}

void write_price_or_null(JsonWriter& json, std::string_view name, const std::optional<Price>& value,
                         const MarketSpec& spec) {
  json.key(name);
  if (value)
    json.price(*value, spec);
  else
    json.null();
}

}  // namespace

void write_close_reason(JsonWriter& json, CloseReason reason) {
  json.key("close_reason")
      .text_or_null(reason == CloseReason::none ? std::string_view() : wire_name(reason));
}

void write_average_price(JsonWriter& json, Micro notional_micro, Lots lots,
                         const MarketSpec& spec) {
  if (lots.value == 0) {
    json.null();
    return;
  }
  // micro-USDC per asset = notional x 10^9 / (lots x lot size in 10^-9)
  const Int128 size_e9 = static_cast<Int128>(lots.value) * spec.lot_size_e9;
  const Int128 price_micro = static_cast<Int128>(notional_micro.value) * 1'000'000'000 / size_e9;
  json.decimal(static_cast<int64_t>(price_micro), kMicroDigits);
}

void write_filled(JsonWriter& json, const stores::OrderView& view, const MarketSpec& spec) {
  json.key("filled").lots(view.filled, spec);
  json.key("remaining").lots(view.remaining, spec);
  json.key("filled_usdc").micro(view.filled_notional);
  json.key("average_price");
  write_average_price(json, view.filled_notional, view.filled, spec);
  json.key("fee").micro(view.fee);
}

void render_order(std::string& out, const stores::OrderView& view, const MarketSpec& spec) {
  JsonWriter json(out);
  json.begin_object();
  json.key("order_id").id(view.order_id);
  write_client_id(json, view.client_id);
  json.key("market").text(symbol_view(spec));
  json.key("side").text(wire_name(view.side));
  json.key("kind").text(wire_name(view.kind));
  json.key("time_in_force").text(wire_name(view.time_in_force));
  json.key("post_only").text(wire_name(view.post_only));
  json.key("reduce_only").boolean(view.is_reduce_only());
  json.key("self_trade_prevention").text(wire_name(view.stp));
  json.key("is_intent").boolean(view.is_intent());
  json.key("leverage").number(view.leverage);
  json.key("price").price(view.price, spec);
  json.key("size").lots(view.lots, spec);
  write_micro_or_null(json, "size_usdc", view.budget);
  write_bracket_prices(json, view.stop_loss, view.take_profit, spec);
  write_progress(json, view, spec);
  json.key("expires_at").time_or_null(view.expires_at_ms);
  json.key("created_at").number(view.accepted_at_ms);
  json.key("updated_at").number(view.updated_at_ms);
  json.end_object();
}

void render_fill(std::string& out, const stores::FillView& view, const MarketSpec& spec) {
  JsonWriter json(out);
  json.begin_object();
  json.key("sequence").id(view.sequence);
  json.key("trade_id").id(view.trade_id);
  json.key("order_id").id_or_null(view.order_id);
  json.key("market").text(symbol_view(spec));
  json.key("side").text(wire_name(view.side));
  json.key("liquidity").text(view.is_taker ? "taker" : "maker");
  json.key("cause").text(wire_name(view.cause));
  json.key("price").price(view.price, spec);
  json.key("size").lots(view.lots, spec);
  json.key("notional").micro(view.notional);
  json.key("fee").micro(view.fee);
  json.key("realised_pnl").micro(view.realised_pnl);
  json.key("counterparty");
  if (view.counterparty == 0)
    json.null();
  else
    json.id(view.counterparty);
  json.key("time").number(view.time_ms);
  json.end_object();
}

void render_position(std::string& out, const stores::PositionView& view, const MarketSpec& spec) {
  const bool is_long = view.base.value > 0;
  const Lots size = is_long ? view.base : -view.base;
  JsonWriter json(out);
  json.begin_object();
  json.key("market").text(symbol_view(spec));
  json.key("side");
  if (view.base.value == 0)
    json.null();
  else
    json.text(is_long ? "long" : "short");
  json.key("size").lots(size, spec);
  json.key("entry_price");
  write_average_price(json, view.entry_notional, size, spec);
  json.key("mark_price").price_or_null(view.mark, spec);
  json.key("notional").micro(view.notional);
  json.key("margin").micro(view.margin);
  json.key("maintenance_margin").micro(view.maintenance_margin);
  json.key("unrealised_pnl").micro(view.unrealised_pnl);
  json.key("realised_pnl").micro(view.realised_pnl);
  write_price_or_null(json, "liquidation_price", view.liquidation_price, spec);
  write_price_or_null(json, "bankruptcy_price", view.bankruptcy_price, spec);
  json.key("equity").micro(view.equity);
  write_margin_ratio(json, view);
  json.key("health").text(wire_name(view.health));
  json.key("adl_quintile");
  if (view.adl_quintile == 0)
    json.null();
  else
    json.number(view.adl_quintile);
  write_leverage(json, view);
  json.key("leverage_setting").number(view.leverage);
  json.key("netting").boolean(view.netting);
  json.end_object();
}

}  // namespace perpetua::gateway
