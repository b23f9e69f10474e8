// Prices, intents, positions, risk, funding.

#include "gateway/hub/tables.hpp"

namespace perpetua::gateway::hub {

std::span<const Endpoint> market_endpoints() { return {}; }

}  // namespace perpetua::gateway::hub
