// AgentRegistry: who the agents are and which API keys they hold (SHA-256 only, never the key).
//
// Agent ids and key ids are dense and ascend from 1. Bounded by limits::kAgentsMax and
// kKeysPerAgentMax live keys. Thread-safety: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/flat_map.hpp"
#include "engine/schema/command.hpp"

namespace perpetua {

struct AgentProfile {
  std::string wallet;
  std::string display_name;
  std::string bio;
  std::string twitter_handle;
  int64_t registered_at_ms = 0;
};

struct ApiKey {
  Sha256 sha256{};
  int64_t created_at_ms = 0;
  int64_t expires_at_ms = 0;  // 0 = never
  AgentId agent = 0;
  uint32_t key_id = 0;
  uint8_t scopes = 0;
  uint8_t is_revoked = 0;
  uint8_t zero[6] = {};

  bool is_live_at(int64_t log_time_ms) const {
    return is_revoked == 0 && (expires_at_ms == 0 || expires_at_ms > log_time_ms);
  }
};
static_assert(sizeof(ApiKey) == 64 && PlainRecord<ApiKey>);

class AgentRegistry {
 public:
  uint32_t agent_count() const { return static_cast<uint32_t>(profiles_.size()); }
  const AgentProfile& profile(AgentId agent) const { return profiles_[agent - 1]; }
  const std::vector<ApiKey>& keys() const { return keys_; }

  bool has_wallet(std::string_view wallet) const;  // written in whatever way
  bool has_key(const Sha256& sha256) const;
  AgentId add(AgentProfile profile);  // REQUIRES: the wallet is new
  // Returns key_id. REQUIRES: the digest is new.
  uint32_t add_key(const ApiKey& key, std::string_view name);
  const std::string& key_name(uint32_t key_id) const { return key_names_[key_id - 1]; }
  ApiKey* live_key(AgentId agent, uint32_t key_id);  // nullptr if not this agent's or revoked

  // Keys tables whose keys strangers choose; from `configure`.
  void set_seed(uint64_t seed) { seed_ = seed; }
  uint64_t seed() const { return seed_; }

  void save(ByteSink& sink) const;
  [[nodiscard]] bool load(ByteSource& source);

 private:
  void index(AgentId agent);

  uint64_t seed_ = 0;
  std::vector<AgentProfile> profiles_;
  std::vector<ApiKey> keys_;
  std::vector<std::string> key_names_;  // [key_id - 1]
  FlatMap<Hash128, uint32_t> wallets_;
  FlatMap<Hash128, uint32_t> digests_;
};

}  // namespace perpetua
