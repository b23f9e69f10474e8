// The transaction of a group, partitions and retention. The rest: history_database.cpp.

#include "stores/history/history_schema.hpp"
#include "stores/postgres/history_database.hpp"
#include "stores/postgres/postgres_rows.hpp"

namespace perpetua::stores {

namespace {

constexpr int64_t kWeekMs = 604'800'000;  // perpetua_partition_ms()
constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kDayMs = 24 * kHourMs;
constexpr const char* kSeries[] = {"fills", "trades", "thoughts", "candles", "prices", "equity"};

// INSERT of what is staged; a row that is there takes the staged values.
std::string upsert_sql(const std::string& table, const std::string& columns,
                       const std::string& key) {
  std::string sql = "INSERT INTO " + table + "(" + columns + ") SELECT " + columns +
                    " FROM stage_" + table + " ON CONFLICT (" + key + ") DO UPDATE SET ";
  std::size_t begin = 0;
  bool is_first = true;
  while (begin < columns.size()) {
    const std::size_t end = std::min(columns.find(", ", begin), columns.size());
    const std::string column = columns.substr(begin, end - begin);
    sql += (is_first ? "" : ", ") + column + " = excluded." + column;
    is_first = false;
    begin = end + 2;
  }
  return sql;
}

constexpr char kMergeCandles[] =
    "INSERT INTO candles AS c SELECT * FROM stage_candles"
    " ON CONFLICT (market, interval, open_time_ms) DO UPDATE SET"
    " high = greatest(c.high, excluded.high), low = least(c.low, excluded.low),"
    " close = excluded.close, volume = c.volume + excluded.volume,"
    " volume_notional = c.volume_notional + excluded.volume_notional,"
    " trades = c.trades + excluded.trades";

// The newest announcement of a market is the one that is applied: it replaced those before.
constexpr char kApplyMarketChange[] =
    "UPDATE market_changes SET applied_at_ms = $1"
    " WHERE sequence = (SELECT max(sequence) FROM market_changes WHERE market = $2)";

constexpr char kPutMeta[] =
    "INSERT INTO meta VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

// What is older than $1 and will not change any more, $2 rows at a time; the ledger and its
// entries, agents and markets stay.
constexpr const char* kDeleteOld[] = {
    "DELETE FROM orders WHERE sequence IN (SELECT sequence FROM orders"
    " WHERE updated_at_ms < $1 AND status NOT IN (1, 2) ORDER BY sequence LIMIT $2)",
    "DELETE FROM triggers WHERE trigger_id IN (SELECT trigger_id FROM triggers"
    " WHERE updated_at_ms < $1 AND closed_sequence > 0 ORDER BY closed_sequence LIMIT $2)",
    "DELETE FROM signals WHERE id IN (SELECT id FROM signals"
    " WHERE closed_at_ms < $1 AND closed_sequence > 0 ORDER BY closed_sequence LIMIT $2)",
    "DELETE FROM messages WHERE message_id IN (SELECT message_id FROM messages"
    " WHERE time_ms < $1 ORDER BY message_id LIMIT $2)",
    "DELETE FROM positions WHERE sequence IN (SELECT sequence FROM positions"
    " WHERE updated_at_ms < $1 AND closed_sequence > 0 ORDER BY sequence LIMIT $2)",
    "DELETE FROM funding_payments WHERE sequence IN (SELECT sequence FROM funding_payments"
    " WHERE time_ms < $1 ORDER BY sequence LIMIT $2)",
    "DELETE FROM liquidations WHERE sequence IN (SELECT sequence FROM liquidations"
    " WHERE time_ms < $1 ORDER BY sequence LIMIT $2)",
    "DELETE FROM fund_changes WHERE sequence IN (SELECT sequence FROM fund_changes"
    " WHERE time_ms < $1 ORDER BY sequence LIMIT $2)",
    "DELETE FROM position_changes WHERE sequence IN (SELECT sequence FROM position_changes"
    " WHERE time_ms < $1 ORDER BY sequence LIMIT $2)",
    "DELETE FROM violations WHERE number IN (SELECT number FROM violations"
    " WHERE time_ms < $1 ORDER BY number LIMIT $2)",
    "DELETE FROM position_ends WHERE sequence IN (SELECT sequence FROM position_ends"
    " WHERE time_ms < $1 ORDER BY sequence LIMIT $2)",
};

}  // namespace

template <class Rows, class Bind>
pg::Result HistoryDatabase::copy(const std::string& table, const std::string& columns,
                                 const Rows& rows, Bind bind) {
  buffer_.clear();
  for (const auto& row : rows) {
    if (bind(buffer_, row)) buffer_.end_row();
  }
  if (buffer_.rows() == 0) return {};
  pg::Result begun = connection_.begin_copy("COPY " + table + "(" + columns + ") FROM STDIN");
  if (!begun.ok()) return begun;
  connection_.write_copy(buffer_.bytes());
  rows_written_ += buffer_.rows();
  return connection_.end_copy();
}

namespace {

// A bind function of views, for copy().
template <class View>
auto all(void (*bind)(ValueSink&, const View&)) {
  return [bind](ValueSink& sink, const View& view) {
    bind(sink, view);
    return true;
  };
}

}  // namespace

pg::Result HistoryDatabase::make_partitions(std::span<const HistoryBatch> group) {
  for (const HistoryBatch& batch : group) {
    const int64_t number = batch.log_time_ms / kWeekMs;
    for (const int64_t wanted : {number, number + 1}) {  // the next one is made ahead
      if (partitions_.count(wanted) != 0) continue;
      for (const char* series : kSeries) {
        pg::Parameters parameters;
        parameters.add_text(series).add(wanted);
        pg::Result made = connection_.run("SELECT perpetua_add_partition($1, $2)", parameters);
        if (!made.ok()) return made;
      }
      partitions_.insert(wanted);
    }
  }
  return {};
}

pg::Result HistoryDatabase::transact(const HistoryRows& rows, const AccountingRows& accounting,
                                     BatchNumber last) {
  pg::Result result = connection_.run("BEGIN");
  if (result.ok()) result = write_meta(accounting, last);
  if (result.ok()) result = write_rows(rows);
  if (result.ok()) result = write_perpetual(rows);
  if (result.ok()) result = write_orders(rows);
  if (result.ok()) result = write_triggers(rows);
  if (result.ok()) result = write_messages(rows);
  if (result.ok()) result = write_accounting(accounting);
  if (result.ok()) result = connection_.run("COMMIT");
  return result;
}

// First of all: whoever else would write this group waits here, and then finds it done.
pg::Result HistoryDatabase::write_meta(const AccountingRows& rows, BatchNumber last) {
  pg::Parameters step;
  step.add(static_cast<int64_t>(last)).add(static_cast<int64_t>(applied_));
  pg::Result result = connection_.run(
      "UPDATE meta SET value = $1 WHERE name = 'applied_batch' AND value = $2", step);
  if (!result.ok()) return result;
  if (result.affected_rows() != 1) {
    return pg::Result(pg::Error{pg::ErrorClass::conflict, "", "another writer has been at work"});
  }
  std::vector<pg::Query> puts;
  std::set<MarketId> marked;
  for (const PriceRow& row : rows.prices) marked.insert(row.market);
  for (const MarketId market : marked) {
    pg::Query put{kPutMeta, {}};
    put.parameters.add_text("mark_" + std::to_string(market));
    put.parameters.add(accounting_->state.marks[market].value);
    puts.push_back(std::move(put));
  }
  pg::Query hour{kPutMeta, {}};
  hour.parameters.add_text("equity_hour").add(accounting_->state.equity_hour);
  puts.push_back(std::move(hour));
  for (pg::Result& put : connection_.run_pipeline(puts)) {
    if (!put.ok()) return std::move(put);
  }
  return result;
}

pg::Result HistoryDatabase::write_rows(const HistoryRows& rows) {
  pg::Result result = copy("markets", "id, spec", rows.markets,
                           [](ValueSink& sink, const std::pair<MarketId, MarketSpec>& market) {
                             const MarketSpec& spec = market.second;
                             sink.bind(market.first);
                             sink.bind_blob({reinterpret_cast<const char*>(&spec), sizeof spec});
                             return true;
                           });
  if (result.ok()) result = copy("agents", kAgentColumns, rows.agents, all(bind_agent));
  if (result.ok()) result = copy("thoughts", kThoughtColumns, rows.thoughts, all(bind_thought));
  if (result.ok()) result = copy("ledger", kLedgerColumns, rows.ledger, all(bind_ledger_entry));
  if (result.ok()) result = copy("fills", kFillColumns, rows.fills, all(bind_fill));
  if (!result.ok() || rows.candles.empty()) return result;
  const auto bind_one = [](ValueSink& sink, const auto& item) {
    const auto& [market, interval, open_time_ms] = item.first;
    sink.bind(market).bind(static_cast<int64_t>(interval));
    bind_candle(sink, item.second);
    return true;
  };
  result = copy("stage_candles", std::string("market, interval, ") + kCandleColumns, rows.candles,
                bind_one);
  return result.ok() ? connection_.run(kMergeCandles) : std::move(result);
}

pg::Result HistoryDatabase::write_perpetual(const HistoryRows& rows) {
  pg::Result result = copy("fundings", kFundingColumns, rows.fundings, all(bind_funding));
  if (result.ok()) {
    result = copy("funding_payments", kFundingPaymentColumns, rows.funding_payments,
                  all(bind_funding_payment));
  }
  if (result.ok()) {
    result = copy("liquidations", kLiquidationColumns, rows.liquidations, all(bind_liquidation));
  }
  if (result.ok()) {
    result = copy("fund_changes", kFundChangeColumns, rows.fund_changes, all(bind_fund_change));
  }
  if (result.ok()) {
    result = copy("position_changes", kPositionChangeColumns, rows.position_changes,
                  all(bind_position_change));
  }
  for (const auto& [market, time_ms] : rows.applied_changes) {
    if (!result.ok()) return result;
    pg::Parameters change;
    change.add(time_ms).add(market);
    result = connection_.run(kApplyMarketChange, change);
  }
  if (!result.ok()) return result;
  return copy("market_changes", kMarketChangeColumns, rows.market_changes, all(bind_market_change));
}

pg::Result HistoryDatabase::write_orders(const HistoryRows& rows) {
  const auto of_kind = [](bool is_new) {
    return [is_new](ValueSink& sink, const HistoryRows::OrderRow& row) {
      if (row.is_new == is_new) bind_order(sink, row.order);
      return row.is_new == is_new;
    };
  };
  pg::Result result = copy("orders", kOrderColumns, rows.orders, of_kind(true));
  if (result.ok()) result = copy("stage_orders", kOrderColumns, rows.orders, of_kind(false));
  if (!result.ok() || buffer_.rows() == 0) return result;
  return connection_.run(upsert_sql("orders", kOrderColumns, "sequence"));
}

pg::Result HistoryDatabase::write_triggers(const HistoryRows& rows) {
  pg::Result result = copy("stage_triggers", kTriggerColumns, rows.triggers,
                           [](ValueSink& sink, const HistoryRows::TriggerRow& row) {
                             bind_trigger(sink, row.trigger);
                             return true;
                           });
  if (result.ok() && buffer_.rows() > 0) {
    result = connection_.run(upsert_sql("triggers", kTriggerColumns, "trigger_id"));
  }
  if (!result.ok()) return result;
  return copy("position_ends", kPositionEndColumns, rows.position_ends, all(bind_position_end));
}

pg::Result HistoryDatabase::write_messages(const HistoryRows& rows) {
  pg::Result result = copy("messages", kMessageColumns, rows.messages, all(bind_message));
  if (result.ok()) {
    result = copy("violations", kViolationColumns, rows.violations, all(bind_violation));
  }
  if (result.ok()) {
    result = copy("stage_signals", kSignalColumns, rows.signals,
                  [](ValueSink& sink, const HistoryRows::SignalRow& row) {
                    bind_signal(sink, row.signal);
                    return true;
                  });
  }
  if (!result.ok() || buffer_.rows() == 0) return result;
  return connection_.run(upsert_sql("signals", kSignalColumns, "id"));
}

pg::Result HistoryDatabase::write_accounting(const AccountingRows& rows) {
  pg::Result result = copy("trades", kTradeColumns, rows.trades, all(bind_trade));
  if (result.ok()) result = copy("ledger_entries", kEntryColumns, rows.entries, all(bind_entry));
  if (result.ok()) result = copy("prices", kPriceColumns, rows.prices, all(bind_price));
  if (result.ok()) result = copy("equity", kEquityColumns, rows.equity, all(bind_equity));
  if (result.ok()) {
    result = copy("stage_positions", kPositionColumns, rows.positions,
                  [](ValueSink& sink, const auto& item) {
                    bind_position(sink, item.second);
                    return true;
                  });
  }
  if (result.ok() && buffer_.rows() > 0) {
    result = connection_.run(upsert_sql("positions", kPositionColumns, "sequence"));
  }
  if (result.ok()) {
    result = copy("stage_accounts", kAccountColumns, rows.balances,
                  [](ValueSink& sink, const auto& item) {
                    bind_account(sink, item.first, item.second);
                    return true;
                  });
  }
  if (!result.ok() || buffer_.rows() == 0) return result;
  return connection_.run(upsert_sql("accounts", kAccountColumns, "account, id"));
}

// Once an hour of log time. Whoever reads what is to be dropped goes first: then it waits an hour.
pg::Result HistoryDatabase::keep_house(int64_t log_time_ms) {
  const int64_t hour = log_time_ms / kHourMs;
  if (options_.retention_days == 0 || hour == housekeeping_hour_) return {};
  housekeeping_hour_ = hour;
  const int64_t oldest_ms = log_time_ms - options_.retention_days * kDayMs;
  pg::Result result =
      connection_.run("SET lock_timeout = " + std::to_string(history_limits::kPostgresLockMs));
  for (const char* series : kSeries) {
    pg::Parameters drop;
    drop.add_text(series).add(oldest_ms);
    result = connection_.run("SELECT perpetua_drop_before($1, $2)", drop);
    if (!result.ok() && result.error().kind != pg::ErrorClass::conflict) return result;
  }
  for (const char* sql : kDeleteOld) {
    pg::Parameters limits;
    limits.add(oldest_ms).add(static_cast<int64_t>(history_limits::kRetentionRowsMax));
    for (int round = 0; round < history_limits::kRetentionRoundsMax; ++round) {
      result = connection_.run(sql, limits);
      if (!result.ok()) return result;
      if (result.affected_rows() < static_cast<int64_t>(history_limits::kRetentionRowsMax)) break;
    }
  }
  return connection_.run("SET lock_timeout = 0");
}

}  // namespace perpetua::stores
