// A second set of books, kept from the events alone, and what must be true after every batch.
//
//   money     cash - signed entry + fees + fund cash - bad debt = deposits
//   base      sums to zero, the fund included
//   healthy   nobody with equity >= maintenance is liquidated, by figures computed here
//   flat      deleveraging touches only positions, of the other side, and only shrinks them
//   solvent   after a price, no position is worth less than zero; no account below zero, ever
//
// Every so often the books are compared with Engine::describe and the engine scans itself.
// Amounts in micro-USDC. Thread-safety: none. A violation is counted and the first ones are told.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "engine/schema/position.hpp"

namespace perpetua::drill {

struct AgentBooks {
  Position position;
  Micro free;
  Micro reserved;
  Micro margin;
};

struct Counters {
  uint64_t trades = 0;
  uint64_t book_liquidations = 0, take_overs = 0, deleveragings = 0;  // steps
  uint64_t deleveraged_agents = 0;                                    // touched, with repeats
  Int128 book_micro = 0, taken_over_micro = 0, deleveraged_micro = 0;
  Int128 liquidation_fees = 0;
  uint64_t funding_hours = 0;
  uint64_t second_passes = 0;  // the market went cancel-only by itself
};

class Auditor {
 public:
  explicit Auditor(const MarketSpec& spec) : rules_(spec), books_(1) {}

  void on_batch(const BatchOutput& output);
  // After a price in a market that is not stale.
  void check_solvency();
  void compare(const Engine& engine);
  void add_deposit(Micro amount) { deposits_ += amount.value; }

  const std::vector<AgentBooks>& books() const { return books_; }
  const Counters& counters() const { return counters_; }
  const FundChanged& fund() const { return fund_; }
  Price mark() const { return mark_; }
  Price index() const { return index_; }
  Micro fund_equity() const;
  // Free, reserved, margin and open profit.
  Micro equity(AgentId agent) const;
  uint64_t open_positions() const;
  uint64_t violations() const { return violations_; }

 private:
  AgentBooks& at(AgentId agent);
  void on_event(const Event& event);
  void on_fill(const Event& event);
  void on_liquidation(const Event& event);
  void on_position(const Event& event);
  void set_position(AgentId agent, const Position& after);
  void check_money();
  void violate(const std::string& what);

  MarketRules rules_;
  std::vector<AgentBooks> books_;  // [0] is the fund, of the last advance
  FundChanged fund_;
  Position slice_before_;  // of the agent whose slice is being filled
  Price mark_, index_;
  Counters counters_;
  uint64_t sequence_ = 0;
  uint64_t violations_ = 0;
  Int128 deposits_ = 0, cash_ = 0, fees_ = 0, signed_entry_ = 0;
  int64_t base_ = 0;
};

}  // namespace perpetua::drill
