// Views of triggers, and of how positions ended. Plain values, as in views.hpp.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/schema/event.hpp"

namespace perpetua::stores {

// From a describe alone created_at_ms is 0 until warmed from history.
struct TriggerView {
  AgentId agent = 0;
  MarketId market = kNoMarket;
  TriggerChanged trigger;  // as it is, or was last
  int64_t created_at_ms = 0;
  int64_t updated_at_ms = 0;
  // Of one that is closed.
  uint64_t closed_sequence = 0;  // of its trigger_closed event; 0: live
  CloseReason reason = CloseReason::none;
  ResultCode code = ResultCode::ok;  // refused: what its order was refused with
  Price closed_at_mark;

  OrderId id() const { return trigger.trigger_id; }
  bool is_live() const { return closed_sequence == 0; }
};

enum class PositionEndCause : uint8_t {
  order = 0,  // a fill of an order of the agent
  liquidation = 1,
  deleveraging = 2,
  settlement = 3,
};

constexpr std::string_view wire_name(PositionEndCause cause) {
  constexpr std::string_view names[] = {"order", "liquidation", "deleveraging", "settlement"};
  return names[static_cast<std::size_t>(cause)];
}

// A position became zero or changed sign.
struct PositionEndView {
  uint64_t sequence = 0;  // of the fill or change that ended it
  AgentId agent = 0;
  MarketId market = kNoMarket;
  PositionEndCause cause = PositionEndCause::order;
  Side side = Side::buy;  // cause order: of the fill, so opposite to the position
  OrderId order_id = 0;   // cause order: whose fill it was
  int64_t time_ms = 0;
  bool operator==(const PositionEndView&) const = default;
};

}  // namespace perpetua::stores
