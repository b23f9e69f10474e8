// The options of a market, as `given` and the operator's change of a market name them:
//
//   tiers 20x | 10x from 100000   fund cap 50000   breaker 40000   mark band 1%   impact 20000
//   lowest price 1000             maker fee 0.02%  taker fee 0.05%  no fees
//
// Thread-safety: pure functions. Errors: ScenarioError.
#pragma once

#include "words.hpp"

namespace perpetua::scenario {

// What a market of this name is without any option.
MarketSpec make_spec(const std::string& name);

// Takes one option; false if the next words are none.
bool take_market_option(Words& words, MarketSpec& spec);

}  // namespace perpetua::scenario
