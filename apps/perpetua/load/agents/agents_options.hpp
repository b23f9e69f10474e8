// AgentsOptions: what `perpetua load agents` can be told beyond LoadOptions. Values; thread-safe.
//
// Of LoadOptions it takes agents, rate, duration, markets, url, operator key, fund, seed and
// remote; `connections` are those at most, opened as they are needed (0: kOrderConnectionsDefault),
// and `timeout_ms` is when a request without a true outcome is given up.
#pragma once

#include "load/options.hpp"

namespace perpetua::load {

inline constexpr uint32_t kOrderConnectionsDefault = 4'096;
inline constexpr int64_t kInTimeNs = 1'000'000'000;  // from the due time to the true outcome

struct AgentsOptions {
  LoadOptions load;
  uint32_t market_data = 0;       // sockets that follow book, trades and ticker of a market, too
  uint32_t retry_ms = 600;        // without a reply for so long, the request is sent once more
  uint32_t retry_pause_ms = 200;  // between a refusal that passes and the second attempt
  bool has_audit = true;          // every order is looked up after the run
  std::string agents_file;        // agents of earlier runs; "": always new ones
  std::string seconds_file;       // CSV, one row a second; "": none
  std::string acknowledged_file;  // a line for each acknowledged request: its time; "": none
};

// The empty optional means valid.
std::optional<std::string> validate(const AgentsOptions& options);

uint32_t order_connections(const AgentsOptions& options);

}  // namespace perpetua::load
