#include "operator_key.hpp"

#include <fstream>
#include <stdexcept>

#include "gateway/options.hpp"

namespace perpetua::app {

std::string read_operator_key(const std::string& path, const std::string& value) {
  return read_secret(path, value, "PERPETUA_OPERATOR_KEY", "operator key file");
}

std::string read_secret(const std::string& path, const std::string& value,
                        const std::string& variable, const std::string& file) {
  std::string key = value;
  if (!path.empty()) {
    std::ifstream input(path);
    key.clear();
    std::getline(input, key);
  } else if (key.empty()) {
    return key;
  }
  if (key.size() >= gateway::kOperatorKeyBytesMin) return key;
  const std::string source = path.empty() ? variable : file + " " + path;
  throw std::runtime_error(source + ": needs " + (path.empty() ? "" : "a line of ") +
                           std::to_string(gateway::kOperatorKeyBytesMin) + " characters or more");
}

}  // namespace perpetua::app
