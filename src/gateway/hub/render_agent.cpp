#include "gateway/hub/format.hpp"
#include "gateway/hub/render.hpp"
#include "stores/activity/activity.hpp"

namespace perpetua::gateway::hub {
namespace {


JsonWriter& write_text_or_null(JsonWriter& json, std::string_view text) {
  return text.empty() ? json.null() : json.text(text);
}

}  // namespace

void write_agent_members(JsonWriter& json, const stores::HotStore& hot,
                         const stores::AgentView& agent) {
  const stores::AgentStatistics row = hot.activity().statistics(agent.id);
  json.key("agent_id").text(agent_name(agent.id));
  json.key("wallet_address").text(agent.wallet);
  write_time(json.key("created_at"), agent.registered_at_ms);
  json.key("status").text("active");
  write_text_or_null(json.key("twitter_handle"), agent.twitter_handle);
  json.key("twitter_verified").boolean(false);
  json.key("moltbook_handle").null();
  json.key("total_trades").number(static_cast<int64_t>(row.trades));
  write_money(json.key("total_volume"), row.volume);
  write_money(json.key("pnl"), row.realised_pnl);
  write_number(json.key("reputation_score"), row.reputation_ppm() / kReputationPpm,
               kReputationDigits);
  write_text_or_null(json.key("display_name"), agent.display_name);
  write_text_or_null(json.key("bio"), agent.bio);
  json.key("verified").boolean(false);
  json.key("nonce_created_at").null();
}

void write_agent(JsonWriter& json, const stores::HotStore& hot, const stores::AgentView& agent) {
  json.begin_object();
  write_agent_members(json, hot, agent);
  json.end_object();
}

void write_agent_detail(JsonWriter& json, const stores::HotStore& hot,
                        const stores::AgentView& agent, const stores::AccountState& state) {
  const auto positions = open_positions(hot, state);
  const stores::AccountView& account = state.account;
  const Micro locked = account.reserved + account.position_margin;
  json.begin_object();
  write_agent_members(json, hot, agent);
  json.key("open_positions").begin_array();
  for (const stores::PositionRecord& row : positions) write_position(json, hot, row);
  json.end_array();
  json.key("open_position_count").number(static_cast<int64_t>(positions.size()));
  write_money(json.key("balance"), account.free);
  write_money(json.key("balance_locked"), locked);
  write_money(json.key("balance_total"), account.free + locked);
  json.end_object();
}

}  // namespace perpetua::gateway::hub
