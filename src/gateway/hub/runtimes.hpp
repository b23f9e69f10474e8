// Runtimes: which agents have said that they run, and with what settings.
//
// The exchange decides nothing for an agent: its own process does, and tells here that it has begun
// or ended, so that others can see it. Kept in memory, of this process, at most kRuntimesMax; a
// stopped one makes room first. Thread-safety: any thread.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/schema/types.hpp"

namespace perpetua::gateway::hub {

inline constexpr std::size_t kRuntimesMax = 10'000;

struct RuntimeConfig {
  int64_t heartbeat_interval_s = 60;
  std::vector<std::string> markets;
  std::string strategy;
  std::optional<int64_t> take_profit_e6;
  std::optional<int64_t> stop_loss_e6;
  int64_t default_leverage = 5;
  int64_t max_open_positions = 3;
  std::vector<std::string> signal_sources;
};

struct RuntimeState {
  RuntimeConfig config;
  bool is_running = false;
};

class Runtimes {
 public:
  // False: kRuntimesMax agents run.
  bool start(AgentId agent, RuntimeConfig config);
  bool stop(AgentId agent);  // false: it does not run
  std::optional<RuntimeState> find(AgentId agent) const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<AgentId, RuntimeState> agents_;
};

}  // namespace perpetua::gateway::hub
