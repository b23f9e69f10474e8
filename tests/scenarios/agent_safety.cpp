// Triggers, the dead-man's switch, limits of keys, and the operator's change of a market.

#include "actions.hpp"
#include "market_options.hpp"

namespace perpetua::scenario {

// alice protects BTC, stop 54000 [limit 53900], take-profit 72000 [limit 72000], trail 500
// [size 0.5] [slippage 1%] [replacing] [as guard]
void Actions::protect(Words& words, AgentId agent) {
  Command command(CommandType::place_trigger, agent, take_market(words));
  const MarketRules& rules = world_.rules(command.header.market);
  PlaceTrigger& trigger = command.trigger;
  trigger = PlaceTrigger{};
  std::string name;
  while (!words.is_at_end()) {
    if (words.accept("stop")) {
      trigger.stop = words.take_price(rules);
      if (words.accept("limit")) trigger.stop_limit = words.take_price(rules);
    } else if (words.accept("take-profit")) {
      trigger.take_profit = words.take_price(rules);
      if (words.accept("limit")) trigger.take_profit_limit = words.take_price(rules);
    } else if (words.accept("trail")) {
      trigger.trail = words.take_price(rules);
    } else if (words.accept("size")) {
      trigger.lots = words.take_lots(rules);
    } else if (words.accept("slippage")) {
      trigger.slippage_ppm = words.take_percent_ppm();
    } else if (words.accept("replacing")) {
      trigger.flags |= kReplaceTriggers;
    } else if (words.accept("as")) {
      name = words.take("the trigger's name");
    } else {
      words.end();
    }
  }
  const auto held = world_.describe().positions[{agent, command.header.market}];
  trigger.side = held.position.is_long() ? Side::sell : Side::buy;
  submit_trigger(command, name, words.line());
}

// alice buys 0.5 BTC above 61000 [limit 61500] [5x] [slippage 1%] [as entry]
void Actions::place_entry_trigger(Words& words, const Command& order, TriggerKind kind) {
  const MarketRules& rules = world_.rules(order.header.market);
  Command command(CommandType::place_trigger, order.header.agent, order.header.market);
  PlaceTrigger& trigger = command.trigger;
  trigger = PlaceTrigger{};
  trigger.flags = 0;
  trigger.side = order.place.side;
  trigger.lots = order.place.lots;
  const bool is_stop = kind == TriggerKind::stop;
  (is_stop ? trigger.stop : trigger.take_profit) = words.take_price(rules);
  std::string name;
  while (!words.is_at_end()) {
    if (words.is_leverage_next()) {
      trigger.leverage = static_cast<uint16_t>(words.take_leverage());
    } else if (words.accept("limit")) {
      (is_stop ? trigger.stop_limit : trigger.take_profit_limit) = words.take_price(rules);
    } else if (words.accept("slippage")) {
      trigger.slippage_ppm = words.take_percent_ppm();
    } else if (words.accept("as")) {
      name = words.take("the trigger's name");
    } else {
      words.end();
    }
  }
  submit_trigger(command, name, words.line());
}

void Actions::submit_trigger(const Command& command, const std::string& name, int line) {
  const AgentId agent = command.header.agent;
  const Outcome outcome = submit(command, world_.agent_name(agent), line);
  if (!name.empty() && outcome.code == ResultCode::ok) world_.name_order(agent, name, outcome.id);
}

// In every market; 0s disarms.
void Actions::arm_switch(Words& words, AgentId agent, CancelScope scope) {
  Command command(CommandType::cancel_all_after, agent);
  command.cancel_all_after = CancelAllAfter{};
  command.cancel_all_after.timeout_ms = words.take_duration_ms();
  command.cancel_all_after.scope = scope;
  submit(command, world_.agent_name(agent), words.line());
}

// alice makes key bot [orders up to 1000] [position up to 5000] [leverage up to 5x]
// [loss a day up to 100] [reduce-only] [only BTC] [valid 60s]
void Actions::make_key(Words& words, AgentId agent) {
  words.expect("key");
  const std::string name = words.take("the name of a key");
  KeyLimits limits;
  int64_t valid_ms = 0;
  while (!words.is_at_end()) {
    if (words.accept({"orders", "up", "to"})) {
      limits.order_notional_max = words.take_usdc();
    } else if (words.accept({"position", "up", "to"})) {
      limits.position_notional_max = words.take_usdc();
    } else if (words.accept({"leverage", "up", "to"})) {
      limits.leverage_max = static_cast<uint16_t>(words.take_leverage());
    } else if (words.accept({"loss", "a", "day", "up", "to"})) {
      limits.daily_loss_max = words.take_usdc();
    } else if (words.accept("reduce-only")) {
      limits.reduce_only = 1;
    } else if (words.accept("only")) {
      limits.markets |= uint64_t{1} << take_market(words);
    } else if (words.accept("valid")) {
      valid_ms = words.take_duration_ms();
    } else {
      words.end();
    }
  }
  const uint32_t key_id = world_.add_key(agent, name, valid_ms);
  if (key_id == 0) words.fail("no further key for this agent");
  if (limits == KeyLimits{}) return;
  Command command(CommandType::set_key_limits, agent);
  command.set_key_limits = SetKeyLimits{};
  command.set_key_limits.key_id = key_id;
  command.set_key_limits.limits = limits;
  submit(command, world_.agent_name(agent), words.line());
}

// operator changes BTC in 1h, and options of a market
void Actions::change_market(Words& words, MarketId market) {
  words.expect("in");
  Command command(CommandType::change_market, 0, market);
  command.change_market = ChangeMarket{};
  command.change_market.effective_at_ms = world_.now_ms() + words.take_duration_ms();
  MarketSpec spec = world_.rules(market);
  while (!words.is_at_end()) {
    if (!take_market_option(words, spec)) words.end();
  }
  const Outcome outcome =
      world_.apply(command, {reinterpret_cast<const char*>(&spec), sizeof spec});
  if (outcome.code != ResultCode::ok) refusals_["operator"] = {words.line(), outcome};
}

}  // namespace perpetua::scenario
