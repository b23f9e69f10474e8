// AgentIndex: every agent with the figures that GET /agents/discover filters and sorts by.
//
// A snapshot of all agents, made anew by whoever asks when the last one is older than
// kIndexIntervalMs and than kIndexRest times what making it took, so no number of requests or
// agents spends more than a small part of one thread on it. Thread-safe; making one takes about ten
// microseconds an agent, so ask where it may block.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/schema/types.hpp"
#include "gateway/hub/last_seen.hpp"

namespace perpetua::stores {
class HotStore;
}

namespace perpetua::gateway::hub {

inline constexpr int64_t kIndexIntervalMs = 1'000;
inline constexpr int64_t kIndexRest = 20;
inline constexpr int64_t kOnlineMs = 300'000;  // since a request with one of its keys

struct IndexedAgent {
  AgentId agent = 0;
  std::string name;
  std::string description;
  uint64_t markets = 0;  // a bit each: what it holds, and what it traded last
  uint64_t trades = 0;
  uint32_t reputation_ppm = 0;
  uint32_t win_rate_ppm = 0;
  uint32_t risk_ppm = 0;  // of its collateral that is locked
  Micro pnl;
  bool is_online = false;
};

class AgentIndex {
 public:
  using Rows = std::vector<IndexedAgent>;  // by id

  std::shared_ptr<const Rows> rows(const stores::HotStore& hot, const LastSeen& seen,
                                   int64_t now_ms);

 private:
  std::mutex mutex_;
  std::shared_ptr<const Rows> rows_;
  int64_t made_at_ms_ = 0;
  int64_t keep_ms_ = 0;
};

}  // namespace perpetua::gateway::hub
