// Taker: an order on its way through the book of a market: new, taken out by an amend, or a forced
// one of a liquidation. Lives for one operation of the market; a plain value.
#pragma once

#include "engine/market/orders.hpp"

namespace perpetua {

struct Taker {
  uint32_t slot = kNilSlot;
  uint32_t command = 0;
  AgentId agent = 0;
  Side side = Side::buy;
  SelfTradePrevention stp = SelfTradePrevention::cancel_newest;
  bool is_reduce_only = false;
  bool has_budget = false;
  bool may_rest = false;
  uint32_t leverage = 1;
  Price limit;
  Price reserve_price;
  Lots remaining;     // lots orders
  Micro budget_left;  // budget orders
  Micro reserved;
  Lots filled;  // totals of the order
  Micro filled_notional;
  bool filled_now = false;
  bool has_bracket = false;   // in its detail, not yet armed
  std::size_t last_fill = 0;  // place in *round_.events, if filled_now
  uint32_t ahead = kNilSlot;  // the maker to prefetch; only a hint
  CloseReason stop = CloseReason::none;
  Micro position_max;  // of the key that sent it, or of the agent; 0 = none
  bool is_agents_max = false;
  TradeCause cause = TradeCause::order;  // else a forced taker: in no table, and slot is nil
  Micro forced_fee;                      // what the fund got of its fills

  bool is_done() const { return has_budget ? budget_left <= Micro(0) : remaining <= Lots(0); }
};

}  // namespace perpetua
