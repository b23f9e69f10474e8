// Operations: what a client may ask for over the socket. docs/websocket.md is the reference.
//
//   auth, ping, cancel_on_disconnect                        operations.cpp; a budget per socket
//   subscribe, unsubscribe                                  subscriptions.cpp; the same budget
//   place, intent, amend, cancel, cancel_all, batch         order_entry.cpp; the HTTP API's budgets
//   cancel_all_after                                        order_entry.cpp; no budget
//
// Each answers in its own time with the request's `id`. Nothing a client sends makes them throw.
// Thread-safety: none; the session's io thread.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/codec/field_spec.hpp"

namespace perpetua::gateway {
class JsonWriter;
}

namespace perpetua::gateway::ws {

class Session;

using RequestId = std::optional<int64_t>;  // the client's number for its request

// The fields every operation has.
inline constexpr FieldSpec kOperationField = {"op", FieldType::token, true, "operation", {}, 1, 32};
inline constexpr FieldSpec kRequestIdField = {
    "id", FieldType::integer, false, "your number for the request, given back in the answer"};
inline constexpr FieldSpec kIdempotencyField = {
    "idempotency_key", FieldType::token, false, "as the HTTP header Idempotency-Key", {}, 1, 128};

// The member `id` of an answer: null if the request had none.
void write_id(JsonWriter& json, RequestId id);

void run_operation(Session& session, const boost::json::object& message);

// Whether it is answered by what this process shows: a login, a subscription.
bool looks_up(const boost::json::object& message);

// True if `op` is one of order entry's, which has then been answered or submitted.
bool run_order_entry(Session& session, std::string_view op, RequestId id,
                     const boost::json::object& message);

}  // namespace perpetua::gateway::ws
