// Reader of CME market-by-order files as CSV: a header line with the column names, then one row per
// change of one order. Lines that begin with # are comments.
//
//   ts_event,ts_recv,sequence,instrument_id,action,side,price,size,order_id,flags
//
// action: A add, C cancel, M modify, F fill of a resting order, T trade (the aggressor). side: B
// bid, A ask, N none. price: 1e-9 index points. A fill is followed, in the same event, by the C or
// M row that changes the book. Rows of one ts_event are one event of the venue.
#pragma once

#include <charconv>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/schema/types.hpp"

namespace perpetua::bench {

inline constexpr int64_t kMboTick = 250'000'000;  // E-mini S&P: a quarter of a point

struct MboRow {
  int64_t event_ns = 0;
  char action = 0;
  Side side = Side::buy;
  Price price;
  Lots lots;
  uint64_t order_id = 0;
};

inline bool parse_mbo_row(std::string_view line, MboRow& row) {
  std::string_view columns[10];
  for (std::string_view& column : columns) {
    const std::size_t end = std::min(line.find(','), line.size());
    column = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  const auto number = [](std::string_view text, auto& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && value >= 0;
  };
  if (!number(columns[0], row.event_ns) || !number(columns[6], row.price.value) ||
      !number(columns[7], row.lots.value)) {
    return false;
  }
  const auto* id_end = columns[8].data() + columns[8].size();
  if (std::from_chars(columns[8].data(), id_end, row.order_id).ptr != id_end) return false;
  if (columns[4].size() != 1 || columns[5].size() != 1) return false;
  if (row.price.value % kMboTick != 0) return false;
  row.action = columns[4][0];
  row.side = columns[5][0] == 'A' ? Side::sell : Side::buy;
  row.price = Price(row.price.value / kMboTick);
  return std::string_view("ACMFT").find(row.action) != std::string_view::npos;
}

// Returns "" and the rows, or what is wrong with the file.
inline std::string load_mbo_file(const std::string& path, std::vector<MboRow>& rows) {
  std::ifstream file(path);
  if (!file) return path + ": cannot be opened";
  std::string line;
  bool past_names = false;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    MboRow row;
    if (parse_mbo_row(line, row)) rows.push_back(row);
    else if (past_names) return path + ":" + std::to_string(number) + ": not a row";
    past_names = true;
  }
  return rows.empty() ? path + ": no rows" : "";
}

}  // namespace perpetua::bench
