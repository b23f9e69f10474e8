// What can happen in a scenario: the statements of `when`, most of which `given` knows as well.
//
// A command that the exchange refuses is remembered under its subject (agent, `operator`,
// `index`) until a `then` names it; take_unnamed_refusal() gives the one that none did.
// Thread-safety: none. Errors: ScenarioError for what the language does not know.
#pragma once

#include <map>

#include "words.hpp"
#include "world.hpp"

namespace perpetua::scenario {

struct Refusal {
  int line = 0;
  Outcome outcome;
};

class Actions {
 public:
  explicit Actions(World& world) : world_(world) {}

  // One statement; its first word decides.
  void run(const Statement& statement);
  // Rows of a drawn book become orders, from the top.
  void place_book(Words& words);

  std::map<std::string, Refusal>& refusals() { return refusals_; }

  // The market that the next word names; else the only one there is.
  MarketId take_market(Words& words) const;
  // A size and the market whose unit it is in: `0.5 BTC`.
  Lots take_size(Words& words, MarketId& market) const;
  AgentId take_agent(Words& words) const;
  Outcome submit(const Command& command, const std::string& subject, int line);

 private:
  void set_index(Words& words);
  void walk_index(MarketId market, Price target, int line);
  void pass_time(Words& words);
  void act_as_operator(Words& words);
  void set_mode(MarketId market, MarketMode mode, int line);
  void act_as_agent(Words& words);
  void place_order(Words& words, AgentId agent, Side side);
  void take_order_options(Words& words, Command& command, std::string& name) const;
  uint32_t bracket_price(Words& words, MarketId market) const;
  void cancel(Words& words, AgentId agent);
  void adjust_margin(Words& words, AgentId agent, int64_t direction);
  void move_money(Words& words, AgentId agent, CommandType type);
  void change_settings(Words& words, AgentId agent);
  void close_position(Words& words, AgentId agent);
  void cancel_scope(AgentId agent, CancelScope scope, int line);
  // agent_safety.cpp: what waits for the agent, and what bounds his keys.
  void protect(Words& words, AgentId agent);
  void place_entry_trigger(Words& words, const Command& order, TriggerKind kind);
  void submit_trigger(const Command& command, const std::string& name, int line);
  void arm_switch(Words& words, AgentId agent, CancelScope scope);
  void make_key(Words& words, AgentId agent);
  void change_market(Words& words, MarketId market);

  World& world_;
  std::map<std::string, Refusal> refusals_;
  uint32_t key_id_ = 0;  // of the statement in hand; 0: none named
};

// A limit order without options.
Command make_order(AgentId agent, MarketId market, Side side, Price price, Lots lots);

}  // namespace perpetua::scenario
