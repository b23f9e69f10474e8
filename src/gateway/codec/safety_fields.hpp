// The field tables of requests that protect agents or change a market. As request_fields.hpp.
#pragma once

#include <array>
#include <iterator>

#include "gateway/codec/request_fields.hpp"

namespace perpetua::gateway {

inline constexpr FieldSpec kSetKeyLimitsFields[] = {
    kKeyLimitFields[0], kKeyLimitFields[1], kKeyLimitFields[2], kKeyLimitFields[3],
    kKeyLimitFields[4], kKeyLimitFields[5], kValidUntilField,
};

inline constexpr std::string_view kSwitchScopeChoices = "orders|everything";
inline constexpr FieldSpec kCancelAllAfterFields[] = {
    {"timeout_ms", FieldType::integer, true,
     "from now until everything is cancelled unless this is sent again; 5,000 to 600,000, or 0: "
     "disarm"},
    {"scope", FieldType::choice, false,
     "orders: open orders and entry triggers; everything: protective triggers, too. Default: "
     "orders",
     kSwitchScopeChoices},
    kMarketOptionalField,
    kValidUntilField,
};

inline constexpr FieldSpec kTierFields[] = {
    {"from_notional", FieldType::decimal, true,
     "notional of position and orders from which it "
     "holds; the first is \"0\""},
    {"max_leverage",
     FieldType::integer,
     true,
     "falls from tier to tier; maintenance rate is "
     "1 / (2 x max_leverage)",
     {},
     1,
     limits::kLeverageMax},
};

// What may be changed of a market, as its view names it.
inline constexpr FieldSpec kMarketTermFields[] = {
    {"maker_fee", FieldType::decimal, true, "fraction of the notional"},
    {"taker_fee", FieldType::decimal, true, "fraction of the notional"},
    {"price_band", FieldType::decimal, true, "limit prices lie within this fraction of the mark"},
    {"default_slippage", FieldType::decimal, true, "of market orders"},
    {"max_slippage", FieldType::decimal, true, "of market orders"},
    {"mark_band", FieldType::decimal, true, "the mark lies within this fraction of the index"},
    {"min_notional", FieldType::decimal, true, "smallest opening order"},
    {"max_position_notional", FieldType::decimal, true, "one agent, orders included"},
    {"impact_notional", FieldType::decimal, true, "of a premium sample of the funding rate"},
    {"max_liquidations_per_minute", FieldType::decimal, true,
     "notional liquidated through the book; above: the breaker is open"},
    {"max_fund_notional", FieldType::decimal, true, "of the insurance fund's position"},
    {"margin_tiers",
     FieldType::object_list,
     true,
     "leverage by size",
     {},
     1,
     limits::kTiersMax,
     kTierFields},
};

constexpr auto market_change_fields() {
  std::array<FieldSpec, std::size(kMarketTermFields) + 2> fields;
  std::size_t end = 0;
  for (FieldSpec field : kMarketTermFields) {
    field.required = false;
    fields[end++] = field;
  }
  fields[end++] = {"effective_at",
                   FieldType::time_ms,
                   true,
                   "when it holds from; at least a minute ahead",
                   {},
                   1};
  fields[end] = kValidUntilField;
  return fields;
}
inline constexpr auto kMarketChangeFields = market_change_fields();

}  // namespace perpetua::gateway
