// Identity: whose Redis this is. The engine that leads writes the exchange's id, the schema and its
// version there; every process compares before it takes part, so that two exchanges, or two
// versions that do not understand each other, never share one.
//
// Thread-safety: any thread. check_identity() blocks, kIdentityAnswerMs at most.
#pragma once

#include <string>

#include "journal/format.hpp"
#include "stores/redis/client.hpp"

namespace perpetua::app {

inline constexpr const char* kIdentityKey = "perpetua:identity";  // hash
inline constexpr int64_t kIdentityAnswerMs = 2'000;

// Empty: it is this exchange's, of nobody yet, or Redis does not answer (then records tell: each
// belongs to one exchange, and streams name their schema). Else why this process must not use it.
std::string check_identity(redis::Client& client, const journal::ClusterId& cluster_id);

// The leader's, after check_identity(). Does not wait.
void claim_identity(redis::Client& client, const journal::ClusterId& cluster_id, uint64_t epoch,
                    const std::string& node_name);

}  // namespace perpetua::app
