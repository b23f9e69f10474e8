// What chat and messages between agents share: one message becomes one command.
#pragma once

#include <string>
#include <string_view>

#include "gateway/http/call.hpp"

namespace perpetua::gateway::hub {

struct ChatMessage {
  MessageKind kind = MessageKind::thought;
  AgentId to_agent = 0;  // 0: everybody
  std::string text;
  std::string metadata;  // a JSON object, or empty
};

// What clients know: a message between agents is chat to them.
inline std::string_view shown_kind(MessageKind kind) {
  return kind == MessageKind::agent_message ? "chat" : wire_name(kind);
}

// False: 404, there is no such agent.
bool find_recipient(Call& call, std::string_view name, AgentId& agent);

// False: 422, the metadata is longer than kMetadataBytesMax; `field` is to blame.
bool submit_message(Call& call, const ChatMessage& message, std::string_view field);

// The message that the outcome names, as the hot store has it.
stores::MessageView sent_message(const Call& call);

}  // namespace perpetua::gateway::hub
