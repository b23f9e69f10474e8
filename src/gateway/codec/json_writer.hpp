// JsonWriter: appends JSON to a string, commas included. No tree, no allocation of its own.
//
// The caller keeps the order (key before value inside an object); keys are written as they are and
// must need no escaping. Text is escaped. Integers that a double could not hold, ids and decimals
// go out as strings.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/decimal.hpp"
#include "engine/schema/market_spec.hpp"

namespace perpetua::gateway {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name);
  JsonWriter& text(std::string_view value);
  JsonWriter& number(int64_t value);  // JSON number: times, counts, leverage
  JsonWriter& id(uint64_t value);     // "123"
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  JsonWriter& raw(std::string_view json);  // one complete value

  JsonWriter& decimal(int64_t value, unsigned digits);
  JsonWriter& micro(Micro value) { return decimal(value.value, kMicroDigits); }
  JsonWriter& price(Price value, const MarketSpec& spec) {
    return on_grid(value.value, spec.tick_size_e9);
  }
  JsonWriter& lots(Lots value, const MarketSpec& spec) {
    return on_grid(value.value, spec.lot_size_e9);
  }
  JsonWriter& price_or_null(Price value, const MarketSpec& spec) {
    return value.value == 0 ? null() : price(value, spec);
  }
  JsonWriter& id_or_null(uint64_t value) { return value == 0 ? null() : id(value); }
  JsonWriter& time_or_null(int64_t time_ms) { return time_ms == 0 ? null() : number(time_ms); }
  JsonWriter& text_or_null(std::string_view value) {
    return value.empty() ? null() : text(value);
  }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& on_grid(int64_t units, int64_t unit_e9);
  void separate() {
    if (needs_comma_) out_.push_back(',');
    needs_comma_ = true;
  }

  std::string& out_;
  bool needs_comma_ = false;
};

void append_json_text(std::string& out, std::string_view value);  // with the quotes
void append_integer(std::string& out, int64_t value);

}  // namespace perpetua::gateway
