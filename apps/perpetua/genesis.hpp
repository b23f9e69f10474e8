// Genesis: the first batch of a new exchange, which makes its journal complete without any
// configuration file: the margin rule, the risk limits that agents of the older API begin with, the
// twelve markets from BTC-PERP to AAVE-PERP, and what their insurance funds begin with.
#pragma once

#include <vector>

#include "engine/schema/market_spec.hpp"
#include "runtime/api/submit.hpp"

namespace perpetua::app {

inline constexpr uint32_t kMarginUseMaxPpm = 800'000;

// Of agents that register with has_risk_limits. Micro-USDC.
inline constexpr RiskLimits kDefaultRiskLimits{
    Micro(10'000'000'000), Micro(50'000'000'000), Micro(1'000'000'000), 20, {}};

std::vector<MarketSpec> default_markets();

// `hash_seed` keys the engine's tables; random, once per exchange. `insurance` is each market's; 0:
// the funds begin empty.
std::vector<runtime::Submission> genesis_commands(uint64_t hash_seed, Micro insurance);

}  // namespace perpetua::app
