#include "gateway/ws/market_messages.hpp"

#include <boost/crc.hpp>

#include "base/decimal.hpp"
#include "gateway/codec/json_writer.hpp"

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
  std::string out;
  out.reserve(64 + 96 * fills.size());
  JsonWriter json(out);
  json.begin_object().key("type").text("trades").key("market").text(symbol_view(spec));
  json.key("time").number(time_ms).key("trades").begin_array();
  for (const Event* event : fills) {
    const Fill& fill = event->fill;
    json.begin_object().key("trade_id").id(fill.trade_id);
    json.key("price").price(fill.price, spec).key("size").lots(fill.lots, spec);
    json.key("side").text(wire_name(fill.side)).end_object();
  }
  json.end_array().end_object();
  return out;
}

std::string ticker_message(const stores::MarketView& market, int64_t time_ms) {
  const MarketSpec& spec = market.spec;
  std::string out;
  out.reserve(512);
  JsonWriter json(out);
  json.begin_object().key("type").text("ticker").key("market").text(symbol_view(spec));
  json.key("time").number(time_ms);
  json.key("index_price").price_or_null(market.index, spec);
  json.key("mark_price").price_or_null(market.mark, spec);
  json.key("best_bid").price_or_null(market.best_bid, spec);
  json.key("best_ask").price_or_null(market.best_ask, spec);
  json.key("last_price").price_or_null(market.last_price, spec);
  json.key("open_24h").price_or_null(market.open_24h, spec);
  json.key("high_24h").price_or_null(market.high_24h, spec);
  json.key("low_24h").price_or_null(market.low_24h, spec);
  json.key("change_24h").price(market.change_24h, spec);
  json.key("volume_24h").lots(market.volume_24h, spec);
  json.key("volume_24h_usdc").micro(market.volume_24h_notional);
  json.key("trades_24h").number(static_cast<int64_t>(market.trades_24h));
  json.key("open_interest").lots(market.open_interest, spec);
  json.end_object();
  return out;
}

std::string candle_message(const MarketSpec& spec, stores::CandleInterval interval,
                           const stores::CandleView& candle, bool is_closed) {
  std::string out;
  out.reserve(256);
  JsonWriter json(out);
  json.begin_object().key("type").text("candles").key("market").text(symbol_view(spec));
  json.key("interval").text(wire_name(interval)).key("open_time").number(candle.open_time_ms);
  json.key("open").price(candle.open, spec).key("high").price(candle.high, spec);
  json.key("low").price(candle.low, spec).key("close").price(candle.close, spec);
  json.key("volume").lots(candle.volume, spec).key("volume_usdc").micro(candle.volume_notional);
  json.key("trades").number(static_cast<int64_t>(candle.trades));
  json.key("closed").boolean(is_closed).end_object();
  return out;
}

std::string thought_message(const Event& event, std::string_view text, const MarketSpec* market,
                            int64_t time_ms) {
  std::string out;
  out.reserve(128 + text.size());
  JsonWriter json(out);
  json.begin_object().key("type").text("thoughts");
  json.key("thought_id").id(event.thought_posted.thought_id);
  json.key("agent_id").id(event.header.agent).key("market");
  if (market != nullptr) {
    json.text(symbol_view(*market));
  } else {
    json.null();
  }
  json.key("time").number(time_ms).key("text").text(text).end_object();
  return out;
}

}  // namespace perpetua::gateway::ws
