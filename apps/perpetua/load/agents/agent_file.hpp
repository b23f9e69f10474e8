// The agents of earlier runs: registered and funded once, used again.
//
// One line an agent: id, key, market, separated by spaces. Holds keys, so only the owner may read
// it. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "load/transport.hpp"

namespace perpetua::load {

// No agents if there is no such file; lines that are not whole are left out.
std::vector<LoadAgent> read_agent_file(const std::string& path);

// Replaces the file as a whole. The message says what failed.
std::optional<std::string> write_agent_file(const std::string& path,
                                            const std::vector<LoadAgent>& agents);

}  // namespace perpetua::load
