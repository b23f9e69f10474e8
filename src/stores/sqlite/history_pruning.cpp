// How many rows each table has, and which go when it has too many: the rest of HistoryTables.
#include <algorithm>

#include "stores/sqlite/history_tables.hpp"

namespace perpetua::stores {

namespace {

std::string prune_sql(const char* table, const char* key, const char* condition) {
  return std::string("DELETE FROM ") + table + " WHERE " + key + " IN (SELECT " + key + " FROM " +
         table + " WHERE " + condition + " ORDER BY " + key + " LIMIT ?)";
}

}  // namespace

HistoryTables::Counted::Counted(Database& database, const char* table, const char* key,
                                const char* condition, uint64_t kept)
    : name(std::string("rows_") + table),
      kept_max(kept),
      prune(database, prune_sql(table, key, condition)) {}

std::array<HistoryTables::Counted*, 15> HistoryTables::counted() {
  return {&orders_,       &fills_,          &ledger_,           &thoughts_,
          &fundings_,     &liquidations_,   &funding_payments_, &position_changes_,
          &fund_changes_, &market_changes_, &triggers_,         &position_ends_,
          &messages_,     &signals_,        &violations_};
}

bool HistoryTables::count_and_prune(Counted& table, uint64_t added) {
  table.rows += added;
  if (table.rows > table.kept_max + history_limits::kPruneRowsMax) {
    const uint64_t excess =
        std::min(table.rows - table.kept_max, 4 * history_limits::kPruneRowsMax);
    if (!table.prune.start().bind(static_cast<int64_t>(excess)).run()) return false;
    table.rows -= static_cast<uint64_t>(database_.changed_rows());
  }
  return added == 0 || put_meta(table.name, table.rows);
}

bool HistoryTables::prune(const HistoryRows& rows) {
  uint64_t new_orders = 0;
  for (const HistoryRows::OrderRow& row : rows.orders) new_orders += row.is_new ? 1 : 0;
  uint64_t new_triggers = 0;
  for (const HistoryRows::TriggerRow& row : rows.triggers) new_triggers += row.is_new ? 1 : 0;
  uint64_t new_signals = 0;
  for (const HistoryRows::SignalRow& row : rows.signals) new_signals += row.is_new ? 1 : 0;
  return count_and_prune(orders_, new_orders) && count_and_prune(fills_, rows.fills.size()) &&
         count_and_prune(ledger_, rows.ledger.size()) &&
         count_and_prune(thoughts_, rows.thoughts.size()) &&
         count_and_prune(fundings_, rows.fundings.size()) &&
         count_and_prune(funding_payments_, rows.funding_payments.size()) &&
         count_and_prune(liquidations_, rows.liquidations.size()) &&
         count_and_prune(fund_changes_, rows.fund_changes.size()) &&
         count_and_prune(position_changes_, rows.position_changes.size()) &&
         count_and_prune(market_changes_, rows.market_changes.size()) &&
         count_and_prune(triggers_, new_triggers) &&
         count_and_prune(position_ends_, rows.position_ends.size()) &&
         count_and_prune(messages_, rows.messages.size()) &&
         count_and_prune(signals_, new_signals) &&
         count_and_prune(violations_, rows.violations.size());
}

}  // namespace perpetua::stores
