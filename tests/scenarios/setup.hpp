// How a scenario begins: the statements of `given`, executed in their order. None may be refused.
//
// Makers, whom a drawn book names first, are rich, have netting on and trade at 1x. Positions are
// opened by trades at the price they name; the maker `house` takes the other side and keeps what
// the others leave open.
// Thread-safety: none. Errors: ScenarioError.
#pragma once

#include "actions.hpp"

namespace perpetua::scenario {

class Setup {
 public:
  Setup(World& world, Actions& actions) : world_(world), actions_(actions) {}

  void run(const Statement& statement);

 private:
  void add_market(Words& words);
  AgentId agent_named(const std::string& name, int line, bool is_maker);
  void open_position(Words& words, const std::string& name);
  void set_margin(AgentId agent, MarketId market, Micro wanted, int line);
  void require(const Outcome& outcome, int line, const std::string& what) const;

  World& world_;
  Actions& actions_;
};

}  // namespace perpetua::scenario
