// What ledger and markets hand each other inside one round. Plain records, one thread at a time:
// the ledger writes operations, a market reads them and writes credits, results and events.
#pragma once

#include <vector>

#include "engine/schema/batch.hpp"

namespace perpetua {

// One command for one market, with what the ledger resolved and reserved for it.
struct MarketOperation {
  uint32_t command = 0;   // index in the batch
  uint32_t leverage = 0;  // place: resolved
  Price price;            // place: limit or bound; amend: new price
  Price reserve_price;
  Micro reserved;        // place: the reservation; amend: the increment
  OrderId order_id = 0;  // amend, cancel; 0 = by client id
};

// A change of one account; applied by the ledger in settle.
struct Credit {
  AgentId agent = 0;
  Micro free;
  Micro reserved;
  Micro position_margin;
};

struct MarketResult {
  uint32_t command = 0;
  Outcome outcome;
};

struct MarketRound {
  std::vector<MarketOperation> operations;
  std::vector<Credit> credits;
  std::vector<MarketResult> results;
  std::vector<Event> events;
  Micro fees;

  void clear() {
    operations.clear();
    credits.clear();
    results.clear();
    events.clear();
    fees = Micro(0);
  }
};

}  // namespace perpetua
