#include "gateway/hub/agent_view.hpp"

#include "gateway/auth/scope_names.hpp"
#include "gateway/hub/format.hpp"
#include "gateway/hub/services.hpp"

namespace perpetua::gateway::hub {

stores::AgentView own_agent(const Call& call) {
  stores::AgentView unknown;
  unknown.id = call.principal.agent;
  return call.hot().agent(call.principal.agent).value_or(unknown);
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

void write_settlement(JsonWriter& json, const stores::SettlementView& settlement) {
  json.begin_object();
  json.key("settlement_id").text(id_text(IdKind::settlement, settlement.sequence));
  json.key("type").text(wire_name(settlement.kind));
  json.key("from_agent").text(settlement.from == 0 ? "external" : agent_name(settlement.from));
  json.key("to_agent").text(settlement.to == 0 ? "external" : agent_name(settlement.to));
  write_money(json.key("amount_usdc"), settlement.amount);
  write_money(json.key("fee_usdc"), Micro(0));
  json.key("tx_hash").null();
  json.key("chain").text_or_null(settlement.is_onchain ? "paper" : "");
  json.key("status").text("settled");
  write_time(json.key("created_at"), settlement.time_ms);
  json.end_object();
}

}  // namespace perpetua::gateway::hub
