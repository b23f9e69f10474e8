#include "gateway/ws/operations.hpp"

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <vector>

#include "gateway/codec/fields.hpp"
#include "gateway/codec/json_writer.hpp"
#include "gateway/codec/parse.hpp"
#include "gateway/codec/request_fields.hpp"
#include "gateway/context.hpp"
#include "gateway/hub/format.hpp"
#include "gateway/ws/hub.hpp"
#include "gateway/ws/private_messages.hpp"
#include "gateway/ws/session.hpp"
#include "gateway/ws/shard.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::gateway::ws {
namespace {

using boost::json::object;
using RequestId = std::optional<int64_t>;

constexpr std::array<Channel, 5> kPrivateChannels = {
    Channel::orders, Channel::fills, Channel::positions, Channel::account, Channel::alerts};
constexpr std::string_view kAllPrivate = "private";  // all of them at once

constexpr FieldSpec kAuthFields[] = {
    kOperationField,
    kRequestIdField,
    {"key", FieldType::token, true, "API key", {}, 1, 128},
    {"cancel_on_disconnect", FieldType::boolean, false, "cancel all orders when the socket ends"},
};
constexpr FieldSpec kDisconnectFields[] = {
    kOperationField,
    kRequestIdField,
    {"enabled", FieldType::boolean, true, "cancel all orders when the socket ends"},
};
constexpr FieldSpec kPingFields[] = {kOperationField, kRequestIdField};
constexpr FieldSpec kChannelFields[] = {
    kOperationField,
    kRequestIdField,
    {"channel", FieldType::choice, true, "channel",
     "book|trades|ticker|candles|thoughts|status|funding|liquidations|insurance|orders|fills|"
     "positions|account|alerts|private"},
    {"market", FieldType::market, false, "public channels but thoughts: market symbol"},
    {"interval", FieldType::choice, false, "candles: length", "1m|5m|15m|1h|4h|1d"},
    {"agent_id", FieldType::id, false, "thoughts: of this agent alone"},
    {"resume_from", FieldType::integer, false, "private: the last `seq` you have"},
};

int64_t wall_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void write_id(JsonWriter& json, RequestId id) {
  json.key("id");
  if (id) {
    json.number(*id);
  } else {
    json.null();
  }
}

void run_ping(Session& session, RequestId id) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("type").text("pong");
  write_id(json, id);
  json.key("time").number(wall_now_ms()).end_object();
  session.send(out);
}

bool may_cancel(const Principal& principal, ApiError& error) {
  if (principal.has(kScopeTrade)) return true;
  error = ApiError(ResultCode::forbidden, "trade");
  return false;
}

void run_auth(Session& session, RequestId id, const object& message) {
  if (session.principal().agent != 0) {
    return session.send_error(
        id, ApiError(ResultCode::invalid_request, "op", "this socket is authenticated already"));
  }
  Principal principal;
  const std::string_view key = *text_field(message, "key");
  if (!session.shard().context().authenticator.authenticate(key, wall_now_ms(), principal)) {
    return session.send_error(id, ApiError(ResultCode::unauthorized, "key"));
  }
  if (principal.is_operator) {
    return session.send_error(id, ApiError(ResultCode::forbidden, "key",
                                           "the operator has no account: use an agent's key"));
  }
  const bool cancels = bool_field(message, "cancel_on_disconnect", false);
  ApiError error;
  if (cancels && !may_cancel(principal, error)) return session.send_error(id, error);
  session.set_principal(principal);
  session.set_cancel_on_disconnect(cancels);
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("type").text("authenticated");
  write_id(json, id);
  json.key("agent_id").id(principal.agent);
  json.key("cancel_on_disconnect").boolean(cancels).end_object();
  session.send(out);
}

