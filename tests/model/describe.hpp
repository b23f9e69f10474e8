// Describe: commands, outcomes and events as one readable line each, for reports of differences.
// Pure functions, thread-safe.
#pragma once

#include <string>

#include "engine/schema/command.hpp"
#include "engine/schema/event.hpp"
#include "engine/schema/outcome.hpp"

namespace perpetua::model {

std::string_view name_of(CommandType type);
std::string_view name_of(EventType type);

std::string describe(const Command& command);
std::string describe(const Outcome& outcome);
std::string describe(const Event& event);

}  // namespace perpetua::model
