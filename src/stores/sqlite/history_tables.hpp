// HistoryTables: the writing side of an open history file: one transaction for one HistoryRows.
//
// Not thread-safe: the writer's thread. A false return leaves the database without a transaction,
// as it was before the call; failure_code() and failure_message() say why.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "stores/history/history_rows.hpp"
#include "stores/sqlite/database.hpp"
#include "stores/sqlite/history_writer.hpp"

namespace perpetua::stores {

class HistoryTables {
 public:
  HistoryTables(Database& database, const HistoryRetention& retention);

  [[nodiscard]] bool load_markets(MarketSpecs& specs);
  std::optional<OrderView> load_order(OrderId id);
  std::optional<TriggerView> load_trigger(OrderId id);
  std::optional<SignalView> load_signal(SignalId id);

  // Rows, counts, applied_batch and pruning, in one transaction.
  [[nodiscard]] bool write(const HistoryRows& rows);

  int failure_code() const { return failure_code_; }
  const std::string& failure_message() const { return failure_message_; }

 private:
  // A table whose rows are counted and whose oldest go once it is too long.
  struct Counted {
    Counted(Database& database, const char* table, const char* key, const char* condition,
            uint64_t kept);
    std::string name;  // in meta
    uint64_t kept_max = 0;
    Statement prune;
    uint64_t rows = 0;
    uint64_t rows_before = 0;  // the transaction
  };

  bool write_all(const HistoryRows& rows);
  bool write_rows(const HistoryRows& rows);
  bool write_orders(const HistoryRows& rows);
  bool write_candles(const HistoryRows& rows);
  bool write_perpetual(const HistoryRows& rows);
  bool write_market_changes(const HistoryRows& rows);
  bool write_triggers(const HistoryRows& rows);
  bool write_agents(const HistoryRows& rows);
  bool update_order(const OrderView& order);
  std::array<Counted*, 15> counted();
  bool put_meta(std::string_view name, uint64_t value);
  bool count_and_prune(Counted& table, uint64_t added);
  bool prune(const HistoryRows& rows);

  Database& database_;
  Statement put_meta_;
  Statement insert_market_;
  Statement insert_agent_;
  Statement insert_thought_;
  Statement insert_ledger_;
  Statement insert_fill_;
  Statement insert_order_;
  Statement update_order_;
  Statement select_order_;
  Statement upsert_candle_;
  Statement insert_funding_;
  Statement insert_funding_payment_;
  Statement insert_liquidation_;
  Statement insert_fund_change_;
  Statement insert_position_change_;
  Statement put_trigger_;
  Statement select_trigger_;
  Statement insert_position_end_;
  Statement insert_market_change_;
  Statement apply_market_change_;
  Statement insert_message_;
  Statement put_signal_;
  Statement select_signal_;
  Statement insert_violation_;
  Counted orders_;
  Counted fills_;
  Counted ledger_;
  Counted thoughts_;
  Counted fundings_;
  Counted funding_payments_;
  Counted liquidations_;
  Counted fund_changes_;
  Counted position_changes_;
  Counted market_changes_;
  Counted triggers_;
  Counted position_ends_;
  Counted messages_;
  Counted signals_;
  Counted violations_;
  int failure_code_ = 0;
  std::string failure_message_;
};

}  // namespace perpetua::stores
