// OrderLimits: what the limits of the key that asks, and of its agent, say to an order before the
// market sees it. The engine's rules (Ledger::place) on what the hot store shows. Values.
#pragma once

#include "engine/ledger/key_rules.hpp"
#include "engine/market/order_checks.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::gateway::native {

class OrderLimits {
 public:
  OrderLimits(const stores::HotStore& hot, const CommandHeader& header);

  // Markets that the key may not trade in.
  Outcome check_market(MarketId market) const { return check_key_market(key_, market); }
  // Limits of the key, its daily loss, then those of the agent.
  Outcome check_order(const KeyQuestion& order) const;
  // The tighter bound of the position, and whose it is.
  void bound(OrderExposure& exposure) const;

 private:
  Outcome check_key(const KeyQuestion& order) const;
  Outcome check_agent(const KeyQuestion& order) const;

  KeyLimits key_;  // all 0: none
  Micro key_loss_;
  stores::RiskView agent_;
};

}  // namespace perpetua::gateway::native
