#include "operator_key.hpp"

#include <fstream>
#include <stdexcept>

#include "gateway/options.hpp"

namespace perpetua::app {

std::string read_operator_key(const std::string& path, const std::string& value) {
  std::string key = value;
  if (!path.empty()) {
    std::ifstream file(path);
    key.clear();
    std::getline(file, key);
  } else if (key.empty()) {
    return key;
  }
  if (key.size() >= gateway::kOperatorKeyBytesMin) return key;
  const std::string source = path.empty() ? "PERPETUA_OPERATOR_KEY" : "operator key file " + path;
  throw std::runtime_error(source + ": needs " + (path.empty() ? "" : "a line of ") +
                           std::to_string(gateway::kOperatorKeyBytesMin) +
                           " characters or more");
}

}  // namespace perpetua::app
