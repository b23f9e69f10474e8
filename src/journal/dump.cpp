#include "journal/dump.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <iterator>

#include "engine/schema/market_spec.hpp"

namespace perpetua::journal {
namespace {

void add(std::string& line, const char* name, int64_t value) {
  line += ' ';
  line += name;
  line += '=';
  line += std::to_string(value);
}

void add(std::string& line, const char* name, std::string_view value) {
  line += ' ';
  line += name;
  line += '=';
  line += value;
}

void add_if(std::string& line, const char* name, int64_t value) {
  if (value != 0) add(line, name, value);
}

void add_hex(std::string& line, const char* name, const uint8_t* bytes, std::size_t size) {
  std::string text;
  char digits[3];
  for (std::size_t i = 0; i < size; ++i) {
    std::snprintf(digits, sizeof digits, "%02x", bytes[i]);
    text += digits;
  }
  add(line, name, std::string_view(text));
}

void add_escaped(std::string& line, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') line += '\\';
    if (byte >= 0x20 && byte != 0x7F) {
      line += c;
      continue;
    }
    char escape[5];
    std::snprintf(escape, sizeof escape, "\\x%02x", byte);
    line += escape;
  }
}

void add_client_id(std::string& line, const ClientId& client_id) {
  const std::string_view id = client_id_view(client_id);
  if (id.empty()) return;
  line += " client_id=";
  add_escaped(line, id);
}

void add_quoted(std::string& line, std::string_view text) {
  line += " \"";
  add_escaped(line, text);
  line += '"';
}

// Enumerators are stored as bytes; the names exist only for those the schema knows.
template <class Enum>
void add_name(std::string& line, const char* name, Enum value, Enum last) {
  if (value <= last) {
    add(line, name, wire_name(value));
  } else {
    add(line, name, static_cast<int64_t>(value));
  }
}

void add_place(std::string& line, const PlaceOrder& place) {
  add_name(line, "side", place.side, Side::sell);
  add_name(line, "kind", place.kind, OrderKind::market);
  add_if(line, "price", place.price.value);
  add_if(line, "lots", place.lots.value);
  add_if(line, "budget", place.budget.value);
  add_name(line, "tif", place.time_in_force, TimeInForce::gtd);
  if (place.post_only != PostOnly::none) {
    add_name(line, "post_only", place.post_only, PostOnly::slide);
  }
  add_name(line, "stp", place.stp, SelfTradePrevention::allow);
  add_if(line, "leverage", place.leverage);
  add_if(line, "slippage_ppm", place.slippage_ppm);
  add_if(line, "expires_at", place.expires_at_ms);
  if (place.flags & kReduceOnly) line += " reduce_only";
  if (place.flags & kClosePosition) line += " close_position";
  if (place.flags & kIntent) line += " intent";
  add_client_id(line, place.client_id);
  add_if(line, "stop_loss", place.stop_loss);
  add_if(line, "take_profit", place.take_profit);
}

void add_consumed(std::string& line, const ConsumeStream& consumed) {
  add(line, "stream", consumed.stream);
  add(line, "last",
      std::to_string(consumed.last.milliseconds) + "-" + std::to_string(consumed.last.sequence));
  add(line, "commands", consumed.command_count);
  add_if(line, "text_bytes", consumed.text_bytes);
}

void add_trigger(std::string& line, const PlaceTrigger& trigger) {
  const bool is_protective = (trigger.flags & kReduceOnly) != 0;
  if (!is_protective) add_name(line, "side", trigger.side, Side::sell);
  add_if(line, "stop", trigger.stop.value);
  add_if(line, "stop_limit", trigger.stop_limit.value);
  add_if(line, "take_profit", trigger.take_profit.value);
  add_if(line, "take_profit_limit", trigger.take_profit_limit.value);
  add_if(line, "trail", trigger.trail.value);
  add_if(line, "lots", trigger.lots.value);
  add_if(line, "slippage_ppm", trigger.slippage_ppm);
  add_if(line, "leverage", trigger.leverage);
  if (is_protective) line += " reduce_only";
  if (trigger.flags & kReplaceTriggers) line += " replace";
}

void add_key_limits(std::string& line, const SetKeyLimits& wanted) {
  const KeyLimits& limits = wanted.limits;
  add(line, "key_id", wanted.key_id);
  add_if(line, "order_notional_max", limits.order_notional_max.value);
  add_if(line, "position_notional_max", limits.position_notional_max.value);
  add_if(line, "daily_loss_max", limits.daily_loss_max.value);
  add_if(line, "leverage_max", limits.leverage_max);
  if (limits.reduce_only != 0) line += " reduce_only";
  if (limits.markets == 0) return;
  uint8_t markets[sizeof limits.markets];
  for (std::size_t i = 0; i < sizeof markets; ++i) {
    markets[i] = static_cast<uint8_t>(limits.markets >> (56 - 8 * i));
  }
  add_hex(line, "markets", markets, sizeof markets);
}

void add_risk_limits(std::string& line, const RiskLimits& limits) {
  add_if(line, "position_max", limits.position_max.value);
  add_if(line, "exposure_max", limits.exposure_max.value);
  add_if(line, "daily_loss_max", limits.daily_loss_max.value);
  add_if(line, "leverage_max", limits.leverage_max);
}

void add_money(std::string& line, const MoveMoney& money) {
  add(line, "amount", money.amount.value);
  add_if(line, "to", money.to_agent);
  if (money.flags & kOnChain) line += " on_chain";
  if (money.flags & kOncePerWindow) line += " once_per_window";
  if (money.claim != Sha256{}) add_hex(line, "claim", money.claim.data(), 8);
}

// Messages, signals, limits of agents: docs/rules-agents.md.
void add_agents_fields(std::string& line, const Command& command) {
  switch (command.header.type) {
    case CommandType::post_thought:
      if (command.thought.kind != MessageKind::thought) {
        add_name(line, "kind", command.thought.kind, MessageKind::agent_message);
      }
      add_if(line, "to", command.thought.to_agent);
      add_if(line, "metadata_bytes", command.thought.metadata_length);
      break;
    case CommandType::create_signal:
      add_name(line, "kind", command.create_signal.kind, SignalKind::price_change);
      add(line, "target", command.create_signal.target);
      add(line, "stake", command.create_signal.stake.value);
      add(line, "duration", command.create_signal.duration_ms);
      break;
    case CommandType::fade_signal:
      add(line, "signal", static_cast<int64_t>(command.fade_signal.signal_id));
      break;
    default:
      add(line, "fields", command.set_risk_limits.fields);
      add_risk_limits(line, command.set_risk_limits.limits);
      break;
  }
}

void add_registration(std::string& line, const RegisterAgent& agent) {
  add_hex(line, "key_sha256", agent.key_sha256.data(), 8);
  add(line, "scopes", agent.scopes);
  add_if(line, "key_expires_at", agent.key_expires_at_ms);
  add_if(line, "start_balance", agent.start_balance_micro);
  if (agent.has_risk_limits != 0) line += " risk_limits";
}

void add_market(std::string& line, std::string_view text) {
  MarketSpec spec;
  if (text.size() != sizeof spec) {
    add(line, "spec_bytes", static_cast<int64_t>(text.size()));
    return;
  }
  std::memcpy(static_cast<void*>(&spec), text.data(), sizeof spec);
  add(line, "symbol", symbol_view(spec));
  add(line, "tick_e9", spec.tick_size_e9);
  add(line, "lot_e9", spec.lot_size_e9);
  add(line, "maker_ppm", spec.maker_fee_ppm);
  add(line, "taker_ppm", spec.taker_fee_ppm);
  add(line, "band_ppm", spec.price_band_ppm);
  for (uint32_t i = 0; i < std::min(spec.tier_count, limits::kTiersMax); ++i) {
    const std::string tier = std::to_string(spec.tiers[i].lower_notional_micro) + ":" +
                             std::to_string(spec.tiers[i].max_leverage);
    add(line, "tier", std::string_view(tier));
  }
}

// Operators, time and what guards an agent; the rest is in add_fields.
void add_market_fields(std::string& line, const Command& command) {
  switch (command.header.type) {
    case CommandType::update_price:
      add(line, "price", command.update_price.price.value);
      add(line, "source_time", command.update_price.source_time_ms);
      break;
    case CommandType::configure:
      add(line, "margin_use_max_ppm", command.configure.margin_use_max_ppm);
      add_risk_limits(line, command.configure.risk_limits);
      break;
    case CommandType::adjust_margin: add(line, "amount", command.adjust_margin.amount.value); break;
    case CommandType::set_market_mode:
      add_name(line, "mode", command.set_market_mode.mode, MarketMode::settled);
      break;
    case CommandType::fund_insurance:
      add(line, "amount", command.fund_insurance.amount.value);
      break;
    case CommandType::place_trigger: add_trigger(line, command.trigger); break;
    case CommandType::cancel_all_after:
      add(line, "timeout", command.cancel_all_after.timeout_ms);
      add_name(line, "scope", command.cancel_all_after.scope, CancelScope::triggers);
      break;
    case CommandType::set_key_limits: add_key_limits(line, command.set_key_limits); break;
    case CommandType::change_market:
      add(line, "effective_at", command.change_market.effective_at_ms);
      break;
    default: break;
  }
}

void add_fields(std::string& line, const Command& command) {
  switch (command.header.type) {
    case CommandType::register_agent: add_registration(line, command.register_agent); break;
    case CommandType::create_key:
      add_hex(line, "key_sha256", command.create_key.key_sha256.data(), 8);
      add(line, "scopes", command.create_key.scopes);
      add_if(line, "expires_at", command.create_key.expires_at_ms);
      break;
    case CommandType::revoke_key: add(line, "key_id", command.revoke_key.key_id); break;
    case CommandType::deposit:
    case CommandType::withdraw:
    case CommandType::transfer:
    case CommandType::claim_faucet: add_money(line, command.money); break;
    case CommandType::place_order: add_place(line, command.place); break;
    case CommandType::amend_order:
      add_if(line, "order", static_cast<int64_t>(command.amend.order_id));
      add_if(line, "price", command.amend.price.value);
      add_if(line, "lots", command.amend.lots.value);
      add_client_id(line, command.amend.client_id);
      break;
    case CommandType::cancel_order:
      add_if(line, "order", static_cast<int64_t>(command.cancel.order_id));
      add_client_id(line, command.cancel.client_id);
      break;
    case CommandType::set_leverage: add(line, "leverage", command.set_leverage.leverage); break;
    case CommandType::set_netting: add(line, "netting", command.set_netting.netting); break;
    case CommandType::cancel_all:
      add_name(line, "scope", command.cancel_all.scope, CancelScope::triggers);
      break;
    case CommandType::update_price:
    case CommandType::configure:
    case CommandType::adjust_margin:
    case CommandType::set_market_mode:
    case CommandType::fund_insurance:
    case CommandType::place_trigger:
    case CommandType::cancel_all_after:
    case CommandType::set_key_limits:
    case CommandType::change_market: add_market_fields(line, command); break;
    case CommandType::post_thought:
    case CommandType::create_signal:
    case CommandType::fade_signal:
    case CommandType::set_risk_limits: add_agents_fields(line, command); break;
    case CommandType::consume_stream: add_consumed(line, command.consume); break;
    case CommandType::create_market:
    case CommandType::tick:
    case CommandType::none: break;
  }
}

}  // namespace

