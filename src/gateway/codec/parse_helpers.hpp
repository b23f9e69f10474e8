// What parsers of orders and of triggers share. Private to the codec.
#pragma once

#include <string>
#include <string_view>

#include "gateway/codec/fields.hpp"
#include "gateway/codec/parse.hpp"

namespace perpetua::gateway {

inline bool refuse(ApiError& error, ResultCode code, std::string_view field,
                   std::string_view message) {
  error = ApiError(code, std::string(field), std::string(message));
  return false;
}

inline bool refuse(ApiError& error, std::string_view field, std::string_view message) {
  return refuse(error, ResultCode::invalid_field, field, message);
}

inline void set_deadline(const object& body, runtime::Submission& submission) {
  submission.command.header.valid_until_ms = integer_field(body, "valid_until").value_or(0);
}

template <class Enum>
Enum choice(const object& body, std::string_view name, std::string_view choices, Enum absent) {
  const auto text = text_field(body, name);
  return text ? static_cast<Enum>(choice_index(choices, *text)) : absent;
}

// `max_slippage`; absent leaves 0, the engine's "use the default".
inline bool parse_slippage_bound(const object& body, uint32_t& slippage_ppm, ApiError& error) {
  const auto text = text_field(body, "max_slippage");
  if (!text) return true;
  if (!parse_fraction(*text, "max_slippage", slippage_ppm, error)) return false;
  // Zero would mean the default, which is not what the sender said.
  return slippage_ppm > 0 || refuse(error, "max_slippage", "must be above zero");
}

// `stop_loss` and `take_profit` of an order or intent, in parse_triggers.cpp.
bool parse_bracket(const object& body, const MarketSpec& spec, PlaceOrder& order, ApiError& error);

}  // namespace perpetua::gateway
