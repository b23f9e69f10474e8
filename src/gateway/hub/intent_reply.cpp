// The reply of POST /intents. Everything in it comes from the record of this intent, which was made
// from the events of its own command: what others did since cannot change it.
#include "gateway/hub/trading_handlers.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr std::size_t kMatchesShownMax = 100;
constexpr int64_t kFeeSavedPpm = 250;
constexpr int64_t kCent = 10'000;  // micro-USDC

Micro fee_saved(Micro traded) {
  const int64_t exact = mul_div_floor(traded.value, kFeeSavedPpm, kPpm);
  return Micro((exact + kCent / 2) / kCent * kCent);
}

void write_routing(JsonWriter& json, const stores::OrderView& order) {
  json.key("routing").begin_object();
  write_money(json.key("total_size"), order.budget);
  write_money(json.key("internal_filled"), order.filled_notional);
  write_money(json.key("external_filled"), Micro(0));
  json.key("internal_rate").text("100.0%");
  write_money(json.key("fee_saved"), fee_saved(order.filled_notional));
  write_money(json.key("total_fee"), order.fee);
  json.end_object();
}

void write_fees(JsonWriter& json, const stores::IntentView& intent, const MarketSpec& spec,
                const std::vector<stores::MatchView>& matches) {
  const stores::OrderView& order = intent.order;
  json.key("fees").begin_object();
  write_money(json.key("protocol_fee"), order.fee);
  json.key("taker_rate").text(percent_text(spec.taker_fee_ppm, 2));
  json.key("maker_rate").text(percent_text(spec.maker_fee_ppm, 2));
  json.key("records").begin_array();
  if (!matches.empty()) {
    write_fee(json, {matches.front().sequence, "taker", order.agent, order.fee,
                     order.filled_notional, spec.taker_fee_ppm, order.market,
                     matches.front().trade_id, matches.front().time_ms});
  }
  for (const stores::MatchView& match : matches) {
    // The maker's fill is the event after the taker's.
    write_fee(json, {match.sequence + 1, "maker", match.maker, match.maker_fee, match.notional,
                     spec.maker_fee_ppm, match.market, match.trade_id, match.time_ms});
  }
  json.end_array().end_object();
}

// The bracket of the order guards the position it opened; else whatever guards it now.
Guards guards_of(const Call& call, const stores::IntentView& intent) {
  const stores::OrderView& order = intent.order;
  const bool has_bracket = order.stop_loss.value != 0 || order.take_profit.value != 0;
  const bool is_its_side = sign(order.side) * intent.position.base.value > 0;
  if (has_bracket && is_its_side) return {order.stop_loss, order.take_profit};
  if (!intent.position.is_open()) return {intent.position.stop_loss, intent.position.take_profit};
  return find_guards(call.hot(), order.agent, order.market);
}

}  // namespace

void write_intent_reply(Call& call, const stores::IntentView& intent) {
  const stores::OrderView& order = intent.order;
  const MarketSpec& spec = *call.hot().market_spec(order.market);
  const auto matches = call.hot().activity().matches().range(
      order.market, intent.first_trade, std::min<std::size_t>(intent.trades, kMatchesShownMax));
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  json.key("intent");
  write_intent(json, call.hot(), intent);
  write_routing(json, order);
  write_fees(json, intent, spec, matches);
  json.key("internal_match");
  if (matches.empty()) {
    json.null();
  } else {
    write_match(json, call.hot(), matches.front());
  }
  json.key("external_fills").begin_array().end_array();
  json.key("position");
  if (intent.position.agent == 0) {
    json.null();  // an intent that rests
  } else {
    write_position(json, call.hot(), intent.position, guards_of(call, intent));
  }
  json.end_object();
}

}  // namespace perpetua::gateway::hub
