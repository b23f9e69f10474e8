#include "load/agents/agent_file.hpp"

#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace perpetua::load {

std::vector<LoadAgent> read_agent_file(const std::string& path) {
  std::vector<LoadAgent> agents;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    LoadAgent agent;
    if (fields >> agent.agent_id >> agent.api_key >> agent.market) {
      agents.push_back(std::move(agent));
    }
  }
  return agents;
}

std::optional<std::string> write_agent_file(const std::string& path,
                                            const std::vector<LoadAgent>& agents) {
  const std::string fresh = path + ".new";
  {
    std::ofstream file(fresh, std::ios::trunc);
    ::chmod(fresh.c_str(), S_IRUSR | S_IWUSR);
    for (const LoadAgent& agent : agents) {
      file << agent.agent_id << ' ' << agent.api_key << ' ' << agent.market << '\n';
    }
    file.flush();
    if (!file) return "cannot write `" + fresh + "`";
  }
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return "cannot write `" + path + "`";
  return std::nullopt;
}

}  // namespace perpetua::load
