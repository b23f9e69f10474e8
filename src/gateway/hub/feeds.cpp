// Leaderboards, profit and loss of an agent, and what agents said about their trades.
#include <map>

#include "gateway/hub/trading_handlers.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr std::size_t kLeadersDefault = 20;
constexpr std::size_t kThoughtsDefault = 10;
constexpr std::size_t kFeedDefault = 20;
constexpr std::size_t kFeedPerAgentMax = 5;
constexpr std::size_t kFeedLookedAtMax = 2'000;  // thoughts that one request looks through
constexpr std::size_t kClosedShownMax = 100;
constexpr unsigned kLeverageDigits = 2;
constexpr unsigned kRateDigits = 4;
constexpr std::size_t kDateBytes = 10;  // "2026-11-22"

using stores::PositionRecord;

struct OpenTotals {
  Micro pnl;
  Micro exposure;
  Micro entry;
  Micro margin;
};

void write_open(Call& call, JsonWriter& json, const PositionRecord& record, OpenTotals& totals) {
  const MarketSpec& spec = *call.hot().market_spec(record.market);
  const PositionWorth worth = worth_of(call.hot(), record);
  const Lots size = record.base.value < 0 ? -record.base : record.base;
  totals.pnl += worth.pnl;
  totals.exposure += worth.notional;
  totals.entry += record.entry_notional;
  totals.margin += record.margin;
  json.begin_object();
  json.key("match_id");
  if (record.last_trade == 0) {
    json.null();
  } else {
    json.text(id_text(IdKind::match, match_number(record.market, record.last_trade)));
  }
  json.key("agent_id").text(agent_name(record.agent));
  json.key("asset").text(asset_name(spec));
  json.key("direction").text(record.base.value < 0 ? "short" : "long");
  write_money(json.key("size_usdc"), record.entry_notional);
  write_average(json.key("entry_price"), record.entry_notional, size, spec);
  write_price(json.key("current_price"), worth.mark, spec);
  json.key("leverage").number(leverage_of(record));
  write_money(json.key("notional_value"), worth.notional);
  write_money(json.key("unrealized_pnl"), worth.pnl);
  write_percent(json.key("unrealized_pnl_pct"), worth.pnl, record.margin);
  write_price(json.key("liquidation_price"), liquidation_price_of(call.hot(), record), spec);
  json.end_object();
}

void write_closed(Call& call, JsonWriter& json, const PositionRecord& record) {
  json.begin_object();
  json.key("date").text(time_text(record.closed_at_ms).substr(0, kDateBytes));
  json.key("asset").text(asset_name(*call.hot().market_spec(record.market)));
  write_money(json.key("pnl"), record.realised_pnl);
  json.key("side").text(record.base.value < 0 ? "short" : "long");
  json.end_object();
}

void write_average_leverage(JsonWriter& json, const OpenTotals& totals) {
  const Int128 hundredfold = static_cast<Int128>(totals.entry.value) * 100;
  const int64_t value =
      totals.margin.value <= 0 ? 0 : static_cast<int64_t>(hundredfold / totals.margin.value);
  write_number(json.key("average_leverage"), value, kLeverageDigits);
}

void write_win_rate(JsonWriter& json, const stores::AgentStatistics& row) {
  const uint64_t closed = row.wins + row.losses;
  const auto rate = static_cast<int64_t>(closed == 0 ? 0 : row.wins * 10'000 / closed);
  write_number(json.key("win_rate"), rate, kRateDigits);
}

}  // namespace

void list_leaderboard(Call& call) {
  const auto rows = call.hot().activity().ranking(stores::Ranking::reputation,
                                                  limit_of(call, kLeadersDefault), call.now_ms);
  JsonWriter json(call.reply);
  json.begin_object().key("leaderboard").begin_array();
  for (const stores::RankedAgent& row : rows) {
    const auto agent = call.hot().agent(row.statistics.agent);
    if (agent) write_agent(json, call.hot(), *agent);
  }
  json.end_array().end_object();
}

void list_pnl_leaderboard(Call& call) {
  const auto rows = call.hot().activity().ranking(stores::Ranking::pnl,
                                                  limit_of(call, kLeadersDefault), call.now_ms);
  JsonWriter json(call.reply);
  json.begin_object().key("leaderboard").begin_array();
  for (const stores::RankedAgent& row : rows) {
    const auto agent = call.hot().agent(row.statistics.agent);
    if (!agent) continue;
    json.begin_object();
    json.key("agent_id").text(agent_name(agent->id));
    json.key("display_name").text_or_null(agent->display_name);
    write_money(json.key("total_pnl"), row.pnl);
    write_money(json.key("total_exposure"), row.exposure);
    json.key("position_count").number(row.positions);
    write_number(json.key("reputation_score"), row.statistics.reputation_ppm() / 100, kRateDigits);
    json.end_object();
  }
  json.end_array().end_object();
}

void get_agent_pnl(Call& call) {
  AgentId agent = 0;
  if (!path_agent(call, agent)) return;
  const stores::AgentStatistics row = call.hot().activity().statistics(agent);
  const AccountState* state = call.account_state({.agent = agent, .with_holdings = true});
  if (state == nullptr) return;
  const auto open = open_positions(call.hot(), *state);
  OpenTotals totals;
  JsonWriter json(call.reply);
  json.begin_object().key("agent_id").text(agent_name(agent)).key("positions");
  write_array(json, open, [&](const auto& record) { write_open(call, json, record, totals); });
  write_money(json.key("realized_pnl"), row.realised_pnl);
  write_money(json.key("total_unrealized_pnl"), totals.pnl);
  write_money(json.key("total_pnl"), row.realised_pnl + totals.pnl);
  write_money(json.key("total_exposure"), totals.exposure);
  write_money(json.key("total_margin"), totals.margin);
  write_average_leverage(json, totals);
  json.key("position_count").number(static_cast<int64_t>(open.size()));
  write_win_rate(json, row);
  json.key("history");
  write_array(json, call.hot().activity().positions().closed(agent, kClosedShownMax),
              [&](const auto& record) { write_closed(call, json, record); });
  json.end_object();
}

void list_agent_thoughts(Call& call) {
  AgentId agent = 0;
  if (!path_agent(call, agent)) return;
  auto rows = call.hot().activity().intents().thoughts_of(agent, limit_of(call, kThoughtsDefault));
  std::reverse(rows.begin(), rows.end());
  JsonWriter json(call.reply);
  json.begin_object().key("agent_id").text(agent_name(agent)).key("thoughts");
  write_array(json, rows, [&](const auto& row) { write_thought(json, call.hot(), row, false); });
  json.end_object();
}

void list_thought_feed(Call& call) {
  const std::size_t limit = limit_of(call, kFeedDefault);
  std::map<AgentId, std::size_t> shown;
  std::size_t count = 0;
  JsonWriter json(call.reply);
  json.begin_object().key("thoughts").begin_array();
  for (const auto& row : call.hot().activity().intents().thoughts(kFeedLookedAtMax)) {
    if (count == limit) break;
    if (++shown[row.agent] > kFeedPerAgentMax) continue;
    write_thought(json, call.hot(), row, true);
    ++count;
  }
  json.end_array().end_object();
}

}  // namespace perpetua::gateway::hub
