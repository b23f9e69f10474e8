// The fields of the response objects of triggers and intents. As response_fields.hpp.
#pragma once

#include "gateway/native/response_fields.hpp"

namespace perpetua::gateway::native {

inline constexpr std::string_view kTriggerReasonChoices =
    "triggered|cancelled|cancel_all|dead_man|other_fired|replaced|refused|position_closed|"
    "liquidation|market_settled|market_changed";

inline constexpr FieldSpec kTriggerSchema[] = {
    {"trigger_id", id, true, "trigger"},
    {"market", market, true, "symbol"},
    {"kind", choice, true, "which side of the mark it waits on", "stop|take_profit"},
    {"reduce_only", boolean, true, "true: protective; false: an entry"},
    {"side", choice, true, "of the order it sends", kSideChoices},
    {"trigger_price", decimal, true, "it fires when the mark reaches it; a trailing one moves"},
    {"trail", decimal, false, "distance from the best mark; null: does not trail"},
    {"limit_price", decimal, false, "of the order it sends; null: a market order"},
    {"size", decimal, false, "null: the whole position"},
    {"max_slippage", decimal, false, "of its market order; null: the market's default"},
    {"leverage", integer, false, "of an entry"},
    {"reserved", decimal, true, "collateral held for an entry"},
    {"partner_id", id, false, "the first of both to fire closes the other"},
    {"bracket_of", id, false, "the order whose bracket it is"},
    {"order_id", id, false, "the last order it sent"},
    {"status", choice, true, "fired: sends until the position is closed", "waiting|fired|closed"},
    {"close_reason", choice, false, "triggered: its order did the work", kTriggerReasonChoices},
    {"refusal", token, false, "refused: the code its order was refused with"},
    {"closed_at_mark", decimal, false, "mark price when it closed"},
    {"created_at", time_ms, true, "when"},
    {"updated_at", time_ms, true, "when"},
};

inline constexpr FieldSpec kTriggerResultSchema[] = {
    {"trigger_id", id, true, "the stop's, if there is one"},
    {"partner_id", id, false, "the take-profit's, if there are both"},
    {"market", market, true, "symbol"},
    {"status", choice, true, "it waits", "waiting"},
    {"stop", decimal, false, "mark price at which the stop fires"},
    {"take_profit", decimal, false, "mark price at which the take-profit fires"},
    kReplayedField,
};

inline constexpr FieldSpec kTriggerCancelSchema[] = {
    {"trigger_id", id, true, "trigger"},
    {"market", market, true, "symbol"},
    {"status", choice, true, "it is gone", "closed"},
    {"close_reason", choice, true, "why", "cancelled"},
    {"trigger_price", decimal, true, "where it would have fired"},
    kReplayedField,
};

inline constexpr std::string_view kIntentStatusChoices =
    "open|partially_filled|filled|active|protected|closed|closed_by_stop_loss|"
    "closed_by_take_profit|liquidated|cancelled|expired";

inline constexpr FieldSpec kIntentTerms[] = {
    {"intent_id", id, true, "intent, and its order"},
    {"client_id", text, false, "your own name for it"},
    {"agent_id", id, true, "agent"},
    {"market", market, true, "symbol"},
    {"direction", choice, true, "direction", kDirectionChoices},
    {"size_usdc", decimal, true, "as asked"},
    {"leverage", integer, true, "leverage"},
    {"limit_price", decimal, false, "null: market order"},
    {"stop_loss", decimal, false, "as asked; its trigger is armed by the first fill"},
    {"take_profit", decimal, false, "as asked; its trigger is armed by the first fill"},
};
inline constexpr FieldSpec kIntentLifeFields[] = {
    {"status", choice, true,
     "of the whole: the order's while it is open or if nothing filled; then of its position: "
     "active, protected (its bracket waits), closed...; filled: it only reduced another position",
     kIntentStatusChoices},
    {"filled", decimal, true, "size filled"},
    {"remaining", decimal, true, "size in the book"},
    {"filled_usdc", decimal, true, "notional filled"},
    {"average_price", decimal, false, "of the fills, cut to 6 digits"},
    {"fee", decimal, true, "paid so far"},
    {"order_status", choice, true, "of its order alone", kStatusChoices},
    {"close_reason", choice, false, "why its order left unfilled", kReasonChoices},
    {"closed_by", choice, false, "what ended its position",
     "take_profit|stop_loss|order|liquidation|deleveraging|settlement"},
    {"closing_order_id", id, false, "the order of yours whose fill did"},
    {"closed_at", time_ms, false, "when its position ended"},
    {"reason", text, true, "as given; may be empty"},
    {"expires_at", time_ms, false, "when the rest is cancelled"},
    {"created_at", time_ms, true, "when"},
    {"updated_at", time_ms, true, "when"},
};
inline constexpr FieldSpec kIntentLists[] = {
    {"realised_pnl", decimal, false,
     "of the market's position from its first fill to the end of its position, fees and funding "
     "apart; null: not known"},
    {"fills", object_list, true, "of its order, oldest first, at most 100", {}, 0, 0, kFillSchema},
    {"triggers", object_list, true, "of its bracket, live and closed", {}, 0, 0, kTriggerSchema},
};
inline constexpr auto kIntentSchema = join(kIntentTerms, kIntentLifeFields);
inline constexpr auto kIntentDetailSchema = join(kIntentTerms, kIntentLifeFields, kIntentLists);

}  // namespace perpetua::gateway::native
