// Announcements of market changes as views: shared by the hot store and the history. Pure.
#pragma once

#include <cstring>
#include <string_view>

#include "base/assert.hpp"
#include "stores/safety_views.hpp"

namespace perpetua::stores {

// `spec` is the event's text. REQUIRES: market_change_scheduled.
inline ScheduledChange make_scheduled_change(const Event& event, std::string_view spec) {
  ScheduledChange change;
  PERPETUA_ASSERT(spec.size() == sizeof change.spec);
  std::memcpy(static_cast<void*>(&change.spec), spec.data(), sizeof change.spec);
  change.effective_at_ms = event.market_change_scheduled.effective_at_ms;
  return change;
}

inline MarketChangeView make_market_change(const Event& event, std::string_view spec,
                                           int64_t time_ms) {
  const ScheduledChange change = make_scheduled_change(event, spec);
  return {
      event.header.sequence, event.header.market, change.spec, change.effective_at_ms, time_ms, 0};
}

}  // namespace perpetua::stores
