// The tables of the history file, and the rows in them as views.
//
//   meta      name -> value: schema_version, cluster_id, applied_batch, rows_<table>
//   markets   id, MarketSpec bytes              agents    id (registration order)
//   orders    sequence of order_accepted        fills     sequence of its event
//   ledger    sequence of its event             thoughts  thought id
//   candles   market, interval, open time
//
// Column lists and the functions that bind and read them go together; a change of either raises
// kHistorySchemaVersion, and the file is rebuilt. Text may hold any bytes.
#pragma once

#include <string>

#include "stores/sqlite/database.hpp"
#include "stores/views.hpp"

namespace perpetua::stores {

inline constexpr int64_t kHistorySchemaVersion = 1;

extern const char kHistoryTables[];

extern const char kOrderColumns[];
extern const char kFillColumns[];
extern const char kLedgerColumns[];
extern const char kThoughtColumns[];
extern const char kCandleColumns[];
extern const char kAgentColumns[];

void bind_order(Statement& statement, const OrderView& order);
void bind_fill(Statement& statement, const FillView& fill);
void bind_ledger_entry(Statement& statement, const LedgerEntryView& entry);
void bind_thought(Statement& statement, const ThoughtView& thought);
void bind_agent(Statement& statement, const AgentView& agent);
void bind_candle(Statement& statement, const CandleView& candle);

OrderView read_order(Statement& statement);
FillView read_fill(Statement& statement);
LedgerEntryView read_ledger_entry(Statement& statement);
ThoughtView read_thought(Statement& statement);
AgentView read_agent(Statement& statement);
CandleView read_candle(Statement& statement);

}  // namespace perpetua::stores
