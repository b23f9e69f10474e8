// The settings of the root API as the gateway takes them.
#pragma once

#include "gateway/options.hpp"
#include "settings.hpp"

namespace perpetua::app {

// Makes the sandbox's token secret in the data folder if there is none. Throws std::runtime_error
// when a secret that was given cannot be read or is too short.
gateway::HubOptions hub_options(const Settings& settings);

}  // namespace perpetua::app
