// Small files of the data directory that are the application's own.
#pragma once

#include <cstdint>
#include <string>

namespace perpetua::app {

// Creates the data directory's cluster id if it has none. Throws std::runtime_error.
void ensure_cluster_id(const std::string& data_dir);
uint64_t cluster_fingerprint(const std::string& data_dir);

// 256 random bits in the file `name` (kKeySecretFile: what makes repeated registrations
// recognisable over restarts; kTokenSecretFile: what signs tokens in the sandbox); made once,
// readable by the owner only. Throws std::runtime_error.
inline constexpr const char* kKeySecretFile = "key_secret";
inline constexpr const char* kTokenSecretFile = "token_secret";
std::string load_secret(const std::string& data_dir, const std::string& name);

}  // namespace perpetua::app
