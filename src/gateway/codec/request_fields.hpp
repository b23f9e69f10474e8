// The field tables of all request bodies: what check_fields enforces and /docs shows.
//
// Named*: the order is named inside the body (WebSocket order entry, batches); the HTTP paths name
// it themselves. Tables are constexpr; every string is a literal.
#pragma once

#include "base/limits.hpp"
#include "engine/schema/types.hpp"
#include "gateway/codec/field_spec.hpp"
#include "gateway/codec/key_limit_fields.hpp"

namespace perpetua::gateway {

inline constexpr std::string_view kSideChoices = "buy|sell";
inline constexpr std::string_view kKindChoices = "limit|market";
inline constexpr std::string_view kTimeInForceChoices = "gtc|ioc|fok|gtd";
inline constexpr std::string_view kPostOnlyChoices = "none|reject|slide";
inline constexpr std::string_view kStpChoices = "cancel_newest|cancel_oldest|cancel_both";
inline constexpr std::string_view kDirectionChoices = "long|short";
inline constexpr std::string_view kScopeChoices = "read|trade|withdraw";

inline constexpr FieldSpec kMarketField = {"market", FieldType::market, true, "market symbol"};
inline constexpr FieldSpec kMarketOptionalField = {"market", FieldType::market, false,
                                                   "market symbol; absent: every market"};
inline constexpr FieldSpec kValidUntilField = {
    "valid_until",
    FieldType::time_ms,
    false,
    "refused with request_expired if the exchange reaches the request later than this",
    {},
    1};
inline constexpr FieldSpec kClientIdField = {
    "client_id",
    FieldType::token,
    false,
    "your own name for the order, unique among yours; a repeat returns the first result",
    {},
    1,
    limits::kClientIdBytesMax};
inline constexpr FieldSpec kOrderIdField = {"order_id", FieldType::id, false,
                                            "order id; or give client_id"};
inline constexpr FieldSpec kClientIdNameField = {
    "client_id", FieldType::token,         false, "client id of the order; or give order_id", {},
    1,           limits::kClientIdBytesMax};

inline constexpr FieldSpec kStopLossField = {
    "stop_loss", FieldType::decimal, false,
    "bracket: mark price at which the position is closed at a loss; armed by the first fill"};
inline constexpr FieldSpec kTakeProfitField = {
    "take_profit", FieldType::decimal, false,
    "bracket: mark price at which the position is closed at a profit; armed by the first fill"};

inline constexpr FieldSpec kPlaceFields[] = {
    kMarketField,
    {"side", FieldType::choice, true, "side", kSideChoices},
    {"kind", FieldType::choice, false, "default: limit", kKindChoices},
    {"size", FieldType::decimal, false, "size in the asset, a multiple of the lot size"},
    {"size_usdc", FieldType::decimal, false, "or: what to spend at most, notional in USDC"},
    {"price", FieldType::decimal, false, "limit price, a multiple of the tick size"},
    {"time_in_force", FieldType::choice, false,
     "default: gtc for limit (gtd with expires_at), ioc for market", kTimeInForceChoices},
    {"expires_at", FieldType::time_ms, false, "end of a gtd order", {}, 1},
    {"post_only", FieldType::choice, false,
     "reject: refuse to trade at once; slide: move behind the touch. Default: none",
     kPostOnlyChoices},
    {"reduce_only", FieldType::boolean, false, "only reduce a position, never open or flip one"},
    {"self_trade_prevention", FieldType::choice, false, "default: cancel_newest", kStpChoices},
    {"leverage",
     FieldType::integer,
     false,
     "default: your setting for the market",
     {},
     1,
     limits::kLeverageMax},
    {"max_slippage", FieldType::decimal, false,
     "market orders: fraction of the mark price, \"0.005\" is 0.5 %; default: the market's"},
    kStopLossField,
    kTakeProfitField,
    kClientIdField,
    kValidUntilField,
};

inline constexpr FieldSpec kIntentFields[] = {
    kMarketField,
    {"direction", FieldType::choice, true, "long or short", kDirectionChoices},
    {"size_usdc", FieldType::decimal, true, "notional in USDC"},
    {"leverage",
     FieldType::integer,
     false,
     "default: your setting for the market",
     {},
     1,
     limits::kLeverageMax},
    {"limit_price", FieldType::decimal, false, "worst price; absent: market order"},
    {"max_slippage", FieldType::decimal, false, "without limit_price: fraction of the mark price"},
    {"expires_at",
     FieldType::time_ms,
     false,
     "with limit_price: when the rest is cancelled",
     {},
     1},
    {"reason", FieldType::text, false, "why; kept with the intent", {}, 0, limits::kReasonBytesMax},
    kStopLossField,
    kTakeProfitField,
    kClientIdField,
    kValidUntilField,
};

inline constexpr FieldSpec kAmendFields[] = {
    {"price", FieldType::decimal, false, "new limit price; absent: unchanged"},
    {"size", FieldType::decimal, false,
     "new total size, what has filled included; absent: unchanged"},
    kValidUntilField,
};

inline constexpr FieldSpec kDeadlineFields[] = {kValidUntilField};

// By client id: the market gives price and size their units.
inline constexpr FieldSpec kAmendNamedFields[] = {
    kOrderIdField,   kClientIdNameField, {"market", FieldType::market, false, "with client_id"},
    kAmendFields[0], kAmendFields[1],    kValidUntilField,
};

inline constexpr FieldSpec kCancelNamedFields[] = {
    kOrderIdField,
    kClientIdNameField,
    {"market", FieldType::market, false, "with client_id; absent: every market"},
    kValidUntilField,
};

inline constexpr std::string_view kCancelScopeChoices = "orders|everything|triggers";
inline constexpr FieldSpec kCancelAllFields[] = {
    kMarketOptionalField,
    {"scope", FieldType::choice, false,
     "orders: with entry triggers; everything: protective triggers, too; triggers: only triggers. "
     "Default: orders",
     kCancelScopeChoices},
    kValidUntilField,
};

inline constexpr FieldSpec kTrailField = {
    "trail", FieldType::decimal, false,
    "distance from the best mark: a stop that follows; instead of a stop"};
inline constexpr FieldSpec kTriggerSlippageField = {
    "max_slippage", FieldType::decimal, false,
    "of a market order: fraction of the mark price then; default: the market's"};

inline constexpr FieldSpec kTriggerFields[] = {
    kMarketField,
    {"reduce_only", FieldType::boolean, false,
     "true: protective, closes the position; false: an entry. Default: true"},
    {"side", FieldType::choice, false, "of an entry", kSideChoices},
    {"size", FieldType::decimal, false,
     "protective: absent is the whole position; entry: required"},
    {"leverage",
     FieldType::integer,
     false,
     "of an entry; default: your setting for the market",
     {},
     1,
     limits::kLeverageMax},
    {"stop", FieldType::decimal, false,
     "mark price: fires when the mark moves against the position"
     " (entry: beyond the mark)"},
    {"stop_limit", FieldType::decimal, false, "limit of the stop's order; absent: a market order"},
    {"take_profit", FieldType::decimal, false,
     "mark price: fires when the mark moves in favour; with a stop the first to fire closes the "
     "other"},
    {"take_profit_limit", FieldType::decimal, false,
     "limit of the take-profit's order; absent: a market order"},
    kTrailField,
    kTriggerSlippageField,
    {"replace", FieldType::boolean, false,
     "instead of all your protective triggers in this market"},
    kValidUntilField,
};

// PUT: afterwards the position has this protection and no other.
inline constexpr FieldSpec kProtectionFields[] = {
    {"stop_loss", FieldType::decimal, false, "mark price at which the position is closed"},
    {"take_profit", FieldType::decimal, false, "mark price at which the position is closed"},
    kTrailField,
    kTriggerSlippageField,
    kValidUntilField,
};

inline constexpr FieldSpec kBatchPlaceFields[] = {
    {"orders",
     FieldType::object_list,
     true,
     "sequenced next to each other, in this order",
     {},
     1,
     limits::kOrdersPerRequestMax,
     kPlaceFields},
    kValidUntilField,
};

inline constexpr FieldSpec kBatchCancelFields[] = {
    {"order_ids",
     FieldType::id_list,
     false,
     "orders to cancel",
     {},
     1,
     limits::kOrdersPerRequestMax},
    {"client_ids",
     FieldType::token_list,
     false,
     "orders to cancel, by client id",
     {},
     1,
     limits::kOrdersPerRequestMax},
    {"market", FieldType::market, false, "with client_ids; absent: every market"},
    kValidUntilField,
};

inline constexpr FieldSpec kRegisterFields[] = {
    {"wallet",
     FieldType::token,
     true,
     "wallet address; one agent each",
     {},
     1,
     limits::kWalletBytesMax},
    {"display_name",
     FieldType::text,
     false,
     "shown to others",
     {},
     0,
     limits::kDisplayNameBytesMax},
    {"bio", FieldType::text, false, "shown to others", {}, 0, limits::kBioBytesMax},
    {"key_expires_at", FieldType::time_ms, false, "expiry of the first key; absent: never", {}, 1},
    kValidUntilField,
};

inline constexpr FieldSpec kCreateKeyFields[] = {
    {"scopes", FieldType::choices_list, true, "what the key may do", kScopeChoices, 1, 3},
    {"expires_at", FieldType::time_ms, false, "absent: never", {}, 1},
    {"limits",
     FieldType::object,
     false,
     "what the exchange holds the key to from its first command on; absent: nothing",
     {},
     0,
     0,
     kKeyLimitFields},
    kValidUntilField,
};

inline constexpr FieldSpec kDepositFields[] = {
    {"amount", FieldType::decimal, true, "USDC"},
    {"agent_id", FieldType::id, false, "operator only: whose account"},
    kValidUntilField,
};

inline constexpr FieldSpec kFaucetFields[] = {
    {"amount", FieldType::decimal, true, "USDC; at most 100,000 in 24 hours"},
    kValidUntilField,
};

inline constexpr FieldSpec kTransferFields[] = {
    {"to_agent_id", FieldType::id, true, "receiver"},
    {"amount", FieldType::decimal, true, "USDC"},
    kValidUntilField,
};

inline constexpr FieldSpec kLeverageFields[] = {
    {"leverage", FieldType::integer, true, "for orders to come", {}, 1, limits::kLeverageMax},
    kValidUntilField,
};

inline constexpr FieldSpec kNettingFields[] = {
    {"netting", FieldType::boolean, true, "true: orders may cross through zero to the other side"},
    kValidUntilField,
};

inline constexpr std::string_view kMarginActionChoices = "add|remove";
inline constexpr FieldSpec kMarginFields[] = {
    {"action", FieldType::choice, true, "into the position or out of it", kMarginActionChoices},
    {"amount", FieldType::decimal, true, "USDC"},
    kValidUntilField,
};

inline constexpr std::string_view kMarketModeChoices = "open|cancel_only|halted|settled";
inline constexpr FieldSpec kMarketModeFields[] = {
    {"mode", FieldType::choice, true, "settled is for ever: every position is closed at the mark",
     kMarketModeChoices},
    kValidUntilField,
};

inline constexpr FieldSpec kFundInsuranceFields[] = {
    {"amount", FieldType::decimal, true, "USDC; pays bad debt first"},
    kValidUntilField,
};

inline constexpr FieldSpec kCloseFields[] = {
    {"max_slippage", FieldType::decimal, false,
     "fraction of the mark price; default: the market's"},
    kValidUntilField,
};

inline constexpr FieldSpec kThoughtFields[] = {
    {"text", FieldType::text, true, "the thought, public", {}, 1, limits::kThoughtBytesMax},
    {"market", FieldType::market, false, "what it is about"},
    kValidUntilField,
};

inline constexpr FieldSpec kSourcePriceFields[] = {
    {"price", FieldType::decimal, true, "what this source says; cut down to the tick"},
    {"weight", FieldType::integer, false, "default 1", {}, 1, limits::kIndexWeightMax},
    {"source_time",
     FieldType::time_ms,
     false,
     "when it saw it; default: now; required with an Idempotency-Key",
     {},
     1},
};

inline constexpr FieldSpec kPriceEntryFields[] = {
    kMarketField,
    {"price", FieldType::decimal, false, "index price, a multiple of the tick size; or `sources`"},
    {"sources",
     FieldType::object_list,
     false,
     "prices of several sources: the index is the weighted median of the fresh ones",
     {},
     1,
     limits::kIndexSourcesMax,
     kSourcePriceFields},
    {"source_time",
     FieldType::time_ms,
     false,
     "when the source saw it; default: now; required with an Idempotency-Key",
     {},
     1},
};

inline constexpr FieldSpec kPushPricesFields[] = {
    {"prices",
     FieldType::object_list,
     true,
     "one entry per market",
     {},
     1,
     limits::kMarketsMax,
     kPriceEntryFields},
    kValidUntilField,
};

}  // namespace perpetua::gateway
