// MarketAccount: what one agent has in one market. Part of the market's saved state, so its bytes
// are a format.
#pragma once

#include "engine/market/orders.hpp"
#include "engine/market/position.hpp"

namespace perpetua {

struct MarketAccount {
  Position position;
  Micro realised_pnl_total;
  Lots open_lots[2];              // [Side], resting, not reduce-only
  uint32_t own_first = kNilSlot;  // resting orders, oldest first
  uint32_t own_last = kNilSlot;
  uint16_t open_orders = 0;
  uint16_t reduce_only_orders = 0;  // of those
  uint8_t is_netting = 0;
  uint8_t zero = 0;
  uint16_t triggers = 0;  // in the trigger table
};
static_assert(sizeof(MarketAccount) == 64 && PlainRecord<MarketAccount>);

}  // namespace perpetua
