// RiskTable: what single agents may risk, and where each stood when its day began.
//
// Only agents with limits are here. Amounts in micro-USDC; a day is one of log time (UTC). Rules:
// docs/rules-agents.md section 26. Thread-safety: none (sequencer thread).
#pragma once

#include <map>
#include <vector>

#include "base/limits.hpp"
#include "engine/schema/risk_limits.hpp"
#include "engine/schema/types.hpp"

namespace perpetua {

struct AgentRisk {
  RiskLimits limits;
  int64_t day = -1;  // log time / 86,400,000 of `start`; -1: none yet
  Micro start;       // the agent's trading result then
  AgentId agent = 0;
  uint32_t zero = 0;
};
static_assert(PlainRecord<AgentRisk>);

class RiskTable {
 public:
  // nullptr if the agent has no limits.
  AgentRisk* find(AgentId agent) {
    const auto found = agents_.find(agent);
    return found == agents_.end() ? nullptr : &found->second;
  }
  const AgentRisk* find(AgentId agent) const {
    const auto found = agents_.find(agent);
    return found == agents_.end() ? nullptr : &found->second;
  }
  RiskLimits limits_of(AgentId agent) const {
    const AgentRisk* risk = find(agent);
    return risk == nullptr ? RiskLimits{} : risk->limits;
  }
  // Limits that are all 0 leave the agent without any. Other ones leave its day as it is.
  void set(AgentId agent, const RiskLimits& limits) {
    if (limits == RiskLimits{}) {
      agents_.erase(agent);
      return;
    }
    AgentRisk& risk = agents_[agent];
    risk.limits = limits;
    risk.agent = agent;
  }

  // Of agents that register with limits.
  const RiskLimits& defaults() const { return defaults_; }
  void set_defaults(const RiskLimits& limits) { defaults_ = limits; }

  void save(ByteSink& sink) const {
    std::vector<AgentRisk> agents;
    for (const auto& [agent, risk] : agents_) agents.push_back(risk);
    write_vector(sink, agents);
    write_value(sink, defaults_);
  }
  [[nodiscard]] bool load(ByteSource& source) {
    std::vector<AgentRisk> agents;
    if (!read_vector(source, agents, limits::kAgentsMax) || !read_value(source, defaults_)) {
      return false;
    }
    for (const AgentRisk& risk : agents) agents_[risk.agent] = risk;
    return true;
  }

 private:
  std::map<AgentId, AgentRisk> agents_;
  RiskLimits defaults_;
};

}  // namespace perpetua
