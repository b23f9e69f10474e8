// Signals and bets as the root API shows them. A bet is a signal that was faded. Thread-safe.
#pragma once

#include "gateway/codec/json_writer.hpp"
#include "gateway/http/call.hpp"

namespace perpetua::gateway::hub {

// "BTC-PERP above 70000 at 2026-...".
std::string signal_description(const stores::SignalView& signal, const MarketSpec& spec);
void write_signal(JsonWriter& json, const Call& call, const stores::SignalView& signal);
void write_bet(JsonWriter& json, const Call& call, const stores::SignalView& signal);

}  // namespace perpetua::gateway::hub
