// Keys, names and money of agents as the root API shows them, beside render.hpp. Thread-safe.
#pragma once

#include <string>

#include "gateway/codec/json_writer.hpp"
#include "gateway/http/call.hpp"
#include "stores/activity/settlement_log.hpp"

namespace perpetua::gateway::hub {

// The agent of the caller. A key's agent exists.
stores::AgentView own_agent(const Call& call);

// APIKeyInfo.
void write_key(JsonWriter& json, const Call& call, const stores::KeyView& key);

// What to call an agent: its display name, else its id.
std::string shown_name(const Call& call, AgentId agent);

void write_settlement(JsonWriter& json, const stores::SettlementView& settlement);

}  // namespace perpetua::gateway::hub
