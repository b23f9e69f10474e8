#include "stores/memory/directory.hpp"

#include <algorithm>
#include <mutex>

#include "engine/schema/wallet.hpp"
#include "stores/agent_fold.hpp"

namespace perpetua::stores {

namespace {
using ReadGuard = std::shared_lock<std::shared_mutex>;
using WriteGuard = std::unique_lock<std::shared_mutex>;
}  // namespace

Directory::Entry& Directory::entry(AgentId id) {
  PERPETUA_ASSERT(is_known(id));
  return agents_[id - 1];
}

void Directory::add_agent(const Event& event, std::string_view text) {
  AgentView view = make_agent(event, text);
  const WriteGuard guard(mutex_);
  PERPETUA_ASSERT(view.id == agents_.size() + 1);
  wallets_[unique_wallet(view.wallet)] = view.id;
  agents_.push_back({std::move(view), {}});
}

void Directory::add_key(const Event& event, std::string_view text) {
  const KeyCreated& created = event.key_created;
  const KeyView key{event.header.agent, created.key_id, created.scopes, created.created_at_ms,
                    created.expires_at_ms, created.sha256, {},
                    std::string(event_text(created.name, text))};
  const WriteGuard guard(mutex_);
  std::vector<KeyView>& keys = entry(key.agent).keys;
  const auto place =
      std::lower_bound(keys.begin(), keys.end(), key.key_id,
                       [](const KeyView& other, uint32_t key_id) { return other.key_id < key_id; });
  keys.insert(place, key);
  keys_[created.sha256] = key;
}

void Directory::remove_key(const Event& event) {
  const WriteGuard guard(mutex_);
  const uint32_t key_id = event.key_revoked.key_id;
  std::erase_if(entry(event.header.agent).keys,
                [&](const KeyView& key) { return key.key_id == key_id; });
  const std::size_t erased = keys_.erase(event.key_revoked.sha256);
  PERPETUA_ASSERT(erased == 1);
}

void Directory::limit_key(const Event& event) {
  const KeyLimitsChanged& changed = event.key_limits_changed;
  const WriteGuard guard(mutex_);
  for (KeyView& key : entry(event.header.agent).keys) {
    if (key.key_id != changed.key_id) continue;
    key.limits = changed.limits;
    keys_[key.sha256].limits = changed.limits;
  }
}

std::optional<KeyView> Directory::find_key(const Sha256& sha256) const {
  const ReadGuard guard(mutex_);
  const auto found = keys_.find(sha256);
  if (found == keys_.end()) return std::nullopt;
  return found->second;
}

std::optional<AgentView> Directory::agent(AgentId id) const {
  const ReadGuard guard(mutex_);
  if (!is_known(id)) return std::nullopt;
  return agents_[id - 1].view;
}

std::optional<AgentView> Directory::agent_by_wallet(std::string_view wallet) const {
  const std::string name = unique_wallet(wallet);
  const ReadGuard guard(mutex_);
  const auto found = wallets_.find(name);
  if (found == wallets_.end()) return std::nullopt;
  return agents_[found->second - 1].view;
}

std::vector<AgentView> Directory::agents(AgentId after_id, std::size_t limit) const {
  std::vector<AgentView> result;
  const ReadGuard guard(mutex_);
  for (std::size_t i = after_id; i < agents_.size() && result.size() < limit; ++i) {
    result.push_back(agents_[i].view);
  }
  return result;
}

std::vector<KeyView> Directory::keys(AgentId agent) const {
  const ReadGuard guard(mutex_);
  if (!is_known(agent)) return {};
  return agents_[agent - 1].keys;
}

}  // namespace perpetua::stores
