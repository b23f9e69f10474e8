#include "stores/postgres/history_database.hpp"

#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "stores/history/history_schema.hpp"
#include "stores/history/row_values.hpp"
#include "stores/postgres/migrations.hpp"
#include "stores/postgres/postgres_rows.hpp"
#include "stores/postgres/result_rows.hpp"

namespace perpetua::stores {

namespace {

// Synchronous, but not for replicas: what was committed must be there after a crash of the server,
// because the batches are gone from memory by then. One sync serves a whole group.
constexpr char kSessionSettings[] =
    "SET synchronous_commit = local; SET client_min_messages = warning;"
    " SET idle_in_transaction_session_timeout = 120000;";
constexpr char kStages[] =
    "CREATE TEMP TABLE stage_orders (LIKE orders) ON COMMIT DELETE ROWS;"
    "CREATE TEMP TABLE stage_triggers (LIKE triggers) ON COMMIT DELETE ROWS;"
    "CREATE TEMP TABLE stage_signals (LIKE signals) ON COMMIT DELETE ROWS;"
    "CREATE TEMP TABLE stage_candles (LIKE candles) ON COMMIT DELETE ROWS;"
    "CREATE TEMP TABLE stage_positions (LIKE positions) ON COMMIT DELETE ROWS;"
    "CREATE TEMP TABLE stage_accounts (LIKE accounts) ON COMMIT DELETE ROWS;";

pg::Result refusal(std::string message) {
  return pg::Result(pg::Error{pg::ErrorClass::statement, "", std::move(message)});
}

template <class Ids>
std::string array_of(const Ids& ids) {
  std::string text = "{";
  for (const auto id : ids) {
    if (text.size() > 1) text += ',';
    text += std::to_string(signed_of(id));
  }
  return text + "}";
}

// Orders and triggers a group speaks of that it does not make itself.
struct Mentioned {
  std::unordered_set<OrderId> orders;
  std::unordered_set<OrderId> made;
  std::unordered_set<OrderId> triggers;
  std::unordered_set<SignalId> signals;

