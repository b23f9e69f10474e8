// FeedRunner: the thread that drives price sources and house agents.
//
// Every tick it drains its inbox (events and outcomes that egress left there), polls the sources,
// sends update_price commands, every kMarketTickMs the `tick` command (funding, staleness,
// unwinding and triggers go by log time, wherever prices come from), and lets the house act.
// Prices whose command is refused are dropped: the next quote is fresher. Everything else lives in
// pure classes; this one owns the clock.
//
// Thread-safety: start/stop from one thread; on_batch from egress, which it never blocks for longer
// than a copy under a mutex. The inbox holds kInboxMax events; beyond that, events are dropped and
// the house is told (on_gap). Outcomes are always kept: there are no more than commands in flight.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "feeds/liquidity/house.hpp"
#include "feeds/price_source.hpp"

namespace perpetua::feeds {

inline constexpr std::size_t kInboxMax = 1u << 16;
inline constexpr int64_t kTickMs = 100;
inline constexpr int64_t kMarketTickMs = 3'000;  // one `tick` command: the period of mark samples

struct FeedOutcome {
  uint64_t token = 0;
  Outcome outcome;
};

struct FeedCounters {
  uint64_t prices_sent = 0;
  uint64_t prices_refused = 0;   // exchange at capacity
  uint64_t prices_rejected = 0;  // by the engine
  uint64_t gaps = 0;
};

class FeedRunner {
 public:
  using ClockMs = std::function<int64_t()>;  // milliseconds since 1970

  // `sources` may be empty (prices are pushed, or there are none), `house` null. All references
  // outlive the runner.
  FeedRunner(std::vector<PriceSource*> sources, LiquidityHouse* house, CommandSink& sink,
             ClockMs clock);
  ~FeedRunner();

  void start();
  void stop();  // joins; no command is sent afterwards

  // One durable batch: its events, then the outcomes of commands that came from the sink.
  void on_batch(std::span<const Event> events, std::span<const FeedOutcome> outcomes);

  // A market has another spec now, of a batch that on_batch gets too. From egress, as on_batch; it
  // is never dropped.
  void on_market_changed(MarketId market, const MarketSpec& spec);

  // One round, on the caller's thread; what the thread does every kTickMs. For tests and start().
  void tick();

  FeedCounters counters() const;

 private:
  void run();
  void drain_inbox(int64_t now_ms);
  void send_prices(int64_t now_ms);
  void send_market_tick(int64_t now_ms);
  bool is_of_interest(const Event& event) const;

  const std::vector<PriceSource*> sources_;
  LiquidityHouse* const house_;
  CommandSink& sink_;
  const ClockMs clock_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Event> inbox_events_;  // guarded by mutex_
  std::vector<FeedOutcome> inbox_outcomes_;
  std::vector<std::pair<MarketId, MarketSpec>> inbox_specs_;
  std::vector<AgentId> house_agents_;
  bool has_gap_ = false;
  bool is_stopping_ = false;
  int64_t next_market_tick_ms_ = 0;
  FeedCounters counters_;

  std::vector<Event> events_;  // the runner's side of the swap
  std::vector<FeedOutcome> outcomes_;
  std::vector<std::pair<MarketId, MarketSpec>> specs_;
  std::vector<PriceQuote> quotes_;
  std::thread thread_;
};

}  // namespace perpetua::feeds
