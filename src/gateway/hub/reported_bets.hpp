// ReportedBets: settled bets whose result POST /bets/{id}/settle has told already, to each side.
// The newest kReportedBetsMax; after a restart a result is told once more. Thread-safety: any
// thread.
#pragma once

#include <deque>
#include <mutex>
#include <set>
#include <utility>

#include "engine/schema/signal.hpp"
#include "engine/schema/types.hpp"

namespace perpetua::gateway::hub {

inline constexpr std::size_t kReportedBetsMax = 10'000;

class ReportedBets {
 public:
  // True the first time.
  bool report(AgentId agent, SignalId bet) {
    const std::lock_guard lock(mutex_);
    if (!told_.insert({agent, bet}).second) return false;
    order_.emplace_back(agent, bet);
    if (order_.size() <= kReportedBetsMax) return true;
    told_.erase(order_.front());
    order_.pop_front();
    return true;
  }

 private:
  using Entry = std::pair<AgentId, SignalId>;
  std::mutex mutex_;
  std::set<Entry> told_;
  std::deque<Entry> order_;
};

}  // namespace perpetua::gateway::hub
