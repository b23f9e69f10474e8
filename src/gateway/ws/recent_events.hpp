// RecentEvents: the newest private events of all agents, for `resume_from`.
//
// One ring for everybody; each entry points at the entry before it of the same agent, so a resume
// walks only its own agent's events. Memory is fixed: a busy exchange keeps seconds, a quiet one
// hours. last_sequence() is known for every agent ever seen, also after a restart (describe gives
// it), so a subscriber always learns from which sequence on its stream is gap-free.
// Thread-safety: none; the feed's mutex guards it.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/schema/event.hpp"

namespace perpetua::gateway::ws {

inline constexpr std::size_t kRecentEventsMax = 1u << 16;  // all agents together
inline constexpr std::size_t kResumeEventsMax = 1'024;     // sent for one resume

struct RecentEvent {
  Event event;
  int64_t log_time_ms = 0;
};

class RecentEvents {
 public:
  explicit RecentEvents(std::size_t capacity = kRecentEventsMax);

  // REQUIRES: the event is private; sequences of one agent arrive gap-free.
  void add(const Event& event, int64_t log_time_ms);

  // From a description: the agent has got this far. If that is not what was added here, nothing
  // before it can be resumed.
  void set_last_sequence(AgentId agent, uint64_t agent_sequence);
  uint64_t last_sequence(AgentId agent) const;

  // Appends the events of `agent` after `after`, oldest first. False, and nothing appended, if one
  // of them is no longer here, if they are too many, or if `after` lies in the future.
  [[nodiscard]] bool collect_after(AgentId agent, uint64_t after,
                                   std::vector<RecentEvent>& out) const;

 private:
  struct Entry {
    RecentEvent recent;
    uint64_t previous = 0;  // position of this agent's entry before, 0 = none
  };
  struct Agent {
    uint64_t last_sequence = 0;
    uint64_t position = 0;  // of its newest entry, 0 = none
  };

  bool is_kept(uint64_t position) const { return position != 0 && position + capacity_ >= next_; }

  const std::size_t capacity_;
  uint64_t next_ = 1;  // position of the next entry
  std::vector<Entry> entries_;
  std::vector<Agent> agents_;
};

}  // namespace perpetua::gateway::ws
