// Views of what protects agents and of changes of the markets they trade in. Plain values, as in
// views.hpp.
#pragma once

#include <cstdint>

#include "engine/schema/event.hpp"
#include "engine/schema/market_spec.hpp"

namespace perpetua::stores {

// An armed dead-man's switch: one an agent and market.
struct SwitchView {
  MarketId market = kNoMarket;
  CancelScope scope = CancelScope::orders;
  int64_t deadline_ms = 0;
  bool operator==(const SwitchView&) const = default;
};

// What the operator has announced for a market: the whole contract from then on.
struct ScheduledChange {
  MarketSpec spec;
  int64_t effective_at_ms = 0;
};

// A change as the history keeps it. Fees and tiers at a time are those of the newest change that
// was applied by then, before the first one those the market was created with.
struct MarketChangeView {
  uint64_t sequence = 0;  // of its announcement
  MarketId market = kNoMarket;
  MarketSpec spec;
  int64_t effective_at_ms = 0;
  int64_t announced_at_ms = 0;
  int64_t applied_at_ms = 0;  // 0: it waits, or another one took its place
};

}  // namespace perpetua::stores
