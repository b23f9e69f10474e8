// Roles: what one process of the exchange does (docs/operations.md).
//
//   api        HTTP: native and root API                ws         the same with the sockets
//   engine     leads the journal, or stands by           projector  history, Redis, snapshots
//   all        everything in this process; what the others need between them is not used
// A value; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace perpetua::app {

struct Roles {
  bool is_all = false;
  bool api = false;
  bool ws = false;
  bool engine = false;
  bool projector = false;

  bool serves_agents() const { return api || ws; }
  bool follows() const { return serves_agents() || projector; }  // beside the engine's own follower
};

// Nothing if `text` is not "all" or a comma list of the others.
std::optional<Roles> parse_roles(std::string_view text);
std::string to_string(const Roles& roles);  // "api,ws"

}  // namespace perpetua::app
