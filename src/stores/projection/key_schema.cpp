#include "stores/projection/key_schema.hpp"

#include "base/assert.hpp"
#include "stores/redis/request.hpp"

namespace perpetua::projection {
namespace {

std::string tagged(std::string_view kind, std::string_view tag) {
  std::string key(kind);
  key += ":{";
  key += tag;
  key += '}';
  return key;
}

std::string of_agent(std::string_view kind, AgentId agent) {
  return tagged(kind, std::to_string(agent));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string hex_of(const Sha256& sha256) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(sha256.size() * 2);
  for (const uint8_t byte : sha256) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

bool parse_hex(std::string_view text, Sha256& sha256) {
  if (text.size() != sha256.size() * 2) return false;
  for (std::size_t i = 0; i < sha256.size(); ++i) {
    const int high = hex_digit(text[2 * i]);
    const int low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    sha256[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

std::string agent_key(AgentId agent) { return of_agent("agent", agent); }
std::string balance_key(AgentId agent) { return of_agent("balance", agent); }
std::string agent_intents_key(AgentId agent) { return of_agent("agent_intents", agent); }
std::string agent_positions_key(AgentId agent) { return of_agent("agent_positions", agent); }

std::string intent_key(AgentId agent, OrderId intent) {
  return of_agent("intent", agent) + ":" + std::to_string(intent);
}

std::string position_key(AgentId agent, std::string_view symbol) {
  return of_agent("position", agent).append(":").append(symbol);
}

std::string apikey_key(const Sha256& sha256) { return tagged("apikey", hex_of(sha256)); }
std::string key_key(const Sha256& sha256) { return tagged("key", hex_of(sha256)); }
std::string price_key(std::string_view symbol) { return tagged("price", symbol); }

SlotGroups::SlotGroups(unsigned count) : tags_(count) {
  PERPETUA_ASSERT(count > 0 && count <= redis::kSlots && (count & (count - 1)) == 0);
  unsigned missing = count;
  for (uint32_t i = 0; missing > 0; ++i) {
    const std::string tag = std::to_string(i);
    std::string& place = tags_[group_of(std::string_view(tag))];
    if (!place.empty()) continue;
    place = tag;
    --missing;
  }
}

unsigned SlotGroups::group_of(std::string_view key) const {
  return redis::key_slot(key) * count() / redis::kSlots;
}
unsigned SlotGroups::group_of(AgentId agent) const {
  return group_of(std::string_view(std::to_string(agent)));
}
unsigned SlotGroups::group_of(const Sha256& sha256) const {
  return group_of(std::string_view(hex_of(sha256)));
}

std::string SlotGroups::marker_key(unsigned group) const { return tagged("applied", tag(group)); }
std::string SlotGroups::agent_index_key(unsigned group) const {
  return tagged("agents", tag(group));
}
std::string SlotGroups::key_index_key(unsigned group) const {
  return tagged("apikeys", tag(group));
}

}  // namespace perpetua::projection
