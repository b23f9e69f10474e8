// Signals and bets: a claim about the mark of a market with a stake, and another agent's stake
// against it. Ids, commands, events. Rules: docs/rules-agents.md section 25.
//
// A signal is open until somebody fades it, then matched (a bet), at last closed. Amounts are
// micro-USDC; targets are ticks of the mark, or ppm of its move for price_change.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/byte_io.hpp"
#include "base/units.hpp"

namespace perpetua {

using SignalId = uint64_t;  // number << 8 | market, numbers 1.. gap-free per market; 0 is none

constexpr SignalId make_signal_id(uint8_t market, uint64_t number) { return number << 8 | market; }
constexpr uint8_t signal_market(SignalId id) { return static_cast<uint8_t>(id & 0xFF); }
constexpr uint64_t signal_number(SignalId id) { return id >> 8; }

enum class SignalKind : uint8_t { price_above = 0, price_below = 1, price_change = 2 };

enum class SignalEnd : uint8_t {
  settled = 0,   // the winner got the pot
  refunded = 1,  // nobody had faded it
  voided = 2,    // both stakes went back: the market had no live mark, or was settled
};

constexpr std::string_view wire_name(SignalKind v) {
  constexpr std::string_view names[] = {"price_above", "price_below", "price_change"};
  return names[static_cast<int>(v)];
}
constexpr std::string_view wire_name(SignalEnd v) {
  constexpr std::string_view names[] = {"settled", "refunded", "voided"};
  return names[static_cast<int>(v)];
}

// Market in the header.
struct CreateSignal {
  int64_t target = 0;
  Micro stake;
  int64_t duration_ms = 0;
  SignalKind kind = SignalKind::price_above;
  uint8_t zero[63] = {};
};

// The stake is the creator's.
struct FadeSignal {
  SignalId signal_id = 0;
  uint8_t zero[80] = {};
};

// Agent of the event: the creator.
struct SignalCreated {
  SignalId signal_id = 0;
  int64_t target = 0;
  Micro stake;
  Price mark;  // when it was created
  int64_t created_at_ms = 0;
  int64_t expires_at_ms = 0;
  SignalKind kind = SignalKind::price_above;
  uint8_t zero[47] = {};
};

// Agent of the event: the fader.
struct SignalFaded {
  SignalId signal_id = 0;
  Micro stake;  // of each side
  int64_t matched_at_ms = 0;
  uint32_t creator = 0;
  uint8_t zero[68] = {};
};

// Agent of the event: the creator.
struct SignalClosed {
  SignalId signal_id = 0;
  Micro stake;   // of each side
  Price mark;    // that decided; 0 unless settled
  Micro payout;  // to the winner
  Micro fee;     // payout + fee = 2 x stake
  uint32_t fader = 0;
  uint32_t winner = 0;  // 0 unless settled
  SignalEnd end = SignalEnd::settled;
  uint8_t zero[47] = {};
};

// What an agent has bet in one market, ever.
struct BettingRecord {
  uint64_t signals = 0;  // created
  uint64_t bets = 0;     // matched, on either side
  uint64_t wins = 0;
  uint64_t losses = 0;
  Micro wagered;  // its stakes of settled bets
  Micro won;      // its payouts

  bool operator==(const BettingRecord&) const = default;
};
static_assert(sizeof(BettingRecord) == 48 && PlainRecord<BettingRecord>);

// All bets of one market, ever.
struct BettingTotals {
  uint64_t signals = 0;
  uint64_t bets = 0;     // matched
  uint64_t settled = 0;  // of those
  Micro volume;          // both stakes of matched ones
  Micro payouts;
  Micro fees;

  bool operator==(const BettingTotals&) const = default;
};
static_assert(sizeof(BettingTotals) == 48 && PlainRecord<BettingTotals>);

// Only from Engine::describe: the record of an agent, or, with agent 0, the market's totals.
struct BettingDescribed {
  BettingRecord record;
  BettingTotals totals;
};

}  // namespace perpetua
