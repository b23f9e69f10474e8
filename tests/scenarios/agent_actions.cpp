// What an agent does.

#include "actions.hpp"
#include "drawn_book.hpp"

namespace perpetua::scenario {

// alice [by KEY] ...
void Actions::act_as_agent(Words& words) {
  const AgentId agent = take_agent(words);
  if (words.accept("by")) {
    const std::string name = words.take("the name of a key");
    key_id_ = world_.find_key(agent, name);
    if (key_id_ == 0) words.fail("no key `" + name + "` of this agent");
  }
  const std::string verb = words.take("what the agent does");
  if (verb == "buys") return place_order(words, agent, Side::buy);
  if (verb == "sells") return place_order(words, agent, Side::sell);
  if (verb == "closes") return close_position(words, agent);
  if (verb == "cancels") return cancel(words, agent);
  if (verb == "adds") return adjust_margin(words, agent, 1);
  if (verb == "removes") return adjust_margin(words, agent, -1);
  if (verb == "deposits") return move_money(words, agent, CommandType::deposit);
  if (verb == "withdraws") return move_money(words, agent, CommandType::withdraw);
  if (verb == "sets") return change_settings(words, agent);
  if (verb == "protects") return protect(words, agent);
  if (verb == "makes") return make_key(words, agent);
  words.fail("unknown word `" + verb + "`");
}

void Actions::close_position(Words& words, AgentId agent) {
  Command command(CommandType::place_order, agent, take_market(words));
  command.place = PlaceOrder{};
  command.place.kind = OrderKind::market;
  command.place.flags = kReduceOnly | kClosePosition;
  const Description now = world_.describe();
  const auto held = now.positions.find({agent, command.header.market});
  const bool is_short = held != now.positions.end() && held->second.position.base < Lots(0);
  command.place.side = is_short ? Side::buy : Side::sell;
  submit(command, world_.agent_name(agent), words.line());
}

// alice buys 0.5 BTC at 60000|market, and options; `above 61000` or `below 59000` in place of `at`
// waits for the mark.
void Actions::place_order(Words& words, AgentId agent, Side side) {
  MarketId market = 0;
  const Lots lots = take_size(words, market);
  Command command = make_order(agent, market, side, Price(0), lots);
  if (words.accept("above")) {
    return place_entry_trigger(words, command,
                               side == Side::buy ? TriggerKind::stop : TriggerKind::take_profit);
  }
  if (words.accept("below")) {
    return place_entry_trigger(words, command,
                               side == Side::sell ? TriggerKind::stop : TriggerKind::take_profit);
  }
  words.expect("at");
  if (words.accept("market")) {
    command.place.kind = OrderKind::market;
  } else {
    command.place.price = words.take_price(world_.rules(market));
  }
  std::string name;
  take_order_options(words, command, name);
  const Outcome outcome = submit(command, world_.agent_name(agent), words.line());
  if (!name.empty() && outcome.code == ResultCode::ok) world_.name_order(agent, name, outcome.id);
}

uint32_t Actions::bracket_price(Words& words, MarketId market) const {
  return static_cast<uint32_t>(words.take_price(world_.rules(market)).value);
}

void Actions::take_order_options(Words& words, Command& command, std::string& name) const {
  PlaceOrder& order = command.place;
  while (!words.is_at_end()) {
    if (words.is_leverage_next()) {
      order.leverage = static_cast<uint16_t>(words.take_leverage());
    } else if (words.accept("ioc")) {
      order.time_in_force = TimeInForce::ioc;
    } else if (words.accept("fok")) {
      order.time_in_force = TimeInForce::fok;
    } else if (words.accept("post-only")) {
      order.post_only = PostOnly::reject;
    } else if (words.accept("reduce-only")) {
      order.flags |= kReduceOnly;
    } else if (words.accept("slippage")) {
      order.slippage_ppm = words.take_percent_ppm();
    } else if (words.accept({"good", "for"})) {
      order.time_in_force = TimeInForce::gtd;
      order.expires_at_ms = world_.now_ms() + words.take_duration_ms();
    } else if (words.accept("stop-loss")) {
      order.stop_loss = bracket_price(words, command.header.market);
    } else if (words.accept("take-profit")) {
      order.take_profit = bracket_price(words, command.header.market);
    } else if (words.accept("as")) {
      name = words.take("the order's name");
    } else {
      words.end();
    }
  }
}

void Actions::place_book(Words& words) {
  const MarketId market = take_market(words);
  const MarketRules& rules = world_.rules(market);
  for (const BookRow& row : read_book(words.rows(), words.line(), rules)) {
    const AgentId agent = world_.find_agent(row.owner);
    if (agent == 0) throw ScenarioError(row.line, "no agent `" + row.owner + "` in `given`");
    Command command = make_order(agent, market, row.side, row.price, row.lots);
    Words options(row.options);
    std::string name;
    take_order_options(options, command, name);
    const Outcome outcome = world_.apply(command);
    if (outcome.code != ResultCode::ok || outcome.values[2] != row.lots.value) {
      throw ScenarioError(row.line, "this order does not rest as drawn: " +
                                        std::string(result_info(outcome.code).name));
    }
    if (!name.empty()) world_.name_order(agent, name, outcome.id);
  }
}

// alice cancels first|all|everything|triggers; alice cancels all|everything after 60s
void Actions::cancel(Words& words, AgentId agent) {
  if (words.accept({"all", "after"})) return arm_switch(words, agent, CancelScope::orders);
  if (words.accept({"everything", "after"})) {
    return arm_switch(words, agent, CancelScope::everything);
  }
  if (words.accept("all")) return cancel_scope(agent, CancelScope::orders, words.line());
  if (words.accept("everything")) {
    return cancel_scope(agent, CancelScope::everything, words.line());
  }
  if (words.accept("triggers")) return cancel_scope(agent, CancelScope::triggers, words.line());
  const std::string name = words.take("the name of an order");
  Command command(CommandType::cancel_order, agent);
  command.cancel = CancelOrder{};
  command.cancel.order_id = world_.find_order(agent, name);
  if (command.cancel.order_id == 0) words.fail("no order `" + name + "` of this agent");
  submit(command, world_.agent_name(agent), words.line());
}

void Actions::cancel_scope(AgentId agent, CancelScope scope, int line) {
  Command command(CommandType::cancel_all, agent);
  command.cancel_all = CancelAll{};
  command.cancel_all.scope = scope;
  submit(command, world_.agent_name(agent), line);
}

// alice adds|removes 500 margin [BTC]
void Actions::adjust_margin(Words& words, AgentId agent, int64_t direction) {
  const Micro amount = words.take_usdc();
  words.expect("margin");
  Command command(CommandType::adjust_margin, agent, take_market(words));
  command.adjust_margin = AdjustMargin{};
  command.adjust_margin.amount = Micro(direction * amount.value);
  submit(command, world_.agent_name(agent), words.line());
}

void Actions::move_money(Words& words, AgentId agent, CommandType type) {
  Command command(type, agent);
  command.money = MoveMoney{};
  command.money.amount = words.take_usdc();
  submit(command, world_.agent_name(agent), words.line());
}

// alice sets 10x|netting [BTC]
void Actions::change_settings(Words& words, AgentId agent) {
  Command command;
  if (words.accept("netting")) {
    command = Command(CommandType::set_netting, agent, take_market(words));
    command.set_netting = SetNetting{};
    command.set_netting.netting = 1;
  } else {
    const uint32_t leverage = words.take_leverage();
    command = Command(CommandType::set_leverage, agent, take_market(words));
    command.set_leverage = SetLeverage{};
    command.set_leverage.leverage = static_cast<uint16_t>(leverage);
  }
  submit(command, world_.agent_name(agent), words.line());
}

}  // namespace perpetua::scenario
