// Lists and pages of rows. {"items":[...]} and {"items":[...],"next_cursor":"..."|null}.
//
// History is written behind the order path, so its newest page can miss what a reply already
// promised. newest_page() puts the rows of the hot store that history does not have yet in front,
// so who reads after a reply sees its effect. Each page is one read of history, because the next
// one may go to a replica that is behind. The hot store keeps few rows, so history may lag by more
// than that: a page that the hot store can fill alone is then its own, any other waits until
// history alone has what this list needs (Call::needs_history).
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "gateway/codec/json_writer.hpp"
#include "gateway/http/call.hpp"
#include "stores/history/history_reader.hpp"
#include "stores/history/page_cursor.hpp"

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

// Puts the rows that history does not have yet, newest first, before its page, and ends it where it
// should. Where pages that follow come from history alone, the last row must be one of history's:
// such a page can be longer than asked for.
template <class Row, class Place>
void put_in_front(stores::Page<Row>& page, std::vector<Row> kept, std::size_t limit,
                  bool ends_in_history, const Place& place) {
  const uint64_t newest = page.rows.empty() ? 0 : place(page.rows.front());
  std::erase_if(kept, [&](const Row& row) { return place(row) <= newest; });
  page.rows.insert(page.rows.begin(), kept.begin(), kept.end());
  if (ends_in_history) limit = std::max(limit, kept.size() + 1);
  if (page.rows.size() <= limit) return;
  page.rows.resize(limit);
  page.next_cursor = stores::make_cursor(page.list, place(page.rows.back()));
}

// The page of the hot store alone; what it has dropped follows. REQUIRES: kept.size() >= limit > 0.
template <class Row, class Place>
void fill_from_memory(stores::Page<Row>& page, const std::vector<Row>& kept, std::size_t limit,
                      const Place& place) {
  page.rows.assign(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(limit));
  page.next_cursor = stores::make_cursor(page.list, place(page.rows.back()));
}

// The page a call asks for, of rows that the hot store drops in the order of the list. `kept`: its
// rows, newest first, as many as it has; `read(request)` reads history; `place(row)` is the number
// by which both are ordered, that of the list's cursors. REQUIRES: may_block. Afterwards page_ok()
// says whether there is a page.
template <class Row, class Read, class Place>
stores::Page<Row> newest_page(Call& call, std::vector<Row> kept, const Read& read,
                              const Place& place) {
  const auto cursor = call.query_value("cursor").value_or(std::string_view());
  const std::size_t limit = call.page_limit();
  const bool is_current = call.history_is_current();  // before the read: it may move on meanwhile
  stores::Page<Row> page = read(stores::PageRequest{cursor, limit});
  if (is_current || page.status != stores::PageStatus::ok) return page;
  if (!cursor.empty()) {
    const uint64_t before = stores::parse_cursor(page.list, cursor).value_or(0);
    const bool had_rows = !kept.empty();
    std::erase_if(kept, [&](const Row& row) { return place(row) >= before; });
    if (kept.empty()) {
      // The cursor may be of a page of the hot store, which has dropped what follows since.
      const auto newest = had_rows ? read(stores::PageRequest{{}, 1}) : stores::Page<Row>();
      const bool is_behind = newest.rows.empty() || place(newest.rows.front()) < before;
      if (had_rows && is_behind) call.await_history();
      return page;
    }
  }
  // History has what was dropped if it has the oldest row that was kept.
  const bool is_whole =
      !kept.empty() && !page.rows.empty() && place(page.rows.front()) >= place(kept.back());
  if (is_whole) {
    put_in_front(page, std::move(kept), limit, false, place);
  } else if (kept.size() >= limit) {
    fill_from_memory(page, kept, limit, place);
  } else {
    call.await_history();
  }
  return page;
}

}  // namespace perpetua::gateway::native
