// The agents of the drill: each holds one position of random side, size and leverage. Whoever is
// flat comes back later, with new money if he lost what he had, so the number of open positions
// stays about the same all through the crash.
//
// And the makers: a few agents with a bounded capital who quote around the index on both sides and
// lean against what they hold.
// Thread-safety: none. All choices come from the seed.
#pragma once

#include <vector>

#include "crash_drill/exchange.hpp"

namespace perpetua::drill {

struct PopulationSettings {
  uint32_t agents = 10'000;
  int64_t balance_low_usdc = 1'000, balance_high_usdc = 10'000;
  int64_t leverage_low = 1, leverage_high = 20;
  uint32_t returns_per_round = 400;  // flat agents who come back at once
};

class Population {
 public:
  Population(Exchange& exchange, const PopulationSettings& settings, uint64_t seed);

  // Everybody takes his first position, against each other, at the index.
  void open_positions();
  // Some of those who are flat buy or sell at the market.
  void bring_back_some();
  Micro equity() const;
  Micro deposited() const { return deposited_; }

 private:
  Command wish(AgentId agent, Price price);
  void deposit(AgentId agent);

  Exchange& exchange_;
  PopulationSettings settings_;
  Random random_;
  AgentId first_ = 0;
  AgentId next_ = 0;  // where the search for flat agents goes on
  Micro deposited_;
};

struct MakerSettings {
  uint32_t makers = 8;
  int64_t capital_usdc = 5'000'000;
  uint16_t leverage = 3;
  int64_t level_usdc = 60'000;  // of the first level; the second holds twice that, and so on
  int64_t position_max_usdc = 8'000'000;
};

class Makers {
 public:
  Makers(Exchange& exchange, const MakerSettings& settings);

  // Cancels what rests and quotes around the index.
  void quote();
  Micro equity() const;

 private:
  void quote_side(AgentId agent, Side side, Price index, int64_t held_usdc);

  Exchange& exchange_;
  MakerSettings settings_;
  AgentId first_ = 0;
};

}  // namespace perpetua::drill
