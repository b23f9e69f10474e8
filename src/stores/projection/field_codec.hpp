// Fields of a hash, one by one: exact decimals, integers, names of enumerators, JSON.
// Included by sources only (Boost.JSON). Thread-safety: none; values.
#pragma once

#include <boost/json/parse.hpp>
#include <charconv>
#include <string>
#include <string_view>

#include "base/decimal.hpp"
#include "engine/schema/market_spec.hpp"
#include "stores/projection/rows.hpp"

namespace perpetua::projection {

// Writes fields in the order of the calls.
class FieldWriter {
 public:
  FieldWriter& text(std::string_view name, std::string_view value) {
    fields_.emplace_back(name);
    fields_.emplace_back(value);
    return *this;
  }
  template <class Integer>
  FieldWriter& number(std::string_view name, Integer value) {
    return text(name, std::to_string(value));
  }
  FieldWriter& micro(std::string_view name, Micro value) {
    return text(name, decimal_text(value.value, kMicroDigits));
  }
  FieldWriter& price(std::string_view name, Price value, const MarketSpec& spec) {
    return text(name, grid_text(value.value, spec.tick_size_e9));
  }
  FieldWriter& lots(std::string_view name, Lots value, const MarketSpec& spec) {
    return text(name, grid_text(value.value, spec.lot_size_e9));
  }
  FieldWriter& flag(std::string_view name, bool value) { return text(name, value ? "1" : "0"); }

  Fields take() { return std::move(fields_); }

 private:
  Fields fields_;
};

// Reads fields; the first that is missing or broken makes it fail, and the rest does not matter.
class FieldReader {
 public:
  explicit FieldReader(const HashFields& hash) : hash_(hash) {}

  bool ok() const { return ok_; }
  void fail() { ok_ = false; }

  std::string_view text(std::string_view name) {
    const auto value = hash_.find(name);
    if (!value) fail();
    return value.value_or(std::string_view());
  }
  template <class Integer>
  Integer number(std::string_view name) {
    const std::string_view value = text(name);
    Integer result = 0;
    const char* end = value.data() + value.size();
    const auto [stopped, error] = std::from_chars(value.data(), end, result);
    if (error != std::errc() || stopped != end) fail();
    return result;
  }
  Micro micro(std::string_view name) {
    Micro result;
    if (parse_decimal(text(name), kMicroDigits, result.value) != DecimalError::none) fail();
    return result;
  }
  Price price(std::string_view name, const MarketSpec& spec) { return price_of(text(name), spec); }
  Price price_of(std::string_view value, const MarketSpec& spec) {
    Price result;
    if (parse_on_grid(value, spec.tick_size_e9, result.value) != DecimalError::none) fail();
    return result;
  }
  Lots lots(std::string_view name, const MarketSpec& spec) {
    Lots result;
    if (parse_on_grid(text(name), spec.lot_size_e9, result.value) != DecimalError::none) fail();
    return result;
  }
  bool flag(std::string_view name) { return text(name) == "1"; }
  // Of the values 0 to `last`.
  template <class Enum>
  Enum name_of(std::string_view name, Enum last) {
    const std::string_view value = text(name);
    for (int i = 0; i <= static_cast<int>(last); ++i) {
      if (wire_name(static_cast<Enum>(i)) == value) return static_cast<Enum>(i);
    }
    fail();
    return Enum{};
  }
  boost::json::value parsed(std::string_view name) {
    const std::string_view value = text(name);
    boost::system::error_code code;
    boost::json::value result = boost::json::parse({value.data(), value.size()}, code);
    if (code) fail();
    return result;
  }

 private:
  const HashFields& hash_;
  bool ok_ = true;
};

}  // namespace perpetua::projection
