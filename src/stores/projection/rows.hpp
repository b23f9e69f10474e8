// Hashes in Redis from views and back. docs/redis.md lists every field.
//
// Money, prices and sizes are exact decimals (USDC, asset), times milliseconds since 1970, nested
// values JSON. Every row of a kind has the same fields, so writing one replaces the one before.
// Decoding gives the view that was encoded; nullopt: a field is missing or broken, as in a hash
// that was evicted, half written or not ours. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stores/views.hpp"

namespace perpetua::projection {

using stores::AccountView;
using stores::AgentView;
using stores::KeyView;
using stores::MarketView;
using stores::OrderView;
using stores::PositionView;

// As HSET takes them: name, value, name, value.
using Fields = std::vector<std::string>;

// One hash as HGETALL gives it; views into the reply.
class HashFields {
 public:
  // REQUIRES: an even number.
  explicit HashFields(std::vector<std::string_view> names_and_values)
      : entries_(std::move(names_and_values)) {}

  bool is_empty() const { return entries_.empty(); }
  std::optional<std::string_view> find(std::string_view name) const;

 private:
  std::vector<std::string_view> entries_;
};

// agent:{id}. `markets` names those in which the agent has a position:{id}:{market} hash.
struct AgentRow {
  AgentView agent;
  AccountView account;
  uint64_t open_orders = 0;
  std::vector<std::string> markets;
  BatchNumber batch = 0;  // the state is of this batch or a later one
  bool operator==(const AgentRow&) const = default;
};
Fields encode_agent(const AgentRow& row);
Fields encode_account(const AgentRow& row);  // the fields that trading changes
std::optional<AgentRow> decode_agent(const HashFields& hash);

// position:{id}:{market}; not valued: what follows from the mark is left out. leverage 0: the
// market's default.
Fields encode_position(const PositionView& view, const MarketSpec& spec);
std::optional<PositionView> decode_position(const HashFields& hash, const MarketSpec& spec);

// intent:{id}:{intent}. The market's symbol first, because the rest is in its units.
Fields encode_intent(const OrderView& view, const MarketSpec& spec);
std::optional<std::string_view> intent_market(const HashFields& hash);
std::optional<OrderView> decode_intent(const HashFields& hash, MarketId market,
                                       const MarketSpec& spec);

// key:{sha256}. Limits are written for readers and not read back: the engine holds a key to them.
Fields encode_key(const KeyView& view);
std::optional<KeyView> decode_key(const HashFields& hash, const Sha256& sha256);

// price:{asset}.
Fields encode_price(const MarketView& view);

}  // namespace perpetua::projection
