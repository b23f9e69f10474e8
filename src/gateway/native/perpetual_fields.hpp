// The fields of the response objects of the perpetual: status, funding, liquidations, insurance,
// alerts, solvency, previews. As response_fields.hpp, which includes nothing of it but the status.
#pragma once

#include "gateway/codec/request_fields.hpp"
#include "gateway/native/field_join.hpp"

namespace perpetua::gateway::native {

using enum FieldType;

inline constexpr FieldSpec kStatusFields[] = {
    {"mode", choice, true, "set by the operator", kMarketModeChoices},
    {"is_stale", boolean, true, "the index is too old: the mark is frozen, liquidations wait"},
    {"is_breaker_open", boolean, true, "liquidations through the book wait for the next minute"},
    {"accepts_orders", boolean, true, "mode open and not stale; cancels always work"},
    {"text", text, true, "the same in plain words"},
};
inline constexpr FieldSpec kMarketKey[] = {{"market", market, true, "symbol"}};
inline constexpr FieldSpec kSequenceKey[] = {{"sequence", id, true, "place in the history"}};
inline constexpr FieldSpec kTimeKey[] = {{"time", time_ms, true, "when"}};

inline constexpr auto kMarketStatusSchema = join(kMarketKey, kStatusFields);
inline constexpr FieldSpec kExchangeStatusSchema[] = {
    {"status", choice, true, "whether orders are taken, of all markets together",
     "open|partly_open|closed"},
    {"applied_batch", id, true, "newest batch shown"},
    {"time", time_ms, true, "log time of that batch"},
    {"markets", object_list, true, "one entry per market", {}, 0, 0, kMarketStatusSchema},
};

inline constexpr FieldSpec kFundingSchema[] = {
    {"market", market, true, "symbol"},
    {"predicted_rate", decimal, true,
     "an hour: what the average so far would give; positive: longs pay"},
    {"average_premium", decimal, true, "of the samples of this hour"},
    {"samples", integer, true, "of this hour, one each 5 s"},
    {"samples_needed", integer, true, "fewer in an hour: its rate is 0"},
    {"next_settlement", time_ms, true, "when it is charged; 0: no price yet"},
    {"last_rate", decimal, false, "of the last hour settled"},
    {"last_settlement", time_ms, true, "end of that hour; 0: none"},
    {"index_price", decimal, false, "null: no price yet"},
    {"mark_price", decimal, false, "null: no price yet"},
};
inline constexpr FieldSpec kFundingHourSchema[] = {
    {"sequence", id, true, "place in the history"},
    {"market", market, true, "symbol"},
    {"hour_end", time_ms, true, "end of the hour"},
    {"rate", decimal, true, "an hour; positive: longs paid"},
    {"average_premium", decimal, true, "of its samples"},
    {"samples", integer, true, "number"},
    {"index_price", decimal, true, "payments are reckoned at it"},
    {"paid", decimal, true, "due by all payers"},
    {"received", decimal, true, "by all receivers; the difference is the insurance fund's"},
    {"time", time_ms, true, "when it was charged"},
};
inline constexpr FieldSpec kFundingPaymentSchema[] = {
    {"sequence", id, true, "place in the history"},
    {"market", market, true, "symbol"},
    {"hour_end", time_ms, true, "end of the hour"},
    {"rate", decimal, true, "an hour; positive: longs paid"},
    {"index_price", decimal, true, "it was reckoned at"},
    {"side", choice, true, "of your position", kDirectionChoices},
    {"size", decimal, true, "of your position"},
    {"amount", decimal, true, "got; below zero: paid"},
    {"margin", decimal, true, "of the position afterwards"},
    {"time", time_ms, true, "when"},
};

inline constexpr FieldSpec kLiquidationSchema[] = {
    {"sequence", id, true, "place in the history"},
    {"market", market, true, "symbol"},
    {"agent_id", id, false, "whose position; null: the insurance fund's own"},
    {"step", choice, true, "sold through the book, taken over by the fund, closed against others",
     "book|taken_over|deleveraged"},
    {"side", choice, true, "of the position", kDirectionChoices},
    {"size", decimal, true, "closed by this step"},
    {"notional", decimal, true, "what it changed hands for"},
    {"average_price", decimal, false, "notional / size, cut to 6 digits"},
    {"fee", decimal, true, "to the insurance fund"},
    {"position_size", decimal, true, "before the step"},
    {"equity", decimal, true, "before the step, at the mark price"},
    {"maintenance_margin", decimal, true, "before the step, at the mark price"},
    {"mark_price", decimal, true, "of that moment"},
    {"time", time_ms, true, "when"},
};

inline constexpr FieldSpec kFundFields[] = {
    {"side", choice, false, "of the fund's position; null: none", kDirectionChoices},
    {"size", decimal, true, "of the fund's position"},
    {"entry_notional", decimal, true, "of the fund's position"},
    {"cash", decimal, true, "what it pays from"},
    {"bad_debt", decimal, true, "credited to others, paid by nobody"},
};
inline constexpr auto kFundChangeSchema = join(kSequenceKey, kMarketKey, kFundFields, kTimeKey);
inline constexpr FieldSpec kInsuranceFigures[] = {
    {"entry_price", decimal, false, "average, cut to 6 digits"},
    {"mark_price", decimal, false, "null: no price yet"},
    {"notional", decimal, true, "of its position at the mark price"},
    {"equity", decimal, true, "cash and unrealised PnL at the mark price"},
    {"max_notional", decimal, true, "of its position; more is closed against others"},
    {"recent_changes", object_list, true, "newest first", {}, 0, 0, kFundChangeSchema},
};
inline constexpr auto kInsuranceSchema = join(kMarketKey, kFundFields, kInsuranceFigures);

inline constexpr FieldSpec kPositionChangeSchema[] = {
    {"sequence", id, true, "place in the history"},
    {"market", market, true, "symbol"},
    {"cause", choice, true, "why",
     "funding|margin_adjusted|taken_over|deleveraged|deleveraged_bankrupt|settled"},
    {"amount", decimal, true, "margin put in (below zero: taken out); else realised PnL"},
    {"closed", decimal, true, "size"},
    {"closed_notional", decimal, true, "what it changed hands for"},
    {"side", choice, false, "afterwards; null: no position", kDirectionChoices},
    {"size", decimal, true, "afterwards"},
    {"entry_notional", decimal, true, "afterwards"},
    {"margin", decimal, true, "afterwards"},
    {"realised_pnl", decimal, true, "of the market in all, fees not included"},
    {"rank", integer, false, "deleveraged: place in the ranking, 1 is first"},
    {"score", decimal, true, "deleveraged: profit x leverage; else 0"},
    {"counterparty", id, false, "deleveraged: whose bankruptcy; null: the insurance fund"},
    {"time", time_ms, true, "when"},
};

inline constexpr FieldSpec kAlertSchema[] = {
    {"sequence", id, true, "place in the history"},
    {"kind", choice, true, "what happened",
     "margin_warning|liquidated|taken_over|bankrupt|deleveraged"},
    {"market", market, true, "symbol"},
    {"side", choice, false, "of the position; before a step, but after a deleveraging",
     kDirectionChoices},
    {"size", decimal, true, "of the position"},
    {"mark_price", decimal, false, "of that moment; null: deleveraged"},
    {"equity", decimal, false, "at the mark price; null: deleveraged"},
    {"maintenance_margin", decimal, false, "at the mark price; null: deleveraged"},
    {"closed", decimal, true, "size; 0: a warning"},
    {"closed_notional", decimal, true, "what it changed hands for"},
    {"hint", text, true, "what to do"},
    {"time", time_ms, true, "when"},
};

inline constexpr FieldSpec kMoneyFields[] = {
    {"collateral", decimal, true, "free, reserved and position margin of all agents"},
    {"signed_entry_notional", decimal, true, "of all longs less that of all shorts"},
    {"fees", decimal, true, "of makers, takers and bets, ever"},
    {"fund_cash", decimal, true, "of all insurance funds"},
    {"bad_debt", decimal, true, "of all insurance funds"},
    {"bet_escrow", decimal, true, "stakes of signals that are not over"},
    {"left_side", decimal, true,
     "collateral - signed entry + fees + fund cash - bad debt + bet escrow"},
    {"deposits", decimal, true, "ever"},
    {"withdrawals", decimal, true, "ever"},
    {"right_side", decimal, true, "deposits - withdrawals"},
    {"difference", decimal, true, "must be 0"},
};
inline constexpr FieldSpec kMarketMoneyFields[] = {
    {"market", market, true, "symbol"},
    {"long_size", decimal, true, "of all positions, the insurance fund's among them"},
    {"short_size", decimal, true, "must be the same"},
    {"is_balanced", boolean, true, "it is"},
    {"signed_entry_notional", decimal, true, "of longs less that of shorts"},
    {"fund_cash", decimal, true, "of the insurance fund"},
    {"bad_debt", decimal, true, "of the insurance fund"},
};
inline constexpr FieldSpec kSolvencySchema[] = {
    {"verdict", choice, true, "whether both identities hold", "ok|violated"},
    {"applied_batch", id, true, "every figure is as of the end of this batch"},
    {"sequence", id, false, "of its last event; null: none since the start of the process"},
    {"time", time_ms, true, "log time of that batch"},
    {"identity", text, true, "what must hold"},
    {"money", object, true, "the terms", {}, 0, 0, kMoneyFields},
    {"markets", object_list, true, "one entry per market", {}, 0, 0, kMarketMoneyFields},
};

inline constexpr FieldSpec kReplayedKey[] = {
    {"replayed", boolean, true, "true: a repeat; this is the first result"}};
inline constexpr FieldSpec kMarginFigures[] = {
    {"amount", decimal, true, "put in; below zero: taken out"},
    {"margin", decimal, true, "of the position afterwards"},
};
inline constexpr auto kMarginResultSchema = join(kMarketKey, kMarginFigures, kReplayedKey);
inline constexpr FieldSpec kModeFigure[] = {{"mode", choice, true, "set", kMarketModeChoices}};
inline constexpr auto kMarketModeSchema = join(kMarketKey, kModeFigure, kReplayedKey);
inline constexpr FieldSpec kAmountFigure[] = {{"amount", decimal, true, "paid in"}};
inline constexpr auto kFundedSchema = join(kMarketKey, kAmountFigure, kReplayedKey);

inline constexpr FieldSpec kPreviewFillFields[] = {
    {"size", decimal, true, "that would fill at once"},
    {"notional", decimal, true, "of that"},
    {"average_price", decimal, false, "of that, cut to 6 digits"},
    {"resting_size", decimal, true, "that would enter the book"},
    {"fee", decimal, true, "of that fill, and of the rest as a maker"},
    {"realised_pnl", decimal, true, "of what is reduced, fee not included"},
};
inline constexpr FieldSpec kPreviewPositionFields[] = {
    {"side", choice, false, "null: no position", kDirectionChoices},
    {"size", decimal, true, "in the asset"},
    {"entry_price", decimal, false, "average, cut to 6 digits"},
    {"margin", decimal, true, "isolated margin"},
    {"maintenance_margin", decimal, true, "at the mark price"},
    {"liquidation_price", decimal, false, "null: cannot be liquidated"},
    {"bankruptcy_price", decimal, false, "where nothing is left"},
};
inline constexpr FieldSpec kOrderPreviewSchema[] = {
    {"verdict", token, true, "ok, or the code that the order would be refused with now"},
    {"message", text, true, "in words"},
    {"hint", text, true, "what would help; empty: nothing is wrong"},
    {"market", market, true, "symbol"},
    {"price", decimal, false, "limit, or the bound of a market order; null: it has none"},
    {"mark_price", decimal, false, "null: no price yet"},
    {"leverage", integer, true, "of the order"},
    {"max_leverage", integer, true, "of the tier that position and orders would be in"},
    {"margin", decimal, true, "what would be reserved: initial margin and taker fee"},
    {"available", decimal, true, "collateral that may be reserved now"},
    {"estimated_fill", object, true, "against the book as it is", {}, 0, 0, kPreviewFillFields},
    {"position_after", object, true, "if all of it fills", {}, 0, 0, kPreviewPositionFields},
};

}  // namespace perpetua::gateway::native
