// Trigger events and ends of positions as views: shared by the hot store and the history. Pure.
#pragma once

#include <optional>

#include "stores/trigger_views.hpp"

namespace perpetua::stores {

// trigger_changed: a new trigger, or the next state of `view`.
inline TriggerView make_trigger(const Event& event, int64_t time_ms) {
  TriggerView view;
  view.agent = event.header.agent;
  view.market = event.header.market;
  view.trigger = event.trigger_changed;
  view.created_at_ms = time_ms;
  view.updated_at_ms = time_ms;
  return view;
}

inline void fold_trigger_change(TriggerView& view, const Event& event, int64_t time_ms) {
  view.trigger = event.trigger_changed;
  view.updated_at_ms = time_ms;
}

inline void fold_trigger_close(TriggerView& view, const Event& event, int64_t time_ms) {
  const TriggerClosed& closed = event.trigger_closed;
  view.trigger.order_id = closed.order_id;
  view.closed_sequence = event.header.sequence;
  view.reason = closed.reason;
  view.code = static_cast<ResultCode>(closed.code);
  view.closed_at_mark = closed.mark;
  view.updated_at_ms = time_ms;
}

// Of a fill of an agent or a position_changed; nullopt: the position goes on.
inline std::optional<PositionEndView> find_position_end(const Event& event, int64_t time_ms) {
  PositionEndView view;
  view.sequence = event.header.sequence;
  view.agent = event.header.agent;
  view.market = event.header.market;
  view.time_ms = time_ms;
  if (event.header.type == EventType::fill) {
    const Fill& fill = event.fill;
    const int64_t after = fill.position_base.value;
    const int64_t before = after - sign(fill.side) * fill.lots.value;
    const auto sign_of = [](int64_t base) { return (base > 0) - (base < 0); };
    if (before == 0 || sign_of(before) == sign_of(after)) return std::nullopt;
    view.cause = fill.order_id == 0 ? PositionEndCause::liquidation : PositionEndCause::order;
    view.side = fill.side;
    view.order_id = fill.order_id;
    return view;
  }
  const PositionChanged& change = event.position_changed;
  if (change.base != Lots(0)) return std::nullopt;
  switch (change.cause) {
    case PositionChange::taken_over:
    case PositionChange::deleveraged_bankrupt:
      view.cause = PositionEndCause::liquidation;
      return view;
    case PositionChange::deleveraged:
      view.cause = PositionEndCause::deleveraging;
      return view;
    case PositionChange::settled:
      view.cause = PositionEndCause::settlement;
      return view;
    default:
      return std::nullopt;
  }
}

}  // namespace perpetua::stores
