// The tables of the history, in either database, and the rows in them as views.
//
//   meta      name -> value: schema_version, cluster_id, applied_batch, rows_<table>
//   markets   id, MarketSpec bytes              agents    id (registration order)
//   orders    sequence of order_accepted        fills     sequence of its event
//   ledger    sequence of its event             thoughts  thought id
//   candles   market, interval, open time
//   triggers  trigger id (closed_sequence 0: live)
//   messages  message id, of those that are no thoughts; private ones among them
//   signals   signal id (closed_sequence 0: live)
//   violations  number of batch and command
//   position_ends: sequence of the fill or change
//   fundings, funding_payments, liquidations, fund_changes, position_changes, market_changes:
//   sequence of the event; markets has the spec a market was created with
//
// Column lists and the functions that bind and read them go together; a change of either raises
// kHistorySchemaVersion (sqlite/file_schema.hpp), and the file is rebuilt; PostgreSQL gets a
// migration. Text may hold any bytes.
#pragma once

#include "stores/history/history_source.hpp"
#include "stores/views.hpp"

namespace perpetua::stores {

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
extern const char kViolationColumns[];  // history_violations.cpp

void bind_order(ValueSink& sink, const OrderView& order);
void bind_fill(ValueSink& sink, const FillView& fill);
void bind_ledger_entry(ValueSink& sink, const LedgerEntryView& entry);
void bind_thought(ValueSink& sink, const ThoughtView& thought);
void bind_agent(ValueSink& sink, const AgentView& agent);
void bind_candle(ValueSink& sink, const CandleView& candle);
void bind_funding(ValueSink& sink, const FundingView& funding);
void bind_funding_payment(ValueSink& sink, const FundingPaymentView& payment);
void bind_liquidation(ValueSink& sink, const LiquidationView& liquidation);
void bind_fund_change(ValueSink& sink, const FundChangeView& change);
void bind_position_change(ValueSink& sink, const PositionChangeView& change);
void bind_trigger(ValueSink& sink, const TriggerView& trigger);
void bind_position_end(ValueSink& sink, const PositionEndView& end);
void bind_market_change(ValueSink& sink, const MarketChangeView& change);
void bind_message(ValueSink& sink, const MessageView& message);
void bind_signal(ValueSink& sink, const SignalView& signal);
void bind_violation(ValueSink& sink, const ViolationView& violation);

OrderView read_order(ValueSource& source);
FillView read_fill(ValueSource& source);
LedgerEntryView read_ledger_entry(ValueSource& source);
ThoughtView read_thought(ValueSource& source);
AgentView read_agent(ValueSource& source);
CandleView read_candle(ValueSource& source);
FundingView read_funding(ValueSource& source);
FundingPaymentView read_funding_payment(ValueSource& source);
LiquidationView read_liquidation(ValueSource& source);
FundChangeView read_fund_change(ValueSource& source);
PositionChangeView read_position_change(ValueSource& source);
TriggerView read_trigger(ValueSource& source);
PositionEndView read_position_end(ValueSource& source);
MarketChangeView read_market_change(ValueSource& source);
MessageView read_message(ValueSource& source);
SignalView read_signal(ValueSource& source);
ViolationView read_violation(ValueSource& source);

}  // namespace perpetua::stores
