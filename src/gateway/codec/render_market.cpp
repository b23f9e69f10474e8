#include "gateway/codec/render.hpp"
#include "gateway/codec/render_perpetual.hpp"
#include "gateway/codec/safety.hpp"

namespace perpetua::gateway {
namespace {

void write_ticker_fields(JsonWriter& json, const stores::MarketView& view) {
  const MarketSpec& spec = view.spec;
  json.key("index_price").price_or_null(view.index, spec);
  json.key("mark_price").price_or_null(view.mark, spec);
  json.key("price_time").number(view.price_time_ms);
  json.key("best_bid").price_or_null(view.best_bid, spec);
  json.key("best_ask").price_or_null(view.best_ask, spec);
  json.key("last_price").price_or_null(view.last_price, spec);
  json.key("last_size").lots(view.last_lots, spec);
  json.key("last_trade_at").number(view.last_trade_at_ms);
  json.key("open_24h").price_or_null(view.open_24h, spec);
  json.key("high_24h").price_or_null(view.high_24h, spec);
  json.key("low_24h").price_or_null(view.low_24h, spec);
  json.key("change_24h").price(view.change_24h, spec);
  json.key("volume_24h").lots(view.volume_24h, spec);
  json.key("volume_24h_usdc").micro(view.volume_24h_notional);
  json.key("trades_24h").number(static_cast<int64_t>(view.trades_24h));
  json.key("open_interest").lots(view.open_interest, spec);
  json.key("predicted_funding_rate").decimal(view.funding.predicted_rate_ppb, 9);
  json.key("next_funding").number(view.funding.next_settlement_ms);
  json.key("exchange_status").begin_object();
  write_status_fields(json, view);
  json.end_object();
}

void write_spec(JsonWriter& json, const MarketSpec& spec) {
  json.key("tick_size").decimal(spec.tick_size_e9, kGridDigits);
  json.key("lot_size").decimal(spec.lot_size_e9, kGridDigits);
  json.key("price_min").price(spec.price_min, spec);
  json.key("price_max").price(spec.price_max, spec);
  json.key("default_leverage").number(spec.default_leverage);
  json.key("max_leverage").number(spec.tiers[0].max_leverage);
  write_market_terms(json, spec);
}

void write_levels(JsonWriter& json, std::string_view name,
                  const std::vector<stores::BookLevel>& levels, const MarketSpec& spec) {
  json.key(name).begin_array();
  for (const stores::BookLevel& level : levels) {
    json.begin_array();
    json.price(level.price, spec).lots(level.lots, spec).number(level.orders);
    json.end_array();
  }
  json.end_array();
}

}  // namespace

void render_market(std::string& out, const stores::MarketView& view) {
  JsonWriter json(out);
  json.begin_object();
  json.key("market").text(symbol_view(view.spec));
  write_spec(json, view.spec);
  write_ticker_fields(json, view);
  json.key("pending_change");
  write_pending_change(json, view.pending_change);
  json.end_object();
}

void render_ticker(std::string& out, const stores::MarketView& view) {
  JsonWriter json(out);
  json.begin_object();
  json.key("market").text(symbol_view(view.spec));
  write_ticker_fields(json, view);
  json.end_object();
}

void render_index_price(std::string& out, const stores::MarketView& view) {
  JsonWriter json(out);
  json.begin_object();
  json.key("market").text(symbol_view(view.spec));
  json.key("index_price").price_or_null(view.index, view.spec);
  json.key("mark_price").price_or_null(view.mark, view.spec);
  json.key("price_time").number(view.price_time_ms);
  json.end_object();
}

void render_book(std::string& out, const stores::BookView& view, const MarketSpec& spec) {
  JsonWriter json(out);
  json.begin_object();
  json.key("market").text(symbol_view(spec));
  json.key("sequence").id(view.sequence);
  json.key("time").number(view.time_ms);
  write_levels(json, "bids", view.bids, spec);
  write_levels(json, "asks", view.asks, spec);
  json.end_object();
}

void render_trade(std::string& out, const stores::TradeView& view, const MarketSpec& spec) {
  JsonWriter json(out);
  json.begin_object();
  json.key("trade_id").id(view.trade_id);
  json.key("market").text(symbol_view(spec));
  json.key("price").price(view.price, spec);
  json.key("size").lots(view.lots, spec);
  json.key("side").text(wire_name(view.side));
  json.key("cause").text(wire_name(view.cause));
  json.key("time").number(view.time_ms);
  json.end_object();
}

void render_candle(std::string& out, const stores::CandleView& view, const MarketSpec& spec) {
  JsonWriter json(out);
  json.begin_object();
  json.key("open_time").number(view.open_time_ms);
  json.key("open").price(view.open, spec);
  json.key("high").price(view.high, spec);
  json.key("low").price(view.low, spec);
  json.key("close").price(view.close, spec);
  json.key("volume").lots(view.volume, spec);
  json.key("volume_usdc").micro(view.volume_notional);
  json.key("trades").number(static_cast<int64_t>(view.trades));
  json.end_object();
}

}  // namespace perpetua::gateway
