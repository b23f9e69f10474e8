// Taker: a house agent that trades small market orders at random, so that trades, candles and
// tickers of the sandbox live even when nobody else trades.
//
// Intervals, sides and sizes come from a seeded generator: the same seed and clock give the same
// orders. The side leans against the position, which stays near position_max. Pure; one thread.
#pragma once

#include "engine/schema/market_spec.hpp"
#include "feeds/liquidity/participant.hpp"

namespace perpetua::feeds {

struct TakerOptions {
  int64_t interval_mean_ms = 1'500;
  Micro notional_min{20'000'000};
  Micro notional_max{400'000'000};
  Micro position_max{20'000'000'000};
  int64_t price_stale_after_ms = 60'000;
  uint64_t seed = 1;
};

// splitmix64: small, seedable, the same on every platform.
class RandomSequence {
 public:
  explicit RandomSequence(uint64_t seed) : state_(seed) {}
  uint64_t next();
  // Uniform in [low, high]; REQUIRES: low <= high.
  int64_t between(int64_t low, int64_t high);

 private:
  uint64_t state_;
};

class Taker final : public Participant {
 public:
  Taker(AgentProfile profile, uint32_t index, const MarketSpec& spec, const TakerOptions& options);

  void on_tick(int64_t now_ms, const MarketNow& market, CommandSink& sink) override;
  void on_outcome(uint64_t token, const Outcome& outcome, int64_t now_ms) override;
  void on_gap() override {}
  void on_market_changed(const MarketSpec& spec, uint16_t leverage) override;
  AgentSession& session() override { return session_; }

 private:
  Command next_order(Price index, int64_t now_ms);

  AgentSession session_;
  MarketSpec spec_;
  const TakerOptions options_;
  RandomSequence random_;
  uint64_t in_flight_ = 0;  // token of the one order sent
  int64_t next_at_ms_ = 0;
};

}  // namespace perpetua::feeds
