// Participant: one house agent as LiquidityHouse sees it.
//
// Pure state machines: time and prices come in, commands go out through the sink. One thread. In a
// market that takes no orders a participant places none and leaves none.
#pragma once

#include <cstdint>

#include "feeds/command_sink.hpp"
#include "feeds/liquidity/agent_session.hpp"

namespace perpetua::feeds {

struct MarketNow {
  Price index;                // 0 until the first price_updated
  int64_t updated_at_ms = 0;  // when it was seen
  bool accepts_orders = true;

  bool is_tradable(int64_t now_ms, int64_t stale_after_ms) const {
    return accepts_orders && index.value > 0 && now_ms - updated_at_ms <= stale_after_ms;
  }
};

// After a market_closed that no event has announced (events can be lost, see on_gap).
inline constexpr int64_t kClosedPauseMs = 5'000;

class Participant {
 public:
  virtual ~Participant() = default;
  virtual void on_tick(int64_t now_ms, const MarketNow& market, CommandSink& sink) = 0;
  virtual void on_outcome(uint64_t token, const Outcome& outcome, int64_t now_ms) = 0;

  // Own events were lost: forget what they would have said about open orders.
  virtual void on_gap() = 0;

  // The market has another spec from now on; `leverage` is what the agent is to use there.
  virtual void on_market_changed(const MarketSpec& spec, uint16_t leverage) = 0;
  virtual AgentSession& session() = 0;
};

}  // namespace perpetua::feeds
