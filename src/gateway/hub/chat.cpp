#include <algorithm>

#include "gateway/codec/markets.hpp"
#include "gateway/http/io_thread.hpp"
#include "gateway/hub/agent_view.hpp"
#include "gateway/hub/chat_message.hpp"
#include "gateway/hub/handlers.hpp"
#include "gateway/hub/services.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr std::string_view kPublicChannel = "public";
constexpr std::string_view kPrivateChannel = "private";
constexpr int64_t kMessagesDefault = 50;
constexpr int64_t kThoughtsDefault = 20;

void write_metadata(JsonWriter& json, const stores::MessageView& message) {
  json.key("metadata").raw(message.metadata.empty() ? std::string_view("{}") : message.metadata);
}

bool complete_message_id(Call& call) {
  if (!is_done(call)) return false;
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  json.key("message_id").text(id_text(IdKind::chat, outcome_of(call).id)).end_object();
  return false;
}

void write_channel_message(JsonWriter& json, const Call& call, const stores::MessageView& message) {
  json.begin_object().key("id").text(id_text(IdKind::chat, message.thought_id));
  json.key("sender_id").text(agent_name(message.agent));
  json.key("sender_name").text(shown_name(call, message.agent));
  json.key("channel").text(message.to_agent == 0 ? kPublicChannel : kPrivateChannel);
  json.key("message_type").text(shown_kind(message.kind));
  json.key("content").text(message.text);
  write_metadata(json, message);
  write_time(json.key("created_at"), message.time_ms);
  json.end_object();
}

}  // namespace

bool find_recipient(Call& call, std::string_view name, AgentId& agent) {
  const auto found = parse_agent_name(name);
  if (!found || !call.hot().account(*found)) {
    return refuse(call, kNotFound, "Recipient agent not found");
  }
  agent = *found;
  return true;
}

bool submit_message(Call& call, const ChatMessage& message, std::string_view field) {
  if (message.text.size() > limits::kThoughtBytesMax) {
    return refuse_field(call, "body", field, "is too long", "string_too_long");
  }
  if (message.metadata.size() > limits::kMetadataBytesMax) {
    return refuse_field(call, "body", field,
                        "must have at most " + std::to_string(limits::kMetadataBytesMax) + " bytes",
                        "too_long");
  }
  runtime::Submission& submission = add_submission(call);
  submission.command = Command(CommandType::post_thought, call.principal.agent);
  submission.command.thought = PostThought();
  submission.command.thought.kind = message.kind;
  submission.command.thought.to_agent = message.to_agent;
  submission.command.thought.metadata_length = static_cast<uint16_t>(message.metadata.size());
  submission.text.assign(message.text).append(message.metadata);
  return true;
}

stores::MessageView sent_message(const Call& call) {
  const uint64_t id = outcome_of(call).id;
  const bool is_private = call.submissions.front().command.thought.to_agent != 0;
  const auto rows = is_private ? call.hot().private_messages(call.principal.agent, id + 1, 1)
                               : call.hot().messages(stores::kAllMessageKinds, id + 1, 1);
  return rows.empty() ? stores::MessageView() : rows.front();
}

bool prepare_chat(Call& call) {
  ChatMessage message;
  message.kind = static_cast<MessageKind>(number_or(input(call, "message_type"), 0));
  message.text = input(call, "content").text;
  const Value& recipient = input(call, "recipient_id");
  if (recipient.is_present && !find_recipient(call, recipient.text, message.to_agent)) return false;
  if (message.to_agent == call.principal.agent) {
    return refuse_field(call, "body", "recipient_id", "is the sender", "value_error");
  }
  return submit_message(call, message, "content");
}

bool complete_chat(Call& call) {
  if (!is_done(call)) return false;
  const stores::MessageView message = sent_message(call);
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  json.key("message").begin_object();
  json.key("id").text(id_text(IdKind::chat, outcome_of(call).id));
  json.key("sender_id").text(agent_name(call.principal.agent));
  json.key("sender_name").text(shown_name(call, call.principal.agent));
  json.key("content").text(input(call, "content").text);
  const auto kind = static_cast<MessageKind>(number_or(input(call, "message_type"), 0));
  json.key("message_type").text(wire_name(kind));
  write_time(json.key("timestamp"), message.time_ms);
  json.end_object().end_object();
  return false;
}

