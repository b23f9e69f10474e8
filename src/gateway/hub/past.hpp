// What memory keeps no longer, read from the history for handlers of the root API.
//
// A function that returns false has settled the call for now: it failed (503), or it is made again
// where it may touch the disk, or once history has caught up. Then the handler returns at once.
// Where the exchange runs without a history, what memory has let go cannot be told from what never
// was: one by id is 503, lists end where memory ends.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "gateway/http/call.hpp"
#include "stores/activity/activity.hpp"
#include "stores/history/history_reader.hpp"

namespace perpetua::gateway::hub {

// By id. Nothing in `row`: there is none, and never was.
bool find_intent(Call& call, OrderId id, std::optional<stores::IntentView>& row);
bool find_match(Call& call, MarketId market, uint64_t trade_id,
                std::optional<stores::MatchView>& row);
// Who has or had the position; 0: nobody.
bool find_position_owner(Call& call, uint64_t id, AgentId& owner);

// Lists, newest first: `rows` are those of memory and get what history has beyond them. Above the
// newest one that memory has let go (`forgotten`) memory has all, so history is read from there.
bool add_past_intents(Call& call, const stores::IntentQuery& query,
                      std::vector<stores::IntentView>& rows);
bool add_past_matches(Call& call, std::size_t limit, std::vector<stores::MatchView>& rows);
bool add_past_settlements(Call& call, AgentId agent, std::size_t limit,
                          std::vector<stores::SettlementView>& rows);
bool add_past_positions(Call& call, AgentId agent, std::size_t limit,
                        std::vector<stores::PositionRecord>& rows);
bool add_past_liquidations(Call& call, std::size_t limit, uint64_t forgotten,
                           std::vector<stores::LiquidationView>& rows);
bool add_past_violations(Call& call, AgentId agent, std::size_t limit,
                         std::vector<stores::ViolationView>& rows);

// One list out of two: each row once, that of `rows` before that of `past`; the newest `limit`.
// `place(row)` is the number by which both are ordered, the newest first.
template <class Row, class Place>
void join_past(std::vector<Row>& rows, std::vector<Row> past, std::size_t limit,
               const Place& place) {
  std::vector<uint64_t> known;
  for (const Row& row : rows) known.push_back(place(row));
  std::sort(known.begin(), known.end());
  for (Row& row : past) {
    if (!std::binary_search(known.begin(), known.end(), place(row))) rows.push_back(std::move(row));
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const Row& a, const Row& b) { return place(a) > place(b); });
  if (rows.size() > limit) rows.resize(limit);
}

}  // namespace perpetua::gateway::hub
