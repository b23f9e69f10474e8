#include "gateway/hub/input.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/assert.hpp"
#include "base/decimal.hpp"
#include "gateway/codec/markets.hpp"
#include "gateway/http/call.hpp"
#include "gateway/http/router.hpp"
#include "gateway/hub/number.hpp"
#include "gateway/hub/text.hpp"

namespace perpetua::gateway::hub {
namespace {

namespace json = boost::json;

constexpr std::size_t kSymbolBytesMax = 32;
constexpr std::size_t kWordCharactersMax = 64;

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

// One field being read: where it came from, and where its faults go.
struct Reader {
  Call& call;
  std::string_view place;

  bool fail(const Field& field, std::string message, std::string_view type) const {
    call.refusal.faults.push_back(
        {std::string(place), std::string(field.name), std::move(message), type});
    return false;
  }
};

std::string bound_text(int64_t bound, unsigned digits) { return decimal_text(bound, digits); }

std::string range_text(const Field& field) {
  const std::string low = bound_text(field.minimum, field.digits);
  if (field.maximum == 0)
    return (field.is_above_minimum ? "must be above " : "must be at least ") + low;
  const std::string high = bound_text(field.maximum, field.digits);
  if (field.is_above_minimum) return "must be above " + low + " and at most " + high;
  return "must be between " + low + " and " + high;
}

bool check_range(const Reader& reader, const Field& field, int64_t number) {
  const bool is_low = field.is_above_minimum ? number <= field.minimum : number < field.minimum;
  if (is_low) {
    return reader.fail(field, range_text(field),
                       field.is_above_minimum ? "greater_than" : "greater_than_equal");
  }
  if (field.maximum == 0 || number <= field.maximum) return true;
  return reader.fail(field, range_text(field), "less_than_equal");
}

bool read_number(const Reader& reader, std::string_view text, Value& value) {
  const Field& field = *value.field;
  const bool is_integer = field.kind == FieldKind::integer;
  bool is_exact = true;
  const NumberFault fault = parse_number(text, field.digits, value.number, is_exact);
  if (fault == NumberFault::malformed) {
    return reader.fail(field, is_integer ? "must be a whole number" : "must be a number",
                       is_integer ? "int_parsing" : "float_parsing");
  }
  if (fault == NumberFault::too_large) {
    return reader.fail(field, field.maximum == 0 ? "is too large" : range_text(field),
                       text.front() == '-' ? "greater_than_equal" : "less_than_equal");
  }
  if (is_integer && !is_exact)
    return reader.fail(field, "must be a whole number", "int_from_float");
  return check_range(reader, field, value.number);
}

bool read_boolean(const Reader& reader, std::string_view text, Value& value) {
  for (const std::string_view word : {"true", "1", "yes", "on", "t", "y"}) {
    if (equal_ignoring_case(text, word)) {
      value.number = 1;
      return true;
    }
  }
  for (const std::string_view word : {"false", "0", "no", "off", "f", "n"}) {
    if (equal_ignoring_case(text, word)) return true;
  }
  return reader.fail(*value.field, "must be true or false", "bool_parsing");
}

bool read_choice(const Reader& reader, std::string_view text, Value& value) {
  std::string_view left = value.field->choices;
  for (int64_t index = 0; !left.empty(); ++index) {
    const std::size_t bar = std::min(left.find('|'), left.size());
    if (equal_ignoring_case(left.substr(0, bar), text)) {
      value.number = index;
      value.text = left.substr(0, bar);
      return true;
    }
    left.remove_prefix(std::min(bar + 1, left.size()));
  }
  return reader.fail(*value.field, "must be one of " + choice_text(value.field->choices), "enum");
}

bool read_text(const Reader& reader, std::string_view text, Value& value) {
  const Field& field = *value.field;
  if (field.kind == FieldKind::name) text = trimmed(text);
  value.text = text;
  if (text.find('\0') != std::string_view::npos) {
    return reader.fail(field, "must not hold the character NUL", "value_error");
  }
  const auto characters = static_cast<int64_t>(count_characters(text));
  if (characters < field.minimum) {
    return reader.fail(field, "must have at least " + std::to_string(field.minimum) + " characters",
                       "string_too_short");
  }
  if (field.maximum == 0 || characters <= field.maximum) return true;
  return reader.fail(field, "must have at most " + std::to_string(field.maximum) + " characters",
                     "string_too_long");
}

bool read_from_text(const Reader& reader, std::string_view text, Value& value) {
  switch (value.field->kind) {
    case FieldKind::number:
    case FieldKind::integer:
      return read_number(reader, text, value);
    case FieldKind::boolean:
      return read_boolean(reader, text, value);
    case FieldKind::choice:
      return read_choice(reader, text, value);
    case FieldKind::text:
    case FieldKind::name:
      return read_text(reader, text, value);
    case FieldKind::words:
      return reader.fail(*value.field, "must be an array of texts", "list_type");
    case FieldKind::object:
      return reader.fail(*value.field, "must be an object", "dict_type");
  }
  return false;
}

bool read_words(const Reader& reader, Value& value) {
  const Field& field = *value.field;
  const json::array* list = value.json->if_array();
  if (list == nullptr) return reader.fail(field, "must be an array of texts", "list_type");
  if (field.maximum != 0 && list->size() > static_cast<std::size_t>(field.maximum)) {
    return reader.fail(field, "must hold at most " + std::to_string(field.maximum) + " entries",
                       "too_long");
  }
  for (const json::value& entry : *list) {
    const json::string* text = entry.if_string();
    if (text == nullptr || count_characters(view(*text)) > kWordCharactersMax) {
      return reader.fail(field, "must be an array of short texts", "string_type");
    }
  }
  return true;
}

bool is_numeric(FieldKind kind) { return kind == FieldKind::number || kind == FieldKind::integer; }

bool read_from_json(const Reader& reader, const json::value& json, Value& value) {
  const Field& field = *value.field;
  value.json = &json;
  if (field.kind == FieldKind::words) return read_words(reader, value);
  if (field.kind == FieldKind::object) {
    return json.is_object() || reader.fail(field, "must be an object", "dict_type");
  }
  if (const json::string* text = json.if_string())
    return read_from_text(reader, view(*text), value);
  if (json.is_bool() && field.kind == FieldKind::boolean) {
    value.number = json.get_bool() ? 1 : 0;
    return true;
  }
  if (json.is_double() && is_numeric(field.kind)) {
    return read_number(reader, reader.call.json.number_text(json), value);
  }
  if (json.is_int64() || json.is_uint64()) {
    const std::string text =
        json.is_int64() ? std::to_string(json.get_int64()) : std::to_string(json.get_uint64());
    if (is_numeric(field.kind)) return read_number(reader, text, value);
    if (field.kind == FieldKind::boolean) return read_boolean(reader, text, value);
  }
  switch (field.kind) {
    case FieldKind::integer:
      return reader.fail(field, "must be a whole number", "int_type");
    case FieldKind::number:
      return reader.fail(field, "must be a number", "float_type");
    case FieldKind::boolean:
      return reader.fail(field, "must be true or false", "bool_type");
    default:
      return reader.fail(field, "must be text", "string_type");
  }
}

bool finish(Call& call) {
  if (call.refusal.faults.empty()) return true;
  return refuse(call, kValidationFailed, {});
}

}  // namespace

bool parse_body(Call& call) {
  call.body = call.json.parse(call.body_text, call.error);
  return call.body != nullptr;
}

std::optional<std::string_view> body_text(const Call& call, std::string_view name) {
  if (call.body == nullptr) return std::nullopt;
  const json::value* value = call.body->if_contains({name.data(), name.size()});
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  if (text == nullptr) return std::nullopt;
  return view(*text);
}

bool read_body(Call& call, Fields fields) {
  if (call.body == nullptr) {
    const std::string why = call.error.message;
    call.refusal.faults.push_back({"body", {}, why, "json_invalid"});
    return finish(call);
  }
  const Reader reader{call, "body"};
  for (const Field& field : fields) {
    Value& value = call.inputs.emplace_back();
    value.field = &field;
    const json::value* json = call.body->if_contains({field.name.data(), field.name.size()});
    if (json == nullptr || json->is_null()) {
      if (field.is_required) reader.fail(field, "is required", "missing");
      continue;
    }
    value.is_present = true;
    read_from_json(reader, *json, value);
  }
  return finish(call);
}

bool read_query(Call& call, std::string_view query, Fields fields) {
  const Reader reader{call, "query"};
  for (const Field& field : fields) call.query_values.push_back({field.name, {}});
  std::vector<bool> is_present(fields.size());
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].name != pair.substr(0, equals)) continue;
      const std::string_view raw = pair.substr(std::min(equals + 1, pair.size()));
      is_present[i] = true;
      if (!percent_decode(raw, true, call.query_values[i].value)) {
        reader.fail(fields[i], "is badly encoded", "value_error");
      }
    }
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    Value& value = call.inputs.emplace_back();
    value.field = &fields[i];
    value.is_present = is_present[i];
    if (is_present[i]) {
      read_from_text(reader, call.query_values[i].value, value);
    } else if (fields[i].is_required) {
      reader.fail(fields[i], "is required", "missing");
    }
  }
  return finish(call);
}

const Value& input(const Call& call, std::string_view name) {
  for (const Value& value : call.inputs) {
    if (value.field->name == name) return value;
  }
  PERPETUA_ASSERT(false);
  return call.inputs.front();
}

std::optional<MarketId> find_asset(const MarketDirectory& markets, std::string_view name) {
  constexpr std::string_view kSuffix = "-PERP";
  if (name.empty() || name.size() > kSymbolBytesMax) return std::nullopt;
  std::string symbol = upper_case(name);
  if (!symbol.ends_with(kSuffix)) symbol += kSuffix;
  return markets.find(symbol);
}

}  // namespace perpetua::gateway::hub
