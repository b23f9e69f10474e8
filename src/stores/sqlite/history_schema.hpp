// The tables of the history file, and the rows in them as views.
//
//   meta      name -> value: schema_version, cluster_id, applied_batch, rows_<table>
//   markets   id, MarketSpec bytes              agents    id (registration order)
//   orders    sequence of order_accepted        fills     sequence of its event
//   ledger    sequence of its event             thoughts  thought id
//   candles   market, interval, open time
//   triggers  trigger id (closed_sequence 0: live)
//   messages  message id, of those that are no thoughts; private ones among them
//   signals   signal id (closed_sequence 0: live)
//   position_ends: sequence of the fill or change
//   fundings, funding_payments, liquidations, fund_changes, position_changes, market_changes:
//   sequence of the event; markets has the spec a market was created with
//
// Column lists and the functions that bind and read them go together; a change of either raises
// kHistorySchemaVersion, and the file is rebuilt. Text may hold any bytes.
#pragma once

#include <string>

#include "stores/sqlite/database.hpp"
#include "stores/views.hpp"

namespace perpetua::stores {

inline constexpr int64_t kHistorySchemaVersion = 9;

extern const char kHistoryTables[];

// Names in meta that count something, from 0.
inline constexpr const char* kHistoryCounts[] = {
    "rows_orders",   "rows_fills",            "rows_ledger",       "rows_thoughts",
    "rows_fundings", "rows_funding_payments", "rows_liquidations", "rows_fund_changes",
    "rows_position_changes", "rows_market_changes",   "rows_triggers",     "rows_position_ends",
    "rows_messages", "rows_signals"};

extern const char kOrderColumns[];
extern const char kFillColumns[];
extern const char kLedgerColumns[];
extern const char kThoughtColumns[];
extern const char kCandleColumns[];
extern const char kAgentColumns[];
extern const char kFundingColumns[];
extern const char kFundingPaymentColumns[];
extern const char kLiquidationColumns[];
extern const char kFundChangeColumns[];
extern const char kPositionChangeColumns[];
extern const char kTriggerColumns[];
extern const char kPositionEndColumns[];
extern const char kMarketChangeColumns[];
extern const char kMessageColumns[];
extern const char kSignalColumns[];

void bind_order(Statement& statement, const OrderView& order);
void bind_fill(Statement& statement, const FillView& fill);
void bind_ledger_entry(Statement& statement, const LedgerEntryView& entry);
void bind_thought(Statement& statement, const ThoughtView& thought);
void bind_agent(Statement& statement, const AgentView& agent);
void bind_candle(Statement& statement, const CandleView& candle);
void bind_funding(Statement& statement, const FundingView& funding);
void bind_funding_payment(Statement& statement, const FundingPaymentView& payment);
void bind_liquidation(Statement& statement, const LiquidationView& liquidation);
void bind_fund_change(Statement& statement, const FundChangeView& change);
void bind_position_change(Statement& statement, const PositionChangeView& change);
void bind_trigger(Statement& statement, const TriggerView& trigger);
void bind_position_end(Statement& statement, const PositionEndView& end);
void bind_market_change(Statement& statement, const MarketChangeView& change);
void bind_message(Statement& statement, const MessageView& message);
void bind_signal(Statement& statement, const SignalView& signal);

OrderView read_order(Statement& statement);
FillView read_fill(Statement& statement);
LedgerEntryView read_ledger_entry(Statement& statement);
ThoughtView read_thought(Statement& statement);
AgentView read_agent(Statement& statement);
CandleView read_candle(Statement& statement);
FundingView read_funding(Statement& statement);
FundingPaymentView read_funding_payment(Statement& statement);
LiquidationView read_liquidation(Statement& statement);
FundChangeView read_fund_change(Statement& statement);
PositionChangeView read_position_change(Statement& statement);
TriggerView read_trigger(Statement& statement);
PositionEndView read_position_end(Statement& statement);
MarketChangeView read_market_change(Statement& statement);
MessageView read_message(Statement& statement);
SignalView read_signal(Statement& statement);

}  // namespace perpetua::stores
