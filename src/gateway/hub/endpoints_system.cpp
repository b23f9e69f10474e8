// Health and guide.

#include "gateway/hub/handlers.hpp"
#include "gateway/hub/tables.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr Endpoint unpaced(Endpoint row) {
  row.limit = LimitClass::none;
  return row;
}

// clang-format off
constexpr Endpoint kEndpoints[] = {
    status_of_process(unpaced(read("hubHealth", "/health", "system",
        "Whether the exchange works", Access::open,
        {.reply = "`status` (ok, degraded), `checks{engine, storage, prices}`: ok or `error: ...`",
         .refusals = "503 `exchange_unavailable` while it stops"}, get_health))),
    read("hubApi", "/api", "system", "Name and version", Access::open,
        {.reply = "`service, version`"}, get_api),
    read("hubGuide", "/agent.md", "system", "A guide that an agent can follow alone",
        Access::open, {.reply = "Markdown"}, get_agent_guide),
};
// clang-format on

}  // namespace

std::span<const Endpoint> system_endpoints() { return kEndpoints; }

}  // namespace perpetua::gateway::hub
