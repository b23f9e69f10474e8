// What makes a market a perpetual, beyond book and positions: status, mark inputs, funding samples,
// the bookkeeping of liquidations. One plain record, saved as it is.
//
// Rules: docs/rules-perpetual.md. Thread-safety: none (the market's thread).
#pragma once

#include "engine/market/funding.hpp"
#include "engine/market/mark_price.hpp"
#include "engine/schema/market_spec.hpp"

namespace perpetua {

struct PerpetualState {
  MarkInputs mark_inputs;
  FundingSamples funding;
  Price last_trade;
  int64_t liquidation_minute = 0;  // log time / 60,000 of `liquidated`
  Micro liquidated;                // through the book, in that minute
  int64_t unwound_at_ms = 0;       // last order of the fund
  Micro bad_debt;                  // credited, but paid by nobody
  MarketMode mode = MarketMode::open;
  uint8_t is_stale = 0;
  uint8_t is_breaker_open = 0;
  uint8_t fresh_updates = 0;  // accepted prices since the index became stale
  uint8_t zero[4] = {};

  bool accepts_orders() const { return mode == MarketMode::open && is_stale == 0; }
  // Prices, funding and liquidations may act on positions.
  bool is_live() const { return mode == MarketMode::open || mode == MarketMode::cancel_only; }
};
static_assert(PlainRecord<PerpetualState>);

// A spec that takes effect later.
struct PendingChange {
  MarketSpec spec;
  int64_t effective_at_ms = 0;
  uint8_t is_set = 0;
  uint8_t zero[7] = {};
};
static_assert(PlainRecord<PendingChange>);

// When an agent's last slice went to the book; forgotten after kSliceCooldownMs.
struct SliceTime {
  AgentId agent = 0;
  uint32_t zero = 0;
  int64_t at_ms = 0;
};
static_assert(PlainRecord<SliceTime>);

}  // namespace perpetua