std::string_view command_name(CommandType type) {
  constexpr std::string_view kNames[] = {
      "none",        "register_agent", "create_key",   "revoke_key",    "deposit",
      "withdraw",    "transfer",       "claim_faucet", "place_order",   "amend_order",
      "cancel_order", "cancel_all",    "set_leverage", "set_netting",   "post_thought",
      "update_price", "create_market", "configure",  "adjust_margin", "tick",
      "set_market_mode", "fund_insurance", "place_trigger", "cancel_all_after", "set_key_limits",
      "change_market", "create_signal", "fade_signal", "set_risk_limits", "consume_stream"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(CommandType::consume_stream) + 1);
  const auto index = static_cast<std::size_t>(type);
  return index < std::size(kNames) ? kNames[index] : "unknown";
}

std::string dump_command(const BatchInput& batch, const Command& command) {
  const CommandHeader& header = command.header;
  std::string line = std::to_string(batch.number) + " " + std::to_string(batch.log_time_ms) + " ";
  line += command_name(header.type);
  add(line, "agent", header.agent);
  add_if(line, "by_key", header.key_id);
  if (header.market != kNoMarket) add(line, "market", header.market);
  add_fields(line, command);
  add_if(line, "valid_until", header.valid_until_ms);
  if (!header.key.is_zero()) {
    char key[33];
    std::snprintf(key, sizeof key, "%016llx%016llx",
                  static_cast<unsigned long long>(header.key.high),
                  static_cast<unsigned long long>(header.key.low));
    add(line, "key", std::string_view(key));
  }
  if (header.text_length == 0) return line;
  const bool is_inside =
      uint64_t{header.text_offset} + header.text_length <= batch.text.size();
  if (!is_inside) return line + " text_outside";
  const std::string_view text = batch.text.substr(header.text_offset, header.text_length);
  if (header.type == CommandType::create_market || header.type == CommandType::change_market) {
    add_market(line, text);
  } else {
    add_quoted(line, text);
  }
  return line;
}

}  // namespace perpetua::journal
