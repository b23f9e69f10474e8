// Channels of /ws and Topic, the key a subscription is filed under.
//
// A topic is a channel with what it is narrowed to: a market, a market and a candle interval, or an
// agent. Private channels are one topic per (channel, agent). Pure values; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/schema/types.hpp"

namespace perpetua::gateway::ws {

enum class Channel : uint8_t {
  book = 0,
  trades = 1,
  ticker = 2,
  candles = 3,
  thoughts = 4,
  status = 5,
  funding = 6,
  liquidations = 7,
  insurance = 8,
  plain = 9,  // what sockets get that asked for nothing; nobody subscribes to it by name
  // private
  orders = 10,
  fills = 11,
  positions = 12,
  account = 13,
  alerts = 14,
  position_updates = 15,  // for who logged in as at the former hub; not by name
};

inline constexpr std::array<std::string_view, 16> kChannelNames = {
    "book",      "trades", "ticker", "candles", "thoughts",  "status",  "funding", "liquidations",
    "insurance", "",       "orders", "fills",   "positions", "account", "alerts",  ""};

constexpr bool is_private(Channel channel) { return channel >= Channel::orders; }
// Each message tells one thing that happened, where it happened; nothing is coalesced.
constexpr bool is_event_stream(Channel channel) {
  return channel == Channel::trades ||
         (channel >= Channel::status && channel <= Channel::insurance);
}
// What a subscriber is sent first, and again after messages were dropped. Of the others the rows
// tell the gap: trade ids, thought ids, sequences.
constexpr bool has_present(Channel channel) {
  return !is_private(channel) && channel != Channel::trades && channel != Channel::thoughts &&
         channel != Channel::liquidations && channel != Channel::plain;
}
constexpr std::string_view wire_name(Channel channel) {
  return kChannelNames[static_cast<std::size_t>(channel)];
}

constexpr std::optional<Channel> parse_channel(std::string_view name) {
  for (std::size_t i = 0; i < kChannelNames.size(); ++i) {
    if (!name.empty() && kChannelNames[i] == name) return static_cast<Channel>(i);
  }
  return std::nullopt;
}

// channel | market | interval | agent, packed: agent 0 where none is meant.
struct Topic {
  uint64_t value = 0;

  constexpr Topic() = default;
  constexpr Topic(Channel channel, MarketId market, uint8_t interval = 0, AgentId agent = 0)
      : value(static_cast<uint64_t>(channel) << 48 | static_cast<uint64_t>(market) << 40 |
              static_cast<uint64_t>(interval) << 32 | agent) {}

  constexpr Channel channel() const { return static_cast<Channel>(value >> 48); }
  constexpr MarketId market() const { return static_cast<MarketId>(value >> 40 & 0xFF); }
  constexpr uint8_t interval() const { return static_cast<uint8_t>(value >> 32 & 0xFF); }
  constexpr AgentId agent() const { return static_cast<AgentId>(value); }
  constexpr bool operator==(const Topic&) const = default;
};

constexpr Topic agent_topic(Channel channel, AgentId agent) {
  return Topic(channel, kNoMarket, 0, agent);
}

}  // namespace perpetua::gateway::ws
