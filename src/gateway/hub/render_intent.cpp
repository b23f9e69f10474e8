#include "base/decimal.hpp"
#include "gateway/hub/format.hpp"
#include "gateway/hub/render.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr unsigned kPpmDigits = 6;
constexpr unsigned kPercentOfPpm = 4;  // a ppm is 10^-4 percent
constexpr int64_t kCounterpartyReputation =
    3;  // the hub's default of 0.3; nothing is refused by it

}  // namespace

std::string_view intent_status(const stores::IntentView& intent) {
  switch (stores::intent_state(intent.order)) {
    case stores::IntentState::open:
      return "open";
    case stores::IntentState::filled:
      return "matched";
    case stores::IntentState::cancelled:
      return "cancelled";
    case stores::IntentState::expired:
      return "expired";
  }
  return "expired";
}

std::string intent_action(Side side, const MarketSpec& spec) {
  return (side == Side::buy ? "LONG " : "SHORT ") + std::string(asset_name(spec));
}

void write_intent(JsonWriter& json, const stores::HotStore& hot, const stores::IntentView& intent) {
  const stores::OrderView& order = intent.order;
  const MarketSpec& spec = *hot.market_spec(order.market);
  const uint32_t slippage =
      intent.slippage_ppm != 0 ? intent.slippage_ppm : spec.slippage_default_ppm;
  json.begin_object();
  json.key("intent_id").text(id_text(IdKind::intent, order.order_id));
  json.key("agent_id").text(agent_name(order.agent));
  json.key("intent_type").text(order.side == Side::buy ? "long" : "short");
  json.key("asset").text(asset_name(spec));
  write_money(json.key("size_usdc"), order.budget.value > 0 ? order.budget : order.filled_notional);
  json.key("leverage").number(order.leverage == 0 ? 1 : order.leverage);
  write_number(json.key("max_slippage"), slippage, kPpmDigits);
  write_number(json.key("min_counterparty_reputation"), kCounterpartyReputation, 1);
  write_time_or_null(json.key("expires_at"), order.expires_at_ms);
  json.key("status").text(intent_status(intent));
  write_time(json.key("created_at"), order.accepted_at_ms);
  json.key("matched_with");
  if (intent.matched_with == 0) {
    json.null();
  } else {
    json.text(id_text(IdKind::intent, intent.matched_with));
  }
  write_time_or_null(json.key("matched_at"), intent.matched_at_ms);
  write_average(json.key("execution_price"), order.filled_notional, order.filled, spec);
  json.key("tx_signature").null();
  json.key("source_platform").text("trading_hub");
  json.end_object();
}

void write_match(JsonWriter& json, const stores::HotStore& hot, const stores::MatchView& match) {
  const MarketSpec& spec = *hot.market_spec(match.market);
  json.begin_object();
  json.key("match_id").text(id_text(IdKind::match, match_number(match.market, match.trade_id)));
  json.key("intent_a_id").text(id_text(IdKind::intent, match.taker_order));
  json.key("intent_b_id").text(id_text(IdKind::intent, match.maker_order));
  json.key("agent_a_id").text(agent_name(match.taker));
  json.key("agent_b_id").text(agent_name(match.maker));
  json.key("asset").text(asset_name(spec));
  write_money(json.key("size_usdc"), match.notional);
  write_price(json.key("price"), match.price, spec);
  write_time(json.key("created_at"), match.time_ms);
  write_time(json.key("executed_at"), match.time_ms);
  json.key("tx_signature").null();
  json.end_object();
}

void write_thought(JsonWriter& json, const stores::HotStore& hot,
                   const stores::TradeThought& thought, bool with_agent) {
  json.begin_object();
  if (with_agent) json.key("agent_id").text(agent_name(thought.agent));
  json.key("type").text("trade");
  json.key("action").text(intent_action(thought.side, *hot.market_spec(thought.market)));
  write_money(json.key("size"), thought.size);
  json.key("leverage").number(thought.leverage == 0 ? 1 : thought.leverage);
  json.key("reason").text(thought.reason);
  write_time(json.key("timestamp"), thought.time_ms);
  json.key("intent_id").text(id_text(IdKind::intent, thought.intent));
  json.end_object();
}

void write_fee(JsonWriter& json, const FeeObject& fee) {
  json.begin_object();
  json.key("fee_id").text(id_text(IdKind::fee, fee.sequence));
  json.key("type").text(fee.type);
  json.key("agent_id").text(agent_name(fee.agent));
  write_money(json.key("amount_usdc"), fee.amount);
  write_money(json.key("trade_size"), fee.trade_size);
  write_number(json.key("rate"), fee.rate_ppm, kPpmDigits);
  json.key("match_id").text(id_text(IdKind::match, match_number(fee.market, fee.trade_id)));
  write_time(json.key("created_at"), fee.time_ms);
  json.end_object();
}

std::string percent_text(int64_t ppm, unsigned digits) {
  std::string out = decimal_text(ppm, kPercentOfPpm);
  std::size_t point = out.find('.');
  if (digits > 0 && point == std::string::npos) {
    point = out.size();
    out.push_back('.');
  }
  if (point != std::string::npos) {
    const std::size_t size = point + (digits > 0 ? digits + 1 : 0);
    out.resize(size, '0');
  }
  return out + "%";
}

}  // namespace perpetua::gateway::hub
