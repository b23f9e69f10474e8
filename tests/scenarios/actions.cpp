#include "actions.hpp"

#include <algorithm>

namespace perpetua::scenario {

Command make_order(AgentId agent, MarketId market, Side side, Price price, Lots lots) {
  Command command(CommandType::place_order, agent, market);
  command.place = PlaceOrder{};
  command.place.side = side;
  command.place.price = price;
  command.place.lots = lots;
  return command;
}

void Actions::run(const Statement& statement) {
  Words words(statement);
  key_id_ = 0;
  if (words.accept("index")) {
    set_index(words);
  } else if (words.accept("tick")) {
    submit(Command(CommandType::tick), "operator", words.line());
  } else if (words.accept("time")) {
    pass_time(words);
  } else if (words.accept("restart")) {
    world_.restart();
  } else if (words.accept("operator")) {
    act_as_operator(words);
  } else if (words.accept("book")) {
    place_book(words);
  } else {
    act_as_agent(words);
  }
  words.end();
}

Outcome Actions::submit(const Command& command, const std::string& subject, int line) {
  Command sent = command;
  sent.header.key_id = key_id_;
  const Outcome outcome = world_.apply(sent);
  if (outcome.code == ResultCode::ok) return outcome;
  if (refusals_.contains(subject)) {
    throw ScenarioError(refusals_[subject].line, "refused, and no `then` before the next refusal");
  }
  refusals_[subject] = {line, outcome};
  return outcome;
}

MarketId Actions::take_market(Words& words) const {
  const MarketId named = world_.find_market(words.peek());
  if (named != kNoMarket) {
    words.accept(words.peek());
    return named;
  }
  if (world_.markets().size() != 1) words.fail("which market? not `" + words.peek() + "`");
  return 0;
}

Lots Actions::take_size(Words& words, MarketId& market) const {
  Statement probe{words.line(), {words.take("a size"), words.take("a market")}, {}};
  market = world_.find_market(probe.words.back());
  if (market == kNoMarket) words.fail("no market `" + probe.words.back() + "`");
  return Words(probe).take_lots(world_.rules(market));
}

AgentId Actions::take_agent(Words& words) const {
  const std::string name = words.take("an agent");
  const AgentId agent = world_.find_agent(name);
  if (agent == 0) words.fail("unknown word `" + name + "`: no command, and no agent of `given`");
  return agent;
}

// index [walks to] 60000 [BTC] [from 11s ago]
void Actions::set_index(Words& words) {
  const bool is_walk = words.accept({"walks", "to"});
  Statement number{words.line(), {words.take("a price")}, {}};
  const MarketId market = take_market(words);
  const Price price = Words(number).take_price(world_.rules(market));
  if (is_walk) return walk_index(market, price, words.line());
  int64_t age_ms = 0;
  if (words.accept("from")) {
    age_ms = words.take_duration_ms();
    words.expect("ago");
  }
  const Outcome outcome = world_.set_price(market, price, age_ms);
  if (outcome.code != ResultCode::ok) refusals_["index"] = {words.line(), outcome};
}

// As many updates as the step allowed for one takes, at one instant.
void Actions::walk_index(MarketId market, Price target, int line) {
  do {
    if (world_.set_price(market, target).code != ResultCode::ok) {
      throw ScenarioError(line, "the index was refused on its way");
    }
  } while (world_.markets()[market].index != target);
}

// time +30s [prices every 3s]: with prices, each market gets its last index again and again.
void Actions::pass_time(Words& words) {
  if (!words.peek().starts_with('+')) words.fail("a time such as +30s expected");
  Statement probe{words.line(), {words.take("a time").substr(1)}, {}};
  int64_t left_ms = Words(probe).take_duration_ms();
  if (!words.accept({"prices", "every"})) return world_.pass_time(left_ms);
  const int64_t period_ms = words.take_duration_ms();
  if (period_ms < 1) words.fail("a period above zero");
  for (; left_ms > 0; left_ms -= period_ms) {
    world_.pass_time(std::min(period_ms, left_ms));
    for (MarketId market = 0; market < world_.markets().size(); ++market) {
      world_.set_price(market, world_.markets()[market].index);
    }
  }
}

void Actions::set_mode(MarketId market, MarketMode mode, int line) {
  Command command(CommandType::set_market_mode, 0, market);
  command.set_market_mode = SetMarketMode{};
  command.set_market_mode.mode = mode;
  submit(command, "operator", line);
}

// operator halts|opens|delists BTC; operator sets BTC cancel-only; operator funds BTC 500;
// operator changes BTC in 1h, taker fee 0.1%
void Actions::act_as_operator(Words& words) {
  const std::string verb = words.take("what the operator does");
  const MarketId market = take_market(words);
  if (verb == "halts") return set_mode(market, MarketMode::halted, words.line());
  if (verb == "opens") return set_mode(market, MarketMode::open, words.line());
  if (verb == "delists") return set_mode(market, MarketMode::settled, words.line());
  if (verb == "sets") {
    words.expect("cancel-only");
    return set_mode(market, MarketMode::cancel_only, words.line());
  }
  if (verb == "changes") return change_market(words, market);
  if (verb != "funds") words.fail("unknown word `" + verb + "`");
  Command command(CommandType::fund_insurance, 0, market);
  command.fund_insurance = FundInsurance{};
  command.fund_insurance.amount = words.take_usdc();
  submit(command, "operator", words.line());
}

}  // namespace perpetua::scenario
