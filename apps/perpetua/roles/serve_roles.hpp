// `perpetua serve` for a process that is a part of the exchange.
#pragma once

#include "roles.hpp"
#include "settings.hpp"

namespace perpetua::app {

// Returns the exit code. Throws std::runtime_error if it cannot start.
int serve_roles(const Settings& settings, const Roles& roles);

}  // namespace perpetua::app
