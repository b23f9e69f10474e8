// The pages served by the gateway: `/` (what this is, the markets live), `/docs` (renders
// /openapi.json), each one self-contained HTML text without external resources, and `/agent.md`
// (Markdown that an agent can follow alone). Immutable.
#pragma once

#include <string_view>

namespace perpetua::gateway::web {

std::string_view index_page();
std::string_view docs_page();
std::string_view agent_guide();

}  // namespace perpetua::gateway::web
