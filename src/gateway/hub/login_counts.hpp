// LoginCounts: how often each agent has logged in by wallet. The count is part of the text that a
// wallet signs, so a signature is good for one login. It starts at a random number with every
// process: what was signed before a restart is worth nothing after it. Memory of fixed size.
// Thread-safety: any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "engine/schema/types.hpp"

namespace perpetua::gateway::hub {

class LoginCounts {
 public:
  LoginCounts();
  uint64_t of(AgentId agent) const;
  // Counts a login. False if there was another since `count` was read: the signature is spent.
  bool spend(AgentId agent, uint64_t count);

 private:
  uint64_t start_ = 0;
  std::unique_ptr<std::atomic<uint32_t>[]> counts_;
};

}  // namespace perpetua::gateway::hub
