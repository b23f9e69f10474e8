// The settings of the gateway as it takes them.
#pragma once

#include <string>

#include "gateway/options.hpp"
#include "settings.hpp"

namespace perpetua::app {

// Makes the secrets of the sandbox if there are none. Throws std::runtime_error: one that was given
// cannot be read.
gateway::ServerOptions server_options(const Settings& settings);

// "10.0.0.0/8, ::1" in parts; blanks and commas divide.
std::vector<std::string> split_list(const std::string& text);

// Of this process, for logs, metrics and other processes: node_name, else host name and port.
std::string node_name(const Settings& settings);

}  // namespace perpetua::app
