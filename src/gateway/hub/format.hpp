// Numbers, times, ids and names as the root API writes them.
//
//   numbers  JSON numbers, exact decimals from integers, always with a point: 1000.0, 0.49998
//   times    "2026-11-22T03:08:20.306000+00:00"
//   ids      agent_0007; int_, match_, pos_, ... and twelve hexadecimal digits of the engine's
//            number (more when it needs more); key_ and sixteen. Every id leads back.
//
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/schema/market_spec.hpp"
#include "gateway/codec/json_writer.hpp"

namespace perpetua::gateway::hub {

constexpr unsigned kReputationDigits = 4;
constexpr int64_t kReputationPpm = 100;  // of one unit of the last digit

// value x 10^-digits.
void append_number(std::string& out, int64_t value, unsigned digits);
inline JsonWriter& write_number(JsonWriter& json, int64_t value, unsigned digits) {
  std::string text;
  append_number(text, value, digits);
  return json.raw(text);
}
inline JsonWriter& write_money(JsonWriter& json, Micro value) {
  return write_number(json, value.value, kMicroDigits);
}
JsonWriter& write_price(JsonWriter& json, Price value, const MarketSpec& spec);
JsonWriter& write_price_or_null(JsonWriter& json, Price value, const MarketSpec& spec);

std::string time_text(int64_t time_ms);
inline JsonWriter& write_time(JsonWriter& json, int64_t time_ms) {
  return json.text(time_text(time_ms));
}
inline JsonWriter& write_time_or_null(JsonWriter& json, int64_t time_ms) {
  return time_ms == 0 ? json.null() : write_time(json, time_ms);
}

std::string agent_name(AgentId agent);  // 0: ""
std::optional<AgentId> parse_agent_name(std::string_view text);

// What an id is about, by its prefix.
enum class IdKind : uint8_t {
  intent,
  match,
  position,
  fee,
  liquidation,
  settlement,
  funding,
  signal,
  bet,
  chat,
  key,
  alert,
  violation,
};
std::string id_text(IdKind kind, uint64_t number);
// Nothing for another prefix, other digits, or another spelling than id_text's.
std::optional<uint64_t> parse_id_text(IdKind kind, std::string_view text);

std::string_view asset_name(const MarketSpec& spec);        // "BTC-PERP"
std::string_view short_asset_name(const MarketSpec& spec);  // "BTC"

}  // namespace perpetua::gateway::hub
