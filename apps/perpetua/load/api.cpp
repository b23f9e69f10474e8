#include "load/api.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <charconv>

#include "base/decimal.hpp"

namespace perpetua::load {

namespace json = boost::json;

namespace {

std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

uint64_t number_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return 0;
  if (value->is_int64()) return static_cast<uint64_t>(value->get_int64());
  const std::string_view text = text_of(object, name);
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::optional<json::object> parse_object(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

const json::object* object_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

const json::array* array_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? &value->get_array() : nullptr;
}

// The fields of one order, without braces.
void append_order(std::string& out, const NewOrder& order, const TradedMarket& market) {
  out += R"("market":")" + market.symbol + R"(","side":")";
  out += wire_name(order.side);
  out += R"(","size":")";
  append_on_grid(out, order.lots, market.lot_size_e9);
  out += R"(","price":")";
  append_on_grid(out, order.price_ticks, market.tick_size_e9);
  out += order.is_ioc ? R"(","time_in_force":"ioc")" : R"(")";
  out.append(R"(,"client_id":")").append(kClientIdPrefix).append(std::to_string(order.number));
  out += '"';
}

// The fields of an action: of the one order or cancel, or of the batch.
void append_action(std::string& out, const Action& action,
                   const std::vector<TradedMarket>& markets) {
  if (action.orders.size() == 1) {
    return append_order(out, action.orders[0], markets[action.orders[0].market]);
  }
  if (action.cancels.size() == 1) {
    out += R"("order_id":")" + std::to_string(action.cancels[0]) + '"';
    return;
  }
  out += action.orders.empty() ? R"("order_ids":[)" : R"("orders":[)";
  for (const NewOrder& order : action.orders) {
    out += out.back() == '[' ? "{" : ",{";
    append_order(out, order, markets[order.market]);
    out += '}';
  }
  for (const uint64_t id : action.cancels) {
    out += out.back() == '[' ? "\"" : ",\"";
    out += std::to_string(id) + '"';
  }
  out += ']';
}

// {"order_id":...} is a result; {"code":...} and {"error":{"code":...}} are refusals.
OrderReply read_entry(const json::object& entry) {
  OrderReply reply;
  const json::object* nested = object_of(entry, "error");
  if (!text_of(nested != nullptr ? *nested : entry, "code").empty()) {
    reply.verdict = Verdict::rejected;
    return reply;
  }
  reply.order_id = number_of(entry, "order_id");
  if (reply.order_id == 0) return reply;
  const std::string_view status = text_of(entry, "status");
  reply.verdict = Verdict::ok;
  reply.is_open = status == "open" || status == "partially_filled";
  return reply;
}

// A batch lists its results in order; a refusal of the whole request stands for all of them.
std::vector<OrderReply> read_entries(const json::object& reply, std::size_t count) {
  std::vector<OrderReply> orders(count);
  const json::array* results = array_of(reply, "results");
  if (results == nullptr) {
    const OrderReply single = read_entry(reply);
    if (count == 1 || single.verdict == Verdict::rejected) orders.assign(count, single);
    return orders;
  }
  for (std::size_t i = 0; i < count && i < results->size(); ++i) {
    const json::value& entry = (*results)[i];
    if (entry.is_object()) orders[i] = read_entry(entry.get_object());
  }
  return orders;
}

std::optional<TradedMarket> read_market(const json::object& object) {
  TradedMarket market;
  market.symbol = text_of(object, "market");
  std::string_view mark = text_of(object, "mark_price");
  if (market.symbol.empty() || mark.empty()) return std::nullopt;
  const auto read = [&object](std::string_view name, unsigned digits, int64_t& value) {
    return parse_decimal(text_of(object, name), digits, value) == DecimalError::none;
  };
  if (!read("tick_size", kGridDigits, market.tick_size_e9) || market.tick_size_e9 <= 0 ||
      !read("lot_size", kGridDigits, market.lot_size_e9) || market.lot_size_e9 <= 0 ||
      !read("min_notional", kMicroDigits, market.notional_min_micro)) {
    return std::nullopt;
  }
  const DecimalError error = parse_on_grid(mark, market.tick_size_e9, market.mark_ticks);
  if (error != DecimalError::none || market.mark_ticks <= 0) return std::nullopt;
  return market;
}

}  // namespace

std::string http_text(const HttpCall& call, std::string_view host, std::string_view api_key,
                      std::string_view idempotency_key) {
  std::string out;
  out.reserve(256 + call.body.size());
  out.append(call.method).append(" ").append(call.path).append(" HTTP/1.1\r\nHost: ").append(host);
  if (!api_key.empty()) out.append("\r\nX-API-Key: ").append(api_key);
  if (!idempotency_key.empty()) out.append("\r\nIdempotency-Key: ").append(idempotency_key);
  if (!call.body.empty()) {
    out.append("\r\nContent-Type: application/json\r\nContent-Length: ");
    out.append(std::to_string(call.body.size()));
  }
  return out.append("\r\n\r\n").append(call.body);
}

