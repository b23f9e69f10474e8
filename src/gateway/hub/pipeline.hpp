// The order of checks of the root API: docs/hub-api.md.
//
//   413, 404 route, 405  ->  401  ->  404 of the path's resource  ->  403 owner, then scope
//   ->  422 JSON, fields, bounds  ->  429  ->  the handler
//
// The first three come from the session and the router. Thread-safety: as Dispatcher.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/schema/types.hpp"

namespace perpetua::gateway {

struct Call;

namespace hub {

struct Credentials {
  std::string_view api_key;        // header X-API-Key: wins
  std::string_view authorization;  // "Bearer <token>"
};

// Who sends: the principal of a key or token. False: refused with 401.
bool authenticate(Call& call, const Credentials& credentials);

// The agent of a good bearer token; 0: there is none. For what is asked ahead of admit().
AgentId token_agent(const Call& call, const Credentials& credentials);

// Everything before the handler; false: the call is refused.
bool admit(Call& call, const Credentials& credentials, std::string_view target, int64_t now_ns);

// Paths of the hub that this exchange does not offer: true if `path` is one, and the call is
// refused, with 501, or 401 for a mutation without credentials.
bool refuse_known_path(Call& call, const Credentials& credentials, std::string_view method,
                       std::string_view path);

// Clients of the hub end a path with a slash or not: it means the same. "/" and what ends with
// several stay as they are.
std::string_view without_last_slash(std::string_view path);

// Paths whose errors have the hub's form: all but /api/v1.
bool is_hub_path(std::string_view target);

}  // namespace hub
}  // namespace perpetua::gateway
