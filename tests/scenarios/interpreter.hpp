// Runs a scenario. Nothing is printed; every failure is one text `file:line: ...`.
//
// All lines of a `then` are compared even if one fails; a statement of `given` or `when` that
// cannot be executed ends the scenario. Thread-safety: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace perpetua::scenario {

std::vector<std::string> run_scenario(std::string_view text, const std::string& file);

}  // namespace perpetua::scenario
