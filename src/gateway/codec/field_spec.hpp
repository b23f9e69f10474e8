// FieldSpec: one field of a request body, a parameter or a response object.
//
// The same rows drive validation (check_fields), openapi.json and docs/api.md, so the three cannot
// disagree. Rows are constexpr tables; strings are literals.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace perpetua::gateway {

enum class FieldType : uint8_t {
  text,     // minimum..maximum bytes of UTF-8
  token,    // minimum..maximum printable ASCII characters without spaces
  decimal,  // exact decimal string
  integer,  // JSON number, minimum..maximum
  time_ms,  // JSON number, milliseconds since 1970
  boolean,
  id,            // decimal string (an integer is accepted in requests)
  choice,        // one of `choices`
  market,        // symbol, "BTC-PERP"
  choices_list,  // array of distinct `choices`
  id_list,       // array of ids
  token_list,    // array of tokens
  object_list,   // array of objects of `items`
  number,        // JSON number of any size (responses only)
  object,        // object of `items`
  levels,        // array of [price, size, orders] (responses only)
};

struct FieldSpec {
  std::string_view name;
  FieldType type = FieldType::text;
  bool required = false;  // in requests; in responses: never null
  std::string_view description;
  std::string_view choices = {};  // "buy|sell"
  int64_t minimum = 0;
  int64_t maximum = 0;  // 0 = none
  std::span<const FieldSpec> items = {};
};

using FieldSpecs = std::span<const FieldSpec>;

}  // namespace perpetua::gateway
