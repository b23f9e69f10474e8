// The two pages served by the gateway: `/` (what this is, the markets live) and `/docs` (renders
// /openapi.json). Each is one self-contained HTML text: no external resources. Immutable.
#pragma once

#include <string_view>

namespace perpetua::gateway::web {

std::string_view index_page();
std::string_view docs_page();

}  // namespace perpetua::gateway::web