// For sockets whose key came with the handshake, and to change one's mind.
void run_cancel_on_disconnect(Session& session, RequestId id, const object& message) {
  ApiError error(ResultCode::unauthorized, "op", "cancel_on_disconnect needs an API key",
                 "send {\"op\":\"auth\",\"key\":\"th_...\"} first");
  if (session.principal().agent == 0 || !may_cancel(session.principal(), error)) {
    return session.send_error(id, error);
  }
  const bool is_enabled = bool_field(message, "enabled", false);
  session.set_cancel_on_disconnect(is_enabled);
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("type").text("cancel_on_disconnect");
  write_id(json, id);
  json.key("enabled").boolean(is_enabled).end_object();
  session.send(out);
}

// What a subscribe or unsubscribe names; several topics for `private`.
struct Target {
  std::string_view channel;
  std::vector<Topic> topics;
};

bool parse_private(const Session& session, Target& target, ApiError& error) {
  const Principal& principal = session.principal();
  if (principal.agent == 0) {
    error = ApiError(ResultCode::unauthorized, "channel", "a private channel needs an API key",
                     "send {\"op\":\"auth\",\"key\":\"th_...\"} first");
    return false;
  }
  if (!principal.has(kScopeRead)) {
    error = ApiError(ResultCode::forbidden, "read");
    return false;
  }
  for (const Channel channel : kPrivateChannels) {
    if (target.channel == kAllPrivate || target.channel == wire_name(channel)) {
      target.topics.push_back(agent_topic(channel, principal.agent));
    }
  }
  return true;
}

bool parse_thoughts(Session& session, const object& message, Target& target, ApiError& error) {
  const uint64_t agent = id_field(message, "agent_id").value_or(0);
  const bool is_known =
      agent <= limits::kAgentsMax &&
      (agent == 0 || session.shard().context().hot.agent(static_cast<AgentId>(agent)));
  if (!is_known) {
    error = ApiError(ResultCode::agent_not_found, "agent_id");
    return false;
  }
  target.topics.push_back(agent_topic(Channel::thoughts, static_cast<AgentId>(agent)));
  return true;
}

bool parse_market_topic(Session& session, Channel channel, const object& message, Target& target,
                        ApiError& error) {
  const auto symbol = text_field(message, "market");
  if (!symbol) {
    error = ApiError(ResultCode::missing_field, "market");
    return false;
  }
  MarketId market = kNoMarket;
  if (!find_market(*symbol, session.shard().context().markets, market, error)) return false;
  uint8_t interval = 0;
  if (channel == Channel::candles) {
    const auto name = text_field(message, "interval");
    if (!name) {
      error = ApiError(ResultCode::missing_field, "interval");
      return false;
    }
    interval = static_cast<uint8_t>(*stores::parse_candle_interval(*name));
  }
  target.topics.push_back(Topic(channel, market, interval));
  return true;
}

// Fields that say nothing about this channel are a mistake the client should hear of.
bool check_channel_fields(const object& message, std::string_view channel_name, ApiError& error) {
  const auto channel = parse_channel(channel_name);
  const bool is_private_one = !channel || is_private(*channel);
  const bool is_thoughts = channel == Channel::thoughts;
  const auto forbid = [&](std::string_view field, bool is_allowed) {
    const boost::json::value* value = message.if_contains({field.data(), field.size()});
    if (is_allowed || value == nullptr || value->is_null()) return true;
    error =
        ApiError(ResultCode::invalid_field, std::string(field), "does not apply to this channel");
    return false;
  };
  return forbid("market", !is_private_one && !is_thoughts) &&
         forbid("interval", channel == Channel::candles) && forbid("agent_id", is_thoughts) &&
         forbid("resume_from", is_private_one);
}

bool parse_target(Session& session, const object& message, Target& target, ApiError& error) {
  target.channel = *text_field(message, "channel");
  if (!check_channel_fields(message, target.channel, error)) return false;
  const auto channel = parse_channel(target.channel);
  if (!channel || is_private(*channel)) return parse_private(session, target, error);
  if (*channel == Channel::thoughts) return parse_thoughts(session, message, target, error);
  return parse_market_topic(session, *channel, message, target, error);
}

