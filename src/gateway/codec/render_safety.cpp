#include "base/decimal.hpp"
#include "gateway/codec/market_terms.hpp"
#include "gateway/codec/safety.hpp"

namespace perpetua::gateway {
namespace {

void write_limit(JsonWriter& json, std::string_view name, Micro limit) {
  json.key(name);
  if (limit == Micro(0))
    json.null();
  else
    json.micro(limit);
}

void write_limit_markets(JsonWriter& json, uint64_t markets, const MarketDirectory& directory) {
  json.key("markets");
  if (markets == 0) {
    json.null();
    return;
  }
  json.begin_array();
  for (MarketId market = 0; market < limits::kMarketsMax; ++market) {
    const MarketSpec* spec = (markets >> market & 1) != 0 ? directory.spec(market) : nullptr;
    if (spec != nullptr) json.text(symbol_view(*spec));
  }
  json.end_array();
}

void write_market(JsonWriter& json, MarketId market, const MarketDirectory& markets) {
  json.key("market");
  if (market == kNoMarket)
    json.null();
  else
    json.text(symbol_view(*markets.spec(market)));
}

std::string market_text(int64_t market, const MarketDirectory& markets) {
  const MarketSpec* spec = markets.spec(static_cast<MarketId>(market));
  return spec == nullptr ? std::to_string(market) : std::string(symbol_view(*spec));
}

}  // namespace

void write_key_limits(JsonWriter& json, const KeyLimits& limits, const MarketDirectory& markets) {
  if (limits == KeyLimits{}) {
    json.null();
    return;
  }
  json.begin_object();
  write_limit(json, "order_notional_max", limits.order_notional_max);
  write_limit(json, "position_notional_max", limits.position_notional_max);
  write_limit(json, "daily_loss_max", limits.daily_loss_max);
  json.key("leverage_max");
  if (limits.leverage_max == 0)
    json.null();
  else
    json.number(limits.leverage_max);
  json.key("reduce_only").boolean(limits.reduce_only != 0);
  write_limit_markets(json, limits.markets, markets);
  json.end_object();
}

void write_market_terms(JsonWriter& json, const MarketSpec& spec) {
  for (const FractionTerm& term : kFractionTerms) json.key(term.name).decimal(spec.*term.member, 6);
  for (const MoneyTerm& term : kMoneyTerms) json.key(term.name).micro(spec.*term.member);
  json.key("margin_tiers").begin_array();
  for (uint32_t i = 0; i < spec.tier_count; ++i) {
    json.begin_object();
    json.key("from_notional").micro(Micro(spec.tiers[i].lower_notional_micro));
    json.key("max_leverage").number(spec.tiers[i].max_leverage);
    json.end_object();
  }
  json.end_array();
}

void write_pending_change(JsonWriter& json, const std::optional<stores::ScheduledChange>& change) {
  if (!change) {
    json.null();
    return;
  }
  json.begin_object().key("effective_at").number(change->effective_at_ms);
  write_market_terms(json, change->spec);
  json.end_object();
}

void render_switch(std::string& out, const stores::SwitchView& view, const MarketSpec& spec) {
  JsonWriter json(out);
  json.begin_object();
  json.key("market").text(symbol_view(spec));
  json.key("scope").text(wire_name(view.scope));
  json.key("deadline").number(view.deadline_ms);
  json.end_object();
}

void render_market_change(std::string& out, const stores::MarketChangeView& view) {
  JsonWriter json(out);
  json.begin_object();
  json.key("sequence").id(view.sequence);
  json.key("market").text(symbol_view(view.spec));
  json.key("effective_at").number(view.effective_at_ms);
  json.key("announced_at").number(view.announced_at_ms);
  json.key("applied_at").time_or_null(view.applied_at_ms);
  write_market_terms(json, view.spec);
  json.end_object();
}

void write_safety_outcome(JsonWriter& json, const Command& command, const Outcome& outcome,
                          const MarketDirectory& markets) {
  switch (command.header.type) {
    case CommandType::set_key_limits:
      json.key("key_id").id(command.set_key_limits.key_id);
      json.key("limits");
      write_key_limits(json, command.set_key_limits.limits, markets);
      break;
    case CommandType::cancel_all_after:
      write_market(json, command.header.market, markets);
      json.key("scope").text(wire_name(command.cancel_all_after.scope));
      json.key("deadline").time_or_null(outcome.values[0]);
      break;
    default:
      write_market(json, command.header.market, markets);
      json.key("effective_at").number(command.change_market.effective_at_ms);
  }
}

void explain_key_limit(const Outcome& outcome, const MarketDirectory& markets, ApiError& error) {
  const auto which = static_cast<KeyLimit>(outcome.values[0]);
  error.field = wire_name(which);
  const auto show = [&](std::string given, std::string allowed) {
    error.numbers.emplace_back("given", std::move(given));
    error.numbers.emplace_back("allowed", std::move(allowed));
  };
  switch (which) {
    case KeyLimit::command:
      error.message = "a key with limits may not make keys, change limits or move money out";
      break;
    case KeyLimit::market:
      error.message = "this key may not trade in this market";
      error.numbers.emplace_back("given", market_text(outcome.values[1], markets));
      break;
    case KeyLimit::reduce_only:
      error.message = "this key sends reduce-only orders only";
      break;
    case KeyLimit::leverage:
      show(std::to_string(outcome.values[1]), std::to_string(outcome.values[2]));
      break;
    case KeyLimit::order_notional:
    case KeyLimit::daily_loss:
    case KeyLimit::position_notional:
      show(decimal_text(outcome.values[1], kMicroDigits),
           decimal_text(outcome.values[2], kMicroDigits));
      break;
  }
}

}  // namespace perpetua::gateway