HttpCall register_call(std::string_view wallet, std::string_view display_name) {
  std::string body = R"({"wallet":")";
  body.append(wallet).append(R"(","display_name":")").append(display_name).append("\"}");
  return {"POST", "/api/v1/agents", std::move(body)};
}

HttpCall fund_call(uint32_t amount_usdc, bool by_operator, std::string_view agent_id) {
  std::string body = R"({"amount":")" + std::to_string(amount_usdc) + '"';
  if (!by_operator) return {"POST", "/api/v1/account/faucet", body + '}'};
  body.append(R"(,"agent_id":")").append(agent_id).append("\"}");
  return {"POST", "/api/v1/account/deposit", std::move(body)};
}

HttpCall netting_call(std::string_view symbol) {
  return {"PUT", "/api/v1/positions/" + std::string(symbol) + "/netting", R"({"netting":true})"};
}

HttpCall markets_call() { return {"GET", "/api/v1/markets", {}}; }

HttpCall account_call() { return {"GET", "/api/v1/account", {}}; }

HttpCall solvency_call() { return {"GET", "/api/v1/solvency", {}}; }

HttpCall order_history_call(std::string_view cursor) {
  HttpCall call{"GET", "/api/v1/orders/history?limit=500", {}};
  if (!cursor.empty()) call.path.append("&cursor=").append(cursor);
  return call;
}

HttpCall order_call(const Action& action, const std::vector<TradedMarket>& markets) {
  if (action.cancels.size() == 1) {
    return {"DELETE", "/api/v1/orders/" + std::to_string(action.cancels[0]), {}};
  }
  HttpCall call{"POST", "/api/v1/orders", "{"};
  append_action(call.body, action, markets);
  call.body += '}';
  if (action.orders.size() > 1) call.path = "/api/v1/orders/batch";
  if (!action.cancels.empty()) call.path = "/api/v1/orders/cancel";
  return call;
}

std::string ws_auth_text(std::string_view api_key) {
  std::string out = R"({"op":"auth","id":)" + std::to_string(kWsAuthId) + R"(,"key":")";
  return out.append(api_key).append("\"}");
}

std::string ws_order_text(const Action& action, const std::vector<TradedMarket>& markets,
                          uint64_t id) {
  const bool is_batch = action.orders.size() + action.cancels.size() > 1;
  const std::string_view op = is_batch ? "batch" : action.orders.empty() ? "cancel" : "place";
  std::string out = R"({"op":")";
  out.append(op).append(R"(","id":)").append(std::to_string(id)).append(",");
  append_action(out, action, markets);
  return out + '}';
}

std::optional<Registration> read_registration(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return std::nullopt;
  Registration result{std::string(text_of(*object, "agent_id")),
                      std::string(text_of(*object, "api_key"))};
  if (result.agent_id.empty() || result.api_key.empty()) return std::nullopt;
  return result;
}

std::optional<std::vector<TradedMarket>> read_markets(std::string_view body) {
  const auto object = parse_object(body);
  const json::array* list = object ? array_of(*object, "items") : nullptr;
  if (list == nullptr) return std::nullopt;
  std::vector<TradedMarket> markets;
  for (const json::value& entry : *list) {
    if (!entry.is_object()) return std::nullopt;
    if (auto market = read_market(entry.get_object())) markets.push_back(std::move(*market));
  }
  return markets;
}

std::string read_code(std::string_view body) {
  const auto object = parse_object(body);
  return object ? std::string(text_of(*object, "code")) : std::string();
}

std::vector<OrderReply> read_order_reply(unsigned status, std::string_view body,
                                         std::size_t count) {
  const auto object = parse_object(body);
  if (!object) return std::vector<OrderReply>(count);
  std::vector<OrderReply> orders = read_entries(*object, count);
  for (OrderReply& order : orders) {
    // A success that carries a refusal, or the reverse, is neither.
    const bool is_success = status >= 200 && status < 300;
    if (order.verdict == Verdict::ok && !is_success) order = OrderReply();
  }
  return orders;
}

WsReply read_ws_message(std::string_view text, std::size_t count) {
  WsReply reply;
  const auto object = parse_object(text);
  if (!object) return reply;
  reply.id = number_of(*object, "id");
  if (reply.id == 0) return reply;
  reply.is_authenticated = text_of(*object, "type") == "authenticated";
  reply.orders = read_entries(*object, count);
  return reply;
}

}  // namespace perpetua::load
