// Signals and bets as the root API shows them. A bet is a signal that was faded. Thread-safe.
#pragma once

#include "gateway/codec/json_writer.hpp"
#include "gateway/http/call.hpp"

namespace perpetua::gateway::hub {

void write_signal(JsonWriter& json, const Call& call, const stores::SignalView& signal);
void write_bet(JsonWriter& json, const Call& call, const stores::SignalView& signal);

}  // namespace perpetua::gateway::hub
