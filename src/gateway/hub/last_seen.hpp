// LastSeen: when this process last saw a key and its agent in a request of the root API. Seconds
// since 1970; memory of fixed size. Not kept over a restart. Thread-safety: any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "engine/schema/types.hpp"

namespace perpetua::gateway::hub {

class LastSeen {
 public:
  LastSeen();
  void note(AgentId agent, uint32_t key_id, int64_t now_ms);
  int64_t key_ms(uint32_t key_id) const;  // 0: not seen
  int64_t agent_ms(AgentId agent) const;

 private:
  std::unique_ptr<std::atomic<uint32_t>[]> keys_;
  std::unique_ptr<std::atomic<uint32_t>[]> agents_;
};

}  // namespace perpetua::gateway::hub
