// What an error reply of the server means for the client: follow it, try again, or hand it over.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "stores/redis/options.hpp"

namespace perpetua::redis {

enum class Verdict : uint8_t {
  final,         // the caller's
  moved,         // the slot has another owner
  ask,           // this once at another node, behind ASKING
  try_again,     // not executed, for a passing reason
  cluster_down,  // not executed, the Cluster is electing or without a slot
  no_script,     // EVALSHA of a script the node does not have
};

Verdict verdict_of(std::string_view error);

struct Redirect {
  uint16_t slot = 0;
  Endpoint target;  // no host: the node that answered, at this port
};

// The target of "MOVED 3999 127.0.0.1:6381" and of ASK.
std::optional<Redirect> parse_redirect(std::string_view error);

}  // namespace perpetua::redis
