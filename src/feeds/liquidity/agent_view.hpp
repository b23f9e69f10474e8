// AgentView: what a house agent knows about itself in one market, kept from its own events.
//
// Starts empty or from ExistingAgent (what the application found in the hot store after a restart);
// afterwards it is a function of the agent's events, in order. Pure; one thread.
// Invariant: remaining > 0 for every order held.
#pragma once

#include <string>
#include <vector>

#include "engine/schema/event.hpp"

namespace perpetua::feeds {

struct OwnOrder {
  OrderId id = 0;
  Side side = Side::buy;
  Price price;
  Lots filled;
  Lots remaining;
  int64_t hold_until_ms = 0;  // leave it where it slid to until then
};

// An agent of an earlier run, in one market. Money in micro-USDC.
struct ExistingAgent {
  std::string wallet;
  AgentId agent = 0;
  Micro free;
  Micro reserved;
  Micro position_margin;
  Lots base;  // signed position
  uint16_t leverage = 0;
  bool netting = false;
  std::vector<OwnOrder> orders;
};

class AgentView {
 public:
  explicit AgentView(MarketId market) : market_(market) {}

  void adopt(const ExistingAgent& existing);

  // Events of other agents and markets are ignored, except that account events have no market.
  void on_event(const Event& event);

  void forget_order(OrderId id);
  void forget_orders() { orders_.clear(); }
  void hold_order(OrderId id, int64_t until_ms);

  AgentId agent() const { return agent_; }
  void set_agent(AgentId agent) { agent_ = agent; }
  MarketId market() const { return market_; }
  Micro collateral() const { return free_ + reserved_ + position_margin_; }
  Lots base() const { return base_; }
  uint16_t leverage() const { return leverage_; }
  bool netting() const { return netting_; }
  const std::vector<OwnOrder>& orders() const { return orders_; }

 private:
  OwnOrder* find(OrderId id);
  void on_accepted(const OrderAccepted& accepted);
  void on_amended(const OrderAmended& amended);
  void on_fill(const Fill& fill);

  const MarketId market_;
  AgentId agent_ = 0;
  Micro free_;
  Micro reserved_;
  Micro position_margin_;
  Lots base_;
  uint16_t leverage_ = 0;
  bool netting_ = false;
  std::vector<OwnOrder> orders_;
};

}  // namespace perpetua::feeds
