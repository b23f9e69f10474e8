#include "gateway/codec/api_error.hpp"
#include "gateway/codec/render.hpp"
#include "gateway/codec/safety.hpp"

namespace perpetua::gateway {
namespace {

// The market an outcome's prices and sizes belong to, null if it has none.
const MarketSpec* market_of(const Command& command, const Outcome& outcome,
                            const MarketDirectory& markets) {
  if (command.header.market != kNoMarket) return markets.spec(command.header.market);
  return outcome.id != 0 ? markets.spec(order_market(outcome.id)) : nullptr;
}

const ClientId* client_id_of(const Command& command) {
  switch (command.header.type) {
    case CommandType::place_order:
      return &command.place.client_id;
    case CommandType::amend_order:
      return &command.amend.client_id;
    case CommandType::cancel_order:
      return &command.cancel.client_id;
    default:
      return nullptr;
  }
}

bool is_intent(const Command& command) {
  return command.header.type == CommandType::place_order && (command.place.flags & kIntent) != 0;
}

void write_order_outcome(JsonWriter& json, const Command& command, const Outcome& outcome,
                         const MarketDirectory& markets) {
  const MarketSpec& spec = *market_of(command, outcome, markets);
  const std::string_view client_id = client_id_view(*client_id_of(command));
  json.key(is_intent(command) ? "intent_id" : "order_id").id(outcome.id);
  json.key("client_id");
  if (client_id.empty())
    json.null();
  else
    json.text(client_id);
  json.key("market").text(symbol_view(spec));
  json.key("status").text(wire_name(outcome.status));
  json.key("close_reason");
  if (outcome.reason == CloseReason::none)
    json.null();
  else
    json.text(wire_name(outcome.reason));
  const Lots filled(outcome.values[0]);
  const Micro filled_usdc(outcome.values[1]);
  const bool is_cancel = command.header.type == CommandType::cancel_order;
  json.key("filled").lots(filled, spec);
  json.key("filled_usdc").micro(filled_usdc);
  json.key("average_price");
  write_average_price(json, filled_usdc, filled, spec);
  json.key(is_cancel ? "cancelled" : "remaining").lots(Lots(outcome.values[2]), spec);
  json.key("price").price(Price(outcome.values[3]), spec);
}

void write_trigger_outcome(JsonWriter& json, const Command& command, const Outcome& outcome,
                           const MarketDirectory& markets) {
  const MarketSpec& spec = *markets.spec(command.header.market);
  json.key("trigger_id").id(outcome.id);
  json.key("partner_id");
  if (outcome.values[0] == 0)
    json.null();
  else
    json.id(static_cast<uint64_t>(outcome.values[0]));
  json.key("market").text(symbol_view(spec)).key("status").text("waiting");
  json.key("stop").price_or_null(Price(outcome.values[1]), spec);
  json.key("take_profit").price_or_null(Price(outcome.values[2]), spec);
}

void write_prices_outcome(JsonWriter& json, const Command& command, const Outcome& outcome,
                          const MarketDirectory& markets) {
  const MarketSpec& spec = *markets.spec(command.header.market);
  json.key("market").text(symbol_view(spec));
  json.key("index_price").price(Price(outcome.values[0]), spec);
  json.key("mark_price").price(Price(outcome.values[1]), spec);
}

void write_balances(JsonWriter& json, const Command& command, const Outcome& outcome) {
  json.key("agent_id").id(command.header.agent);
  json.key("amount").micro(command.money.amount);
  json.key("free").micro(Micro(outcome.values[0]));
  json.key("reserved").micro(Micro(outcome.values[1]));
  json.key("position_margin").micro(Micro(outcome.values[2]));
}

void write_settings(JsonWriter& json, const Command& command, const MarketDirectory& markets) {
  json.key("market").text(symbol_view(*markets.spec(command.header.market)));
  if (command.header.type == CommandType::set_leverage) {
    json.key("leverage").number(command.set_leverage.leverage);
  } else {
    json.key("netting").boolean(command.set_netting.netting != 0);
  }
}

void write_market_change(JsonWriter& json, const Command& command, const Outcome& outcome,
                         const MarketDirectory& markets) {
  json.key("market").text(symbol_view(*markets.spec(command.header.market)));
  switch (command.header.type) {
    case CommandType::adjust_margin:
      json.key("amount").micro(command.adjust_margin.amount);
      json.key("margin").micro(Micro(outcome.values[0]));
      break;
    case CommandType::set_market_mode:
      json.key("mode").text(wire_name(command.set_market_mode.mode));
      break;
    default:
      json.key("amount").micro(command.fund_insurance.amount);
  }
}

void write_outcome_fields(JsonWriter& json, const Command& command, const Outcome& outcome,
                          const MarketDirectory& markets) {
  switch (command.header.type) {
    case CommandType::place_order:
    case CommandType::amend_order:
    case CommandType::cancel_order:
      write_order_outcome(json, command, outcome, markets);
      break;
    case CommandType::place_trigger:
      write_trigger_outcome(json, command, outcome, markets);
      break;
    case CommandType::cancel_all:
      json.key("cancelled_orders").number(outcome.count);
      break;
    case CommandType::deposit:
    case CommandType::withdraw:
    case CommandType::transfer:
    case CommandType::claim_faucet:
      write_balances(json, command, outcome);
      break;
    case CommandType::revoke_key:
      json.key("key_id").id(command.revoke_key.key_id);
      break;
    case CommandType::set_leverage:
    case CommandType::set_netting:
      write_settings(json, command, markets);
      break;
    case CommandType::post_thought:
      json.key("thought_id").id(outcome.id);
      break;
    case CommandType::update_price:
      write_prices_outcome(json, command, outcome, markets);
      break;
    case CommandType::adjust_margin:
    case CommandType::set_market_mode:
    case CommandType::fund_insurance:
      write_market_change(json, command, outcome, markets);
      break;
    case CommandType::set_key_limits:
    case CommandType::cancel_all_after:
    case CommandType::change_market:
      write_safety_outcome(json, command, outcome, markets);
      break;
    default:
      break;
  }
  json.key("replayed").boolean(outcome.replayed != 0);
}

}  // namespace

void render_outcome(std::string& out, const Command& command, const Outcome& outcome,
                    const MarketDirectory& markets) {
  JsonWriter json(out);
  json.begin_object();
  write_outcome_fields(json, command, outcome, markets);
  json.end_object();
}

void render_new_key(std::string& out, const Command& command, const Outcome& outcome,
                    std::string_view api_key, const MarketDirectory& markets) {
  const bool is_register = command.header.type == CommandType::register_agent;
  JsonWriter json(out);
  json.begin_object();
  if (is_register) json.key("agent_id").id(outcome.id);
  json.key("key_id").id(is_register ? static_cast<uint64_t>(outcome.values[0]) : outcome.id);
  json.key("api_key");
  if (api_key.empty())
    json.null();
  else
    json.text(api_key);
  json.key("scopes");
  write_scopes(json, is_register ? command.register_agent.scopes : command.create_key.scopes);
  json.key("limits");
  write_key_limits(json, is_register ? KeyLimits{} : command.create_key.limits, markets);
  json.key("hint").text(api_key.empty()
                            ? "a repeat: the key was shown once, in the first reply; if that was "
                              "lost, revoke it and create another"
                            : "keep the key: it is shown only now");
  json.key("replayed").boolean(outcome.replayed != 0);
  json.end_object();
}

void render_batch_entry(std::string& out, const Command& command, const Outcome& outcome,
                        const MarketDirectory& markets) {
  if (outcome.code == ResultCode::ok) return render_outcome(out, command, outcome, markets);
  out += "{\"error\":";
  render_error(out, outcome_error(command, outcome, markets));
  out += '}';
}

}  // namespace perpetua::gateway
