// Lists and pages of rows. {"items":[...]} and {"items":[...],"next_cursor":"..."|null}.
//
// History is written behind the order path, so its newest page can miss what a reply already
// promised. newest_page() puts the rows of the hot store that history does not have yet in front,
// so who reads after a reply sees its effect; such a first page can be longer than asked for. The
// hot store keeps few rows, so history may lag by more than that: then, and where the hot store has
// no rows at all, the call waits until history alone has what was acknowledged before. Further
// pages come from history alone.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "gateway/codec/json_writer.hpp"
#include "gateway/http/call.hpp"
#include "stores/history/history_reader.hpp"

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

// The page that the query asks for of rows that only the hot store has, newest first.
// `read(before, limit)`: rows older than the id `before` (0: the newest); `id_of(row)`.
template <class Read, class IdOf, class Render>
void write_live_page(Call& call, const Read& read, const IdOf& id_of, const Render& render) {
  const auto cursor = call.query_value("cursor");
  const auto before = cursor ? parse_id(*cursor) : 0;
  if (!before) {
    call.fail(ResultCode::invalid_cursor, "cursor");
    return;
  }
  const uint32_t limit = call.page_limit();
  const auto rows = read(*before, limit);
  std::string next;
  if (rows.size() == limit) next = std::to_string(id_of(rows.back()));
  write_page(call.reply, rows, next, render);
}

// False, if the page is not to be had (the call's error is set) or history is awaited.
template <class Row>
bool page_ok(Call& call, const stores::Page<Row>& page) {
  if (call.awaited_batch != 0) return false;
  if (page.status == stores::PageStatus::ok) return true;
  if (page.status == stores::PageStatus::invalid_cursor) {
    return call.fail(ResultCode::invalid_cursor, "cursor");
  }
  return call.fail(ResultCode::exchange_unavailable, {}, "the history cannot be read now");
}

// The page a call asks for. `read(request)` reads history; `kept` are rows of the hot store, newest
// first, as many as it has; `is_whole(page)` says whether history has every row that the hot store
// has dropped; `place(row)` is the number by which both are ordered. REQUIRES: may_block.
// Afterwards page_ok() says whether there is a page.
template <class Row, class Read, class IsWhole, class Place>
stores::Page<Row> newest_page(Call& call, std::vector<Row> kept, const Read& read,
                              const IsWhole& is_whole, const Place& place) {
  const auto cursor = call.query_value("cursor").value_or(std::string_view());
  const std::size_t limit = call.page_limit();
  if (!cursor.empty() || call.history_is_current()) return read(stores::PageRequest{cursor, limit});
  stores::Page<Row> page = read(stores::PageRequest{{}, limit});
  if (page.status != stores::PageStatus::ok) return page;
  if (!is_whole(page)) {
    call.await_history();
    return page;
  }
  const auto drop_known = [&] {
    const uint64_t newest = page.rows.empty() ? 0 : place(page.rows.front());
    std::erase_if(kept, [&](const Row& row) { return place(row) <= newest; });
  };
  drop_known();
  if (kept.empty()) return page;
  page = read(stores::PageRequest{{}, limit > kept.size() ? limit - kept.size() : 1});
  if (page.status != stores::PageStatus::ok) return page;
  drop_known();  // history may have moved on between the two reads
  page.rows.insert(page.rows.begin(), kept.begin(), kept.end());
  return page;
}

// For rows that the hot store drops in the order of the list: history has what was dropped if it
// has the oldest row that was kept.
template <class Row, class Read, class Place>
stores::Page<Row> newest_page(Call& call, std::vector<Row> kept, const Read& read,
                              const Place& place) {
  const uint64_t oldest = kept.empty() ? UINT64_MAX : place(kept.back());
  const auto is_whole = [&](const stores::Page<Row>& page) {
    return !page.rows.empty() && place(page.rows.front()) >= oldest;
  };
  return newest_page(call, std::move(kept), read, is_whole, place);
}

}  // namespace perpetua::gateway::native
