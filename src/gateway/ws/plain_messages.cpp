#include "gateway/ws/plain_messages.hpp"

#include "gateway/hub/chat_message.hpp"
#include "gateway/hub/format.hpp"
#include "gateway/hub/render.hpp"
#include "gateway/hub/signal_view.hpp"

namespace perpetua::gateway::ws {
namespace {

using hub::agent_name;
using hub::id_text;
using hub::IdKind;
using hub::write_money;

// {"type":type,"data":...}
template <class Write>
std::string enveloped(std::string_view type, const Write& write) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("type").text(type).key("data");
  write(json);
  json.end_object();
  return out;
}

}  // namespace

std::string new_agent_message(const stores::HotStore& hot, const stores::AgentView& agent) {
  return enveloped("new_agent", [&](JsonWriter& json) { hub::write_agent(json, hot, agent); });
}

std::string new_intent_message(const stores::HotStore& hot, const stores::IntentView& intent) {
  return enveloped("new_intent", [&](JsonWriter& json) { hub::write_intent(json, hot, intent); });
}

std::string new_match_message(const stores::HotStore& hot, const stores::MatchView& match) {
  return enveloped("new_match", [&](JsonWriter& json) { hub::write_match(json, hot, match); });
}

std::string intent_cancelled_message(OrderId intent) {
  return enveloped("intent_cancelled", [&](JsonWriter& json) {
    json.begin_object().key("intent_id").text(id_text(IdKind::intent, intent)).end_object();
  });
}

std::string agent_thought_message(const stores::HotStore& hot, const stores::IntentView& intent) {
  const stores::OrderView& order = intent.order;
  const std::string action = hub::intent_action(order.side, *hot.market_spec(order.market)) + " $" +
                             decimal_text(order.budget.value, kMicroDigits);
  return enveloped("agent_thought", [&](JsonWriter& json) {
    json.begin_object();
    json.key("agent_id").text(agent_name(order.agent));
    json.key("action").text(action);
    json.key("reason").text(order.intent_reason).end_object();
  });
}

std::string pnl_update_message(AgentId agent, const PnlFigures& figures) {
  return enveloped("pnl_update", [&](JsonWriter& json) {
    json.begin_object().key("agent_id").text(agent_name(agent));
    write_money(json.key("total_pnl"), figures.total_pnl);
    write_money(json.key("total_exposure"), figures.exposure);
    json.key("positions").number(figures.positions).end_object();
  });
}

std::string plain_liquidation_message(const stores::HotStore& hot,
                                      const stores::LiquidationView& step) {
  return enveloped("liquidation",
                   [&](JsonWriter& json) { hub::write_liquidation(json, hot, step); });
}

std::string chat_message(const stores::HotStore& hot, const stores::MessageView& message) {
  return enveloped("chat_message", [&](JsonWriter& json) {
    const auto sender = hot.agent(message.agent);
    const bool is_named = sender && !sender->display_name.empty();
    json.begin_object().key("id").text(id_text(IdKind::chat, message.thought_id));
    json.key("sender_id").text(agent_name(message.agent));
    json.key("sender_name").text(is_named ? sender->display_name : agent_name(message.agent));
    json.key("content").text(message.text);
    json.key("message_type").text(hub::shown_kind(message.kind));
    hub::write_time(json.key("timestamp"), message.time_ms).end_object();
  });
}

std::string price_update_message(const stores::MarketView& market) {
  return enveloped("price_update", [&](JsonWriter& json) { hub::write_asset_price(json, market); });
}

std::string position_update_message(const stores::HotStore& hot,
                                    const stores::PositionRecord& record) {
  return enveloped("position_update",
                   [&](JsonWriter& json) { hub::write_position(json, hot, record); });
}

std::string signal_created_message(const stores::HotStore& hot, const stores::SignalView& signal) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("type").text("signal_created");
  json.key("signal_id").text(id_text(IdKind::signal, signal.id));
  json.key("creator").text(agent_name(signal.creator));
  json.key("description").text(hub::signal_description(signal, *hot.market_spec(signal.market)));
  write_money(json.key("stake"), signal.stake).end_object();
  return out;
}

std::string signal_faded_message(const stores::SignalView& signal) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("type").text("signal_faded");
  json.key("bet_id").text(id_text(IdKind::bet, signal.id));
  json.key("signal_id").text(id_text(IdKind::signal, signal.id));
  json.key("fader").text(agent_name(signal.fader));
  write_money(json.key("total_pot"), signal.stake + signal.stake).end_object();
  return out;
}

std::string bet_settled_message(const stores::HotStore& hot, const stores::SignalView& signal) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("type").text("bet_settled");
  json.key("bet_id").text(id_text(IdKind::bet, signal.id));
  json.key("winner_id").text(agent_name(signal.winner));
  hub::write_price(json.key("settlement_price"), signal.settlement_mark,
                   *hot.market_spec(signal.market));
  json.end_object();
  return out;
}

}  // namespace perpetua::gateway::ws
