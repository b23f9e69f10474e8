// The tables of docs/hub-api.md: endpoints of the root API with their fields, and its codes. Pure.
#pragma once

#include <string>

#include "gateway/http/endpoint.hpp"

namespace perpetua::gateway::hub {

std::string make_hub_tables(std::span<const Endpoint> endpoints);

}  // namespace perpetua::gateway::hub
