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
#include "gateway/limits/rate_limiter.hpp"
#include "gateway/limits/shared_window.hpp"
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
  // shared null: this process counts alone.
  HubServices(const ServerOptions& options, SharedBudgets* shared)
      : tokens(options.hub.token_secret),
        intents(BudgetKind::hub_intents, options.hub.intents_per_second, shared),
        mutations(BudgetKind::hub_mutations, options.hub.mutations_per_second, shared) {}

  // Null: this class has none.
  SharedWindow* window_of(LimitClass limit_class) {
    if (limit_class == LimitClass::hub_intent) return &intents;
    return limit_class == LimitClass::hub_mutation ? &mutations : nullptr;
  }

  const TokenSigner tokens;
  SharedWindow intents;    // POST /intents, per agent
  SharedWindow mutations;  // every other mutation, per agent
  RequestIds request_ids;
  LastSeen last_seen;
  LoginCounts logins;
  AgentIndex agents;
  Runtimes runtimes;
  ReportedBets reported_bets;
};

}  // namespace perpetua::gateway::hub
