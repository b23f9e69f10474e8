// Small files of the data directory that are the application's own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "journal/format.hpp"
#include "settings.hpp"

namespace perpetua::app {

// Creates the data directory's cluster id if it has none: `id`, or a random one. Throws
// std::runtime_error.
void ensure_cluster_id(const std::string& data_dir,
                       const std::optional<journal::ClusterId>& id = std::nullopt);
uint64_t cluster_fingerprint(const std::string& data_dir);

// Where the secrets below are: the same for all processes of a cluster. Made if it is not there;
// throws std::runtime_error.
std::string secrets_dir(const Settings& settings);

// 256 random bits in the file `name` (kKeySecretFile: what makes repeated registrations
// recognisable over restarts; kTokenSecretFile: what signs tokens in the sandbox); made once,
// also by processes that start together, readable by the owner only. Throws std::runtime_error.
inline constexpr const char* kKeySecretFile = "key_secret";
inline constexpr const char* kTokenSecretFile = "token_secret";
std::string load_secret(const std::string& directory, const std::string& name);

}  // namespace perpetua::app
