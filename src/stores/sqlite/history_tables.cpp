#include "stores/sqlite/history_tables.hpp"

#include <cstring>

#include "stores/history/history_schema.hpp"

namespace perpetua::stores {

namespace {

std::string insert_sql(const char* table, std::string_view columns, const char* verb = "INSERT") {
  std::string sql =
      std::string(verb) + " INTO " + table + "(" + std::string(columns) + ") VALUES (?";
  for (const char c : columns) sql += c == ',' ? ", ?" : "";
  return sql + ")";
}

std::string select_order_sql() {
  return std::string("SELECT ") + kOrderColumns + " FROM orders WHERE order_id = ?";
}

std::string upsert_candle_sql() {
  return insert_sql("candles", std::string("market, interval, ") + kCandleColumns) +
         " ON CONFLICT DO UPDATE SET high = max(high, excluded.high),"
         " low = min(low, excluded.low), close = excluded.close,"
         " volume = volume + excluded.volume,"
         " volume_notional = volume_notional + excluded.volume_notional,"
         " trades = trades + excluded.trades";
}

constexpr char kUpdateOrder[] =
    "UPDATE orders SET status = ?, reason = ?, price = ?, lots = ?, filled = ?, remaining = ?,"
    " filled_notional = ?, fee = ?, updated_at_ms = ? WHERE sequence = ?";

// The newest announcement of a market is the one that is applied: it replaced those before.
constexpr char kApplyMarketChange[] =
    "UPDATE market_changes SET applied_at_ms = ?"
    " WHERE sequence = (SELECT max(sequence) FROM market_changes WHERE market = ?)";

constexpr char kClosedOrders[] = "status NOT IN (1, 2)";
static_assert(static_cast<int>(OrderStatus::open) == 1);
static_assert(static_cast<int>(OrderStatus::partially_filled) == 2);

}  // namespace

HistoryTables::HistoryTables(Database& database, const HistoryRetention& retention)
    : database_(database),
      put_meta_(database, "UPDATE meta SET value = ? WHERE name = ?"),
      insert_market_(database, insert_sql("markets", "id, spec")),
      insert_agent_(database, insert_sql("agents", kAgentColumns)),
      insert_thought_(database, insert_sql("thoughts", kThoughtColumns)),
      insert_ledger_(database, insert_sql("ledger", kLedgerColumns)),
      insert_fill_(database, insert_sql("fills", kFillColumns)),
      insert_order_(database, insert_sql("orders", kOrderColumns)),
      update_order_(database, kUpdateOrder),
      select_order_(database, select_order_sql()),
      upsert_candle_(database, upsert_candle_sql()),
      insert_funding_(database, insert_sql("fundings", kFundingColumns)),
      insert_funding_payment_(database, insert_sql("funding_payments", kFundingPaymentColumns)),
      insert_liquidation_(database, insert_sql("liquidations", kLiquidationColumns)),
      insert_fund_change_(database, insert_sql("fund_changes", kFundChangeColumns)),
      insert_position_change_(database, insert_sql("position_changes", kPositionChangeColumns)),
      put_trigger_(database, insert_sql("triggers", kTriggerColumns, "INSERT OR REPLACE")),
      select_trigger_(database, std::string("SELECT ") + kTriggerColumns +
                                    " FROM triggers WHERE trigger_id = ?"),
      insert_position_end_(database, insert_sql("position_ends", kPositionEndColumns)),
      insert_market_change_(database, insert_sql("market_changes", kMarketChangeColumns)),
      apply_market_change_(database, kApplyMarketChange),
      insert_message_(database, insert_sql("messages", kMessageColumns)),
      put_signal_(database, insert_sql("signals", kSignalColumns, "INSERT OR REPLACE")),
      select_signal_(database,
                     std::string("SELECT ") + kSignalColumns + " FROM signals WHERE id = ?"),
      insert_violation_(database, insert_sql("violations", kViolationColumns)),
      orders_(database, "orders", "sequence", kClosedOrders, retention.orders),
      fills_(database, "fills", "sequence", "1", retention.fills),
      ledger_(database, "ledger", "sequence", "1", retention.ledger_entries),
      thoughts_(database, "thoughts", "thought_id", "1", retention.thoughts),
      fundings_(database, "fundings", "sequence", "1", retention.fundings),
      funding_payments_(database, "funding_payments", "sequence", "1", retention.funding_payments),
      liquidations_(database, "liquidations", "sequence", "1", retention.liquidations),
      fund_changes_(database, "fund_changes", "sequence", "1", retention.fund_changes),
      position_changes_(database, "position_changes", "sequence", "1", retention.position_changes),
      market_changes_(database, "market_changes", "sequence", "1", retention.market_changes),
      triggers_(database, "triggers", "closed_sequence", "closed_sequence > 0", retention.triggers),
      position_ends_(database, "position_ends", "sequence", "1", retention.position_ends),
      messages_(database, "messages", "message_id", "1", retention.thoughts),
      signals_(database, "signals", "closed_sequence", "closed_sequence > 0", retention.signals),
      violations_(database, "violations", "number", "1", retention.violations) {
  Statement select(database, "SELECT value FROM meta WHERE name = ?");
  for (Counted* table : counted()) {
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

std::optional<TriggerView> HistoryTables::load_trigger(OrderId id) {
  select_trigger_.start().bind(static_cast<int64_t>(id));
  std::optional<TriggerView> trigger;
  if (select_trigger_.step() == Statement::Step::row) trigger = read_trigger(select_trigger_);
  select_trigger_.reset();
  return trigger;
}

std::optional<SignalView> HistoryTables::load_signal(SignalId id) {
  select_signal_.start().bind(static_cast<int64_t>(id));
  std::optional<SignalView> signal;
  if (select_signal_.step() == Statement::Step::row) signal = read_signal(select_signal_);
  select_signal_.reset();
  return signal;
}

bool HistoryTables::write(const HistoryRows& rows) {
  for (Counted* table : counted()) table->rows_before = table->rows;
  if (write_all(rows)) return true;
  failure_code_ = database_.code();
  failure_message_ = database_.message();
  for (Counted* table : counted()) table->rows = table->rows_before;
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
  return write_orders(rows) && write_candles(rows) && write_perpetual(rows) &&
         write_triggers(rows) && write_agents(rows);
}

bool HistoryTables::write_perpetual(const HistoryRows& rows) {
  const auto insert_all = [](Statement& insert, const auto& views, auto bind) {
    for (const auto& view : views) {
      bind(insert.start(), view);
      if (!insert.run()) return false;
    }
    return true;
  };
  return insert_all(insert_funding_, rows.fundings, bind_funding) &&
         insert_all(insert_funding_payment_, rows.funding_payments, bind_funding_payment) &&
         insert_all(insert_liquidation_, rows.liquidations, bind_liquidation) &&
         insert_all(insert_fund_change_, rows.fund_changes, bind_fund_change) &&
         insert_all(insert_position_change_, rows.position_changes, bind_position_change) &&
         write_market_changes(rows);
}

bool HistoryTables::write_market_changes(const HistoryRows& rows) {
  for (const auto& [market, time_ms] : rows.applied_changes) {
    if (!apply_market_change_.start().bind(time_ms).bind(market).run()) return false;
  }
  for (const MarketChangeView& change : rows.market_changes) {
    bind_market_change(insert_market_change_.start(), change);
    if (!insert_market_change_.run()) return false;
  }
  return true;
}

bool HistoryTables::write_triggers(const HistoryRows& rows) {
  for (const HistoryRows::TriggerRow& row : rows.triggers) {
    bind_trigger(put_trigger_.start(), row.trigger);
    if (!put_trigger_.run()) return false;
  }
  for (const PositionEndView& end : rows.position_ends) {
    bind_position_end(insert_position_end_.start(), end);
    if (!insert_position_end_.run()) return false;
  }
  return true;
}

bool HistoryTables::write_agents(const HistoryRows& rows) {
  for (const MessageView& message : rows.messages) {
    bind_message(insert_message_.start(), message);
    if (!insert_message_.run()) return false;
  }
  for (const HistoryRows::SignalRow& row : rows.signals) {
    bind_signal(put_signal_.start(), row.signal);
    if (!put_signal_.run()) return false;
  }
  for (const ViolationView& violation : rows.violations) {
    bind_violation(insert_violation_.start(), violation);
    if (!insert_violation_.run()) return false;
  }
  return true;
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

}  // namespace perpetua::stores
