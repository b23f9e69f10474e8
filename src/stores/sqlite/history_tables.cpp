#include "stores/sqlite/history_tables.hpp"

#include <algorithm>
#include <cstring>

#include "stores/sqlite/history_schema.hpp"

namespace perpetua::stores {

namespace {

std::string insert_sql(const char* table, const char* columns, int parameters) {
  std::string sql = std::string("INSERT INTO ") + table + "(" + columns + ") VALUES (?";
  for (int i = 1; i < parameters; ++i) sql += ", ?";
  return sql + ")";
}

std::string select_order_sql() {
  return std::string("SELECT ") + kOrderColumns + " FROM orders WHERE order_id = ?";
}

std::string upsert_candle_sql() {
  return insert_sql("candles", (std::string("market, interval, ") + kCandleColumns).c_str(), 10) +
         " ON CONFLICT DO UPDATE SET high = max(high, excluded.high),"
         " low = min(low, excluded.low), close = excluded.close,"
         " volume = volume + excluded.volume,"
         " volume_notional = volume_notional + excluded.volume_notional,"
         " trades = trades + excluded.trades";
}

std::string prune_sql(const char* table, const char* key, const char* condition) {
  return std::string("DELETE FROM ") + table + " WHERE " + key + " IN (SELECT " + key + " FROM " +
         table + " WHERE " + condition + " ORDER BY " + key + " LIMIT ?)";
}

constexpr char kUpdateOrder[] =
    "UPDATE orders SET status = ?, reason = ?, price = ?, lots = ?, filled = ?, remaining = ?,"
    " filled_notional = ?, fee = ?, updated_at_ms = ? WHERE sequence = ?";

constexpr char kClosedOrders[] = "status NOT IN (1, 2)";
static_assert(static_cast<int>(OrderStatus::open) == 1);
static_assert(static_cast<int>(OrderStatus::partially_filled) == 2);

}  // namespace

HistoryTables::HistoryTables(Database& database, const HistoryRetention& retention)
    : database_(database),
      put_meta_(database, "UPDATE meta SET value = ? WHERE name = ?"),
      insert_market_(database, insert_sql("markets", "id, spec", 2)),
      insert_agent_(database, insert_sql("agents", kAgentColumns, 5)),
      insert_thought_(database, insert_sql("thoughts", kThoughtColumns, 5)),
      insert_ledger_(database, insert_sql("ledger", kLedgerColumns, 7)),
      insert_fill_(database, insert_sql("fills", kFillColumns, 14)),
      insert_order_(database, insert_sql("orders", kOrderColumns, 25)),
      update_order_(database, kUpdateOrder),
      select_order_(database, select_order_sql()),
      upsert_candle_(database, upsert_candle_sql()),
      orders_{"rows_orders", retention.orders,
              Statement(database, prune_sql("orders", "sequence", kClosedOrders)), 0},
      fills_{"rows_fills", retention.fills,
             Statement(database, prune_sql("fills", "sequence", "1")), 0},
      ledger_{"rows_ledger", retention.ledger_entries,
              Statement(database, prune_sql("ledger", "sequence", "1")), 0},
      thoughts_{"rows_thoughts", retention.thoughts,
                Statement(database, prune_sql("thoughts", "thought_id", "1")), 0} {
  Statement select(database, "SELECT value FROM meta WHERE name = ?");
  for (Counted* table : {&orders_, &fills_, &ledger_, &thoughts_}) {
    select.start().bind_text(table->name);
    if (select.step() == Statement::Step::row) {
      table->rows = static_cast<uint64_t>(select.next_int());
    }
  }
}

bool HistoryTables::load_markets(MarketSpecs& specs) {
  Statement select(database_, "SELECT id, spec FROM markets");
  Statement::Step step = select.step();
  for (; step == Statement::Step::row; step = select.step()) {
    const auto id = static_cast<std::size_t>(select.next_int());
    const std::string bytes = select.next_text();
    MarketSpec spec;
    if (id >= specs.size() || bytes.size() != sizeof spec) return false;
    std::memcpy(&spec, bytes.data(), sizeof spec);
    specs[id] = spec;
  }
  return step == Statement::Step::done;
}

std::optional<OrderView> HistoryTables::load_order(OrderId id) {
  select_order_.start().bind(static_cast<int64_t>(id));
  std::optional<OrderView> order;
  if (select_order_.step() == Statement::Step::row) order = read_order(select_order_);
  select_order_.reset();
  return order;
}

bool HistoryTables::write(const HistoryRows& rows) {
  const uint64_t before[] = {orders_.rows, fills_.rows, ledger_.rows, thoughts_.rows};
  if (write_all(rows)) return true;
  failure_code_ = database_.code();
  failure_message_ = database_.message();
  orders_.rows = before[0];
  fills_.rows = before[1];
  ledger_.rows = before[2];
  thoughts_.rows = before[3];
  // Some errors roll back by themselves, and BEGIN may have failed: then there is nothing to undo.
  const bool rolled_back = database_.execute("ROLLBACK");
  static_cast<void>(rolled_back);
  return false;
}

bool HistoryTables::write_all(const HistoryRows& rows) {
  return database_.execute("BEGIN IMMEDIATE") && write_rows(rows) && prune(rows) &&
         put_meta("applied_batch", rows.last_batch) && database_.execute("COMMIT");
}

bool HistoryTables::write_rows(const HistoryRows& rows) {
  for (const auto& [id, spec] : rows.markets) {
    const std::string_view bytes(reinterpret_cast<const char*>(&spec), sizeof spec);
    if (!insert_market_.start().bind(id).bind_blob(bytes).run()) return false;
  }
  for (const AgentView& agent : rows.agents) {
    bind_agent(insert_agent_.start(), agent);
    if (!insert_agent_.run()) return false;
  }
  for (const ThoughtView& thought : rows.thoughts) {
    bind_thought(insert_thought_.start(), thought);
    if (!insert_thought_.run()) return false;
  }
  for (const LedgerEntryView& entry : rows.ledger) {
    bind_ledger_entry(insert_ledger_.start(), entry);
    if (!insert_ledger_.run()) return false;
  }
  for (const FillView& fill : rows.fills) {
    bind_fill(insert_fill_.start(), fill);
    if (!insert_fill_.run()) return false;
  }
  return write_orders(rows) && write_candles(rows);
}

bool HistoryTables::write_orders(const HistoryRows& rows) {
  for (const HistoryRows::OrderRow& row : rows.orders) {
    if (!row.is_new) {
      if (!update_order(row.order)) return false;
      continue;
    }
    bind_order(insert_order_.start(), row.order);
    if (!insert_order_.run()) return false;
  }
  return true;
}

bool HistoryTables::update_order(const OrderView& order) {
  Statement& s = update_order_.start();
  s.bind(static_cast<int64_t>(order.status)).bind(static_cast<int64_t>(order.reason));
  s.bind(order.price.value).bind(order.lots.value).bind(order.filled.value);
  s.bind(order.remaining.value).bind(order.filled_notional.value).bind(order.fee.value);
  s.bind(order.updated_at_ms).bind(static_cast<int64_t>(order.sequence));
  return s.run() && database_.changed_rows() == 1;
}

bool HistoryTables::write_candles(const HistoryRows& rows) {
  for (const auto& [key, candle] : rows.candles) {
    const auto& [market, interval, open_time_ms] = key;
    upsert_candle_.start().bind(market).bind(static_cast<int64_t>(interval));
    bind_candle(upsert_candle_, candle);
    if (!upsert_candle_.run()) return false;
  }
  return true;
}

bool HistoryTables::put_meta(std::string_view name, uint64_t value) {
  return put_meta_.start().bind(static_cast<int64_t>(value)).bind_text(name).run();
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
  return count_and_prune(orders_, new_orders) && count_and_prune(fills_, rows.fills.size()) &&
         count_and_prune(ledger_, rows.ledger.size()) &&
         count_and_prune(thoughts_, rows.thoughts.size());
}

}  // namespace perpetua::stores
