#include "gateway/ws/recent_events.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace perpetua::gateway::ws {

RecentEvents::RecentEvents(std::size_t capacity) : capacity_(capacity) {
  PERPETUA_ASSERT(capacity > 0);
}

void RecentEvents::add(const Event& event, int64_t log_time_ms) {
  const AgentId agent_id = event.header.agent;
  PERPETUA_ASSERT(is_private(event.header.type) && agent_id <= limits::kAgentsMax);
  if (agent_id >= agents_.size()) agents_.resize(agent_id + 1);
  Agent& agent = agents_[agent_id];
  PERPETUA_ASSERT(agent.last_sequence == 0 ||
                  event.header.agent_sequence == agent.last_sequence + 1);
  const std::size_t slot = next_ % capacity_;
  // Grows once to its fixed size, so an idle exchange does not touch the memory.
  if (entries_.size() <= slot) entries_.resize(slot + 1);
  entries_[slot] = {{event, log_time_ms}, agent.position};
  agent.last_sequence = event.header.agent_sequence;
  agent.position = next_++;
}

void RecentEvents::set_last_sequence(AgentId agent, uint64_t agent_sequence) {
  PERPETUA_ASSERT(agent <= limits::kAgentsMax);
  if (agent >= agents_.size()) agents_.resize(agent + 1);
  if (agents_[agent].last_sequence != agent_sequence) agents_[agent] = {agent_sequence, 0};
}

uint64_t RecentEvents::last_sequence(AgentId agent) const {
  return agent < agents_.size() ? agents_[agent].last_sequence : 0;
}

bool RecentEvents::collect_after(AgentId agent, uint64_t after,
                                 std::vector<RecentEvent>& out) const {
  const uint64_t last = last_sequence(agent);
  if (after > last || last - after > kResumeEventsMax) return false;
  const std::size_t first = out.size();
  uint64_t position = agent < agents_.size() ? agents_[agent].position : 0;
  for (uint64_t wanted = last; wanted > after; --wanted) {
    if (!is_kept(position)) {
      out.resize(first);
      return false;
    }
    const Entry& entry = entries_[position % capacity_];
    PERPETUA_ASSERT(entry.recent.event.header.agent_sequence == wanted);
    out.push_back(entry.recent);
    position = entry.previous;
  }
  std::reverse(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
  return true;
}

}  // namespace perpetua::gateway::ws
