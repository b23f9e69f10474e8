#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/codec/parse_helpers.hpp"
#include "gateway/codec/request_fields.hpp"

namespace perpetua::gateway {
namespace {

using runtime::Submission;

// A price, or a distance of prices, above zero; absent leaves 0.
bool parse_optional_price(const object& body, std::string_view field, const MarketSpec& spec,
                          Price& price, ApiError& error) {
  const auto text = text_field(body, field);
  if (!text) return true;
  if (!parse_price(*text, field, spec, price, error)) return false;
  return price > Price(0) || refuse(error, field, "must be above zero");
}

bool parse_bracket_price(const object& body, std::string_view field, const MarketSpec& spec,
                         uint32_t& ticks, ApiError& error) {
  Price price;
  if (!parse_optional_price(body, field, spec, price, error)) return false;
  if (price > Price(limits::kPriceMaxTicks)) {
    return refuse(error, field, "is above any price of a market");
  }
  ticks = static_cast<uint32_t>(price.value);
  return true;
}

// Which legs fit together. `stop_name` is what the sender calls the stop.
bool check_legs(const PlaceTrigger& trigger, std::string_view stop_name, ApiError& error) {
  const bool has_stop = trigger.stop > Price(0);
  const bool has_trail = trigger.trail > Price(0);
  const bool has_target = trigger.take_profit > Price(0);
  if (has_stop && has_trail) {
    return refuse(error, "trail", "a trailing stop makes its own price: give one of the two");
  }
  if (!has_stop && !has_trail && !has_target) {
    return refuse(error, ResultCode::missing_field, stop_name, "give a stop, take-profit or trail");
  }
  if (trigger.stop_limit > Price(0) && !has_stop) {
    return refuse(error, "stop_limit", "is the limit of a `stop`, which is missing");
  }
  if (trigger.take_profit_limit > Price(0) && !has_target) {
    return refuse(error, "take_profit_limit", "is the limit of a `take_profit`, which is missing");
  }
  return true;
}

bool check_entry(const object& body, const PlaceTrigger& trigger, ApiError& error) {
  if (trigger.trail > Price(0)) return refuse(error, "trail", "only a protective trigger trails");
  if (trigger.stop > Price(0) && trigger.take_profit > Price(0)) {
    return refuse(error, "take_profit", "an entry has one of stop and take_profit");
  }
  if (bool_field(body, "replace", false)) {
    return refuse(error, "replace", "only protective triggers replace each other");
  }
  if (!text_field(body, "side")) {
    return refuse(error, ResultCode::missing_field, "side", "an entry needs its side");
  }
  return trigger.lots > Lots(0) ||
         refuse(error, ResultCode::missing_field, "size", "an entry needs its size");
}

bool check_protective(const object& body, ApiError& error) {
  if (text_field(body, "side")) {
    return refuse(error, "side", "a protective trigger is opposite to the position");
  }
  return !integer_field(body, "leverage") ||
         refuse(error, "leverage", "a protective trigger opens nothing");
}

}  // namespace

bool parse_bracket(const object& body, const MarketSpec& spec, PlaceOrder& order, ApiError& error) {
  if (!parse_bracket_price(body, "stop_loss", spec, order.stop_loss, error) ||
      !parse_bracket_price(body, "take_profit", spec, order.take_profit, error)) {
    return false;
  }
  if ((order.flags & (kReduceOnly | kClosePosition)) == 0) return true;
  const bool has_bracket = order.stop_loss != 0 || order.take_profit != 0;
  return !has_bracket ||
         refuse(error, order.stop_loss != 0 ? "stop_loss" : "take_profit",
                "a reduce-only order has no bracket: place a trigger for the position");
}

bool parse_trigger(const object& body, const ParseContext& context, Submission& submission,
                   ApiError& error) {
  MarketId market = kNoMarket;
  if (!find_market(*text_field(body, "market"), context.markets, market, error)) return false;
  const MarketSpec& spec = *context.markets.spec(market);
  submission.command = Command(CommandType::place_trigger, context.agent, market);
  set_deadline(body, submission);
  submission.command.trigger = PlaceTrigger();
  PlaceTrigger& trigger = submission.command.trigger;
  const bool is_protective = bool_field(body, "reduce_only", true);
  trigger.flags = is_protective ? kReduceOnly : 0;
  if (bool_field(body, "replace", false)) trigger.flags |= kReplaceTriggers;
  trigger.side = choice(body, "side", kSideChoices, Side::buy);
  trigger.leverage = static_cast<uint16_t>(integer_field(body, "leverage").value_or(0));
  const auto size = text_field(body, "size");
  if (size && !parse_size(*size, "size", spec, trigger.lots, error)) return false;
  if (size && trigger.lots <= Lots(0)) {
    return refuse(error, ResultCode::invalid_quantity, "size", "must be above zero");
  }
  return parse_optional_price(body, "stop", spec, trigger.stop, error) &&
         parse_optional_price(body, "stop_limit", spec, trigger.stop_limit, error) &&
         parse_optional_price(body, "take_profit", spec, trigger.take_profit, error) &&
         parse_optional_price(body, "take_profit_limit", spec, trigger.take_profit_limit, error) &&
         parse_optional_price(body, "trail", spec, trigger.trail, error) &&
         parse_slippage_bound(body, trigger.slippage_ppm, error) &&
         check_legs(trigger, "stop", error) &&
         (is_protective ? check_protective(body, error) : check_entry(body, trigger, error));
}

bool parse_protection(const object& body, const ParseContext& context, MarketId market,
                      Submission& submission, ApiError& error) {
  const MarketSpec& spec = *context.markets.spec(market);
  submission.command = Command(CommandType::place_trigger, context.agent, market);
  set_deadline(body, submission);
  submission.command.trigger = PlaceTrigger();
  PlaceTrigger& trigger = submission.command.trigger;
  trigger.flags = kReduceOnly | kReplaceTriggers;
  return parse_optional_price(body, "stop_loss", spec, trigger.stop, error) &&
         parse_optional_price(body, "take_profit", spec, trigger.take_profit, error) &&
         parse_optional_price(body, "trail", spec, trigger.trail, error) &&
         parse_slippage_bound(body, trigger.slippage_ppm, error) &&
         check_legs(trigger, "stop_loss", error);
}

}  // namespace perpetua::gateway