// The acknowledgement repeats what was asked for, so a client needs no table of its own.
void begin_acknowledgement(JsonWriter& json, std::string_view type, RequestId id,
                           const Target& target, const object& message) {
  json.begin_object().key("type").text(type);
  write_id(json, id);
  json.key("channel").text(target.channel);
  for (const std::string_view name : {"market", "interval"}) {
    if (const auto value = text_field(message, name)) json.key(name).text(*value);
  }
  if (const auto agent = id_field(message, "agent_id")) json.key("agent_id").id(*agent);
}

void subscribe_public(Session& session, RequestId id, const Target& target, const object& message) {
  const Topic topic = target.topics.front();
  const Snapshot snapshot = session.shard().hub().watch(topic);
  session.add_subscription(topic, snapshot.sequence);
  std::string out;
  JsonWriter json(out);
  begin_acknowledgement(json, "subscribed", id, target, message);
  json.end_object();
  session.send(out);
  session.send_snapshot(snapshot, topic);
}

void send_missed(Session& session, const Target& target, const AgentWatch& watch) {
  const auto is_wanted = [&](Channel channel) {
    return target.channel == kAllPrivate || target.channel == wire_name(channel);
  };
  for (const RecentEvent& recent : watch.missed) {
    const EventHeader& header = recent.event.header;
    const MarketSpec* spec = session.shard().context().markets.spec(header.market);
    const auto [main, second] = channels_of(header.type);
    const auto send = [&](Channel channel) {
      session.send(text_frame(private_message(channel, recent.event, spec, recent.log_time_ms)),
                   completed_sequence(channel, header.agent_sequence));
    };
    if (is_wanted(main)) send(main);
    if (second != main && is_wanted(second)) send(second);
  }
}

void subscribe_private(Session& session, RequestId id, const Target& target,
                       const object& message) {
  const AgentId agent = session.principal().agent;
  std::optional<uint64_t> resume_from;
  if (const auto given = integer_field(message, "resume_from")) {
    resume_from = static_cast<uint64_t>(*given);
  }
  Hub& hub = session.shard().hub();
  const AgentWatch watch = hub.watch_agent(agent, resume_from);
  if (!watch.is_complete) {
    hub.unwatch_agent(agent);
    return session.send_error(
        id, ApiError(ResultCode::invalid_cursor, "resume_from",
                     "these events are not kept here any more",
                     "fetch account, positions, orders and fills over HTTP, then subscribe "
                     "without `resume_from`"));
  }
  session.add_subscription(target.topics.front(), watch.last_sequence);
  for (std::size_t i = 1; i < target.topics.size(); ++i) {
    // Same thread, so nothing has come in between: the first watch's sequence holds for all.
    hub.watch_agent(agent, std::nullopt);
    session.add_subscription(target.topics[i], watch.last_sequence);
  }
  const uint64_t after = resume_from.value_or(watch.last_sequence);
  std::string out;
  JsonWriter json(out);
  begin_acknowledgement(json, "subscribed", id, target, message);
  json.key("seq").number(static_cast<int64_t>(after));
  json.key("last_seq").number(static_cast<int64_t>(watch.last_sequence)).end_object();
  session.send(text_frame(out), after);
  send_missed(session, target, watch);
}

void run_subscribe(Session& session, RequestId id, const object& message) {
  Target target;
  ApiError error;
  if (!parse_target(session, message, target, error)) return session.send_error(id, error);
  for (const Topic topic : target.topics) {
    if (session.find_subscription(topic) == nullptr) continue;
    return session.send_error(
        id, ApiError(ResultCode::invalid_request, "channel",
                     "subscribed already: " + std::string(wire_name(topic.channel()))));
  }
  if (!session.has_room_for(target.topics.size())) {
    return session.send_error(id, ApiError(ResultCode::invalid_request, "channel",
                                           "a socket holds at most 128 subscriptions"));
  }
  if (is_private(target.topics.front().channel())) {
    return subscribe_private(session, id, target, message);
  }
  subscribe_public(session, id, target, message);
}

