#include "gateway/codec/fields.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "base/decimal.hpp"

namespace perpetua::gateway {
namespace {

namespace json = boost::json;

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

bool refuse(ApiError& error, std::string_view field, std::string message, std::string hint = {}) {
  error =
      ApiError(ResultCode::invalid_field, std::string(field), std::move(message), std::move(hint));
  return false;
}

bool is_token(std::string_view text) {
  for (const char c : text) {
    if (c <= 0x20 || c >= 0x7F) return false;
  }
  return true;
}

// Line breaks and tabs are text; other control characters are not.
bool has_control(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t' && c != '\r') || byte == 0x7F) return true;
  }
  return false;
}

bool check_length(std::string_view value, const FieldSpec& spec, ApiError& error) {
  const auto size = static_cast<int64_t>(value.size());
  if (size >= spec.minimum && (spec.maximum == 0 || size <= spec.maximum)) return true;
  return refuse(error, spec.name,
                "length must be " + std::to_string(spec.minimum) + " to " +
                    std::to_string(spec.maximum) + " bytes");
}

bool check_range(int64_t value, const FieldSpec& spec, ApiError& error) {
  if (value >= spec.minimum && (spec.maximum == 0 || value <= spec.maximum)) return true;
  std::string range = "must be at least " + std::to_string(spec.minimum);
  if (spec.maximum != 0) range += " and at most " + std::to_string(spec.maximum);
  return refuse(error, spec.name, range);
}

bool check_string(std::string_view value, const FieldSpec& spec, ApiError& error) {
  switch (spec.type) {
    case FieldType::text:
      if (has_control(value)) return refuse(error, spec.name, "control characters are not allowed");
      return check_length(value, spec, error);
    case FieldType::token:
      if (!is_token(value)) {
        return refuse(error, spec.name, "must be printable ASCII without spaces");
      }
      return check_length(value, spec, error);
    case FieldType::id:
      if (parse_id(value)) return true;
      return refuse(error, spec.name, "must be an id: a whole number as text");
    case FieldType::choice:
      if (choice_index(spec.choices, value) >= 0) return true;
      return refuse(error, spec.name, "must be one of " + std::string(spec.choices));
    case FieldType::decimal: {
      int64_t ignored = 0;
      if (parse_decimal(value, 18, ignored) != DecimalError::malformed) return true;
      return refuse(error, spec.name, "must be plain decimal text such as \"12.5\"");
    }
    default:
      return true;
  }
}

bool check_list(const json::array& list, const FieldSpec& spec, ApiError& error) {
  const auto size = static_cast<int64_t>(list.size());
  if (size < spec.minimum || (spec.maximum != 0 && size > spec.maximum)) {
    return refuse(error, spec.name,
                  "must hold " + std::to_string(spec.minimum) + " to " +
                      std::to_string(spec.maximum) + " entries");
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json::value& item = list[i];
    const std::string place = std::string(spec.name) + "[" + std::to_string(i) + "]";
    if (spec.type == FieldType::object_list) {
      const json::object* object = item.if_object();
      if (object == nullptr) return refuse(error, place, "must be an object");
      if (!check_fields(*object, spec.items, error)) {
        error.field = place + "." + error.field;
        return false;
      }
      continue;
    }
    if (spec.type == FieldType::id_list && item.is_int64() && item.get_int64() > 0) continue;
    const json::string* text = item.if_string();
    if (text == nullptr) return refuse(error, place, "must be a string");
    FieldSpec entry = spec;
    entry.type = spec.type == FieldType::id_list      ? FieldType::id
                 : spec.type == FieldType::token_list ? FieldType::token
                                                      : FieldType::choice;
    entry.minimum = 1;
    entry.maximum = entry.type == FieldType::token ? limits::kClientIdBytesMax : 0;
    if (!check_string(view(*text), entry, error)) {
      error.field = place;
      return false;
    }
  }
  return true;
}

bool check_object(const json::value& value, const FieldSpec& spec, ApiError& error) {
  const json::object* object = value.if_object();
  if (object == nullptr) return refuse(error, spec.name, "must be an object");
  if (check_fields(*object, spec.items, error)) return true;
  error.field = std::string(spec.name) + "." + error.field;
  return false;
}

bool check_value(const json::value& value, const FieldSpec& spec, ApiError& error) {
  switch (spec.type) {
    case FieldType::boolean:
      return value.is_bool() || refuse(error, spec.name, "must be true or false");
    case FieldType::object:
      return check_object(value, spec, error);
    case FieldType::integer:
    case FieldType::time_ms:
      if (!value.is_int64()) return refuse(error, spec.name, "must be a whole number");
      return check_range(value.get_int64(), spec, error);
    case FieldType::choices_list:
    case FieldType::id_list:
    case FieldType::token_list:
    case FieldType::object_list: {
      const json::array* list = value.if_array();
      if (list == nullptr) return refuse(error, spec.name, "must be an array");
      return check_list(*list, spec, error);
    }
    default:
      break;
  }
  if (spec.type == FieldType::id && value.is_int64() && value.get_int64() >= 0) return true;
  const json::string* text = value.if_string();
  if (text == nullptr) {
    if (spec.type == FieldType::decimal) {
      return refuse(error, spec.name, "must be a decimal string, in quotes",
                    "numbers lose digits on their way: send \"0.1\", not 0.1");
    }
    return refuse(error, spec.name, "must be a string");
  }
  return check_string(view(*text), spec, error);
}

const FieldSpec* find_spec(FieldSpecs specs, std::string_view name) {
  for (const FieldSpec& spec : specs) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

const json::value* find(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  return value == nullptr || value->is_null() ? nullptr : value;
}

bool decimal_failed(DecimalError code, std::string_view field, unsigned digits, ApiError& error) {
  switch (code) {
    case DecimalError::excess_digits:
      return refuse(error, field, "at most " + std::to_string(digits) + " digits behind the point");
    case DecimalError::overflow:
      return refuse(error, field, "the number is too large");
    default:
      return refuse(error, field, "must be plain decimal text such as \"12.5\"");
  }
}

bool parse_units(std::string_view text, std::string_view field, int64_t unit_e9,
                 std::string_view unit_name, int64_t& units, ApiError& error) {
  const DecimalError code = parse_on_grid(text, unit_e9, units);
  if (code == DecimalError::none) return true;
  if (code != DecimalError::off_grid) return decimal_failed(code, field, kGridDigits, error);
  const std::string below = grid_text(units, unit_e9);
  const std::string above = grid_text(units + 1, unit_e9);
  refuse(error, field,
         "must be a multiple of the " + std::string(unit_name) + " " + grid_text(1, unit_e9),
         "the nearest are " + below + " and " + above);
  error.numbers.emplace_back("nearest_below", below);
  error.numbers.emplace_back("nearest_above", above);
  return false;
}

}  // namespace

bool check_fields(const json::object& object, FieldSpecs specs, ApiError& error) {
  for (const auto& member : object) {
    const std::string_view name(member.key().data(), member.key().size());
    const FieldSpec* spec = find_spec(specs, name);
    if (spec == nullptr) {
      return refuse(error, name.substr(0, 64), "unknown field", "see the endpoint in /docs");
    }
    if (!member.value().is_null() && !check_value(member.value(), *spec, error)) return false;
  }
  for (const FieldSpec& spec : specs) {
    if (!spec.required || find(object, spec.name) != nullptr) continue;
    error = ApiError(ResultCode::missing_field, std::string(spec.name));
    return false;
  }
  return true;
}

bool check_text(std::string_view value, const FieldSpec& spec, ApiError& error) {
  switch (spec.type) {
    case FieldType::boolean:
      return value == "true" || value == "false" ||
             refuse(error, spec.name, "must be true or false");
    case FieldType::integer:
    case FieldType::time_ms: {
      int64_t number = 0;
      const char* const end = value.data() + value.size();
      const auto result = std::from_chars(value.data(), end, number);
      if (result.ec != std::errc() || result.ptr != end) {
        return refuse(error, spec.name, "must be a whole number");
      }
      return check_range(number, spec, error);
    }
    default:
      return check_string(value, spec, error);
  }
}

std::optional<std::string_view> text_field(const json::object& object, std::string_view name) {
  const json::value* value = find(object, name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return view(value->get_string());
}

std::optional<int64_t> integer_field(const json::object& object, std::string_view name) {
  const json::value* value = find(object, name);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

std::optional<uint64_t> id_field(const json::object& object, std::string_view name) {
  if (const auto number = integer_field(object, name)) return static_cast<uint64_t>(*number);
  const auto text = text_field(object, name);
  return text ? parse_id(*text) : std::nullopt;
}

bool bool_field(const json::object& object, std::string_view name, bool absent) {
  const json::value* value = find(object, name);
  return value == nullptr ? absent : value->get_bool();
}

std::optional<uint64_t> parse_id(std::string_view text) {
  uint64_t id = 0;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, id);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return id;
}

int choice_index(std::string_view choices, std::string_view value) {
  for (int index = 0; !choices.empty(); ++index) {
    const std::size_t bar = choices.find('|');
    if (choices.substr(0, bar) == value) return index;
    choices = bar == std::string_view::npos ? std::string_view() : choices.substr(bar + 1);
  }
  return -1;
}

bool parse_money(std::string_view text, std::string_view field, Micro& out, ApiError& error) {
  const DecimalError code = parse_decimal(text, kMicroDigits, out.value);
  return code == DecimalError::none || decimal_failed(code, field, kMicroDigits, error);
}

bool parse_price(std::string_view text, std::string_view field, const MarketSpec& spec, Price& out,
                 ApiError& error) {
  return parse_units(text, field, spec.tick_size_e9, "tick size", out.value, error);
}

bool parse_size(std::string_view text, std::string_view field, const MarketSpec& spec, Lots& out,
                ApiError& error) {
  return parse_units(text, field, spec.lot_size_e9, "lot size", out.value, error);
}

bool parse_fraction(std::string_view text, std::string_view field, uint32_t& ppm, ApiError& error) {
  int64_t value = 0;
  const DecimalError code = parse_decimal(text, 6, value);
  if (code != DecimalError::none) return decimal_failed(code, field, 6, error);
  if (value < 0 || value > kPpm) return refuse(error, field, "must be a fraction from 0 to 1");
  ppm = static_cast<uint32_t>(value);
  return true;
}

}  // namespace perpetua::gateway
