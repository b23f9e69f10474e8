#include "gateway/ws/market_messages.hpp"

#include <boost/crc.hpp>

#include "base/decimal.hpp"
#include "gateway/codec/render.hpp"
#include "gateway/codec/render_perpetual.hpp"
#include "gateway/codec/safety.hpp"
#include "gateway/ws/splice.hpp"

namespace perpetua::gateway::ws {
namespace {

void write_levels(JsonWriter& json, const MarketSpec& spec, const std::vector<Level>& levels) {
  json.begin_array();
  for (const Level& level : levels) {
    json.begin_array().price(level.price, spec).lots(level.lots, spec).end_array();
  }
  json.end_array();
}

void append_level(std::string& text, const MarketSpec& spec, const Level& level) {
  if (!text.empty()) text.push_back(':');
  append_on_grid(text, level.price.value, spec.tick_size_e9);
  text.push_back(':');
  append_on_grid(text, level.lots.value, spec.lot_size_e9);
}

}  // namespace

uint32_t book_checksum(const MarketSpec& spec, const BookWindow& window) {
  std::string text;
  for (std::size_t i = 0; i < kChecksumLevels; ++i) {
    if (i < window.bids.size()) append_level(text, spec, window.bids[i]);
    if (i < window.asks.size()) append_level(text, spec, window.asks[i]);
  }
  boost::crc_32_type crc;
  crc.process_bytes(text.data(), text.size());
  return crc.checksum();
}

std::string book_message(const MarketSpec& spec, BookMessage kind, uint64_t sequence,
                         int64_t time_ms, const BookWindow& levels, uint32_t checksum) {
  std::string out;
  out.reserve(192 + 32 * (levels.bids.size() + levels.asks.size()));
  JsonWriter json(out);
  json.begin_object().key("type").text("book").key("market").text(symbol_view(spec));
  json.key("kind").text(kind == BookMessage::snapshot ? "snapshot" : "delta");
  json.key("seq").number(static_cast<int64_t>(sequence)).key("time").number(time_ms);
  json.key("bids");
  write_levels(json, spec, levels.bids);
  json.key("asks");
  write_levels(json, spec, levels.asks);
  json.key("checksum").number(checksum).end_object();
  return out;
}

std::string trades_message(const MarketSpec& spec, std::span<const Event* const> fills,
                           int64_t time_ms) {
  std::string out = R"({"type":"trades","market":)";
  out.reserve(64 + 160 * fills.size());
  append_json_text(out, symbol_view(spec));
  out += ",\"trades\":";
  char separator = '[';
  for (const Event* event : fills) {
    const Fill& fill = event->fill;
    out += separator;
    separator = ',';
    render_trade(out, {event->header.market, fill.trade_id, fill.price, fill.lots, fill.side,
                       time_ms, fill.cause},
                 spec);
  }
  out += "]}";
  return out;
}

std::string ticker_message(const stores::MarketView& market, int64_t time_ms) {
  std::string out = R"({"type":"ticker","time":)";
  out.reserve(768);
  append_integer(out, time_ms);
  append_fields(out, [&](std::string& body) { render_ticker(body, market); });
  return out;
}

std::string candle_message(const MarketSpec& spec, stores::CandleInterval interval,
                           const stores::CandleView& candle, bool is_closed) {
  std::string out = R"({"type":"candles","market":)";
  out.reserve(384);
  append_json_text(out, symbol_view(spec));
  out += ",\"interval\":";
  append_json_text(out, wire_name(interval));
  out += is_closed ? ",\"closed\":true" : ",\"closed\":false";
  append_fields(out, [&](std::string& body) { render_candle(body, candle, spec); });
  return out;
}

std::string status_message(const stores::MarketView& view, int64_t time_ms) {
  std::string out = R"({"type":"status","time":)";
  append_integer(out, time_ms);
  append_fields(out, [&](std::string& body) { render_market_status(body, view); });
  return out;
}

std::string change_message(const stores::MarketView& view, const stores::ScheduledChange& change,
                           bool is_applied, int64_t time_ms) {
  std::string out = is_applied ? R"({"type":"status","event":"market_changed","time":)"
                               : R"({"type":"status","event":"market_change_scheduled","time":)";
  append_integer(out, time_ms);
  out += ",\"change\":";
  JsonWriter json(out);
  write_pending_change(json, change);
  append_fields(out, [&](std::string& body) { render_market_status(body, view); });
  return out;
}

std::string funding_message(const stores::MarketView& view, int64_t time_ms) {
  std::string out = R"({"type":"funding","kind":"predicted","time":)";
  append_integer(out, time_ms);
  append_fields(out, [&](std::string& body) { render_funding(body, view); });
  return out;
}

std::string funding_message(const MarketSpec& spec, const stores::FundingView& settled) {
  std::string out = R"({"type":"funding","kind":"settled")";
  append_fields(out, [&](std::string& body) { render_funding_hour(body, settled, spec); });
  return out;
}

std::string liquidation_message(const MarketSpec& spec, const stores::LiquidationView& step) {
  std::string out = R"({"type":"liquidations")";
  append_fields(out, [&](std::string& body) { render_liquidation(body, step, spec); });
  return out;
}

std::string fund_message(const MarketSpec& spec, const stores::FundChangeView& change) {
  std::string out = R"({"type":"insurance")";
  append_fields(out, [&](std::string& body) { render_fund_change(body, change, spec); });
  return out;
}

std::string alert_message(const MarketSpec& spec, const stores::AlertView& alert) {
  std::string out = R"({"type":"alerts")";
  append_fields(out, [&](std::string& body) { render_alert(body, alert, spec); });
  return out;
}

std::string thought_message(const stores::ThoughtView& thought, const MarketDirectory& markets) {
  std::string out = R"({"type":"thoughts")";
  out.reserve(192 + thought.text.size());
  append_fields(out, [&](std::string& body) { render_thought(body, thought, markets); });
  return out;
}

}  // namespace perpetua::gateway::ws
