// SwitchTable: the armed dead-man's switches of one market, by deadline and by agent.
//
// An agent has at most one here. Arm, disarm and the next deadline are O(log n). Rules:
// docs/rules-perpetual.md section 21. Thread-safety: none (the market's thread).
#pragma once

#include <map>
#include <set>
#include <vector>

#include "base/byte_io.hpp"
#include "base/limits.hpp"
#include "engine/schema/types.hpp"

namespace perpetua {

struct DeadManSwitch {
  int64_t deadline_ms = 0;  // 0: not armed
  AgentId agent = 0;
  CancelScope scope = CancelScope::orders;
  uint8_t zero[3] = {};
};
static_assert(PlainRecord<DeadManSwitch>);

class SwitchTable {
 public:
  int64_t next_deadline_ms() const {
    return deadlines_.empty() ? INT64_MAX : deadlines_.begin()->first;
  }
  // REQUIRES: one is armed.
  DeadManSwitch next() const { return armed_.at(deadlines_.begin()->second); }
  const std::map<AgentId, DeadManSwitch>& armed() const { return armed_; }

  // Takes the place of the agent's last one; a deadline of 0 disarms.
  void set(const DeadManSwitch& wanted) {
    const auto held = armed_.find(wanted.agent);
    if (held != armed_.end()) {
      deadlines_.erase({held->second.deadline_ms, wanted.agent});
      armed_.erase(held);
    }
    if (wanted.deadline_ms == 0) return;
    armed_[wanted.agent] = wanted;
    deadlines_.insert({wanted.deadline_ms, wanted.agent});
  }

  void save(ByteSink& sink) const {
    std::vector<DeadManSwitch> all;
    for (const auto& [agent, armed] : armed_) all.push_back(armed);
    write_vector(sink, all);
  }
  [[nodiscard]] bool load(ByteSource& source) {
    std::vector<DeadManSwitch> all;
    if (!read_vector(source, all, limits::kAgentsMax)) return false;
    for (const DeadManSwitch& armed : all) set(armed);
    return true;
  }

 private:
  std::map<AgentId, DeadManSwitch> armed_;
  std::set<std::pair<int64_t, AgentId>> deadlines_;
};

}  // namespace perpetua
