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
  uint32_t wealth_percent = 100;  // of an agent, against the size of its orders
  uint32_t margin_use_max_ppm = 800'000;
  bool configures = true;
  bool hoards = false;  // one agent fills a market with orders, up to its maximum
  bool floods = false;  // agents bring as much money as the exchange takes
  std::array<uint32_t, 18> weights{};  // by command type
};

Mix draw_mix(Random& random);

// A valid spec. Half of them are odd: one micro-USDC or thousands of USDC a lot, prices that start
// at one tick, bands of a hair or of nearly everything.
MarketSpec draw_spec(Random& random, uint32_t number);

}  // namespace perpetua::model
