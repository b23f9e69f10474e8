// The tables of the history file as SQLite makes them; what they mean: history/history_schema.hpp.
#pragma once

#include <cstdint>

namespace perpetua::stores {

inline constexpr int64_t kHistorySchemaVersion = 10;

extern const char kHistoryTables[];

// Names in meta that count something, from 0.
inline constexpr const char* kHistoryCounts[] = {
    "rows_orders",         "rows_fills",        "rows_ledger",
    "rows_thoughts",       "rows_fundings",     "rows_funding_payments",
    "rows_liquidations",   "rows_fund_changes", "rows_position_changes",
    "rows_market_changes", "rows_triggers",     "rows_position_ends",
    "rows_messages",       "rows_signals",      "rows_violations"};

}  // namespace perpetua::stores
