// Mix: what one session of the differential test is like. Drawn from the session's seed, so that
// sessions differ in kind and not only in detail: many agents or two, rich or poor, single
// commands or bursts of one agent, calm prices or wild ones, one market or many.
#pragma once

#include <array>

#include "engine/schema/command.hpp"
#include "engine/schema/market_spec.hpp"
#include "random.hpp"

namespace perpetua::model {

struct Mix {
  uint32_t markets = 1;
  uint32_t agents = 2;
  uint32_t batch_max = 1;
  uint32_t burst_percent = 0;     // the next command comes from the same agent
  uint32_t key_percent = 0;       // a command carries an idempotency key
  uint32_t client_id_percent = 0;
  uint32_t repeat_per_mille = 0;  // an earlier command is sent again
  uint32_t hostile_per_mille = 0;  // fields nobody sane would send
  uint32_t netting_percent = 0;
  uint32_t home_side_percent = 0;  // an agent keeps to its side of a market
  uint32_t reduce_only_percent = 0;
  uint32_t volatility_ppm = 100;  // of one price update
  uint32_t run_per_mille = 0;     // of prices begin a run of many in one direction
  int64_t skew_ppm = 0;           // of the middle of the orders against the mark
  int64_t pace_ms = 60;           // of the clock, from batch to batch
  uint32_t lag_per_mille = 0;     // batches that come so late that prices are stale
  uint32_t idle_per_mille = 0;    // batches begin an hour in which hardly anything is done
  uint32_t jump_per_mille = 0;    // batches that come hours later
  uint32_t tick_percent = 0;      // of refreshed prices are followed by a tick
  uint32_t reopen_percent = 10;     // of batches open a market that is not open
  uint32_t full_leverage_percent = 0;
  uint32_t bracket_percent = 0;    // of orders
  uint32_t key_id_percent = 0;     // of commands name the key that sent them
  uint32_t risk_percent = 0;       // of agents register with risk limits
  uint32_t wealth_percent = 100;  // of an agent, against the size of its orders
  uint32_t margin_use_max_ppm = 800'000;
  bool configures = true;
  bool hoards = false;  // one agent fills a market with orders, up to its maximum
  bool has_crises = false;  // markets halt while prices run, and trade before anybody is liquidated
  bool endows = false;  // the insurance funds start with something
  bool settles = false;  // markets may be settled
  bool floods = false;  // agents bring as much money as the exchange takes
  std::array<uint32_t, 29> weights{};  // by command type
};

Mix draw_mix(Random& random);

// A valid spec. Half of them are odd: one micro-USDC or thousands of USDC a lot, prices that start
// at one tick, bands of a hair or of nearly everything.
MarketSpec draw_spec(Random& random, uint32_t number);

}  // namespace perpetua::model
