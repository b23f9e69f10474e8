// Agents, their keys and names as the root API shows them. All read the hot store; thread-safe.
#pragma once

#include <string>

#include "gateway/codec/json_writer.hpp"
#include "gateway/http/call.hpp"

namespace perpetua::gateway::hub {

// The Agent object: 15 fields. An unknown agent has empty ones.
void write_agent(JsonWriter& json, const Call& call, AgentId agent);
// The same into an object that is open already.
void write_agent_fields(JsonWriter& json, const Call& call, AgentId agent);
void write_agent_fields(JsonWriter& json, const Call& call, const stores::AgentView& agent);

// APIKeyInfo.
void write_key(JsonWriter& json, const Call& call, const stores::KeyView& key);

// What to call an agent: its display name, else its id.
std::string shown_name(const Call& call, AgentId agent);

}  // namespace perpetua::gateway::hub
