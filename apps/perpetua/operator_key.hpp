// The operator's key, and other secrets, as `serve` and `load` take it: from a file or the
// environment, never from a flag, because a command line shows in process lists.
#pragma once

#include <string>

namespace perpetua::app {

// The first line of the file at `path`, or `value` (the variable PERPETUA_OPERATOR_KEY) if no path
// is given; empty if neither is. Throws std::runtime_error naming where a key that is shorter than
// gateway::kOperatorKeyBytesMin came from, never what it was.
std::string read_operator_key(const std::string& path, const std::string& value);

// The same for another secret; `variable` and `file` ("operator key file") name it in messages.
std::string read_secret(const std::string& path, const std::string& value,
                        const std::string& variable, const std::string& file);

}  // namespace perpetua::app
