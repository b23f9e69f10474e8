// HubServices: what the root API needs beside the services of the native one. One per process,
// shared by all io threads; every member is thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "gateway/auth/token.hpp"
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

// When this process last saw a key and its agent in a request of the root API. Seconds since 1970;
// memory of fixed size. Not kept over a restart.
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
};

}  // namespace perpetua::gateway::hub
