#include "roles.hpp"

#include <algorithm>

namespace perpetua::app {
namespace {

struct Name {
  std::string_view text;
  bool Roles::*flag;
};

constexpr Name kNames[] = {{"all", &Roles::is_all},
                           {"api", &Roles::api},
                           {"ws", &Roles::ws},
                           {"engine", &Roles::engine},
                           {"projector", &Roles::projector}};

}  // namespace

std::optional<Roles> parse_roles(std::string_view text) {
  Roles roles;
  std::size_t count = 0;
  for (bool has_more = true; has_more; ++count) {
    const std::size_t comma = text.find(',');
    const std::string_view name = text.substr(0, comma);
    const auto* const found = std::ranges::find(kNames, name, &Name::text);
    if (found == std::end(kNames)) return std::nullopt;
    roles.*found->flag = true;
    has_more = comma != std::string_view::npos;
    if (has_more) text.remove_prefix(comma + 1);
  }
  if (roles.is_all && count > 1) return std::nullopt;
  return roles;
}

std::string to_string(const Roles& roles) {
  std::string text;
  for (const Name& name : kNames) {
    if (!(roles.*name.flag)) continue;
    if (!text.empty()) text += ',';
    text += name.text;
  }
  return text;
}

}  // namespace perpetua::app
