// The fields of every response object, for /docs. A test compares them with what render_* writes.
#pragma once

#include "gateway/codec/request_fields.hpp"
#include "gateway/http/endpoint.hpp"
#include "gateway/native/perpetual_fields.hpp"
#include "gateway/native/safety_fields.hpp"

namespace perpetua::gateway::native {

using enum FieldType;

inline constexpr FieldSpec kReplayedField = {"replayed", boolean, true,
                                             "true: a repeat; this is the first result"};

inline constexpr FieldSpec kAgentSchema[] = {
    {"agent_id", id, true, "agent"},
    {"wallet", text, true, "wallet address"},
    {"display_name", text, true, "may be empty"},
    {"bio", text, true, "may be empty"},
    {"registered_at", time_ms, true, "when"},
};

inline constexpr FieldSpec kAgentName[] = {{"agent_id", id, true, "agent"}};
inline constexpr FieldSpec kNewKeySchema[] = {
    {"key_id", id, true, "id of the key"},
    {"api_key", text, false, "shown only now; null in a repeat"},
    {"scopes", choices_list, true, "what the key may do", kScopeChoices},
    kKeyLimitsField[0],
    {"hint", text, true, "what to do with it"},
    kReplayedField,
};
inline constexpr auto kNewAgentSchema = join(kAgentName, kNewKeySchema);

inline constexpr FieldSpec kKeySchema[] = {
    {"key_id", id, true, "id of the key"},
    {"scopes", choices_list, true, "what the key may do", kScopeChoices},
    {"created_at", time_ms, true, "when"},
    {"expires_at", time_ms, false, "null: never"},
    kKeyLimitsField[0],
};

inline constexpr FieldSpec kRevokedKeySchema[] = {{"key_id", id, true, "id of the key"},
                                                  kReplayedField};

inline constexpr FieldSpec kAccountSchema[] = {
    {"agent_id", id, true, "agent"},
    {"free", decimal, true, "collateral that can be used or withdrawn"},
    {"reserved", decimal, true, "held for open orders"},
    {"position_margin", decimal, true, "held by positions"},
    {"collateral", decimal, true, "free + reserved + position_margin"},
    {"unrealised_pnl", decimal, true, "of all positions at the mark price"},
    {"equity", decimal, true, "collateral + unrealised_pnl"},
    {"open_orders", integer, true, "in all markets"},
    {"sequence", id, true, "last private event; resume the private stream from here"},
};

inline constexpr FieldSpec kBalanceSchema[] = {
    {"agent_id", id, true, "agent"},
    {"amount", decimal, true, "what was moved"},
    {"free", decimal, true, "afterwards"},
    {"reserved", decimal, true, "afterwards"},
    {"position_margin", decimal, true, "afterwards"},
    kReplayedField,
};

inline constexpr FieldSpec kLedgerEntrySchema[] = {
    {"sequence", id, true, "place in the history"},
    {"kind", choice, true, "what moved", "deposit|withdrawal|transfer_in|transfer_out|faucet"},
    {"amount", decimal, true, "always above zero; the kind tells the direction"},
    {"free_after", decimal, true, "free collateral afterwards"},
    {"counterparty", id, false, "the other agent of a transfer"},
    {"time", time_ms, true, "when"},
};

inline constexpr FieldSpec kContractFields[] = {
    {"market", market, true, "symbol"},
    {"tick_size", decimal, true, "prices are multiples of it"},
    {"lot_size", decimal, true, "sizes are multiples of it"},
    {"price_min", decimal, true, "lowest price at all"},
    {"price_max", decimal, true, "highest price at all"},
    {"default_leverage", integer, true, "until you set your own"},
    {"max_leverage", integer, true, "of the lowest tier"},
};
inline constexpr FieldSpec kPriceFields[] = {
    {"index_price", decimal, false, "null: no price yet"},
    {"mark_price", decimal, false, "null: no price yet"},
    {"price_time", time_ms, true, "source time of the index; 0: none"},
};
inline constexpr FieldSpec kStatisticsFields[] = {
    {"best_bid", decimal, false, "null: no bids"},
    {"best_ask", decimal, false, "null: no asks"},
    {"last_price", decimal, false, "of the last trade"},
    {"last_size", decimal, true, "of the last trade"},
    {"last_trade_at", time_ms, true, "0: none"},
    {"open_24h", decimal, false, "24 hours ago"},
    {"high_24h", decimal, false, "highest trade"},
    {"low_24h", decimal, false, "lowest trade"},
    {"change_24h", decimal, true, "last - open"},
    {"volume_24h", decimal, true, "in the asset"},
    {"volume_24h_usdc", decimal, true, "notional"},
    {"trades_24h", integer, true, "number"},
    {"open_interest", decimal, true, "sum of the long positions"},
    {"predicted_funding_rate", decimal, true, "an hour, from the samples so far; positive: longs pay"},
    {"next_funding", time_ms, true, "when it is charged; 0: no price yet"},
    {"exchange_status", object, true, "what works in this market", {}, 0, 0, kStatusFields},
};
inline constexpr auto kMarketSchema = join(kContractFields, kMarketTermFields, kPriceFields,
                                           kStatisticsFields, kPendingChangeField);

inline constexpr FieldSpec kMarketName[] = {{"market", market, true, "symbol"}};
inline constexpr auto kPriceSchema = join(kMarketName, kPriceFields);

inline constexpr FieldSpec kBookSchema[] = {
    {"market", market, true, "symbol"},
    {"sequence", id, true, "rises by one with every change; the /ws book continues it"},
    {"time", time_ms, true, "of the last change"},
    {"bids", levels, true, "best first: price, size, number of orders"},
    {"asks", levels, true, "best first: price, size, number of orders"},
};

inline constexpr std::string_view kTradeCauseChoices = "order|liquidation|fund";
inline constexpr FieldSpec kTradeSchema[] = {
    {"trade_id", id, true, "gap-free per market"},
    {"market", market, true, "symbol"},
    {"price", decimal, true, "the maker's price"},
    {"size", decimal, true, "in the asset"},
    {"side", choice, true, "of the taker", kSideChoices},
    {"cause", choice, true, "who took: an order, a liquidation or the insurance fund",
     kTradeCauseChoices},
    {"time", time_ms, true, "when"},
};

inline constexpr FieldSpec kCandleSchema[] = {
    {"open_time", time_ms, true, "start of the interval"},
    {"open", decimal, true, "first trade"},
    {"high", decimal, true, "highest trade"},
    {"low", decimal, true, "lowest trade"},
    {"close", decimal, true, "last trade"},
    {"volume", decimal, true, "in the asset"},
    {"volume_usdc", decimal, true, "notional"},
    {"trades", integer, true, "number"},
};

inline constexpr std::string_view kStatusChoices =
    "open|partially_filled|filled|cancelled|rejected|expired";
inline constexpr std::string_view kReasonChoices =
    "cancelled|cancel_all|ioc_remainder|expired|self_trade_prevention|position_closed|"
    "would_be_liquidated|price_moved|budget_spent|liquidation|market_settled|market_changed|"
    "dead_man";

// What has become of an order or intent.
inline constexpr FieldSpec kProgressFields[] = {
    {"filled", decimal, true, "size filled"},
    {"remaining", decimal, true, "size in the book"},
    {"filled_usdc", decimal, true, "notional filled"},
    {"average_price", decimal, false, "of the fills, cut to 6 digits"},
    {"fee", decimal, true, "paid so far"},
    {"status", choice, true, "status", kStatusChoices},
    {"close_reason", choice, false, "why it left unfilled", kReasonChoices},
};
inline constexpr FieldSpec kOrderTerms[] = {
    {"order_id", id, true, "order"},
    {"client_id", text, false, "your own name for it"},
    {"market", market, true, "symbol"},
    {"side", choice, true, "side", kSideChoices},
    {"kind", choice, true, "kind", kKindChoices},
    {"time_in_force", choice, true, "time in force", kTimeInForceChoices},
    {"post_only", choice, true, "post-only mode", kPostOnlyChoices},
    {"reduce_only", boolean, true, "only reduces a position"},
    {"self_trade_prevention", choice, true, "mode", kStpChoices},
    {"is_intent", boolean, true, "placed as an intent"},
    {"leverage", integer, true, "leverage"},
    {"price", decimal, true, "limit, or the bound of a market order"},
    {"size", decimal, true, "total; of a budget order what it filled and rested"},
    {"size_usdc", decimal, false, "budget, if the size was given so"},
    {"stop_loss", decimal, false, "bracket as given; GET /api/v1/triggers shows it once armed"},
    {"take_profit", decimal, false, "bracket as given"},
};
inline constexpr FieldSpec kOrderTimes[] = {
    {"expires_at", time_ms, false, "of a gtd order"},
    {"created_at", time_ms, true, "when"},
    {"updated_at", time_ms, true, "when"},
};
inline constexpr auto kOrderSchema = join(kOrderTerms, kProgressFields, kOrderTimes);

// What a command did to an order.
inline constexpr FieldSpec kOrderName[] = {{"order_id", id, true, "order"}};
inline constexpr FieldSpec kIntentName[] = {{"intent_id", id, true, "intent, and its order"}};
inline constexpr FieldSpec kResultFields[] = {
    {"client_id", text, false, "as given"},
    {"market", market, true, "symbol"},
    {"status", choice, true, "status", kStatusChoices},
    {"close_reason", choice, false, "why the rest is not in the book", kReasonChoices},
    {"filled", decimal, true, "size filled"},
    {"filled_usdc", decimal, true, "notional filled"},
    {"average_price", decimal, false, "of the fills, cut to 6 digits"},
};
inline constexpr FieldSpec kRestFields[] = {{"remaining", decimal, true, "size in the book"}};
inline constexpr FieldSpec kTakenOutFields[] = {{"cancelled", decimal, true, "size taken out"}};
inline constexpr FieldSpec kResultEnd[] = {
    {"price", decimal, true, "limit after a slide, or the bound of a market order"},
    kReplayedField,
};
inline constexpr auto kOrderResultSchema = join(kOrderName, kResultFields, kRestFields, kResultEnd);
inline constexpr auto kIntentResultSchema =
    join(kIntentName, kResultFields, kRestFields, kResultEnd);
inline constexpr auto kCancelResultSchema =
    join(kOrderName, kResultFields, kTakenOutFields, kResultEnd);

inline constexpr FieldSpec kCancelAllSchema[] = {{"cancelled_orders", integer, true,
                                                  "how many, triggers included"},
                                                 kReplayedField};

inline constexpr FieldSpec kFillSchema[] = {
    {"sequence", id, true, "place in the history"},
    {"trade_id", id, true, "trade, per market"},
    {"order_id", id, false, "your order; null: your liquidation"},
    {"market", market, true, "symbol"},
    {"side", choice, true, "of your order", kSideChoices},
    {"liquidity", choice, true, "your role", "taker|maker"},
    {"cause", choice, true, "who took: an order, a liquidation or the insurance fund",
     kTradeCauseChoices},
    {"price", decimal, true, "price"},
    {"size", decimal, true, "in the asset"},
    {"notional", decimal, true, "price x size"},
    {"fee", decimal, true, "paid"},
    {"realised_pnl", decimal, true, "of the reduced part, fee not included"},
    {"counterparty", id, false, "the other agent; null: the insurance fund"},
    {"time", time_ms, true, "when"},
};

inline constexpr FieldSpec kPositionSchema[] = {
    {"market", market, true, "symbol"},
    {"side", choice, false, "null: no position", kDirectionChoices},
    {"size", decimal, true, "in the asset"},
    {"entry_price", decimal, false, "average, cut to 6 digits"},
    {"mark_price", decimal, false, "null: no price yet"},
    {"notional", decimal, true, "at the mark price"},
    {"margin", decimal, true, "isolated margin"},
    {"maintenance_margin", decimal, true, "at the mark price"},
    {"unrealised_pnl", decimal, true, "at the mark price"},
    {"realised_pnl", decimal, true, "of all fills, fees not included"},
    {"liquidation_price", decimal, false, "null: cannot be liquidated"},
    {"bankruptcy_price", decimal, false, "where nothing is left"},
    {"equity", decimal, true, "margin and unrealised PnL"},
    {"margin_ratio", decimal, false,
     "equity / maintenance margin, cut to 4 digits: liquidated below 1; null: no position"},
    {"health", choice, true, "warning: equity below 1.5 x maintenance margin",
     "healthy|warning|liquidatable"},
    {"adl_quintile", integer, false,
     "place for auto-deleveraging: 5 goes first, 1 last; a second old at most; null: no position"},
    {"leverage", decimal, false, "entry notional / margin, to 2 digits; null: no position"},
    {"leverage_setting", integer, true, "your setting for the market: of orders to come"},
    {"netting", boolean, true, "your setting for the market"},
};

inline constexpr FieldSpec kLeverageResultSchema[] = {
    {"market", market, true, "symbol"}, {"leverage", integer, true, "set"}, kReplayedField};
inline constexpr FieldSpec kNettingResultSchema[] = {
    {"market", market, true, "symbol"}, {"netting", boolean, true, "set"}, kReplayedField};

inline constexpr FieldSpec kThoughtSchema[] = {
    {"thought_id", id, true, "thought"},
    {"agent_id", id, true, "who"},
    {"market", market, false, "what it is about"},
    {"text", text, true, "the thought"},
    {"time", time_ms, true, "when"},
};
inline constexpr FieldSpec kNewThoughtSchema[] = {{"thought_id", id, true, "thought"},
                                                  kReplayedField};

inline constexpr FieldSpec kPushedPriceSchema[] = {
    {"market", market, true, "symbol"},
    {"index_price", decimal, true, "accepted, after the clamp"},
    {"mark_price", decimal, true, "from now on"},
    kReplayedField,
};

inline constexpr FieldSpec kLimitsSchema[] = {
    {"mode", choice, true, "mode of the exchange", "sandbox|production"},
    {"time", time_ms, true, "clock of the gateway"},
    {"rates", object, true, "token buckets: per_second 0 is no limit"},
    {"amount_max", decimal, true, "one deposit, withdrawal or transfer"},
    {"faucet_per_day", decimal, true, "an agent in 24 hours"},
    {"open_orders_per_market", integer, true, "of one agent"},
    {"orders_per_request", integer, true, "batch place or cancel"},
    {"keys_per_agent", integer, true, "live ones"},
    {"client_id_bytes", integer, true, "length"},
    {"reason_bytes", integer, true, "length"},
    {"thought_bytes", integer, true, "length"},
    {"body_bytes", integer, true, "size of a request body"},
    {"page_items", integer, true, "largest page"},
};

inline constexpr FieldSpec kHealthSchema[] = {{"status", choice, true, "alive", "alive"},
                                              {"version", text, true, "of the program"}};
inline constexpr FieldSpec kReadySchema[] = {{"status", choice, true, "ready", "ready"},
                                             {"applied_batch", id, true, "newest batch shown"},
                                             {"degraded", text, false,
                                              "what it serves without, or null"}};

}  // namespace perpetua::gateway::native
