// Reading the fields of a request of the root API into call.inputs.
//
// All faults are collected, one an occurrence, so that `errors` names each; nothing is thrown.
// Unknown fields are ignored, a repeated query parameter counts with its last value, null is
// absent. Thread-safety: none; the call's.
#pragma once

#include <optional>
#include <string_view>

#include "engine/schema/types.hpp"
#include "gateway/hub/field.hpp"

namespace perpetua::gateway {

struct Call;
class MarketDirectory;

namespace hub {

// The body's JSON into call.body; false if it is none, or no object: call.body is null then and
// read_body says so. An empty body is an empty object.
bool parse_body(Call& call);

// Text of a string member, or nothing: what the owner check needs before anything is validated.
std::optional<std::string_view> body_text(const Call& call, std::string_view name);

// False: refused with 422. REQUIRES for read_body: parse_body was called.
bool read_body(Call& call, Fields fields);
bool read_query(Call& call, std::string_view query, Fields fields);

// REQUIRES: `name` is a field of the endpoint.
const Value& input(const Call& call, std::string_view name);
inline int64_t number_or(const Value& value, int64_t absent) {
  return value.is_present ? value.number : absent;
}

// "btc", "BTC-PERP", "Btc-Perp" -> the market.
std::optional<MarketId> find_asset(const MarketDirectory& markets, std::string_view name);

}  // namespace hub
}  // namespace perpetua::gateway
