// What the parts of HistoryReader share: how a page of one list is read. Private to the reader.
#pragma once

#include <algorithm>

#include "stores/history/history_reader.hpp"
#include "stores/history/history_schema.hpp"
#include "stores/history/page_cursor.hpp"

namespace perpetua::stores {

struct HistoryReader::Impl {
  std::unique_ptr<HistorySource> source;
};

// One list: its letter in cursors, its table and sort key, and how a row is read.
template <class Row>
struct List {
  char letter;
  const char* columns;
  const char* table;
  const char* key;
  Row (*read)(ValueSource&);
  uint64_t (*key_of)(const Row&);
};

// Rows of the perpetual are ordered by the sequence of their event.
template <class Row>
constexpr List<Row> event_list(char letter, const char* columns, const char* table,
                               Row (*read)(ValueSource&)) {
  return {letter, columns, table, "sequence", read, [](const Row& row) { return row.sequence; }};
}

// Lists that are read both for one owner and for everybody.
inline const List<LedgerEntryView> kLedger =
    event_list('l', kLedgerColumns, "ledger", read_ledger_entry);
inline const List<LiquidationView> kLiquidations =
    event_list('q', kLiquidationColumns, "liquidations", read_liquidation);
inline const List<PositionChangeView> kPositionChanges =
    event_list('c', kPositionChangeColumns, "position_changes", read_position_change);

inline std::string select_page(const char* columns, const char* table, const char* key,
                               const char* condition) {
  return std::string("SELECT ") + columns + " FROM " + table + " WHERE " + condition + key +
         " < ? ORDER BY " + key + " DESC LIMIT ?";
}

// Rows older than the cursor for which keep(row) holds. `condition` ends in " AND " and has one
// parameter, `owner`, or is empty.
template <class Row, class Keep>
Page<Row> read_page(HistorySession& session, const List<Row>& list, const char* condition,
                    std::optional<int64_t> owner, const PageRequest& request, Keep&& keep) {
  using history_limits::kHistoryPageMax;
  using history_limits::kRowsScannedMax;
  Page<Row> page;
  page.list = list.letter;
  uint64_t before = INT64_MAX;
  if (!request.cursor.empty()) {
    const auto key = parse_cursor(list.letter, request.cursor);
    if (!key || *key > INT64_MAX) {
      page.status = PageStatus::invalid_cursor;
      return page;
    }
    before = *key;
  }
  const std::size_t limit = std::clamp<std::size_t>(request.limit, 1, kHistoryPageMax);
  const std::string sql = select_page(list.columns, list.table, list.key, condition);
  std::size_t scanned = 0;
  std::size_t fetch = session.fetch_rows(limit + 1, kRowsScannedMax + 1);
  for (std::size_t fetched = fetch; fetched == fetch && page.next_cursor.empty();) {
    fetched = 0;
    if (scanned > 0) fetch = std::min(4 * fetch, kRowsScannedMax + 1 - scanned);
    Query& select = session.statement(sql);
    if (owner) select.bind(*owner);
    select.bind(static_cast<int64_t>(before)).bind(static_cast<int64_t>(fetch));
    Query::Step step = select.step();
    for (; step == Query::Step::row; step = select.step()) {
      if (page.rows.size() == limit || scanned == kRowsScannedMax) {
        page.next_cursor = make_cursor(list.letter, before);
        break;
      }
      Row row = list.read(select);
      ++scanned;
      ++fetched;
      before = list.key_of(row);
      if (keep(row)) page.rows.push_back(std::move(row));
    }
    select.reset();
    if (step == Query::Step::error) {
      page = Page<Row>();
      page.status = PageStatus::unavailable;
      return page;
    }
  }
  return page;
}

template <class Row, class Keep>
Page<Row> read_page(HistorySource& source, const List<Row>& list, const char* condition,
                    std::optional<int64_t> owner, const PageRequest& request, Keep&& keep) {
  const auto session = source.lend();
  return read_page(*session, list, condition, owner, request, std::forward<Keep>(keep));
}

inline bool in_market(MarketId wanted, MarketId market) {
  return wanted == kNoMarket || wanted == market;
}

}  // namespace perpetua::stores
