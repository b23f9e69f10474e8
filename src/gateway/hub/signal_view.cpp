#include "gateway/hub/signal_view.hpp"

#include "gateway/codec/markets.hpp"
#include "gateway/hub/format.hpp"

namespace perpetua::gateway::hub {
namespace {

// A target of price_change is a percentage: ppm with four digits behind the point.
constexpr unsigned kPercentDigits = 4;

void write_agent_or_null(JsonWriter& json, AgentId agent) {
  if (agent == 0) {
    json.null();
  } else {
    json.text(agent_name(agent));
  }
}

void write_target(JsonWriter& json, const stores::SignalView& signal, const MarketSpec& spec) {
  if (signal.kind == SignalKind::price_change) {
    write_number(json, signal.target, kPercentDigits);
  } else {
    write_price(json, Price(signal.target), spec);
  }
}

}  // namespace

std::string signal_description(const stores::SignalView& signal, const MarketSpec& spec) {
  std::string out(asset_name(spec));
  if (signal.kind == SignalKind::price_change) {
    out += " moves by ";
    append_decimal(out, signal.target, kPercentDigits);
    out += "%";
  } else {
    out += signal.kind == SignalKind::price_above ? " above " : " below ";
    append_on_grid(out, signal.target, spec.tick_size_e9);
  }
  return out + " at " + time_text(signal.expires_at_ms);
}

void write_signal(JsonWriter& json, const Call& call, const stores::SignalView& signal) {
  const MarketSpec& spec = *call.markets().spec(signal.market);
  const bool is_settled = signal.status() == stores::SignalStatus::settled;
  json.begin_object().key("signal_id").text(id_text(IdKind::signal, signal.id));
  json.key("creator_id").text(agent_name(signal.creator));
  json.key("asset").text(asset_name(spec));
  json.key("signal_type").text(wire_name(signal.kind));
  json.key("target_value");
  write_target(json, signal, spec);
  write_money(json.key("stake_amount"), signal.stake);
  write_time(json.key("expires_at"), signal.expires_at_ms);
  json.key("status").text(wire_name(signal.status()));
  json.key("fader_id");
  write_agent_or_null(json, signal.fader);
  write_time_or_null(json.key("matched_at"), signal.matched_at_ms);
  write_price_or_null(json.key("settlement_price"), signal.settlement_mark, spec);
  json.key("winner_id");
  write_agent_or_null(json, signal.winner);
  json.key("payout");
  if (is_settled) {
    write_money(json, signal.payout);
  } else {
    json.null();
  }
  json.key("description").text(signal_description(signal, spec)).end_object();
}

void write_bet(JsonWriter& json, const Call& call, const stores::SignalView& signal) {
  const MarketSpec& spec = *call.markets().spec(signal.market);
  json.begin_object().key("bet_id").text(id_text(IdKind::bet, signal.id));
  json.key("signal_id").text(id_text(IdKind::signal, signal.id));
  json.key("creator_id").text(agent_name(signal.creator));
  json.key("fader_id").text(agent_name(signal.fader));
  json.key("asset").text(asset_name(spec));
  json.key("target_value");
  write_target(json, signal, spec);
  write_money(json.key("stake_per_side"), signal.stake);
  write_money(json.key("total_pot"), signal.stake + signal.stake);
  write_time(json.key("expires_at"), signal.expires_at_ms);
  json.key("status").text(signal.is_closed ? "settled" : "pending").end_object();
}

}  // namespace perpetua::gateway::hub
