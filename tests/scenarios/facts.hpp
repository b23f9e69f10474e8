// What can be checked: the state and the events of a step as sentences, a head and attributes.
//
//   alice liquidated 2.545455 BTC | by book, value 127272.75, fee 636.36375, ...
//
// A `then` names the head and any of the attributes; both texts are exact decimals.
// Thread-safety: pure functions of a World that is not changing.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "world.hpp"

namespace perpetua::scenario {

struct Fact {
  std::vector<std::string> head;
  std::vector<std::pair<std::string, std::string>> attributes;

  std::string text() const;
};

std::string price_text(const World& world, MarketId market, Price price);
std::string size_text(const World& world, MarketId market, Lots lots);  // without sign
std::string usdc_text(Micro amount);

Fact market_fact(const World& world, const Description& now, MarketId market);
Fact fund_fact(const World& world, const Description& now, MarketId market);
Fact account_fact(const World& world, const Description& now, AgentId agent);
Fact position_fact(const World& world, const Description& now, AgentId agent, MarketId market);

// Of the events since the step began, in order; those that no sentence describes are left out.
std::vector<Fact> event_facts(const World& world);

}  // namespace perpetua::scenario
