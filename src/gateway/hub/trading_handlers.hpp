// Handlers of the root API for prices, intents, positions, risk and funding: see handlers.hpp.
#pragma once

#include "gateway/hub/handlers.hpp"
#include "gateway/hub/render.hpp"
#include "stores/activity/activity.hpp"

namespace perpetua::gateway::hub {

// market_data.cpp
void list_prices(Call& call);
void get_price(Call& call);
void list_candles(Call& call);
void get_stats(Call& call);
void get_fees(Call& call);
void list_agent_fees(Call& call);

// feeds.cpp
void list_leaderboard(Call& call);
void get_agent_pnl(Call& call);
void list_pnl_leaderboard(Call& call);
void list_agent_thoughts(Call& call);
void list_thought_feed(Call& call);

// intents.cpp, intent_reply.cpp, intent_parse.cpp
bool locate_intent(Call& call);
bool prepare_intent(Call& call);
bool complete_intent(Call& call);
void list_intents(Call& call);
void get_intent(Call& call);
bool prepare_intent_cancel(Call& call);
bool complete_intent_cancel(Call& call);
void get_intent_stats(Call& call);
bool prepare_intent_parse(Call& call);
void list_matches(Call& call);
void get_match(Call& call);
void write_intent_reply(Call& call, const stores::IntentView& intent);

// positions.cpp
bool locate_position(Call& call);
void list_positions(Call& call);
void get_portfolio(Call& call);
bool prepare_stop_loss(Call& call);
bool complete_stop_loss(Call& call);
bool prepare_take_profit(Call& call);
bool complete_take_profit(Call& call);
bool prepare_close(Call& call);
bool complete_close(Call& call);
void get_position_health(Call& call);

// risk.cpp
bool locate_alert(Call& call);
void list_liquidations(Call& call);
void get_liquidation_stats(Call& call);
void list_alerts(Call& call);
bool prepare_acknowledge(Call& call);
bool complete_acknowledge(Call& call);
void get_risk(Call& call);
void get_risk_limits(Call& call);
bool prepare_risk_limits(Call& call);
bool complete_risk_limits(Call& call);
void list_violations(Call& call);

// funding.cpp
void get_funding(Call& call);
void list_funding(Call& call);
void list_funding_payments(Call& call);
void predict_funding(Call& call);

// Helpers.
std::size_t limit_of(const Call& call, std::size_t absent);
// False: refused with 404.
bool path_asset(Call& call, MarketId& market);
bool path_agent(Call& call, AgentId& agent);
// False: refused with 503, before anything is sequenced: there is no price, it is too old, or the
// market takes no orders.
bool require_open_market(Call& call, MarketId market);
// As is_done(); who passes a risk limit is told which.
bool is_executed(Call& call);

template <class Rows, class Write>
void write_array(JsonWriter& json, const Rows& rows, const Write& write) {
  json.begin_array();
  for (const auto& row : rows) write(row);
  json.end_array();
}

}  // namespace perpetua::gateway::hub
