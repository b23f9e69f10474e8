#include "gateway/codec/render.hpp"
#include "gateway/codec/safety.hpp"

namespace perpetua::gateway {

void write_scopes(JsonWriter& json, uint8_t scopes) {
  json.begin_array();
  if ((scopes & kScopeRead) != 0) json.text("read");
  if ((scopes & kScopeTrade) != 0) json.text("trade");
  if ((scopes & kScopeWithdraw) != 0) json.text("withdraw");
  json.end_array();
}

void render_agent(std::string& out, const stores::AgentView& view) {
  JsonWriter json(out);
  json.begin_object();
  json.key("agent_id").id(view.id);
  json.key("wallet").text(view.wallet);
  json.key("display_name").text(view.display_name);
  json.key("bio").text(view.bio);
  json.key("registered_at").number(view.registered_at_ms);
  json.end_object();
}

void render_key(std::string& out, const stores::KeyView& view, const MarketDirectory& markets) {
  JsonWriter json(out);
  json.begin_object();
  json.key("key_id").id(view.key_id);
  json.key("scopes");
  write_scopes(json, view.scopes);
  json.key("created_at").number(view.created_at_ms);
  json.key("expires_at").time_or_null(view.expires_at_ms);
  json.key("limits");
  write_key_limits(json, view.limits, markets);
  json.end_object();
}

void render_account(std::string& out, const stores::AccountView& view,
                    const AccountTotals& totals) {
  const Micro collateral = view.free + view.reserved + view.position_margin;
  JsonWriter json(out);
  json.begin_object();
  json.key("agent_id").id(view.agent);
  json.key("free").micro(view.free);
  json.key("reserved").micro(view.reserved);
  json.key("position_margin").micro(view.position_margin);
  json.key("collateral").micro(collateral);
  json.key("unrealised_pnl").micro(totals.unrealised_pnl);
  json.key("equity").micro(collateral + totals.unrealised_pnl);
  json.key("open_orders").number(totals.open_orders);
  json.key("sequence").id(view.agent_sequence);
  json.end_object();
}

void render_ledger_entry(std::string& out, const stores::LedgerEntryView& view) {
  JsonWriter json(out);
  json.begin_object();
  json.key("sequence").id(view.sequence);
  json.key("kind").text(wire_name(view.kind));
  json.key("amount").micro(view.amount);
  json.key("free_after").micro(view.free_after);
  json.key("counterparty");
  if (view.counterparty == 0)
    json.null();
  else
    json.id(view.counterparty);
  json.key("time").number(view.time_ms);
  json.end_object();
}

void render_thought(std::string& out, const stores::ThoughtView& view,
                    const MarketDirectory& markets) {
  const MarketSpec* spec = view.market == kNoMarket ? nullptr : markets.spec(view.market);
  JsonWriter json(out);
  json.begin_object();
  json.key("thought_id").id(view.thought_id);
  json.key("agent_id").id(view.agent);
  json.key("market");
  if (spec == nullptr)
    json.null();
  else
    json.text(symbol_view(*spec));
  json.key("text").text(view.text);
  json.key("time").number(view.time_ms);
  json.end_object();
}

}  // namespace perpetua::gateway
