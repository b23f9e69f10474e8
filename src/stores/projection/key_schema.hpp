// The names of everything Perpetua keeps in Redis. docs/redis.md is the same for other readers.
//
// Braces are Redis Cluster's hash tags: all keys of one agent share a slot, and so do both keys of
// one API key. What has no owner (indexes, markers) is kept once for each slot group, in a slot of
// that group. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/schema/command.hpp"

namespace perpetua::projection {

// Closed intents kept of one agent; open ones are always there.
inline constexpr std::size_t kClosedIntentsKept = 100;
// Slot groups of a Cluster; one server has one.
inline constexpr unsigned kClusterGroups = 64;
// Which API key has been created, changed or revoked: its SHA-256 in hex. Or that many have, or
// only that the writer lives.
inline constexpr std::string_view kKeyChannel = "perpetua:keys";
inline constexpr std::string_view kKeyReset = "all";
inline constexpr std::string_view kKeyHeartbeat = "heartbeat";

std::string hex_of(const Sha256& sha256);
bool parse_hex(std::string_view text, Sha256& sha256);

std::string agent_key(AgentId agent);                              // agent:{7}
std::string balance_key(AgentId agent);                            // balance:{7}
std::string agent_intents_key(AgentId agent);                      // agent_intents:{7}
std::string agent_positions_key(AgentId agent);                    // agent_positions:{7}
std::string intent_key(AgentId agent, OrderId intent);             // intent:{7}:123
std::string position_key(AgentId agent, std::string_view symbol);  // position:{7}:BTC-PERP
std::string apikey_key(const Sha256& sha256);                      // apikey:{64 hex digits}
std::string key_key(const Sha256& sha256);                         // key:{64 hex digits}
std::string price_key(std::string_view symbol);                    // price:{BTC-PERP}
inline constexpr std::string_view kAssetsKey = "assets";           // set: symbols
inline constexpr std::string_view kGroupsKey = "groups";           // set: tags of the groups

// Equal parts of the slots, each with a tag whose slot is in it.
class SlotGroups {
 public:
  // REQUIRES: count is a power of two, 1 to 16,384. One group stands for all slots.
  explicit SlotGroups(unsigned count);

  unsigned count() const { return static_cast<unsigned>(tags_.size()); }
  unsigned group_of(std::string_view key) const;  // by its slot
  unsigned group_of(AgentId agent) const;
  unsigned group_of(const Sha256& sha256) const;

  const std::string& tag(unsigned group) const { return tags_[group]; }
  std::string marker_key(unsigned group) const;       // applied:{tag}
  std::string agent_index_key(unsigned group) const;  // agents:{tag}, set of ids
  std::string key_index_key(unsigned group) const;    // apikeys:{tag}, set of SHA-256 in hex

 private:
  std::vector<std::string> tags_;
};

}  // namespace perpetua::projection
