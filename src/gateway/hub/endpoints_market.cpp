// Prices, intents, positions, risk, funding.

#include "gateway/hub/tables.hpp"
#include "gateway/hub/trading_handlers.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr int64_t kSizeMaxCents = 100'000'000;  // 1,000,000 USDC
constexpr unsigned kPpmDigits = 6;
constexpr unsigned kPriceDigits = 9;
constexpr int64_t kSlippageMaxPpm = 100'000;
constexpr int64_t kReasonCharactersMax = 2'000;
constexpr int64_t kCents = 100;

constexpr Field price_field(std::string_view name, std::string_view description) {
  Field field;
  field.name = name;
  field.kind = FieldKind::number;
  field.description = description;
  field.digits = kPriceDigits;
  field.is_above_minimum = true;
  return field;
}

constexpr Field money_field(std::string_view name, std::string_view description,
                            int64_t maximum_usdc) {
  Field field;
  field.name = name;
  field.kind = FieldKind::number;
  field.description = description;
  field.maximum = maximum_usdc * kCents;
  field.digits = kCentDigits;
  field.is_above_minimum = true;
  return field;
}

// clang-format off
constexpr Field kCandleFields[] = {
    {"interval", FieldKind::choice, false, "default 1h", 0, 0, 0, false, "1m|5m|15m|1h|4h|1d"},
    limit_field(500, "default 100"),
};
constexpr Field kLeaderFields[] = {limit_field(200, "default 20")};
constexpr Field kThoughtFields[] = {limit_field(100, "default 10")};
constexpr Field kFeedFields[] = {limit_field(200, "default 20; at most 5 of one agent")};
constexpr Field kIntentFields[] = {
    {"agent_id", FieldKind::text, true, "the caller's own id", 1, 64},
    {"intent_type", FieldKind::choice, true, "side", 0, 0, 0, false, "long|short"},
    {"asset", FieldKind::text, false, "default ETH-PERP", 1, 32},
    {"size_usdc", FieldKind::number, false, "notional, default 100", 0, kSizeMaxCents, kCentDigits,
     true},
    {"leverage", FieldKind::integer, false, "default 1", 1, 20},
    {"max_slippage", FieldKind::number, false, "around the mark, default 0.005", 0, kSlippageMaxPpm,
     kPpmDigits},
    {"reason", FieldKind::text, false, "shown as a thought", 0, kReasonCharactersMax},
    price_field("limit_price", "ours: rests in the book at this price, rounded to a tick"),
    price_field("stop_loss", "ours: instead of the default 10 % from the mark"),
    price_field("take_profit", "ours: instead of the default 20 % from the mark"),
    {"client_order_id", FieldKind::text, false, "ours: a repeat with the same one is the same intent",
     1, 36},
};
constexpr Field kIntentListFields[] = {
    {"asset", FieldKind::text, false, "of this asset", 1, 32},
    {"status", FieldKind::choice, false, "default open", 0, 0, 0, false,
     "open|matched|executed|cancelled|expired|all"},
    limit_field(500, "default 100"),
};
constexpr Field kParseFields[] = {{"text", FieldKind::text, true, "a sentence", 1, 500}};
constexpr Field kMatchFields[] = {limit_field(500, "default 50")};
constexpr Field kPositionFields[] = {
    {"include_closed", FieldKind::boolean, false, "default false"}};
constexpr Field kStopLossFields[] = {
    price_field("price", "mark at which the position is closed"),
    price_field("stop_loss_price", "the same; wins")};
constexpr Field kTakeProfitFields[] = {
    price_field("price", "mark at which the position is closed"),
    price_field("take_profit_price", "the same; wins")};
constexpr Field kLiquidationFields[] = {limit_field(200, "default 20")};
constexpr Field kViolationFields[] = {limit_field(500, "default 50")};
constexpr Field kRiskLimitFields[] = {
    money_field("max_position_size", "USDC of one position", 10'000'000),
    money_field("max_total_exposure", "USDC of all positions and orders", 50'000'000),
    {"max_leverage", FieldKind::integer, false, "of one order", 1, 20},
    money_field("max_daily_loss", "USDC a day", 1'000'000)};
constexpr Field kFundingHistoryFields[] = {limit_field(200, "default 24")};
constexpr Field kPaymentFields[] = {limit_field(500, "default 50")};

constexpr std::string_view kPositionRefusals =
    "400 `position_closed`; 404; 403 `You don't own this position`";

