#include "gateway/codec/api_error.hpp"

#include "base/decimal.hpp"
#include "gateway/codec/json_writer.hpp"
#include "gateway/codec/markets.hpp"
#include "gateway/codec/safety.hpp"

namespace perpetua::gateway {
namespace {

// How the values of a refusal read: one letter each.
//   m micro-USDC | p price | l lots | i integer | f parts per million
struct NumberNames {
  ResultCode code;
  std::string_view field;
  std::string_view kinds;
  std::string_view names[3];
};

constexpr NumberNames kNumberNames[] = {
    {ResultCode::insufficient_margin, "size", "mm", {"needed", "available"}},
    {ResultCode::insufficient_balance, "amount", "mm", {"amount", "available"}},
    {ResultCode::price_out_of_band, "price", "ppp", {"price", "lowest", "highest"}},
    {ResultCode::would_cross, "price", "p", {"touching_price"}},
    {ResultCode::leverage_too_high, "leverage", "ii", {"given", "allowed"}},
    {ResultCode::size_too_small, "size", "mm", {"given", "minimum"}},
    {ResultCode::size_too_large, "size", "mm", {"given", "maximum"}},
    {ResultCode::position_too_large, "size", "mm", {"given", "maximum"}},
    {ResultCode::invalid_slippage, "max_slippage", "ff", {"given", "maximum"}},
    {ResultCode::faucet_limit, "amount", "mm", {"wanted", "left"}},
    {ResultCode::withdrawal_cooldown, "amount", "i", {"wait_ms"}},
    {ResultCode::conflicting_position, "side", "ll", {"position_size", "opposite_open_size"}},
    {ResultCode::too_many_open_orders, "market", "ii", {"open_orders", "maximum"}},
    {ResultCode::trigger_wrong_side, "stop", "pp", {"trigger_price", "reference_price"}},
    {ResultCode::too_many_triggers, "market", "ii", {"triggers", "maximum"}},
    {ResultCode::invalid_quantity, "size", "ll", {"size", "filled"}},
    {ResultCode::invalid_timeout, "timeout_ms", "iii", {"given", "minimum", "maximum"}},
    {ResultCode::invalid_expiry, "expires_at", "", {}},
    {ResultCode::invalid_amount, "amount", "", {}},
    {ResultCode::deposit_limit, "amount", "", {}},
    {ResultCode::agent_not_found, "agent_id", "", {}},
    {ResultCode::market_not_found, "market", "", {}},
    {ResultCode::no_position, "market", "", {}},
    {ResultCode::market_closed, "market", "", {}},
    {ResultCode::order_not_found, "order_id", "", {}},
    {ResultCode::key_not_found, "key_id", "", {}},
    {ResultCode::wallet_taken, "wallet", "", {}},
    {ResultCode::reduce_only_would_increase, "reduce_only", "", {}},
    {ResultCode::fok_unfillable, "size", "", {}},
    {ResultCode::price_invalid, "price", "", {}},
    {ResultCode::price_stale, "source_time", "", {}},
    {ResultCode::request_expired, "valid_until", "", {}},
    {ResultCode::idempotency_conflict, "Idempotency-Key", "", {}},
};

std::string number_text(char kind, int64_t value, const MarketSpec* spec) {
  switch (kind) {
    case 'm':
    case 'f':
      return decimal_text(value, kMicroDigits);
    case 'p':
      return grid_text(value, spec->tick_size_e9);
    case 'l':
      return grid_text(value, spec->lot_size_e9);
    default:
      return std::to_string(value);
  }
}

// Orders and intents are told apart by what the sender called the field.
std::string_view field_name(const Command& command, std::string_view field) {
  if (command.header.type == CommandType::transfer && field == "agent_id") return "to_agent_id";
  if (command.header.type == CommandType::adjust_margin && field == "size") return "amount";
  if (command.header.type == CommandType::change_market && field == "expires_at") {
    return "effective_at";
  }
  if (command.header.type != CommandType::place_order) return field;
  const bool is_intent = (command.place.flags & kIntent) != 0;
  if (field == "size" && command.place.budget.value > 0) return "size_usdc";
  if (field == "price" && is_intent) return "limit_price";
  if (field == "side" && is_intent) return "direction";
  return field;
}

// Which price of a trigger or bracket a refusal is about: the first value is that price.
std::string_view trigger_field(const Command& command, const Outcome& outcome,
                               std::string_view field) {
  const Price refused(outcome.values[0]);
  if (command.header.type == CommandType::place_trigger) {
    const PlaceTrigger& trigger = command.trigger;
    const std::pair<Price, std::string_view> prices[] = {
        {trigger.stop, "stop"},
        {trigger.stop_limit, "stop_limit"},
        {trigger.take_profit, "take_profit"},
        {trigger.take_profit_limit, "take_profit_limit"}};
    for (const auto& [price, name] : prices) {
      if (price == refused) return name;
    }
    return "trail";
  }
  if (command.header.type != CommandType::place_order) return field;
  const PlaceOrder& order = command.place;
  if (outcome.code == ResultCode::price_out_of_band && order.price == refused) return field;
  if (Price(order.stop_loss) == refused) return "stop_loss";
  return Price(order.take_profit) == refused ? "take_profit" : field;
}

// What would help depends on why the market is closed.
void explain_closed_market(const Outcome& outcome, ApiError& error) {
  const auto mode = static_cast<MarketMode>(outcome.values[0]);
  const bool is_stale = outcome.values[1] != 0;
  error.numbers.emplace_back("mode", wire_name(mode));
  error.numbers.emplace_back("is_stale", is_stale ? "true" : "false");
  if (mode == MarketMode::settled) {
    error.hint = "the market is delisted for good: its positions were closed at the mark price";
  } else if (mode != MarketMode::open) {
    error.hint =
        "the operator has closed it: follow `exchange_status` of /api/v1/markets, or the "
        "channel `status`";
  } else {
    error.hint =
        "the index price is too old: it opens again by itself after fresh prices; follow "
        "the channel `status`";
  }
}

// A market's change is announced, not made at once.
void explain_early_change(ApiError& error) {
  error.message = "a change must be announced a minute before it holds";
  error.hint = "give `effective_at` at least 60,000 ms ahead";
}

void explain_risk_limit(const Outcome& outcome, ApiError& error) {
  const auto which = static_cast<RiskLimit>(outcome.values[0]);
  const char kind = which == RiskLimit::leverage ? 'i' : 'm';
  error.field = wire_name(which);
  error.numbers.emplace_back("given", number_text(kind, outcome.values[1], nullptr));
  error.numbers.emplace_back("allowed", number_text(kind, outcome.values[2], nullptr));
}

void explain_margin_refusal(const Command& command, ApiError& error) {
  if (command.adjust_margin.amount < Micro(0)) {
    error.message = "the position needs the margin that would be taken out";
    error.hint = "take out at most `available`, or reduce the position first";
  } else {
    error.message = "not enough free collateral";
    error.hint = "deposit, or add at most `available`";
  }
}

}  // namespace

ApiError outcome_error(const Command& command, const Outcome& outcome,
                       const MarketDirectory& markets) {
  PERPETUA_ASSERT(outcome.code != ResultCode::ok);
  ApiError error(outcome.code);
  error.is_replayed = outcome.replayed != 0;
  if (error.http_status() == 503) error.retry_after_s = 1;
  if (outcome.code == ResultCode::outcome_unknown && command.header.key == Hash128()) {
    error.hint = "it had no idempotency key: look for its effect before you send it again";
  }
  if (outcome.code == ResultCode::key_limited) explain_key_limit(outcome, markets, error);
  if (outcome.code == ResultCode::limit_exceeded) explain_risk_limit(outcome, error);
  const MarketId market = command.header.market;
  const MarketSpec* spec = market == kNoMarket ? nullptr : markets.spec(market);
  for (const NumberNames& row : kNumberNames) {
    if (row.code != outcome.code) continue;
    error.field = field_name(command, row.field);
    if (outcome.code == ResultCode::trigger_wrong_side ||
        outcome.code == ResultCode::price_out_of_band) {
      error.field = trigger_field(command, outcome, error.field);
    }
    if (outcome.code == ResultCode::market_closed) explain_closed_market(outcome, error);
    if (error.field == "effective_at") explain_early_change(error);
    if (outcome.code == ResultCode::insufficient_margin &&
        command.header.type == CommandType::adjust_margin) {
      explain_margin_refusal(command, error);
    }
    const bool is_empty =
        outcome.values[0] == 0 && outcome.values[1] == 0 && outcome.values[2] == 0;
    if (is_empty) break;
    for (std::size_t i = 0; i < row.kinds.size(); ++i) {
      const char kind = row.kinds[i];
      if ((kind == 'p' || kind == 'l') && spec == nullptr) continue;
      error.numbers.emplace_back(row.names[i], number_text(kind, outcome.values[i], spec));
    }
    break;
  }
  return error;
}

void render_error(std::string& out, const ApiError& error) {
  const ResultInfo& info = result_info(error.code);
  JsonWriter json(out);
  json.begin_object();
  json.key("code").text(info.name);
  json.key("message").text(error.message.empty() ? info.message : std::string_view(error.message));
  json.key("field");
  if (error.field.empty())
    json.null();
  else
    json.text(error.field);
  json.key("hint").text(error.hint.empty() ? info.hint : std::string_view(error.hint));
  for (const auto& [name, value] : error.numbers) json.key(name).text(value);
  if (error.is_replayed) json.key("replayed").boolean(true);
  json.end_object();
}

}  // namespace perpetua::gateway
