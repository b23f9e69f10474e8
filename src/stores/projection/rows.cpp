#include "stores/projection/rows.hpp"

#include <boost/json/serialize.hpp>

#include "stores/projection/field_codec.hpp"

namespace perpetua::projection {
namespace {

namespace json = boost::json;

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

std::string_view side_of(Lots base) {
  if (base.value == 0) return "flat";
  return base.value > 0 ? "long" : "short";
}

// For people and other programs; cut to six digits, never read back.
std::string average_price(Micro notional, Lots lots, const MarketSpec& spec) {
  if (lots.value == 0) return "";
  const Int128 size_e9 =
      static_cast<Int128>(lots.value < 0 ? -lots.value : lots.value) * spec.lot_size_e9;
  const Int128 price = static_cast<Int128>(notional.value) * 1'000'000'000 / size_e9;
  return decimal_text(static_cast<int64_t>(price), kMicroDigits);
}

std::string bracket_json(const OrderView& order, const MarketSpec& spec) {
  json::object bracket;
  const auto add = [&](const char* name, Price price) {
    if (price.value != 0) bracket[name] = grid_text(price.value, spec.tick_size_e9);
  };
  add("stop_loss", order.stop_loss);
  add("take_profit", order.take_profit);
  return json::serialize(bracket);
}

void read_bracket(FieldReader& reader, const MarketSpec& spec, OrderView& order) {
  const json::value value = reader.parsed("bracket");
  if (!value.is_object()) return reader.fail();
  const auto read = [&](const char* name, Price& price) {
    const json::value* text = value.get_object().if_contains(name);
    if (text == nullptr) return;
    if (!text->is_string()) return reader.fail();
    price = reader.price_of(view(text->get_string()), spec);
  };
  read("stop_loss", order.stop_loss);
  read("take_profit", order.take_profit);
}

std::string limits_json(const KeyLimits& limits) {
  json::object object;
  const auto add = [&](const char* name, Micro value) {
    if (value.value != 0) object[name] = decimal_text(value.value, kMicroDigits);
  };
  add("order_notional_max", limits.order_notional_max);
  add("position_notional_max", limits.position_notional_max);
  add("daily_loss_max", limits.daily_loss_max);
  if (limits.leverage_max != 0) object["leverage_max"] = limits.leverage_max;
  if (limits.reduce_only != 0) object["reduce_only"] = true;
  if (limits.markets != 0) object["market_bits"] = std::to_string(limits.markets);
  return json::serialize(object);
}

std::string scopes_json(uint8_t scopes) {
  json::array names;
  if ((scopes & kScopeRead) != 0) names.emplace_back("read");
  if ((scopes & kScopeTrade) != 0) names.emplace_back("trade");
  if ((scopes & kScopeWithdraw) != 0) names.emplace_back("withdraw");
  return json::serialize(names);
}

uint8_t read_scopes(FieldReader& reader) {
  const json::value value = reader.parsed("scopes");
  uint8_t scopes = 0;
  if (!value.is_array()) {
    reader.fail();
    return scopes;
  }
  for (const json::value& name : value.get_array()) {
    if (name == "read") {
      scopes |= kScopeRead;
    } else if (name == "trade") {
      scopes |= kScopeTrade;
    } else if (name == "withdraw") {
      scopes |= kScopeWithdraw;
    } else {
      reader.fail();
    }
  }
  return scopes;
}

}  // namespace

std::optional<std::string_view> HashFields::find(std::string_view name) const {
  for (std::size_t i = 0; i + 1 < entries_.size(); i += 2) {
    if (entries_[i] == name) return entries_[i + 1];
  }
  return std::nullopt;
}

Fields encode_account(const AgentRow& row) {
  json::array markets;
  for (const std::string& symbol : row.markets) markets.emplace_back(symbol);
  return FieldWriter()
      .micro("free", row.account.free)
      .micro("reserved", row.account.reserved)
      .micro("position_margin", row.account.position_margin)
      .number("sequence", row.account.agent_sequence)
      .number("open_orders", row.open_orders)
      .text("markets", json::serialize(markets))
      .number("batch", row.batch)
      .take();
}

Fields encode_agent(const AgentRow& row) {
  Fields fields = FieldWriter()
                      .number("agent_id", row.agent.id)
                      .text("wallet", row.agent.wallet)
                      .text("display_name", row.agent.display_name)
                      .text("bio", row.agent.bio)
                      .text("twitter_handle", row.agent.twitter_handle)
                      .number("registered_at", row.agent.registered_at_ms)
                      .take();
  const Fields account = encode_account(row);
  fields.insert(fields.end(), account.begin(), account.end());
  return fields;
}

std::optional<AgentRow> decode_agent(const HashFields& hash) {
  FieldReader reader(hash);
  AgentRow row;
  row.agent.id = reader.number<AgentId>("agent_id");
  row.agent.wallet = reader.text("wallet");
  row.agent.display_name = reader.text("display_name");
  row.agent.bio = reader.text("bio");
  row.agent.twitter_handle = reader.text("twitter_handle");
  row.agent.registered_at_ms = reader.number<int64_t>("registered_at");
  row.account.agent = row.agent.id;
  row.account.free = reader.micro("free");
  row.account.reserved = reader.micro("reserved");
  row.account.position_margin = reader.micro("position_margin");
  row.account.agent_sequence = reader.number<uint64_t>("sequence");
  row.open_orders = reader.number<uint64_t>("open_orders");
  row.batch = reader.number<BatchNumber>("batch");
  const json::value markets = reader.parsed("markets");
  if (!reader.ok() || !markets.is_array()) return std::nullopt;
  for (const json::value& symbol : markets.get_array()) {
    if (!symbol.is_string()) return std::nullopt;
    row.markets.emplace_back(view(symbol.get_string()));
  }
  return row;
}

Fields encode_position(const PositionView& position, const MarketSpec& spec) {
  return FieldWriter()
      .text("market", symbol_view(spec))
      .number("agent_id", position.agent)
      .text("side", side_of(position.base))
      .lots("size", position.base, spec)
      .text("entry_price", average_price(position.entry_notional, position.base, spec))
      .micro("entry_notional", position.entry_notional)
      .micro("margin", position.margin)
      .micro("realised_pnl", position.realised_pnl)
      .number("leverage", position.leverage)
      .flag("netting", position.netting)
      .take();
}

std::optional<PositionView> decode_position(const HashFields& hash, const MarketSpec& spec) {
  FieldReader reader(hash);
  PositionView result;
  if (reader.text("market") != symbol_view(spec)) return std::nullopt;
  result.agent = reader.number<AgentId>("agent_id");
  result.base = reader.lots("size", spec);
  result.entry_notional = reader.micro("entry_notional");
  result.margin = reader.micro("margin");
  result.realised_pnl = reader.micro("realised_pnl");
  result.leverage = reader.number<uint16_t>("leverage");
  result.netting = reader.flag("netting");
  if (!reader.ok()) return std::nullopt;
  return result;
}

Fields encode_intent(const OrderView& order, const MarketSpec& spec) {
  return FieldWriter()
      .text("market", symbol_view(spec))
      .number("intent_id", order.order_id)
      .number("agent_id", order.agent)
      .text("side", wire_name(order.side))
      .text("kind", wire_name(order.kind))
      .text("time_in_force", wire_name(order.time_in_force))
      .text("post_only", wire_name(order.post_only))
      .text("self_trade_prevention", wire_name(order.stp))
      .text("status", wire_name(order.status))
      .text("close_reason", wire_name(order.reason))
      .number("flags", order.flags)
      .number("leverage", order.leverage)
      .price("price", order.price, spec)
      .lots("size", order.lots, spec)
      .micro("size_usdc", order.budget)
      .lots("filled", order.filled, spec)
      .lots("remaining", order.remaining, spec)
      .micro("filled_usdc", order.filled_notional)
      .text("average_price", average_price(order.filled_notional, order.filled, spec))
      .micro("fee", order.fee)
      .text("bracket", bracket_json(order, spec))
      .text("reason", order.intent_reason)
      .text("client_id", client_id_view(order.client_id))
      .number("sequence", order.sequence)
      .number("expires_at", order.expires_at_ms)
      .number("created_at", order.accepted_at_ms)
      .number("updated_at", order.updated_at_ms)
      .take();
}

std::optional<std::string_view> intent_market(const HashFields& hash) {
  return hash.find("market");
}

std::optional<OrderView> decode_intent(const HashFields& hash, MarketId market,
                                       const MarketSpec& spec) {
  FieldReader reader(hash);
  OrderView order;
  order.order_id = reader.number<OrderId>("intent_id");
  order.agent = reader.number<AgentId>("agent_id");
  order.market = market;
  order.side = reader.name_of("side", Side::sell);
  order.kind = reader.name_of("kind", OrderKind::market);
  order.time_in_force = reader.name_of("time_in_force", TimeInForce::gtd);
  order.post_only = reader.name_of("post_only", PostOnly::slide);
  order.stp = reader.name_of("self_trade_prevention", SelfTradePrevention::allow);
  order.status = reader.name_of("status", OrderStatus::expired);
  order.reason = reader.name_of("close_reason", CloseReason::refused);
  order.flags = reader.number<uint8_t>("flags");
  order.leverage = reader.number<uint16_t>("leverage");
  order.price = reader.price("price", spec);
  order.lots = reader.lots("size", spec);
  order.budget = reader.micro("size_usdc");
  order.filled = reader.lots("filled", spec);
  order.remaining = reader.lots("remaining", spec);
  order.filled_notional = reader.micro("filled_usdc");
  order.fee = reader.micro("fee");
  read_bracket(reader, spec, order);
  order.intent_reason = reader.text("reason");
  const std::string_view client_id = reader.text("client_id");
  if (client_id.size() > limits::kClientIdBytesMax) return std::nullopt;
  order.client_id = make_client_id(client_id);
  order.sequence = reader.number<uint64_t>("sequence");
  order.expires_at_ms = reader.number<int64_t>("expires_at");
  order.accepted_at_ms = reader.number<int64_t>("created_at");
  order.updated_at_ms = reader.number<int64_t>("updated_at");
  if (!reader.ok()) return std::nullopt;
  return order;
}

Fields encode_key(const KeyView& key) {
  return FieldWriter()
      .number("agent_id", key.agent)
      .number("key_id", key.key_id)
      .text("name", key.name)
      .text("scopes", scopes_json(key.scopes))
      .number("created_at", key.created_at_ms)
      .number("expires_at", key.expires_at_ms)
      .text("limits", limits_json(key.limits))
      .take();
}

std::optional<KeyView> decode_key(const HashFields& hash, const Sha256& sha256) {
  FieldReader reader(hash);
  KeyView key;
  key.agent = reader.number<AgentId>("agent_id");
  key.key_id = reader.number<uint32_t>("key_id");
  key.name = reader.text("name");
  key.scopes = read_scopes(reader);
  key.created_at_ms = reader.number<int64_t>("created_at");
  key.expires_at_ms = reader.number<int64_t>("expires_at");
  key.sha256 = sha256;
  if (!reader.ok()) return std::nullopt;
  return key;
}

Fields encode_price(const MarketView& market) {
  const MarketSpec& spec = market.spec;
  return FieldWriter()
      .text("market", symbol_view(spec))
      .price("index", market.index, spec)
      .price("mark", market.mark, spec)
      .number("index_time", market.price_time_ms)
      .price("last_price", market.last_price, spec)
      .lots("last_size", market.last_lots, spec)
      .number("last_trade_at", market.last_trade_at_ms)
      .lots("open_interest", market.open_interest, spec)
      .text("mode", wire_name(market.mode))
      .flag("is_stale", market.is_stale)
      .number("funding_rate_ppb", market.last_funding.rate_ppb)
      .text("tick_size", decimal_text(spec.tick_size_e9, kGridDigits))
      .text("lot_size", decimal_text(spec.lot_size_e9, kGridDigits))
      .take();
}

}  // namespace perpetua::projection