constexpr Endpoint kEndpoints[] = {
    read("hubPrices", "/prices", "market data", "Prices of all assets", Access::open,
         {.reply = "`prices{\"BTC\": Price, ...}, last_update`"}, list_prices),
    read("hubPrice", "/prices/{asset}", "market data", "Price of one asset", Access::open,
         {.reply = "Price", .refusals = "404 `Asset not found`; 503 `price_unavailable`"},
         get_price),
    read("hubCandles", "/candles/{asset}", "market data", "Candles, oldest first", Access::open,
         {.fields = kCandleFields,
          .reply = "`asset, interval, count, candles[{timestamp, open, high, low, close, volume}]`",
          .refusals = "400 unknown asset"}, list_candles),
    read("hubStats", "/stats", "market data", "Figures of the whole exchange", Access::open,
         {.reply = "`total_agents, active_agents, total_intents, open_intents, total_matches, "
                   "total_volume, external_*, internal_match_rate, fee_saved_total, "
                   "protocol_fees{}`"}, get_stats),
    read("hubFees", "/fees", "market data", "Fees by type", Access::open,
         {.reply = "`total_collected, treasury_balance, by_type{}, config{}`"}, get_fees),
    read("hubAgentFees", "/fees/{agent_id}", "market data", "Fees of one agent", Access::open,
         {.reply = "`agent_id, total_paid, records[FeeRecord]`"}, list_agent_fees),
    read("hubLeaderboard", "/leaderboard", "agents", "Agents by reputation", Access::open,
         {.fields = kLeaderFields, .reply = "`leaderboard[Agent]`"}, list_leaderboard),
    read("hubPnl", "/pnl/{agent_id}", "agents", "Profit and loss of one agent", Access::open,
         {.reply = "`agent_id, positions[], realized_pnl, total_unrealized_pnl, total_pnl, "
                   "total_exposure, total_margin, average_leverage, position_count, win_rate, "
                   "history[]`"}, get_agent_pnl),
    read("hubPnlLeaderboard", "/pnl-leaderboard", "agents", "Agents by profit and loss",
         Access::open,
         {.fields = kLeaderFields,
          .reply = "`leaderboard[{agent_id, display_name, total_pnl, total_exposure, "
                   "position_count, reputation_score}]`"}, list_pnl_leaderboard),
    read("hubThoughtsOfAgent", "/agents/{agent_id}/thoughts", "agents",
         "Why an agent traded, newest last", Access::open,
         {.fields = kThoughtFields, .reply = "`agent_id, thoughts[Thought]`"},
         list_agent_thoughts),
    read("hubThoughtFeed", "/thoughts/feed", "agents", "Why agents traded, newest first",
         Access::open, {.fields = kFeedFields, .reply = "`thoughts[]`"}, list_thought_feed),
    mutation("hubIntent", Method::post, "/intents", "intents", "Open or enlarge a position",
             Access::trade, LimitClass::hub_intent,
             {.fields = kIntentFields, .owner = "agent_id",
              .forbidden = "Cannot create intents for another agent",
              .reply = "`success, intent{Intent}, routing{}, fees{}, internal_match, "
                       "external_fills[], position{Position}`",
              .refusals = "422 `no_liquidity`, `conflicting_position`, `limit_exceeded`; 503 "
                          "`price_unavailable`, `market_halted`: nothing was sequenced"},
             prepare_intent, complete_intent),
    read("hubIntents", "/intents", "intents", "Intents, newest first", Access::open,
         {.fields = kIntentListFields, .reply = "`intents[Intent]`"}, list_intents),
    read("hubIntentStats", "/intents/stats", "intents", "Intents by state and asset", Access::open,
         {.reply = "`total_intents, open, filled, cancelled, total_volume_usdc, by_asset{}`"},
         get_intent_stats),
    mutation("hubIntentParse", Method::post, "/intents/parse", "intents",
         "A sentence as an intent", Access::open, LimitClass::read,
         {.fields = kParseFields,
          .reply = "`parsed{action, market, size, leverage, price, confidence, raw_command}`"},
         prepare_intent_parse, nullptr),
    read("hubIntentOne", "/intents/{intent_id}", "intents", "One intent", Access::open,
         {.reply = "Intent", .refusals = "404 `Intent not found`"}, get_intent),
    mutation("hubIntentCancel", Method::delete_, "/intents/{intent_id}", "intents",
             "Cancel a resting intent", Access::trade, LimitClass::hub_mutation,
             {.locate = locate_intent, .reply = "`success`",
              .refusals = "400 `intent_not_open`; 404; 403"},
             prepare_intent_cancel, complete_intent_cancel),
    read("hubMatches", "/matches", "intents", "Matches, newest first", Access::open,
         {.fields = kMatchFields, .reply = "`matches[Match]`"}, list_matches),
    read("hubMatch", "/matches/{match_id}", "intents", "One match", Access::open,
         {.reply = "Match", .refusals = "404 `Match not found`"}, get_match),
    read("hubPositions", "/positions/{agent_id}", "positions", "Own positions", Access::read,
         {.fields = kPositionFields, .owner = "agent_id",
          .forbidden = "Cannot view the positions of another agent",
          .reply = "`agent_id, positions[Position], total`"}, list_positions),
    read("hubPortfolio", "/portfolio/{agent_id}", "positions", "Own positions in sum",
         Access::read,
         {.owner = "agent_id", .forbidden = "Cannot view the portfolio of another agent",
          .reply = "`agent_id, open_positions, total_size, total_margin, unrealized_pnl, "
                   "daily_pnl, positions[Position]`"}, get_portfolio),
    post("hubStopLoss", "/positions/{position_id}/stop-loss", "positions", "Set the stop-loss",
         Access::trade,
         {.fields = kStopLossFields, .locate = locate_position, .reply = "`success, position`",
          .refusals = "400 `position_closed`, `trigger_wrong_side`; 404; 403"},
         prepare_stop_loss, complete_stop_loss),
    post("hubTakeProfit", "/positions/{position_id}/take-profit", "positions",
         "Set the take-profit", Access::trade,
         {.fields = kTakeProfitFields, .locate = locate_position, .reply = "`success, position`",
          .refusals = "400 `position_closed`, `trigger_wrong_side`; 404; 403"},
         prepare_take_profit, complete_take_profit),
    post("hubClose", "/positions/{position_id}/close", "positions", "Close a position",
         Access::trade,
         {.locate = locate_position,
          .reply = "`success, position_id, position, result{entry_price, exit_price, realized_pnl, "
                   "size_usdc}, close_price, pnl`",
          .refusals = "400 `position_closed`; 404; 403; 422 `no_liquidity`"},
         prepare_close, complete_close),
    read("hubPositionHealth", "/positions/{position_id}/health", "positions",
         "How far from liquidation", Access::read,
         {.locate = locate_position,
          .reply = "`position_id, health_ratio, health_status, current_price, liquidation_price, "
                   "distance_to_liquidation, will_liquidate`",
          .refusals = kPositionRefusals}, get_position_health),
    read("hubLiquidations", "/liquidations", "risk", "Liquidations, newest first", Access::open,
         {.fields = kLiquidationFields, .reply = "`stats{}, recent[Liquidation]`"},
         list_liquidations),
    read("hubLiquidationStats", "/liquidations/stats", "risk", "Liquidations in sum", Access::open,
         {.reply = "`total_liquidations, executed, failed, total_fees_collected, fee_rate, "
                   "maintenance_margin`"}, get_liquidation_stats),
    read("hubAlerts", "/alerts/{agent_id}", "risk", "Own alerts", Access::read,
         {.owner = "agent_id", .forbidden = "Cannot view the alerts of another agent",
          .reply = "`agent_id, alerts[Alert]`, acknowledged ones left out"}, list_alerts),
    post("hubAlertAcknowledge", "/alerts/{alert_id}/ack", "risk", "Acknowledge an alert",
         Access::trade, {.locate = locate_alert, .reply = "`success`", .refusals = "404; 403"},
         prepare_acknowledge, complete_acknowledge),
    read("hubRisk", "/risk/{agent_id}", "risk", "Own risk score", Access::read,
         {.owner = "agent_id", .forbidden = "Cannot view the risk of another agent",
          .reply = "`agent_id, overall_score, level, breakdown{exposure, daily_loss, drawdown, "
                   "leverage}`"}, get_risk),
    read("hubRiskLimits", "/risk/{agent_id}/limits", "risk", "Own risk limits", Access::read,
         {.owner = "agent_id", .forbidden = "Cannot view the limits of another agent",
          .reply = "RiskLimits"}, get_risk_limits),
    post("hubSetRiskLimits", "/risk/{agent_id}/limits", "risk", "Change own risk limits",
         Access::trade,
         {.fields = kRiskLimitFields, .owner = "agent_id",
          .forbidden = "Cannot change the limits of another agent",
          .reply = "`success, limits{RiskLimits}`"}, prepare_risk_limits, complete_risk_limits),
    read("hubViolations", "/risk/{agent_id}/violations", "risk", "Orders that limits refused",
         Access::read,
         {.fields = kViolationFields, .owner = "agent_id",
          .forbidden = "Cannot view the violations of another agent",
          .reply = "`violations[Violation]`"}, list_violations),
    read("hubFunding", "/funding/{asset}", "funding", "Funding of the hour in hand", Access::open,
         {.reply = "FundingRate", .refusals = "404 `Asset not found`"}, get_funding),
    read("hubFundingHistory", "/funding/{asset}/history", "funding", "Settled hours, newest last",
         Access::open,
         {.fields = kFundingHistoryFields, .reply = "`asset, history[FundingRate]`"},
         list_funding),
    read("hubFundingPayments", "/funding/payments/{agent_id}", "funding", "Payments of one agent",
         Access::open,
         {.fields = kPaymentFields, .reply = "`payments[FundingPayment]`"}, list_funding_payments),
    read("hubFundingPredict", "/funding/predict/{agent_id}", "funding",
         "What the hour in hand will cost", Access::open,
         {.reply = "`agent_id, next_settlement, total_predicted, positions[]`"}, predict_funding),
};
// clang-format on

}  // namespace

std::span<const Endpoint> market_endpoints() { return kEndpoints; }

}  // namespace perpetua::gateway::hub
