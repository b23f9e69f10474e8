#include "gateway/hub/runtimes.hpp"

#include <utility>

namespace perpetua::gateway::hub {

bool Runtimes::start(AgentId agent, RuntimeConfig config) {
  const std::lock_guard lock(mutex_);
  if (!agents_.contains(agent) && agents_.size() >= kRuntimesMax) {
    std::erase_if(agents_, [](const auto& entry) { return !entry.second.is_running; });
    if (agents_.size() >= kRuntimesMax) return false;
  }
  agents_[agent] = {std::move(config), true};
  return true;
}

bool Runtimes::stop(AgentId agent) {
  const std::lock_guard lock(mutex_);
  const auto found = agents_.find(agent);
  if (found == agents_.end()) return false;
  return std::exchange(found->second.is_running, false);
}

std::optional<RuntimeState> Runtimes::find(AgentId agent) const {
  const std::lock_guard lock(mutex_);
  const auto found = agents_.find(agent);
  if (found == agents_.end()) return std::nullopt;
  return found->second;
}

}  // namespace perpetua::gateway::hub
