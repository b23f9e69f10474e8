// GET /agents/discover: agents that fit, in the wanted order.

#include <algorithm>

#include "gateway/codec/markets.hpp"
#include "gateway/hub/agent_index.hpp"
#include "gateway/hub/format.hpp"
#include "gateway/hub/handlers.hpp"
#include "gateway/hub/services.hpp"

namespace perpetua::gateway::hub {
namespace {

// In the order of the field's choices.
enum class SortBy : uint8_t {
  reputation,
  win_rate,
  total_pnl,
  risk_score,
  total_trades,
  created_at
};

int64_t sort_value(const IndexedAgent& row, SortBy by) {
  switch (by) {
    case SortBy::reputation:
      return row.reputation_ppm;
    case SortBy::win_rate:
      return row.win_rate_ppm;
    case SortBy::total_pnl:
      return row.pnl.value;
    case SortBy::risk_score:
      return row.risk_ppm;
    case SortBy::total_trades:
      return static_cast<int64_t>(row.trades);
    case SortBy::created_at:
      return row.agent;
  }
  return 0;
}

struct Filter {
  uint64_t markets = UINT64_MAX;  // any of these; all bits: any agent
  uint64_t trades_min = 0;
  int64_t win_rate_min_ppm = 0;
  int64_t risk_max_ppm = kPpm;

  bool accepts(const IndexedAgent& row) const {
    return (markets == UINT64_MAX || (row.markets & markets) != 0) && row.trades >= trades_min &&
           row.win_rate_ppm >= win_rate_min_ppm && row.risk_ppm <= risk_max_ppm;
  }
};

// What is no market here fits nobody.
void narrow_to(const Call& call, const Value& value, Filter& filter) {
  if (!value.is_present) return;
  const auto market = find_asset(call.markets(), value.text);
  filter.markets &= market ? uint64_t{1} << *market : 0;
}

Filter read_filter(const Call& call) {
  constexpr int64_t kRiskPpmPerPoint = 100'000;  // 0..10 -> 0..100 %
  Filter filter;
  narrow_to(call, input(call, "specialty"), filter);
  narrow_to(call, input(call, "asset"), filter);
  filter.trades_min = static_cast<uint64_t>(number_or(input(call, "min_trades"), 0));
  filter.win_rate_min_ppm = number_or(input(call, "min_win_rate"), 0);
  const Value& risk = input(call, "max_risk_score");
  if (risk.is_present) {
    filter.risk_max_ppm = mul_div_floor(risk.number, kRiskPpmPerPoint, kPpm);
  }
  return filter;
}

void write_row(JsonWriter& json, const Call& call, const IndexedAgent& row) {
  json.begin_object().key("agent_id").text(agent_name(row.agent));
  json.key("name").text(row.name);
  json.key("description").text(row.description);
  json.key("specialties").begin_array();
  for (MarketId market = 0; market < limits::kMarketsMax; ++market) {
    const bool has_traded = (row.markets >> market & 1) != 0;
    if (has_traded) json.text(short_asset_name(*call.markets().spec(market)));
  }
  json.end_array();
  write_number(json.key("reputation"), row.reputation_ppm / kReputationPpm, kReputationDigits);
  json.key("total_trades").number(static_cast<int64_t>(row.trades));
  write_number(json.key("win_rate"), row.win_rate_ppm, kMicroDigits);
  json.key("online").boolean(row.is_online).end_object();
}

}  // namespace

void discover_agents(Call& call) {
  if (!call.may_use_disk()) return;
  HubServices& services = *call.context.services.hub;
  const auto rows = services.agents.rows(call.hot(), services.last_seen, call.now_ms);
  const Filter filter = read_filter(call);
  std::vector<const IndexedAgent*> found;
  for (const IndexedAgent& row : *rows) {
    if (filter.accepts(row)) found.push_back(&row);
  }
  const auto by = static_cast<SortBy>(number_or(input(call, "sort_by"), 0));
  const bool is_ascending = number_or(input(call, "sort_order"), 1) == 0;
  std::stable_sort(found.begin(), found.end(), [&](const IndexedAgent* a, const IndexedAgent* b) {
    const int64_t first = sort_value(*a, by);
    const int64_t second = sort_value(*b, by);
    return is_ascending ? first < second : first > second;
  });
  const auto offset = static_cast<std::size_t>(number_or(input(call, "offset"), 0));
  const auto limit = static_cast<std::size_t>(number_or(input(call, "limit"), kPageItemsDefault));
  const std::size_t begin = std::min(offset, found.size());
  const std::size_t end = std::min(begin + limit, found.size());
  JsonWriter json(call.reply);
  json.begin_object().key("agents").begin_array();
  for (std::size_t i = begin; i < end; ++i) write_row(json, call, *found[i]);
  json.end_array();
  json.key("count").number(static_cast<int64_t>(end - begin));
  json.key("offset").number(static_cast<int64_t>(offset));
  json.key("limit").number(static_cast<int64_t>(limit));
  json.key("total").number(static_cast<int64_t>(found.size())).end_object();
}

}  // namespace perpetua::gateway::hub
