// OrderPreview: what the engine would answer to an order now, and what the order would do.
//
// The engine's own functions (decide_place, check_exposure, evaluate_fill) on what the hot store
// shows, in the order of Ledger::place and Market::check_place. Not the same: the book is read as
// levels, so orders of one's own in it and the guard of the makers are not seen; and others may be
// faster. Pure but for the store it reads; thread-safe.
#pragma once

#include <string>

#include "engine/market/position.hpp"
#include "gateway/codec/markets.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::gateway::native {

struct OrderPreview {
  Outcome verdict;  // code ok, or the refusal with its numbers
  stores::MarketView market;
  Price price;                // limit or bound; 0: refused before it had one
  uint32_t leverage = 0;      // of the order
  uint32_t max_leverage = 0;  // of the tier that position and orders would be in
  Micro needed;               // what would be reserved
  Micro available;            // what may be reserved
  Lots filled;
  Micro filled_notional;
  Lots rested;
  Micro fee;
  Micro realised_pnl;
  Position after;
};

// REQUIRES: a place_order for a market and an agent that the hot store knows.
OrderPreview preview_order(const Command& command, const stores::HotStore& hot,
                           uint32_t margin_use_max_ppm, int64_t now_ms);

void render_preview(std::string& out, const Command& command, const OrderPreview& preview,
                    const MarketDirectory& markets);

}  // namespace perpetua::gateway::native
