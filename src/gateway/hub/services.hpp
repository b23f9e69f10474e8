// HubServices: what the root API needs beside the services of the native one. One per process,
// shared by all io threads; every member is thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "gateway/auth/token.hpp"
#include "gateway/hub/agent_index.hpp"
#include "gateway/hub/last_seen.hpp"
#include "gateway/limits/rate_limiter.hpp"
#include "gateway/limits/shared_window.hpp"
#include "gateway/options.hpp"

namespace perpetua::gateway {
class SharedNotes;
}

namespace perpetua::gateway::hub {

// "req_" and sixteen hexadecimal digits: names an error for who asks us about it. Unique in this
// process; its start is random, so two processes differ.
class RequestIds {
 public:
  RequestIds();
  std::string next();

 private:
  std::atomic<uint64_t> last_;
};

struct HubServices {
  // budgets null: this process counts alone. notes null: it keeps its own.
  HubServices(const ServerOptions& options, SharedBudgets* budgets, const SharedNotes* notes);

  // Null: this class has none.
  SharedWindow* window_of(LimitClass limit_class) {
    if (limit_class == LimitClass::hub_intent) return &intents;
    return limit_class == LimitClass::hub_mutation ? &mutations : nullptr;
  }

  const TokenSigner tokens;
  SharedWindow intents;    // POST /intents, per agent
  SharedWindow mutations;  // every other mutation, per agent
  // Part of what a wallet signs. With notes of this process alone it is random, for they forget who
  // has logged in when it ends; what all processes count they must all find.
  const std::string login_salt;
  RequestIds request_ids;
  LastSeen last_seen;
  AgentIndex agents;
};

}  // namespace perpetua::gateway::hub
