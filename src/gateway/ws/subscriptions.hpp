// Subscriptions: the operations `subscribe` and `unsubscribe` of a socket, their fields and
// replies. docs/websocket.md is the reference.
//
// A public channel answers with a snapshot and its stream; `private`, or one of its channels, with
// the events missed since `resume_from`, if the hub still has them. Nothing a client sends makes
// them throw. Thread-safety: none; the session's io thread.
#pragma once

#include "gateway/ws/operations.hpp"

namespace perpetua::gateway::ws {

inline constexpr FieldSpec kSubscriptionFields[] = {
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

// REQUIRES: the fields of `message` are checked.
void run_subscribe(Session& session, RequestId id, const boost::json::object& message);
void run_unsubscribe(Session& session, RequestId id, const boost::json::object& message);

}  // namespace perpetua::gateway::ws
