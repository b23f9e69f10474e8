// HubServices: what the root API needs beside the services of the native one. One per process,
// shared by all io threads; every member is thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "gateway/auth/token.hpp"
#include "gateway/hub/agent_index.hpp"
#include "gateway/hub/last_seen.hpp"
#include "gateway/hub/login_counts.hpp"
#include "gateway/hub/reported_bets.hpp"
#include "gateway/hub/runtimes.hpp"
#include "gateway/limits/sliding_window.hpp"
#include "gateway/options.hpp"

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
  explicit HubServices(const ServerOptions& options)
      : tokens(options.hub.token_secret),
        intents(options.hub.intents_per_second),
        mutations(options.hub.mutations_per_second) {}

  const TokenSigner tokens;
  SlidingWindow intents;    // POST /intents, per agent
  SlidingWindow mutations;  // every other mutation, per agent
  RequestIds request_ids;
  LastSeen last_seen;
  LoginCounts logins;
  AgentIndex agents;
  Runtimes runtimes;
  ReportedBets reported_bets;
};

}  // namespace perpetua::gateway::hub
