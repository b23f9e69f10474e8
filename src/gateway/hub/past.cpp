#include "gateway/hub/past.hpp"

namespace perpetua::gateway::hub {
namespace {

using stores::IntentView;
using stores::PageStatus;

constexpr const char* kNoHistory = "the history cannot be read now";

bool open_history(Call& call) {
  if (!call.may_use_disk()) return false;
  return call.history_is_current() || call.await_history();
}

bool is_read(Call& call, PageStatus status) {
  return status == PageStatus::ok || call.fail(ResultCode::exchange_unavailable, {}, kNoHistory);
}

// `has_forgotten`: memory has let go rows of this kind.
template <class Row, class Read>
bool find_past(Call& call, bool has_forgotten, Row& row, const Read& read) {
  if (!has_forgotten) return true;
  if (call.history() == nullptr) {
    return call.fail(ResultCode::exchange_unavailable, {}, "there is no history to look into");
  }
  if (!call.may_use_disk()) return false;
  const bool is_current = call.history_is_current();
  row = read(*call.history());
  return row || is_current || call.await_history();
}

// With what its first fill tells.
IntentView past_intent(stores::HistoryReader& history, const stores::OrderView& order) {
  IntentView intent;
  intent.order = order;
  if (order.filled.value == 0) return intent;
  intent.matched_at_ms = order.updated_at_ms;
  const auto fills = history.intent_fills(order.agent, order.order_id);
  if (fills.empty()) return intent;
  const stores::FillView& first = fills.front();
  intent.matched_at_ms = first.time_ms;
  const auto match = history.match(first.market, first.trade_id);
  if (match) intent.matched_with = first.is_taker ? match->maker_order : match->taker_order;
  return intent;
}

}  // namespace

bool find_intent(Call& call, OrderId id, std::optional<IntentView>& row) {
  const stores::IntentLog& kept = call.hot().activity().intents();
  row = kept.find(id);
  if (row) return true;
  return find_past(call, kept.forgotten() != 0, row, [&](stores::HistoryReader& history) {
    const auto order = history.intent(id);
    return order ? std::optional(past_intent(history, *order)) : std::nullopt;
  });
}

bool find_match(Call& call, MarketId market, uint64_t trade_id,
                std::optional<stores::MatchView>& row) {
  const stores::MatchLog& kept = call.hot().activity().matches();
  row = kept.find(market, trade_id);
  if (row) return true;
  return find_past(call, kept.forgotten() != 0, row,
                   [&](stores::HistoryReader& history) { return history.match(market, trade_id); });
}

bool find_position_owner(Call& call, uint64_t id, AgentId& owner) {
  const stores::PositionLog& kept = call.hot().activity().positions();
  const auto record = kept.find(id);
  owner = record ? record->agent : 0;
  if (record) return true;
  return find_past(call, kept.has_forgotten(), owner,
                   [&](stores::HistoryReader& history) { return history.owner_of_position(id); });
}

bool add_past_intents(Call& call, const stores::IntentQuery& query, std::vector<IntentView>& rows) {
  if (query.state == stores::IntentState::open || call.history() == nullptr) return true;
  const uint64_t forgotten = call.hot().activity().intents().forgotten();
  const bool is_full = rows.size() == query.limit;
  if (is_full ? rows.back().order.sequence > forgotten : forgotten == 0) return true;
  if (!open_history(call)) return false;
  const auto keep = [&](const stores::OrderView& order) {
    return (query.market == kNoMarket || query.market == order.market) &&
           (!query.state || stores::intent_state(order) == *query.state);
  };
  const auto page = call.history()->intents(keep, forgotten, query.limit);
  if (!is_read(call, page.status)) return false;
  std::vector<IntentView> past;
  for (const stores::OrderView& order : page.rows) past.emplace_back().order = order;
  std::vector<uint64_t> known;
  for (const IntentView& row : rows) known.push_back(row.order.sequence);
  join_past(rows, std::move(past), query.limit,
            [](const IntentView& row) { return row.order.sequence; });
  for (IntentView& row : rows) {
    const bool is_kept = std::find(known.begin(), known.end(), row.order.sequence) != known.end();
    if (!is_kept) row = past_intent(*call.history(), row.order);
  }
  return true;
}

bool add_past_matches(Call& call, std::size_t limit, std::vector<stores::MatchView>& rows) {
  if (call.history() == nullptr) return true;
  const uint64_t forgotten = call.hot().activity().matches().forgotten();
  if (rows.size() == limit ? rows.back().sequence > forgotten : forgotten == 0) return true;
  if (!open_history(call)) return false;
  auto page = call.history()->matches(forgotten, limit);
  if (!is_read(call, page.status)) return false;
  join_past(rows, std::move(page.rows), limit,
            [](const stores::MatchView& row) { return row.sequence; });
  return true;
}

bool add_past_settlements(Call& call, AgentId agent, std::size_t limit,
                          std::vector<stores::SettlementView>& rows) {
  const bool is_whole =
      rows.size() == limit || !call.hot().activity().settlements().has_forgotten();
  if (is_whole || call.history() == nullptr) return true;
  if (!open_history(call)) return false;
  auto page = call.history()->settlements(agent, {{}, limit});
  if (!is_read(call, page.status)) return false;
  join_past(rows, std::move(page.rows), limit,
            [](const stores::SettlementView& row) { return row.sequence; });
  return true;
}

// Memory keeps those of one agent that closed last, so what history adds ended before them.
bool add_past_positions(Call& call, AgentId agent, std::size_t limit,
                        std::vector<stores::PositionRecord>& rows) {
  const bool is_whole = rows.size() == limit || !call.hot().activity().positions().has_forgotten();
  if (is_whole || call.history() == nullptr) return true;
  if (!open_history(call)) return false;
  uint64_t before = INT64_MAX;
  if (!rows.empty()) {
    const auto end = call.history()->position_end(agent, rows.back().market, rows.back().id);
    if (!end) return true;  // its opening is not known, so its end is not, either
    before = end->sequence;
  }
  const auto page = call.history()->closed_positions(agent, before, limit - rows.size());
  if (!is_read(call, page.status)) return false;
  rows.insert(rows.end(), page.rows.begin(), page.rows.end());
  return true;
}

bool add_past_liquidations(Call& call, std::size_t limit, uint64_t forgotten,
                           std::vector<stores::LiquidationView>& rows) {
  if (call.history() == nullptr) return true;
  if (rows.size() == limit ? rows.back().sequence > forgotten : forgotten == 0) return true;
  if (!open_history(call)) return false;
  auto page = call.history()->agents_liquidations(forgotten, limit);
  if (!is_read(call, page.status)) return false;
  join_past(rows, std::move(page.rows), limit,
            [](const stores::LiquidationView& row) { return row.sequence; });
  return true;
}

bool add_past_violations(Call& call, AgentId agent, std::size_t limit,
                         std::vector<stores::ViolationView>& rows) {
  const bool is_whole = rows.size() == limit || !call.hot().activity().violations().has_forgotten();
  if (is_whole || call.history() == nullptr) return true;
  if (!open_history(call)) return false;
  auto page = call.history()->violations(agent, {{}, limit});
  if (!is_read(call, page.status)) return false;
  join_past(rows, std::move(page.rows), limit,
            [](const stores::ViolationView& row) { return row.number; });
  return true;
}

}  // namespace perpetua::gateway::hub
