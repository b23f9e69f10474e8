#include "engine/ledger/agent_registry.hpp"

#include "engine/schema/wallet.hpp"

namespace perpetua {
namespace {

// A SHA-256 digest is uniform already: its first half keys the table.
Hash128 digest_key(const Sha256& sha256) {
  Hash128 key;
  std::memcpy(&key, sha256.data(), sizeof key);
  return key;
}

void write_text(ByteSink& sink, const std::string& text) {
  write_value(sink, static_cast<uint32_t>(text.size()));
  if (!text.empty()) sink.write(text.data(), text.size());
}

bool read_text(ByteSource& source, std::string& text, std::size_t size_max) {
  uint32_t size = 0;
  if (!read_value(source, size) || size > size_max) return false;
  text.resize(size);
  return size == 0 || source.read(text.data(), size);
}

}  // namespace

bool AgentRegistry::has_wallet(std::string_view wallet) const {
  return wallets_.find(hash128_text(unique_wallet(wallet), seed_)) != nullptr;
}

bool AgentRegistry::has_key(const Sha256& sha256) const {
  return digests_.find(digest_key(sha256)) != nullptr;
}

AgentId AgentRegistry::add(AgentProfile profile) {
  PERPETUA_ASSERT(agent_count() < limits::kAgentsMax);
  profiles_.push_back(std::move(profile));
  index(agent_count());
  return agent_count();
}

void AgentRegistry::index(AgentId agent) {
  wallets_.insert(hash128_text(unique_wallet(profile(agent).wallet), seed_), agent);
}

uint32_t AgentRegistry::add_key(const ApiKey& key, std::string_view name) {
  keys_.push_back(key);
  key_names_.emplace_back(name);
  ApiKey& stored = keys_.back();
  stored.key_id = static_cast<uint32_t>(keys_.size());
  digests_.insert(digest_key(stored.sha256), stored.key_id);
  return stored.key_id;
}

ApiKey* AgentRegistry::live_key(AgentId agent, uint32_t key_id) {
  if (key_id < 1 || key_id > keys_.size()) return nullptr;
  ApiKey& key = keys_[key_id - 1];
  return key.agent == agent && key.is_revoked == 0 ? &key : nullptr;
}

void AgentRegistry::save(ByteSink& sink) const {
  write_value(sink, seed_);
  write_value(sink, agent_count());
  for (const AgentProfile& profile : profiles_) {
    write_text(sink, profile.wallet);
    write_text(sink, profile.display_name);
    write_text(sink, profile.bio);
    write_text(sink, profile.twitter_handle);
    write_value(sink, profile.registered_at_ms);
  }
  write_vector(sink, keys_);
  for (const std::string& name : key_names_) write_text(sink, name);
}

bool AgentRegistry::load(ByteSource& source) {
  uint32_t count = 0;
  if (!read_value(source, seed_) || !read_value(source, count) || count > limits::kAgentsMax) {
    return false;
  }
  for (uint32_t i = 0; i < count; ++i) {
    AgentProfile profile;
    if (!read_text(source, profile.wallet, limits::kWalletBytesMax) ||
        !read_text(source, profile.display_name, limits::kDisplayNameBytesMax) ||
        !read_text(source, profile.bio, limits::kBioBytesMax) ||
        !read_text(source, profile.twitter_handle, limits::kTwitterHandleBytesMax) ||
        !read_value(source, profile.registered_at_ms) || has_wallet(profile.wallet)) {
      return false;
    }
    add(std::move(profile));
  }
  if (!read_vector(source, keys_, UINT32_MAX)) return false;
  for (const ApiKey& key : keys_) {
    if (key.agent < 1 || key.agent > count || has_key(key.sha256)) return false;
    digests_.insert(digest_key(key.sha256), key.key_id);
  }
  key_names_.resize(keys_.size());
  for (std::string& name : key_names_) {
    if (!read_text(source, name, limits::kKeyNameBytesMax)) return false;
  }
  return true;
}

}  // namespace perpetua
