// Lists and pages of rows. {"items":[...]} and {"items":[...],"next_cursor":"..."|null}.
//
// History is written behind the order path, so its newest page can miss what a reply already
// promised. newest_page() puts the rows of the hot store that history does not have yet in front,
// so who reads after a reply sees its effect; further pages come from history alone. Such a first
// page can be longer than asked for by the rows in front.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "gateway/codec/json_writer.hpp"
#include "gateway/http/call.hpp"
#include "stores/sqlite/history_reader.hpp"

namespace perpetua::gateway::native {

template <class Rows, class Render>
void write_items(std::string& out, const Rows& rows, const Render& render) {
  out += "{\"items\":[";
  bool is_first = true;
  for (const auto& row : rows) {
    if (!is_first) out.push_back(',');
    is_first = false;
    render(out, row);
  }
  out.push_back(']');
}

template <class Rows, class Render>
void write_list(std::string& out, const Rows& rows, const Render& render) {
  write_items(out, rows, render);
  out.push_back('}');
}

template <class Rows, class Render>
void write_page(std::string& out, const Rows& rows, std::string_view next_cursor,
                const Render& render) {
  write_items(out, rows, render);
  out += ",\"next_cursor\":";
  if (next_cursor.empty())
    out += "null";
  else
    append_json_text(out, next_cursor);
  out.push_back('}');
}

// False, with the call's error set, if the page is not to be had.
template <class Row>
bool page_ok(Call& call, const stores::Page<Row>& page) {
  if (page.status == stores::PageStatus::ok) return true;
  if (page.status == stores::PageStatus::invalid_cursor) {
    return call.fail(ResultCode::invalid_cursor, "cursor");
  }
  return call.fail(ResultCode::exchange_unavailable, {}, "the history cannot be read now");
}

// `read(request)` reads history; `fresh` are rows of the hot store, newest first, as many as it has
// (fewer would leave a gap before history's newest); `place(row)` is the number by which both are
// ordered.
template <class Row, class Read, class Place>
stores::Page<Row> newest_page(Call& call, std::vector<Row> fresh, const Read& read,
                              const Place& place) {
  const auto cursor = call.query_value("cursor").value_or(std::string_view());
  const std::size_t limit = call.page_limit();
  stores::Page<Row> page = read(stores::PageRequest{cursor, limit});
  if (!cursor.empty() || page.status != stores::PageStatus::ok) return page;
  const auto newest = [&] { return page.rows.empty() ? 0 : place(page.rows.front()); };
  const auto drop_known = [&] {
    std::erase_if(fresh, [&](const Row& row) { return place(row) <= newest(); });
  };
  drop_known();
  if (fresh.empty()) return page;
  const std::size_t rest = limit > fresh.size() ? limit - fresh.size() : 1;
  page = read(stores::PageRequest{{}, rest});
  if (page.status != stores::PageStatus::ok) return page;
  drop_known();  // history may have moved on between the two reads
  page.rows.insert(page.rows.begin(), fresh.begin(), fresh.end());
  return page;
}

}  // namespace perpetua::gateway::native
