// The endpoint table as documents: openapi.json (OpenAPI 3.1) and the tables of docs/api.md.
// Pure functions of the tables.
#pragma once

#include <string>
#include <vector>

#include "gateway/http/endpoint.hpp"

namespace perpetua::gateway {

std::string make_openapi(std::span<const Endpoint> endpoints, std::string_view version);

// The part of docs/api.md between its markers: endpoints, fields, result codes.
std::string make_api_tables(std::span<const Endpoint> endpoints);

// For both: who may call, and which refusals, each code once.
std::string_view access_text(Access access);
std::string_view limit_text(LimitClass limit);
std::vector<ResultCode> errors_of(const Endpoint& endpoint);

}  // namespace perpetua::gateway
