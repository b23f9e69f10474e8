// Genesis: the first batch of a new exchange, which makes its journal complete without any
// configuration file: the margin rule, the markets BTC-PERP, ETH-PERP and SOL-PERP, and what their
// insurance funds begin with.
#pragma once

#include <vector>

#include "engine/schema/market_spec.hpp"
#include "runtime/api/submit.hpp"

namespace perpetua::app {

inline constexpr uint32_t kMarginUseMaxPpm = 800'000;

std::vector<MarketSpec> default_markets();

// `hash_seed` keys the engine's tables; random, once per exchange. `insurance` is each market's; 0:
// the funds begin empty.
std::vector<runtime::Submission> genesis_commands(uint64_t hash_seed, Micro insurance);

}  // namespace perpetua::app
