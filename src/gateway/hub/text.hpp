// Small text functions of the root API. ASCII rules; pure.
#pragma once

#include <string>
#include <string_view>

namespace perpetua::gateway::hub {

bool equal_ignoring_case(std::string_view a, std::string_view b);
std::string upper_case(std::string_view text);
std::string lower_case(std::string_view text);
std::string_view trimmed(std::string_view text);  // without blanks at both ends
std::size_t count_characters(std::string_view utf8);
std::string choice_text(std::string_view choices);  // "a|b|c" -> "a, b, c"

}  // namespace perpetua::gateway::hub