  void mention(OrderId id) {
    if (id != 0 && made.count(id) == 0) orders.insert(id);
  }
  void add(const Event& event) {
    switch (event.header.type) {
      case EventType::order_accepted:
        made.insert(event.order_accepted.order_id);
        return;
      case EventType::order_amended:
        return mention(event.order_amended.order_id);
      case EventType::order_closed:
        return mention(event.order_closed.order_id);
      case EventType::order_bracket:
        return mention(event.order_bracket.order_id);
      case EventType::fill:
        return mention(event.fill.order_id);
      case EventType::trigger_changed:
        triggers.insert(event.trigger_changed.trigger_id);
        return;
      case EventType::trigger_closed:
        triggers.insert(event.trigger_closed.trigger_id);
        return;
      case EventType::signal_faded:
        signals.insert(event.signal_faded.signal_id);
        return;
      case EventType::signal_closed:
        signals.insert(event.signal_closed.signal_id);
        return;
      default:
        return;
    }
  }
};

}  // namespace

struct HistoryDatabase::Preloaded {
  std::unordered_map<OrderId, OrderView> orders;
  std::unordered_map<OrderId, TriggerView> triggers;
  std::unordered_map<SignalId, SignalView> signals;
};

HistoryDatabase::HistoryDatabase(PostgresHistoryOptions options) : options_(std::move(options)) {}

void HistoryDatabase::close() {
  connection_.close();
  accounting_.reset();
}

pg::Error HistoryDatabase::open() {
  close();
  specs_ = {};
  partitions_.clear();
  pg::Result result = connection_.open({.url = options_.url,
                                        .application_name = "perpetua history writer",
                                        .connect_deadline_ms = history_limits::kPostgresConnectMs,
                                        .deadline_ms = history_limits::kPostgresWriteMs,
                                        .settings = kSessionSettings});
  if (!result.ok()) return result.error();
  if (const MigrationStatus status = migrate(connection_); !status.ok()) {
    close();
    return status.error;
  }
  result = connection_.run(kTakeWriterLock);
  if (result.ok() && result.text(0, 0) != "t") {
    result = pg::Result(pg::Error{pg::ErrorClass::conflict, "", "another writer is at work"});
  }
  if (result.ok()) result = load_meta();
  if (result.ok()) result = load_markets();
  if (result.ok()) result = load_accounting();
  if (result.ok()) result = connection_.run(kStages);
  if (!result.ok()) close();
  return result.error();
}

pg::Result HistoryDatabase::load_meta() {
  pg::Parameters cluster;
  cluster.add(signed_of(options_.cluster_id));
  pg::Result result = connection_.run(
      "INSERT INTO meta SELECT 'cluster_id', $1::bigint WHERE NOT EXISTS"
      " (SELECT FROM meta WHERE name = 'cluster_id')",
      cluster);
  if (!result.ok()) return result;
  accounting_.emplace(specs_);
  ResultRows rows(connection_.run("SELECT name, value FROM meta"));
  if (!rows.result().ok()) return pg::Result(rows.result().error());
  while (rows.next()) {
    const std::string name = rows.next_text();
    const int64_t value = rows.next_int();
    if (name == "applied_batch") applied_ = static_cast<BatchNumber>(value);
    if (name == "equity_hour") accounting_->state.equity_hour = value;
    if (name.starts_with("mark_")) {
      accounting_->state.marks.at(std::stoul(name.substr(5))) = Price(value);
    }
    if (name == "cluster_id" && value != signed_of(options_.cluster_id)) {
      return refusal("the database holds the history of another exchange");
    }
  }
  if (applied_ > options_.journal_batch) return refusal("the database is ahead of the journal");
  return {};
}

pg::Result HistoryDatabase::load_markets() {
  ResultRows rows(connection_.run("SELECT id, spec FROM markets"));
  if (!rows.result().ok()) return pg::Result(rows.result().error());
  while (rows.next()) {
    const auto id = static_cast<std::size_t>(rows.next_int());
    const std::string bytes = rows.next_text();
    MarketSpec spec;
    if (id >= specs_.size() || bytes.size() != sizeof spec) {
      return refusal("a market of the database is not one of this binary");
    }
    std::memcpy(&spec, bytes.data(), sizeof spec);
    specs_[id] = spec;
  }
  return {};
}

pg::Result HistoryDatabase::load_accounting() {
  ResultRows accounts(connection_.run("SELECT account, id, balance FROM accounts"));
  if (!accounts.result().ok()) return pg::Result(accounts.result().error());
  while (accounts.next()) {
    AccountKey key;
    key.account = accounts.next_enum<LedgerAccount>();
    key.id = static_cast<uint32_t>(accounts.next_int());
    accounting_->state.balances[key] = Micro(accounts.next_int());
  }
  ResultRows positions(connection_.run(std::string("SELECT ") + kPositionColumns +
                                       " FROM positions WHERE closed_sequence = 0"));
  if (!positions.result().ok()) return pg::Result(positions.result().error());
  while (positions.next()) {
    const PositionRow row = read_position(positions);
    accounting_->state.positions[{row.agent, row.market}] = row;
  }
  return {};
}

template <class Ids, class Visit>
pg::Result HistoryDatabase::select_ids(const char* columns, const char* table, const char* key,
                                       const Ids& ids, Visit visit) {
  if (ids.empty()) return {};
  pg::Parameters parameters;
  parameters.add_text(array_of(ids));
  ResultRows rows(connection_.run(std::string("SELECT ") + columns + " FROM " + table + " WHERE " +
                                      key + " = ANY($1::bigint[])",
                                  parameters));
  if (!rows.result().ok()) return pg::Result(rows.result().error());
  while (rows.next()) visit(rows);
  return {};
}

pg::Result HistoryDatabase::preload(std::span<const HistoryBatch> group, Preloaded& loaded) {
  Mentioned mentioned;
  for (const HistoryBatch& batch : group) {
    for (const HistoryEvent& item : batch.events) mentioned.add(item.event);
  }
  pg::Result result =
      select_ids(kOrderColumns, "orders", "order_id", mentioned.orders, [&](ValueSource& row) {
        OrderView order = read_order(row);
        loaded.orders.emplace(order.order_id, std::move(order));
      });
  if (result.ok()) {
    result = select_ids(kTriggerColumns, "triggers", "trigger_id", mentioned.triggers,
                        [&](ValueSource& row) {
                          const TriggerView trigger = read_trigger(row);
                          loaded.triggers.emplace(trigger.id(), trigger);
                        });
  }
  if (!result.ok()) return result;
  return select_ids(kSignalColumns, "signals", "id", mentioned.signals, [&](ValueSource& row) {
    const SignalView signal = read_signal(row);
    loaded.signals.emplace(signal.id, signal);
  });
}

pg::Error HistoryDatabase::write(std::span<const HistoryBatch> group, BatchNumber last) {
  Preloaded loaded;
  pg::Result result = preload(group, loaded);
  const auto find = [](const auto& map, OrderId id) {
    const auto found = map.find(id);
    return found == map.end() ? std::nullopt : std::make_optional(found->second);
  };
  HistoryRows rows(
      specs_, [&](OrderId id) { return find(loaded.orders, id); },
      [&](OrderId id) { return find(loaded.triggers, id); },
      [&](SignalId id) { return find(loaded.signals, id); });
  for (const HistoryBatch& batch : group) {
    if (!result.ok()) break;
    if (rows.add(batch)) {
      accounting_->add(batch);
    } else {
      result =
          refusal("batch " + std::to_string(batch.number) + " does not fit the rows there are");
    }
  }
  const AccountingRows accounting = accounting_->take_rows();
  if (result.ok()) result = make_partitions(group);
  if (result.ok()) result = transact(rows, accounting, last);
  if (!result.ok()) {
    close();
    return result.error();
  }
  applied_ = last;
  if (group.empty()) return {};
  result = keep_house(group.back().log_time_ms);
  // What was written stands; housekeeping is tried again later.
  if (!result.ok()) close();
  return {};
}

}  // namespace perpetua::stores
