#include "setup.hpp"

#include <algorithm>

#include "base/decimal.hpp"
#include "drawn_book.hpp"
#include "market_options.hpp"

namespace perpetua::scenario {
namespace {

constexpr Micro kUsualBalance(10'000'000'000'000);     // 10 million USDC
constexpr Micro kMakerBalance(1'000'000'000'000'000);  // a thousand million

bool is_agent_name(const std::string& name) {
  const auto is_allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && std::all_of(name.begin(), name.end(), is_allowed);
}

}  // namespace

void Setup::run(const Statement& statement) {
  Words words(statement);
  const std::string& second = statement.words.size() > 1 ? statement.words[1] : std::string();
  if (words.accept("market")) {
    add_market(words);
  } else if (second == "has") {
    const std::string name = words.take("an agent");
    words.expect("has");
    const Micro balance = words.take_usdc();
    if (world_.find_agent(name) != 0 || !is_agent_name(name)) {
      words.fail("`" + name + "` is known already, or no name (small letters and digits)");
    }
    if (world_.add_agent(name, balance) == 0) words.fail("no agent with that balance");
  } else if (second == "long" || second == "short") {
    open_position(words, words.take("an agent"));
  } else {
    for (const Statement& row : statement.rows) {
      if (row.words.size() > 3) agent_named(row.words[3], row.line, true);
    }
    actions_.run(statement);
    for (const auto& [subject, refusal] : actions_.refusals()) {
      require(refusal.outcome, refusal.line, "what is given");
    }
    return;
  }
  words.end();
}

// market BTC index 60000 fund 1000 and the options of a market
void Setup::add_market(Words& words) {
  const std::string name = words.take("a market");
  MarketSpec spec = make_spec(name);
  Micro fund;
  Price index;
  while (!words.is_at_end()) {
    if (take_market_option(words, spec)) continue;
    if (words.accept("index")) {
      index = words.take_price(spec);
    } else if (words.accept("fund")) {
      fund = words.take_usdc();
    } else {
      words.end();
    }
  }
  const MarketId market = world_.add_market(name, spec);
  if (market == kNoMarket) words.fail("the exchange does not take this market");
  if (index != Price(0)) require(world_.set_price(market, index), words.line(), "the index");
  if (fund == Micro(0)) return;
  Command command(CommandType::fund_insurance, 0, market);
  command.fund_insurance = FundInsurance{};
  command.fund_insurance.amount = fund;
  require(world_.apply(command), words.line(), "the fund");
}

AgentId Setup::agent_named(const std::string& name, int line, bool is_maker) {
  const AgentId known = world_.find_agent(name);
  if (known != 0) return known;
  if (!is_agent_name(name)) throw ScenarioError(line, "`" + name + "` is no name of an agent");
  const AgentId agent = world_.add_agent(name, is_maker ? kMakerBalance : kUsualBalance);
  for (MarketId market = 0; is_maker && market < world_.markets().size(); ++market) {
    Command command(CommandType::set_netting, agent, market);
    command.set_netting = SetNetting{};
    command.set_netting.netting = 1;
    require(world_.apply(command), line, "netting");
  }
  return agent;
}

// alice long 1 BTC at 60000 [5x] [margin 12000]
void Setup::open_position(Words& words, const std::string& name) {
  const bool is_long = words.accept("long");
  if (!is_long) words.expect("short");
  MarketId market = 0;
  const Lots lots = actions_.take_size(words, market);
  words.expect("at");
  const Price price = words.take_price(world_.rules(market));
  const uint32_t leverage = words.is_leverage_next() ? words.take_leverage() : 1;
  const AgentId agent = agent_named(name, words.line(), false);
  const AgentId house = agent_named("house", words.line(), true);
  const Side side = is_long ? Side::buy : Side::sell;
  const Command offer = make_order(house, market, opposite(side), price, lots);
  require(world_.apply(offer), words.line(), "the other side of this position");
  Command take = make_order(agent, market, side, price, lots);
  take.place.leverage = static_cast<uint16_t>(leverage);
  take.place.time_in_force = TimeInForce::ioc;
  const Outcome outcome = world_.apply(take);
  require(outcome, words.line(), "this position");
  if (outcome.values[0] != lots.value ||
      outcome.values[1] != notional(price, lots, world_.rules(market)).value) {
    words.fail("the book above does not let this position trade at its price");
  }
  if (words.accept("margin")) set_margin(agent, market, words.take_usdc(), words.line());
}

void Setup::set_margin(AgentId agent, MarketId market, Micro wanted, int line) {
  const Micro margin = world_.describe().positions[{agent, market}].position.margin;
  if (margin == wanted) return;
  Command command(CommandType::adjust_margin, agent, market);
  command.adjust_margin = AdjustMargin{};
  command.adjust_margin.amount = wanted - margin;
  const Outcome outcome = world_.apply(command);
  require(outcome, line, "this margin (the position has " + decimal_text(margin.value, 6) + ")");
}

void Setup::require(const Outcome& outcome, int line, const std::string& what) const {
  if (outcome.code == ResultCode::ok) return;
  const ResultInfo& info = result_info(outcome.code);
  throw ScenarioError(
      line, what + " is refused: " + std::string(info.name) + ", " + std::string(info.message));
}

}  // namespace perpetua::scenario
