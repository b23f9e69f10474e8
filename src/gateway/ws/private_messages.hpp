// The texts of the private channels: a pure function from a private event to JSON.
//
// Every private event gives one message on its main channel, a fill a second one on `positions`
// after it; each carries the agent's gap-free sequence as `seq`. docs/websocket.md shows them.
// Thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "engine/schema/event.hpp"
#include "engine/schema/market_spec.hpp"
#include "gateway/ws/channel.hpp"

namespace perpetua::gateway::ws {

// The channels of a private event: first the main one; second is the same if there is only one.
struct EventChannels {
  Channel main;
  Channel second;
};
EventChannels channels_of(EventType type);

// What a client has completely once it has this message: a fill's position is still to come.
constexpr uint64_t completed_sequence(Channel channel, uint64_t agent_sequence) {
  return channel == Channel::fills ? agent_sequence - 1 : agent_sequence;
}

// `spec` is the event's market; null for account events, which have none.
// REQUIRES: channel is one of channels_of(event.header.type).
std::string private_message(Channel channel, const Event& event, const MarketSpec* spec,
                            int64_t time_ms);

}  // namespace perpetua::gateway::ws
