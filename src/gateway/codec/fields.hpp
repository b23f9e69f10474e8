// Typed access to the fields of a JSON object, with errors that name the field.
//
// check_fields compares an object with a table: unknown fields, missing ones, wrong JSON types,
// lengths and ranges. Afterwards the readers only have to convert. A JSON null counts as absent.
// Every function returns false (or nullopt with error set) after writing one ApiError; the first
// error wins. Pure; thread-safe.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "engine/schema/market_spec.hpp"
#include "gateway/codec/api_error.hpp"
#include "gateway/codec/field_spec.hpp"
#include "gateway/codec/markets.hpp"

namespace perpetua::gateway {

[[nodiscard]] bool check_fields(const boost::json::object& object, FieldSpecs specs,
                                ApiError& error);

// The same rules for one value that came as text (path and query parameters).
[[nodiscard]] bool check_text(std::string_view value, const FieldSpec& spec, ApiError& error);

// Readers: REQUIRES check_fields accepted the object; an absent field gives nullopt.
std::optional<std::string_view> text_field(const boost::json::object& object,
                                           std::string_view name);
std::optional<int64_t> integer_field(const boost::json::object& object, std::string_view name);
std::optional<uint64_t> id_field(const boost::json::object& object, std::string_view name);
bool bool_field(const boost::json::object& object, std::string_view name, bool absent);

// Ids are decimal text of an unsigned 64-bit number without leading zeros.
std::optional<uint64_t> parse_id(std::string_view text);

// Index of `value` in "a|b|c", or -1.
int choice_index(std::string_view choices, std::string_view value);

// Decimal strings to units; `error` names `field` and, off the grid, the two nearest values.
[[nodiscard]] bool parse_money(std::string_view text, std::string_view field, Micro& out,
                               ApiError& error);
[[nodiscard]] bool parse_price(std::string_view text, std::string_view field,
                               const MarketSpec& spec, Price& out, ApiError& error);
[[nodiscard]] bool parse_size(std::string_view text, std::string_view field, const MarketSpec& spec,
                              Lots& out, ApiError& error);
// A fraction ("0.005") to parts per million.
[[nodiscard]] bool parse_fraction(std::string_view text, std::string_view field, uint32_t& ppm,
                                  ApiError& error);

}  // namespace perpetua::gateway