void run_unsubscribe(Session& session, RequestId id, const object& message) {
  Target target;
  ApiError error;
  if (!parse_target(session, message, target, error)) return session.send_error(id, error);
  bool is_any = false;
  for (const Topic topic : target.topics) is_any = session.remove_subscription(topic) || is_any;
  if (!is_any) {
    return session.send_error(id,
                              ApiError(ResultCode::invalid_request, "channel", "not subscribed"));
  }
  std::string out;
  JsonWriter json(out);
  begin_acknowledgement(json, "unsubscribed", id, target, message);
  json.end_object();
  session.send(out);
}

// The hub this exchange replaces knew {"type":"ping"} only; its clients still send it. Ours is
// {"type":"auth","api_key":"th_..."}: the socket then gets updates of its own positions. Other
// types are ignored, as they were.
void run_plain_auth(Session& session, const object& message) {
  const auto refuse = [&](std::string_view detail) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().key("type").text("error").key("detail").text(detail);
    json.key("code").text("invalid_api_key").end_object();
    session.send(out);
  };
  const boost::json::value* key = message.if_contains("api_key");
  if (session.principal().agent != 0) return refuse("This socket is authenticated already");
  Principal principal;
  const bool is_known =
      key != nullptr && key->is_string() &&
      session.shard().context().authenticator.authenticate(
          {key->get_string().data(), key->get_string().size()}, wall_now_ms(), principal) &&
      !principal.is_operator && principal.has(kScopeRead);
  if (!is_known) return refuse("Invalid API key");
  session.leave_plain_feed();
  session.set_principal(principal);
  const Topic topic = agent_topic(Channel::position_updates, principal.agent);
  session.shard().hub().watch(topic);
  session.add_subscription(topic, 0);
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("type").text("authenticated");
  json.key("agent_id").text(hub::agent_name(principal.agent)).end_object();
  session.send(out);
}

bool run_plain_message(Session& session, RequestId id, const object& message) {
  const boost::json::value* type = message.if_contains("type");
  if (type == nullptr || !type->is_string()) return false;
  if (type->get_string() == "ping") run_ping(session, id);
  if (type->get_string() == "auth") run_plain_auth(session, message);
  return true;
}

void run_socket_operation(Session& session, std::string_view op, RequestId id,
                          const object& message) {
  struct Operation {
    std::string_view name;
    FieldSpecs fields;
    void (*run)(Session&, RequestId, const object&);
  };
  static constexpr Operation kOperations[] = {
      {"auth", kAuthFields, run_auth},
      {"cancel_on_disconnect", kDisconnectFields, run_cancel_on_disconnect},
      {"ping", kPingFields, [](Session& s, RequestId i, const object&) { run_ping(s, i); }},
      {"subscribe", kChannelFields, run_subscribe},
      {"unsubscribe", kChannelFields, run_unsubscribe},
  };
  ApiError error;
  for (const Operation& operation : kOperations) {
    if (operation.name != op) continue;
    if (!check_fields(message, operation.fields, error)) return session.send_error(id, error);
    return operation.run(session, id, message);
  }
  session.send_error(
      id, ApiError(ResultCode::invalid_field, "op", "no such operation", "see docs/websocket.md"));
}

}  // namespace

void run_operation(Session& session, const object& message) {
  RequestId id;
  if (const boost::json::value* given = message.if_contains("id")) {
    if (given->is_int64()) id = given->get_int64();
  }
  const boost::json::value* op = message.if_contains("op");
  const bool has_op = op != nullptr && op->is_string();
  const std::string_view name =
      has_op ? std::string_view(op->get_string().data(), op->get_string().size()) : "";
  if (has_op) session.leave_plain_feed();
  if (has_op && run_order_entry(session, name, id, message)) return;
  if (!session.take_operation()) {
    ApiError error(ResultCode::rate_limited, "socket_operations");
    error.retry_after_s = 1;
    return session.send_error(id, error);
  }
  if (has_op) return run_socket_operation(session, name, id, message);
  if (run_plain_message(session, id, message)) return;
  session.send_error(id, ApiError(ResultCode::missing_field, "op"));
}

}  // namespace perpetua::gateway::ws
