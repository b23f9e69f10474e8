// Directory: who there is, and whose each API key is. Read on every request, written rarely.
//
// Thread-safe: one shared lock, held while one row or page is copied. Bounded by the engine's
// limits on agents and keys. Agent ids are dense from 1.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "stores/views.hpp"

namespace perpetua::stores {

class Directory {
 public:
  void add_agent(const Event& event, std::string_view text);
  void add_key(const Event& event, std::string_view text);
  void remove_key(const Event& event);
  void limit_key(const Event& event);

  std::optional<KeyView> find_key(const Sha256& sha256) const;
  std::optional<AgentView> agent(AgentId id) const;
  std::optional<AgentView> agent_by_wallet(std::string_view wallet) const;
  std::vector<AgentView> agents(AgentId after_id, std::size_t limit) const;
  std::vector<KeyView> keys(AgentId agent) const;

 private:
  struct Entry {
    AgentView view;
    std::vector<KeyView> keys;  // by key id
  };
  struct Sha256Hash {
    std::size_t operator()(const Sha256& value) const {
      return hash_bytes(value.data(), value.size(), 0);
    }
  };

  Entry& entry(AgentId id);
  bool is_known(AgentId id) const { return id >= 1 && id <= agents_.size(); }

  mutable std::shared_mutex mutex_;
  std::vector<Entry> agents_;  // index: id - 1
  boost::unordered_flat_map<std::string, AgentId> wallets_;  // by unique_wallet()
  boost::unordered_flat_map<Sha256, KeyView, Sha256Hash> keys_;
};

}  // namespace perpetua::stores
