// The exchange of one scenario: an engine that is fed one command a batch, with the names that the
// text uses for markets, agents and orders, and a second set of books for the money identity.
//
// After every batch the engine's own invariants and the money identity (recomputed here from the
// description of the state and the fees of the events) must hold.
// The clock starts at the beginning of an hour. Thread-safety: none. Errors: std::logic_error if
// the money identity breaks or a restart changes the state.
#pragma once

#include <map>
#include <memory>

#include "engine/engine.hpp"
#include "engine/schema/position.hpp"

namespace perpetua::scenario {

struct NamedMarket {
  std::string name;
  MarketRules rules;
  Price index;  // last accepted
};

struct DescribedOrder {
  OrderId id = 0;
  AgentId agent = 0;
  MarketId market = 0;
  Side side = Side::buy;
  Price price;
  Lots lots;
};

struct DescribedMarket {
  MarketStatus status;
  FundChanged fund;
  Price index;
  Price mark;
  MarketSpec spec;
};

struct DescribedPosition {
  Position position;
  Micro realised_pnl;
};

// What Engine::describe shows.
struct Description {
  std::vector<DescribedMarket> markets;
  std::map<AgentId, AccountChanged> accounts;
  std::map<std::pair<AgentId, MarketId>, DescribedPosition> positions;
  std::vector<DescribedOrder> orders;  // buys from the best, then sells from the best
  std::map<AgentId, int> triggers;     // how many
};

class World {
 public:
  static constexpr int64_t kStartMs = 1'767'225'600'000;  // 2026-01-01 00:00:00 UTC

  World();

  MarketId add_market(const std::string& name, const MarketSpec& spec);
  const std::vector<NamedMarket>& markets() const { return markets_; }
  // kNoMarket if there is none of that name.
  MarketId find_market(std::string_view name) const;
  const MarketRules& rules(MarketId market) const { return markets_[market].rules; }

  AgentId add_agent(const std::string& name, Micro balance);
  AgentId find_agent(std::string_view name) const;  // 0: nobody
  const std::string& agent_name(AgentId agent) const { return agents_[agent]; }

  void name_order(AgentId agent, const std::string& name, OrderId order);
  OrderId find_order(AgentId agent, const std::string& name) const;  // 0: none
  // As it was last told.
  TriggerChanged find_trigger(OrderId trigger) const;
  uint32_t add_key(AgentId agent, const std::string& name, int64_t valid_ms);  // 0: refused
  uint32_t find_key(AgentId agent, const std::string& name) const;             // 0: none

  Outcome apply(const Command& command, std::string_view text = {});
  Outcome set_price(MarketId market, Price price, int64_t age_ms = 0);
  void pass_time(int64_t ms);  // and an empty batch
  void restart();              // save and load

  int64_t now_ms() const { return now_ms_; }
  Description describe() const;
  const std::vector<Event>& events() const { return events_; }
  void forget_events() { events_.clear(); }
  // Sum of both sides of the money identity, in micro-USDC; 0 if it holds.
  Int128 money_difference() const;
  Lots base_sum(MarketId market) const;

 private:
  void run(std::span<const Command> commands, std::string_view text);
  void count_money(const Command& command);

  std::unique_ptr<Engine> engine_;
  BatchOutput output_;
  int64_t now_ms_ = kStartMs;
  std::vector<NamedMarket> markets_;
  std::vector<std::string> agents_{"operator"};
  std::map<std::pair<AgentId, std::string>, OrderId> orders_;
  std::map<std::pair<AgentId, std::string>, uint32_t> keys_;
  std::map<OrderId, TriggerChanged> triggers_;  // all that ever were
  std::vector<Event> events_;                   // of the step in hand
  Int128 deposited_ = 0;                        // less what was withdrawn
  Int128 fees_ = 0;
};

}  // namespace perpetua::scenario
