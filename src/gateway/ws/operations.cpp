#include "gateway/ws/operations.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>

#include "gateway/codec/fields.hpp"
#include "gateway/codec/json_writer.hpp"
#include "gateway/codec/request_fields.hpp"
#include "gateway/context.hpp"
#include "gateway/hub/format.hpp"
#include "gateway/ws/hub.hpp"
#include "gateway/ws/session.hpp"
#include "gateway/ws/shard.hpp"
#include "gateway/ws/subscriptions.hpp"

namespace perpetua::gateway::ws {
namespace {

using boost::json::object;

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

int64_t wall_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
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
      {"subscribe", kSubscriptionFields, run_subscribe},
      {"unsubscribe", kSubscriptionFields, run_unsubscribe},
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

void write_id(JsonWriter& json, RequestId id) {
  json.key("id");
  if (id) {
    json.number(*id);
  } else {
    json.null();
  }
}

bool looks_up(const object& message) {
  const boost::json::value* name = message.if_contains("op");
  if (name == nullptr) name = message.if_contains("type");
  if (name == nullptr || !name->is_string()) return false;
  return name->get_string() == "auth" || name->get_string() == "subscribe";
}

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
