// Participant: one house agent as LiquidityHouse sees it.
//
// Pure state machines: time and prices come in, commands go out through the sink. One thread.
#pragma once

#include <cstdint>

#include "feeds/command_sink.hpp"
#include "feeds/liquidity/agent_session.hpp"

namespace perpetua::feeds {

struct MarketPrice {
  Price index;                // 0 until the first price_updated
  int64_t updated_at_ms = 0;  // when it was seen
};

class Participant {
 public:
  virtual ~Participant() = default;
  virtual void on_tick(int64_t now_ms, const MarketPrice& price, CommandSink& sink) = 0;
  virtual void on_outcome(uint64_t token, const Outcome& outcome, int64_t now_ms) = 0;

  // Own events were lost: forget what they would have said about open orders.
  virtual void on_gap() = 0;
  virtual AgentSession& session() = 0;
};

}  // namespace perpetua::feeds
