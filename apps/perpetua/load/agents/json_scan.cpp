#include "load/agents/json_scan.hpp"

#include <charconv>

namespace perpetua::load {

std::string_view scan_field(std::string_view json, std::string_view field) {
  const std::size_t at = json.find(field);
  if (at == std::string_view::npos) return {};
  std::string_view value = json.substr(at + field.size());
  if (value.starts_with('"')) {
    value.remove_prefix(1);
    return value.substr(0, value.find('"'));
  }
  value = value.substr(0, value.find_first_of(",}]"));
  return value == "null" ? std::string_view() : value;
}

std::optional<uint64_t> scan_number(std::string_view json, std::string_view field) {
  const std::string_view text = scan_field(json, field);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace perpetua::load
