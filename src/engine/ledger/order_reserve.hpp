// What the ledger decides about an order before a market sees it: docs/rules.md sections 3 and 6.
//
// Pure functions of the command and the market view; the caller moves the money. Failure order is
// the order of the rules. Thread-safety: none needed.
#pragma once

#include "engine/schema/margin.hpp"
#include "engine/schema/batch.hpp"

namespace perpetua {

// A market as reserve sees it: the end of the previous round.
struct MarketView {
  const MarketRules* spec = nullptr;
  Price mark;      // 0 = no price yet
  Price best_bid;  // 0 = none
  PriceBand band;
  Price sell_floor;
};

MarketView make_market_view(const MarketRules& spec, Price mark, Price best_bid);

struct PlaceDecision {
  Outcome refusal;  // code ok: go on
  Price price;      // limit or bound
  Price reserve_price;
  uint32_t leverage = 0;
  Micro need;  // 0 for reduce-only
};

// `default_leverage` is the agent's setting for the market.
PlaceDecision decide_place(const PlaceOrder& order, const MarketView& view, int64_t log_time_ms,
                           uint32_t default_leverage);

// The order that an entry trigger will send; docs/rules-perpetual.md section 20, reserve 4.
// REQUIRES: the trigger is well formed.
PlaceDecision decide_entry_trigger(const PlaceTrigger& wanted, const MarketView& view,
                                   uint32_t default_leverage);

// The resting order that an amend names, as of the market view.
struct RestingOrder {
  Side side = Side::buy;
  bool is_reduce_only = false;
  uint32_t leverage = 1;
  Price price;
  Lots lots;  // total
  Lots filled;
};

struct AmendDecision {
  Outcome refusal;
  Price price;
  Price reserve_price;
  Micro need;
};

AmendDecision decide_amend(const AmendOrder& amend, const RestingOrder& resting,
                           const MarketView& view);

// Form of an amend, independent of the order it names.
bool amend_is_well_formed(const AmendOrder& amend);

}  // namespace perpetua
