// What ledger and markets hand each other inside one round. Plain records, one thread at a time:
// the ledger writes operations, a market reads them and writes credits, outcomes and events.
#pragma once

#include <vector>

#include "engine/schema/batch.hpp"

namespace perpetua {

// One command for one market, with what the ledger resolved and reserved for it.
struct MarketOperation {
  uint32_t command = 0;       // index in the batch
  uint16_t leverage = 0;      // place: resolved
  uint8_t to_all = 0;         // 1: every market gets it, and their outcomes become one
  uint8_t is_agents_max = 0;  // position_max is of the agent's risk limits, not of the key
  Price price;                // place: limit or bound; amend: new price
  Price reserve_price;
  Micro reserved;        // place: the reservation; amend: the increment
  OrderId order_id = 0;  // amend, cancel; 0 = by client id
  Micro position_max;    // of the key that sent it, or of the agent; 0 = none
};

// A change of one account; applied by the ledger in settle.
struct Credit {
  AgentId agent = 0;
  uint32_t is_stake = 0;  // 1: between the account and the escrow of bets
  Micro free;
  Micro reserved;
  Micro position_margin;
};

struct MarketRound {
  std::vector<MarketOperation> operations;
  std::vector<Outcome> outcomes;  // one per operation
  std::vector<Credit> credits;
  std::vector<Event> own_events;
  // Where events go: the batch's own vector while markets run one after the other, which saves a
  // copy of every event; own_events while they run at once. The same bytes either way.
  std::vector<Event>* events = &own_events;
  Micro fees;

  MarketRound() = default;
  MarketRound(const MarketRound&) = delete;
  MarketRound& operator=(const MarketRound&) = delete;

  void clear() {
    operations.clear();
    credits.clear();
    own_events.clear();
    fees = Micro(0);
  }
};

}  // namespace perpetua
