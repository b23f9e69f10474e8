// SignalTable: the signals of one market that are not over, and what was bet there ever.
//
// The stakes of live signals are the escrow, a term of the money identity. Open ones wait for a
// fader or their expiry, matched ones for a live mark; each kind by (expiry, number). Insert,
// match, close and the next due one are O(log n). Rules: docs/rules-agents.md section 25.
// Thread-safety: none (the market's thread). Bounded by limits::kSignalsPerMarketMax.
#pragma once

#include <map>
#include <set>
#include <utility>

#include "base/byte_io.hpp"
#include "base/limits.hpp"
#include "engine/schema/signal.hpp"
#include "engine/schema/types.hpp"

namespace perpetua {

struct Signal {
  uint64_t number = 0;
  int64_t target = 0;
  Micro stake;
  Price mark;  // when it was created
  int64_t created_at_ms = 0;
  int64_t expires_at_ms = 0;
  int64_t matched_at_ms = 0;
  AgentId creator = 0;
  AgentId fader = 0;  // 0: open
  SignalKind kind = SignalKind::price_above;
  uint8_t zero[7] = {};

  Micro held() const { return fader == 0 ? stake : stake + stake; }
  // Whether the creator has won at this mark.
  bool is_true_at(Price at) const;
};
static_assert(sizeof(Signal) == 72 && PlainRecord<Signal>);

class SignalTable {
 public:
  const std::map<uint64_t, Signal>& live() const { return live_; }
  const std::map<AgentId, BettingRecord>& records() const { return records_; }
  const BettingTotals& totals() const { return totals_; }
  Micro escrow() const { return escrow_; }
  uint32_t live_of(AgentId creator) const;
  const Signal* find(uint64_t number) const;  // nullptr: over, or never was
  bool was(uint64_t number) const { return number >= 1 && number <= totals_.signals; }

  // Gives it the next number.
  const Signal& add(Signal signal);
  // REQUIRES: open.
  const Signal& match(uint64_t number, AgentId fader, int64_t log_time_ms);
  // `payout` and `fee` are 0 unless settled. REQUIRES: live.
  void close(uint64_t number, AgentId winner, Micro payout, Micro fee);

  // The first open or matched one with an expiry of at most this; nullptr if there is none.
  const Signal* next_open(int64_t due_ms) const { return next(open_, due_ms); }
  const Signal* next_matched(int64_t due_ms) const { return next(matched_, due_ms); }
  // When time alone closes one: docs/rules-agents.md section 25.
  int64_t next_deadline_ms() const;

  void save(ByteSink& sink) const;
  [[nodiscard]] bool load(ByteSource& source);
  void check_invariants() const;

 private:
  using Queue = std::set<std::pair<int64_t, uint64_t>>;

  const Signal* next(const Queue& queue, int64_t due_ms) const {
    if (queue.empty() || queue.begin()->first > due_ms) return nullptr;
    return &live_.at(queue.begin()->second);
  }
  Queue& queue_of(const Signal& signal) { return signal.fader == 0 ? open_ : matched_; }
  void enlist(const Signal& signal);

  std::map<uint64_t, Signal> live_;
  std::map<AgentId, BettingRecord> records_;
  BettingTotals totals_;
  // Derived.
  Queue open_;
  Queue matched_;
  std::map<AgentId, uint32_t> live_of_;
  Micro escrow_;
};

}  // namespace perpetua
