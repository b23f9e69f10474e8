#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/codec/parse_helpers.hpp"
#include "gateway/codec/request_fields.hpp"

namespace perpetua::gateway {
namespace {

namespace json = boost::json;
using runtime::Submission;

void set_client_id(const object& body, PlaceOrder& order) {
  if (const auto client_id = text_field(body, "client_id")) {
    order.client_id = make_client_id(*client_id);
  }
}

bool parse_budget(const object& body, PlaceOrder& order, ApiError& error) {
  if (!parse_money(*text_field(body, "size_usdc"), "size_usdc", order.budget, error)) return false;
  if (order.budget.value > 0) return true;
  return refuse(error, ResultCode::invalid_quantity, "size_usdc", "must be above zero");
}

// Exactly one of size and size_usdc, above zero.
bool parse_quantity(const object& body, const MarketSpec& spec, PlaceOrder& order,
                    ApiError& error) {
  const auto size = text_field(body, "size");
  const auto size_usdc = text_field(body, "size_usdc");
  if (size.has_value() == size_usdc.has_value()) {
    return refuse(error, ResultCode::invalid_quantity, "size",
                  size ? "give either `size` or `size_usdc`, not both" : "give a size");
  }
  if (size_usdc) return parse_budget(body, order, error);
  if (!parse_size(*size, "size", spec, order.lots, error)) return false;
  if (order.lots.value > 0) return true;
  return refuse(error, ResultCode::invalid_quantity, "size", "must be above zero");
}

bool parse_limit_price(const object& body, std::string_view field, const MarketSpec& spec,
                       PlaceOrder& order, ApiError& error) {
  const auto text = text_field(body, field);
  if (!text) return refuse(error, ResultCode::missing_field, field, "a limit order needs a price");
  if (!parse_price(*text, field, spec, order.price, error)) return false;
  return order.price.value > 0 || refuse(error, field, "must be above zero");
}

bool parse_slippage(const object& body, PlaceOrder& order, ApiError& error) {
  if (text_field(body, "max_slippage") && order.kind == OrderKind::limit) {
    return refuse(error, "max_slippage", "a limit order has its price instead");
  }
  return parse_slippage_bound(body, order.slippage_ppm, error);
}

bool parse_time_in_force(const object& body, PlaceOrder& order, ApiError& error) {
  const auto expires_at = integer_field(body, "expires_at");
  const TimeInForce absent = order.kind == OrderKind::market ? TimeInForce::ioc
                             : expires_at                    ? TimeInForce::gtd
                                                             : TimeInForce::gtc;
  order.time_in_force = choice(body, "time_in_force", kTimeInForceChoices, absent);
  const bool rests =
      order.time_in_force == TimeInForce::gtc || order.time_in_force == TimeInForce::gtd;
  if (order.kind == OrderKind::market && rests) {
    return refuse(error, "time_in_force", "a market order is ioc or fok");
  }
  if (expires_at && order.time_in_force != TimeInForce::gtd) {
    return refuse(error, "expires_at", "only a gtd order expires");
  }
  if (!expires_at && order.time_in_force == TimeInForce::gtd) {
    return refuse(error, ResultCode::missing_field, "expires_at", "a gtd order needs its end");
  }
  order.expires_at_ms = expires_at.value_or(0);
  if (order.post_only != PostOnly::none && !rests) {
    return refuse(error, "post_only", "only an order that may rest can be post-only");
  }
  return true;
}

bool parse_market(const object& body, const ParseContext& context, MarketId& market,
                  ApiError& error) {
  return find_market(*text_field(body, "market"), context.markets, market, error);
}

}  // namespace

bool find_market(std::string_view symbol, const MarketDirectory& markets, MarketId& market,
                 ApiError& error) {
  const auto id = markets.find(symbol);
  if (!id) {
    error = ApiError(ResultCode::market_not_found, "market");
    return false;
  }
  market = *id;
  return true;
}

bool parse_order_name(const object& body, const ParseContext& context, OrderName& name,
                      ApiError& error) {
  const auto order_id = id_field(body, "order_id");
  const auto client_id = text_field(body, "client_id");
  if (order_id.has_value() == client_id.has_value()) {
    return refuse(error, order_id ? ResultCode::invalid_field : ResultCode::missing_field,
                  "order_id", "give either `order_id` or `client_id`");
  }
  if (order_id && *order_id == 0) return refuse(error, "order_id", "must be above zero");
  name.order_id = order_id.value_or(0);
  name.client_id = client_id.value_or(std::string_view());
  const auto market = text_field(body, "market");
  return !market || find_market(*market, context.markets, name.market, error);
}

bool parse_place(const object& body, const ParseContext& context, Submission& submission,
                 ApiError& error) {
  MarketId market = kNoMarket;
  if (!parse_market(body, context, market, error)) return false;
  const MarketSpec& spec = *context.markets.spec(market);
  submission.command = Command(CommandType::place_order, context.agent, market);
  set_deadline(body, submission);
  submission.command.place = PlaceOrder();
  PlaceOrder& order = submission.command.place;
  order.side = choice(body, "side", kSideChoices, Side::buy);
  order.kind = choice(body, "kind", kKindChoices, OrderKind::limit);
  order.post_only = choice(body, "post_only", kPostOnlyChoices, PostOnly::none);
  order.stp =
      choice(body, "self_trade_prevention", kStpChoices, SelfTradePrevention::cancel_newest);
  order.leverage = static_cast<uint16_t>(integer_field(body, "leverage").value_or(0));
  if (bool_field(body, "reduce_only", false)) order.flags |= kReduceOnly;
  set_client_id(body, order);
  if (order.kind == OrderKind::limit) {
    if (!parse_limit_price(body, "price", spec, order, error)) return false;
  } else if (text_field(body, "price")) {
    return refuse(error, "price", "a market order has no price: use max_slippage");
  }
  return parse_quantity(body, spec, order, error) && parse_slippage(body, order, error) &&
         parse_time_in_force(body, order, error) && parse_bracket(body, spec, order, error);
}

bool parse_intent(const object& body, const ParseContext& context, Submission& submission,
                  ApiError& error) {
  MarketId market = kNoMarket;
  if (!parse_market(body, context, market, error)) return false;
  const MarketSpec& spec = *context.markets.spec(market);
  submission.command = Command(CommandType::place_order, context.agent, market);
  set_deadline(body, submission);
  submission.text = text_field(body, "reason").value_or(std::string_view());
  submission.command.place = PlaceOrder();
  PlaceOrder& order = submission.command.place;
  order.flags = kIntent;
  order.side = choice(body, "direction", kDirectionChoices, Side::buy);
  order.leverage = static_cast<uint16_t>(integer_field(body, "leverage").value_or(0));
  set_client_id(body, order);
  const bool limited = text_field(body, "limit_price").has_value();
  order.kind = limited ? OrderKind::limit : OrderKind::market;
  if (limited && !parse_limit_price(body, "limit_price", spec, order, error)) return false;
  return parse_budget(body, order, error) && parse_slippage(body, order, error) &&
         parse_time_in_force(body, order, error) && parse_bracket(body, spec, order, error);
}

bool parse_amend(const object& body, const ParseContext& context, const OrderName& name,
                 Submission& submission, ApiError& error) {
  const MarketId market = name.order_id != 0 ? order_market(name.order_id) : name.market;
  if (market == kNoMarket) {
    return refuse(error, ResultCode::missing_field, "market", "a client id needs its market here");
  }
  const MarketSpec* spec = context.markets.spec(market);
  if (spec == nullptr) {
    error = ApiError(ResultCode::order_not_found, "order_id");
    return false;
  }
  submission.command = Command(CommandType::amend_order, context.agent, market);
  set_deadline(body, submission);
  submission.command.amend = AmendOrder();
  AmendOrder& amend = submission.command.amend;
  amend.order_id = name.order_id;
  if (!name.client_id.empty()) amend.client_id = make_client_id(name.client_id);
  const auto price = text_field(body, "price");
  const auto size = text_field(body, "size");
  if (!price && !size) {
    return refuse(error, ResultCode::missing_field, "price", "give a new `price` or `size`");
  }
  if (price && !parse_price(*price, "price", *spec, amend.price, error)) return false;
  if (price && amend.price.value <= 0) return refuse(error, "price", "must be above zero");
  if (size && !parse_size(*size, "size", *spec, amend.lots, error)) return false;
  if (size && amend.lots.value <= 0) {
    return refuse(error, ResultCode::invalid_quantity, "size", "must be above zero");
  }
  return true;
}

bool parse_cancel(const object& body, const ParseContext& context, const OrderName& name,
                  Submission& submission, ApiError& error) {
  const MarketId market = name.order_id != 0 ? order_market(name.order_id) : name.market;
  if (name.order_id != 0 && context.markets.spec(market) == nullptr) {
    error = ApiError(ResultCode::order_not_found, "order_id");
    return false;
  }
  submission.command = Command(CommandType::cancel_order, context.agent, market);
  set_deadline(body, submission);
  submission.command.cancel = CancelOrder();
  submission.command.cancel.order_id = name.order_id;
  if (!name.client_id.empty()) {
    submission.command.cancel.client_id = make_client_id(name.client_id);
  }
  return true;
}

bool parse_cancel_all(const object& body, const ParseContext& context, Submission& submission,
                      ApiError& error) {
  MarketId market = kNoMarket;
  if (text_field(body, "market") && !parse_market(body, context, market, error)) return false;
  submission.command = Command(CommandType::cancel_all, context.agent, market);
  set_deadline(body, submission);
  submission.command.cancel_all.scope =
      choice(body, "scope", kCancelScopeChoices, CancelScope::orders);
  return true;
}

bool parse_batch_place(const object& body, const ParseContext& context,
                       std::vector<Submission>& submissions, ApiError& error) {
  const json::array& orders = body.at("orders").get_array();
  const int64_t deadline_ms = integer_field(body, "valid_until").value_or(0);
  submissions.resize(orders.size());
  for (std::size_t i = 0; i < orders.size(); ++i) {
    Submission& submission = submissions[i];
    if (!parse_place(orders[i].get_object(), context, submission, error)) {
      error.field = "orders[" + std::to_string(i) + "]." + error.field;
      return false;
    }
    int64_t& valid_until_ms = submission.command.header.valid_until_ms;
    if (valid_until_ms == 0) valid_until_ms = deadline_ms;
  }
  return true;
}

bool parse_batch_cancel(const object& body, const ParseContext& context,
                        std::vector<Submission>& submissions, ApiError& error) {
  const json::value* ids = body.if_contains("order_ids");
  const json::value* client_ids = body.if_contains("client_ids");
  const bool has_ids = ids != nullptr && ids->is_array();
  const bool has_client_ids = client_ids != nullptr && client_ids->is_array();
  if (has_ids == has_client_ids) {
    return refuse(error, has_ids ? ResultCode::invalid_field : ResultCode::missing_field,
                  "order_ids", "give either `order_ids` or `client_ids`");
  }
  OrderName name;
  if (text_field(body, "market") && !parse_market(body, context, name.market, error)) return false;
  const json::array& list = (has_ids ? ids : client_ids)->get_array();
  submissions.resize(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json::value& item = list[i];
    if (has_ids) {
      name.order_id = item.is_int64() ? static_cast<uint64_t>(item.get_int64())
                                      : parse_id(item.get_string()).value_or(0);
    } else {
      name.client_id = {item.get_string().data(), item.get_string().size()};
    }
    if (has_ids && name.order_id == 0) {
      return refuse(error, "order_ids[" + std::to_string(i) + "]", "must be above zero");
    }
    if (!parse_cancel(body, context, name, submissions[i], error)) {
      error.field = "order_ids[" + std::to_string(i) + "]";
      return false;
    }
  }
  return true;
}

bool parse_close(const object& body, const ParseContext& context, MarketId market, Side side,
                 Submission& submission, ApiError& error) {
  submission.command = Command(CommandType::place_order, context.agent, market);
  set_deadline(body, submission);
  submission.command.place = PlaceOrder();
  PlaceOrder& order = submission.command.place;
  order.side = side;
  order.kind = OrderKind::market;
  order.time_in_force = TimeInForce::ioc;
  order.flags = kReduceOnly | kClosePosition;
  return parse_slippage(body, order, error);
}

}  // namespace perpetua::gateway
