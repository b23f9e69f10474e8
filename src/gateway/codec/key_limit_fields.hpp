// What a key may be held to, in requests and replies alike: docs/rules-perpetual.md section 22.
#pragma once

#include "base/limits.hpp"
#include "gateway/codec/field_spec.hpp"

namespace perpetua::gateway {

inline constexpr FieldSpec kKeyLimitFields[] = {
    {"order_notional_max", FieldType::decimal, false, "USDC of one order; absent: no such limit"},
    {"position_notional_max", FieldType::decimal, false,
     "USDC of the position in a market with its open orders; absent: no such limit"},
    {"daily_loss_max", FieldType::decimal, false,
     "USDC lost by trading since the key's first order of the day (UTC); once reached, only "
     "reduce-only orders pass. Absent: no such limit"},
    {"leverage_max",
     FieldType::integer,
     false,
     "absent: no such limit",
     {},
     1,
     limits::kLeverageMax},
    {"reduce_only", FieldType::boolean, false, "only reduce-only orders pass"},
    {"markets",
     FieldType::token_list,
     false,
     "symbols of the markets it may trade; absent: all",
     {},
     1,
     limits::kMarketsMax},
};

}  // namespace perpetua::gateway
