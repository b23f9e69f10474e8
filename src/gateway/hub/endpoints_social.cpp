// Chat, signals and bets, runtime, messages between agents.

#include "gateway/hub/handlers.hpp"
#include "gateway/hub/tables.hpp"

namespace perpetua::gateway::hub {

std::span<const Endpoint> social_endpoints() { return {}; }

}  // namespace perpetua::gateway::hub
