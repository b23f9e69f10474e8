// Genesis: the first batch of a new exchange, which makes its journal complete without any
// configuration file: the margin rule, the risk limits that agents of the older API begin with, the
// twelve markets from BTC-PERP to AAVE-PERP, and what their insurance funds begin with. An exchange
// whose journal has it never gets another: settings that change later change nothing of it.
#pragma once

#include <vector>

#include "engine/schema/market_spec.hpp"
#include "runtime/api/submit.hpp"

namespace perpetua::app {

inline constexpr uint32_t kMarginUseMaxPpm = 800'000;

struct GenesisValues {
  uint64_t hash_seed = 0;  // keys the engine's tables; random, once per exchange
  Micro insurance;         // of each market; 0: the funds begin empty
  RiskLimits risk_limits;  // of agents that register with has_risk_limits
};

std::vector<MarketSpec> default_markets();

std::vector<runtime::Submission> genesis_commands(const GenesisValues& values);

}  // namespace perpetua::app
