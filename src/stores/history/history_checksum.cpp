#include "stores/history/history_checksum.hpp"

#include <cinttypes>
#include <cstdio>

#include "base/hash.hpp"
#include "stores/history/history_schema.hpp"
#include "stores/history/history_text.hpp"
#include "stores/postgres/postgres_rows.hpp"

namespace perpetua::stores {

namespace {

constexpr std::size_t kRowsPerStep = 5'000;

// A table, its columns and how many of the first are its key, all whole numbers.
struct Table {
  const char* name;
  std::string columns;
  std::size_t key_columns;
  std::string texts;  // columns that are not numbers, by name, with commas around
  bool is_shared;
};

std::vector<std::string> split(const std::string& columns) {
  std::vector<std::string> names;
  std::size_t begin = 0;
  while (begin < columns.size()) {
    const std::size_t end = std::min(columns.find(',', begin), columns.size());
    names.push_back(columns.substr(begin, end - begin));
    begin = columns.find_first_not_of(" ,", end);
  }
  return names;
}

std::vector<Table> tables() {
  return {
      {"markets", "id, spec", 1, ",spec,", true},
      {"agents", kAgentColumns, 1, ",wallet,display_name,bio,twitter_handle,", true},
      {"orders", kOrderColumns, 1, ",client_id,intent_reason,", true},
      {"fills", kFillColumns, 1, "", true},
      {"ledger", kLedgerColumns, 1, ",claim,", true},
      {"thoughts", kThoughtColumns, 1, ",text,metadata,", true},
      {"messages", kMessageColumns, 1, ",text,metadata,", true},
      {"signals", kSignalColumns, 1, "", true},
      {"candles", std::string("market, interval, ") + kCandleColumns, 3, "", true},
      {"fundings", kFundingColumns, 1, "", true},
      {"funding_payments", kFundingPaymentColumns, 1, "", true},
      {"liquidations", kLiquidationColumns, 1, "", true},
      {"fund_changes", kFundChangeColumns, 1, "", true},
      {"position_changes", kPositionChangeColumns, 1, "", true},
      {"triggers", kTriggerColumns, 1, "", true},
      {"violations", kViolationColumns, 1, "", true},
      {"position_ends", kPositionEndColumns, 1, "", true},
      {"market_changes", kMarketChangeColumns, 1, ",spec,", true},
      {"trades", kTradeColumns, 2, "", false},
      {"positions", kPositionColumns, 1, "", false},
      {"ledger_entries", kEntryColumns, 2, "", false},
      {"accounts", kAccountColumns, 2, "", false},
      {"prices", "market, time_ms, sequence, index_price, mark", 3, "", false},
      {"equity", "agent, time_ms, collateral, unrealised_pnl", 2, "", false},
  };
}

bool is_binary(std::string_view column) {
  return column == "spec" || column == "client_id" || column == "claim";
}

// SELECT of the rows behind a key: (a, b) > (?, ?).
std::string step_sql(const Table& table, const std::vector<std::string>& names) {
  std::string key;
  std::string marks;
  for (std::size_t i = 0; i < table.key_columns; ++i) {
    key += (i == 0 ? "" : ", ") + names[i];
    marks += i == 0 ? "?" : ", ?";
  }
  return "SELECT " + table.columns + " FROM " + table.name + " WHERE (" + key + ") > (" + marks +
         ") ORDER BY " + key + " LIMIT ?";
}

TableChecksum checksum_table(HistorySession& session, const Table& table) {
  const std::vector<std::string> names = split(table.columns);
  const std::string sql = step_sql(table, names);
  // Keys are no less than 0, but for the ids of triggers, which use the highest bit.
  const bool has_signed_key = std::string_view(table.name) == "triggers";
  std::vector<int64_t> key(table.key_columns, has_signed_key ? INT64_MIN : -1);
  TableChecksum result{table.name, 0, 0};
  HashSink hash;
  std::string row;
  std::size_t fetched = kRowsPerStep;
  while (fetched == kRowsPerStep) {
    fetched = 0;
    Query& select = session.statement(sql);
    for (const int64_t part : key) select.bind(part);
    select.bind(static_cast<int64_t>(kRowsPerStep));
    while (select.step() == Query::Step::row) {
      row.clear();
      for (std::size_t i = 0; i < names.size(); ++i) {
        const bool is_text = table.texts.find("," + names[i] + ",") != std::string::npos;
        if (is_text) {
          const std::string bytes = select.next_text();
          row += is_binary(names[i]) ? bytes : storable_text(bytes);
        } else {
          const int64_t value = select.next_int();
          if (i < table.key_columns) key[i] = value;
          row += std::to_string(value);
        }
        row += '\x1F';
      }
      hash.write(row.data(), row.size());
      ++result.rows;
      ++fetched;
    }
    select.reset();
  }
  result.checksum = hash.value();
  return result;
}

}  // namespace

std::vector<TableChecksum> checksum_history(HistorySource& source, ChecksumTables wanted) {
  const auto session = source.lend();
  std::vector<TableChecksum> all;
  for (const Table& table : tables()) {
    if (table.is_shared || wanted == ChecksumTables::all) {
      all.push_back(checksum_table(*session, table));
    }
  }
  return all;
}

std::string checksum_line(const TableChecksum& checksum) {
  char text[128];
  std::snprintf(text, sizeof text, "%-17s %12" PRIu64 " rows  %016" PRIx64, checksum.table.c_str(),
                checksum.rows, checksum.checksum);
  return text;
}

}  // namespace perpetua::stores