bool prepare_thought(Call& call) {
  ChatMessage message;
  message.text = input(call, "content").text;
  return submit_message(call, message, "content");
}

bool complete_thought(Call& call) { return complete_message_id(call); }

bool prepare_chat_signal(Call& call) {
  const auto market = find_asset(call.markets(), input(call, "asset").text);
  if (!market) {
    return refuse_field(call, "body", "asset", "is no asset of this exchange", "value_error");
  }
  const std::string_view asset = asset_name(*call.markets().spec(*market));
  const Value& confidence = input(call, "confidence");
  ChatMessage message;
  message.kind = MessageKind::signal;
  JsonWriter metadata(message.metadata);
  metadata.begin_object().key("asset").text(asset);
  metadata.key("direction").text(input(call, "direction").text);
  write_number(metadata.key("confidence"), confidence.number, kMicroDigits);
  metadata.end_object();
  message.text = input(call, "direction").number == 0 ? "LONG " : "SHORT ";
  message.text.append(asset).append(": ").append(input(call, "rationale").text);
  return submit_message(call, message, "rationale");
}

bool complete_chat_signal(Call& call) { return complete_message_id(call); }

// Private messages are for their two ends: without credentials there are none.
void list_messages(Call& call) {
  const Value& channel = input(call, "channel");
  const auto limit = static_cast<std::size_t>(number_or(input(call, "limit"), kMessagesDefault));
  const std::string_view name = channel.is_present ? channel.text : kPublicChannel;
  std::vector<stores::MessageView> rows;
  if (name == kPublicChannel) {
    rows = call.hot().messages(stores::kAllMessageKinds, 0, limit);
  } else if (name == kPrivateChannel && call.principal.has(kScopeRead)) {
    rows = call.hot().private_messages(call.principal.agent, 0, limit);
  }
  std::reverse(rows.begin(), rows.end());
  JsonWriter json(call.reply);
  json.begin_object().key("messages").begin_array();
  for (const stores::MessageView& row : rows) write_channel_message(json, call, row);
  json.end_array().end_object();
}

void list_chat_thoughts(Call& call) {
  const auto limit = static_cast<std::size_t>(number_or(input(call, "limit"), kThoughtsDefault));
  auto rows = call.hot().messages(stores::message_bit(MessageKind::thought), 0, limit);
  std::reverse(rows.begin(), rows.end());
  JsonWriter json(call.reply);
  json.begin_object().key("thoughts").begin_array();
  for (const stores::MessageView& row : rows) {
    json.begin_object().key("id").text(id_text(IdKind::chat, row.thought_id));
    json.key("agent_id").text(agent_name(row.agent));
    json.key("agent_name").text(shown_name(call, row.agent));
    json.key("thought").text(row.text);
    write_metadata(json, row);
    write_time(json.key("timestamp"), row.time_ms);
    json.end_object();
  }
  json.end_array().end_object();
}

void get_rate_limit(Call& call) {
  const HubServices& services = *call.context.services.hub;
  const auto agent = parse_agent_name(call.path_value("agent_id")).value_or(0);
  const int64_t now_ns = monotonic_ns();
  const WindowUse intents = services.intents.use(agent, now_ns);
  const WindowUse others = services.mutations.use(agent, now_ns);
  JsonWriter json(call.reply);
  json.begin_object().key("agent_id").text(call.path_value("agent_id"));
  json.key("requests_1s").number(intents.second + others.second);
  json.key("requests_1m").number(intents.minute + others.minute);
  json.key("requests_1h").number(intents.hour + others.hour);
  json.key("violations").number(static_cast<int64_t>(intents.violations + others.violations));
  json.key("banned").boolean(false);
  json.key("banned_until").null().end_object();
}

}  // namespace perpetua::gateway::hub
