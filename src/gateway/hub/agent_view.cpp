#include "gateway/hub/agent_view.hpp"

#include "gateway/auth/scope_names.hpp"
#include "gateway/hub/format.hpp"
#include "gateway/hub/services.hpp"
#include "stores/activity/activity.hpp"

namespace perpetua::gateway::hub {

void write_agent_fields(JsonWriter& json, const Call& call, const stores::AgentView& agent) {
  const stores::AgentStatistics statistics = call.hot().activity().statistics(agent.id);
  json.key("agent_id").text(agent_name(agent.id));
  json.key("wallet_address").text(agent.wallet);
  write_time(json.key("created_at"), agent.registered_at_ms);
  json.key("status").text("active");
  json.key("twitter_handle").text_or_null(agent.twitter_handle);
  json.key("twitter_verified").boolean(false);
  json.key("moltbook_handle").null();
  json.key("total_trades").number(static_cast<int64_t>(statistics.trades));
  write_money(json.key("total_volume"), statistics.volume);
  write_money(json.key("pnl"), statistics.realised_pnl);
  write_number(json.key("reputation_score"), statistics.reputation_ppm(), kMicroDigits);
  json.key("display_name").text_or_null(agent.display_name);
  json.key("bio").text_or_null(agent.bio);
  json.key("verified").boolean(false);
  json.key("nonce_created_at").null();
}

void write_agent_fields(JsonWriter& json, const Call& call, AgentId agent) {
  stores::AgentView unknown;
  unknown.id = agent;
  write_agent_fields(json, call, call.hot().agent(agent).value_or(unknown));
}

void write_agent(JsonWriter& json, const Call& call, AgentId agent) {
  json.begin_object();
  write_agent_fields(json, call, agent);
  json.end_object();
}

void write_key(JsonWriter& json, const Call& call, const stores::KeyView& key) {
  const bool is_expired = key.expires_at_ms != 0 && call.now_ms >= key.expires_at_ms;
  json.begin_object().key("key_id").text(id_text(IdKind::key, key.key_id));
  json.key("agent_id").text(agent_name(key.agent));
  json.key("name").text(key.name.empty() ? std::string_view("default") : key.name);
  json.key("scopes").begin_array();
  for_each_scope_name(key.scopes, [&](std::string_view name) { json.text(name); });
  json.end_array();
  write_time(json.key("created_at"), key.created_at_ms);
  write_time_or_null(json.key("last_used"),
                     call.context.services.hub->last_seen.key_ms(key.key_id));
  write_time_or_null(json.key("expires_at"), key.expires_at_ms);
  json.key("is_active").boolean(!is_expired).end_object();
}

std::string shown_name(const Call& call, AgentId agent) {
  const auto view = call.hot().agent(agent);
  return view && !view->display_name.empty() ? view->display_name : agent_name(agent);
}

}  // namespace perpetua::gateway::hub
