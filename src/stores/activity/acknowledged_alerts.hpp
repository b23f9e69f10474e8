// AcknowledgedAlerts: which alerts their owners have seen, as their notes say.
//
// Of each agent the newest kAcknowledgedPerAgentMax. One writer; any thread reads: one lock.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <mutex>
#include <vector>

#include "stores/limit_fold.hpp"

namespace perpetua::stores {

namespace activity_limits {
constexpr std::size_t kAcknowledgedPerAgentMax = 500;  // a list has at most 300
}

class AcknowledgedAlerts {
 public:
  // What a note says. Other notes say nothing.
  void note(AgentId agent, std::string_view text) {
    const auto alert = noted_alert(text);
    if (!alert) return;
    const std::lock_guard guard(mutex_);
    std::vector<uint64_t>& seen = agents_[agent];
    if (std::find(seen.begin(), seen.end(), *alert) != seen.end()) return;
    if (seen.size() == activity_limits::kAcknowledgedPerAgentMax) seen.erase(seen.begin());
    seen.push_back(*alert);
  }

  bool contains(AgentId agent, uint64_t alert) const {
    const std::lock_guard guard(mutex_);
    const auto found = agents_.find(agent);
    if (found == agents_.end()) return false;
    return std::find(found->second.begin(), found->second.end(), alert) != found->second.end();
  }

 private:
  mutable std::mutex mutex_;
  boost::unordered_flat_map<AgentId, std::vector<uint64_t>> agents_;  // the oldest first
};

}  // namespace perpetua::stores
