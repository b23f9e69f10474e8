// Views of signals and bets, and how their events fold into them: shared by the hot store and the
// history. Plain values and pure functions. Amounts in micro-USDC; rules: docs/rules-agents.md
// section 25.
#pragma once

#include "engine/schema/event.hpp"

namespace perpetua::stores {

enum class SignalStatus : uint8_t { open = 0, matched = 1, settled = 2, cancelled = 3 };

constexpr std::string_view wire_name(SignalStatus status) {
  constexpr std::string_view names[] = {"open", "matched", "settled", "cancelled"};
  return names[static_cast<std::size_t>(status)];
}

struct SignalView {
  SignalId id = 0;
  AgentId creator = 0;
  MarketId market = kNoMarket;
  SignalKind kind = SignalKind::price_above;
  int64_t target = 0;  // ticks of the mark, or ppm of its move
  Micro stake;         // of each side
  Price created_mark;
  int64_t created_at_ms = 0;
  int64_t expires_at_ms = 0;
  AgentId fader = 0;  // 0: nobody has faded it
  int64_t matched_at_ms = 0;
  bool is_closed = false;  // the rest is zero unless it is
  SignalEnd end = SignalEnd::settled;
  Price settlement_mark;  // 0 unless settled, as winner, payout and fee
  AgentId winner = 0;
  Micro payout;
  Micro fee;
  int64_t closed_at_ms = 0;
  uint64_t closed_sequence = 0;  // of its event; newest first means falling
  bool operator==(const SignalView&) const = default;

  bool is_bet() const { return fader != 0; }
  SignalStatus status() const {
    if (!is_closed) return is_bet() ? SignalStatus::matched : SignalStatus::open;
    return end == SignalEnd::settled ? SignalStatus::settled : SignalStatus::cancelled;
  }
};

inline SignalView make_signal(const Event& event) {
  const SignalCreated& created = event.signal_created;
  SignalView view;
  view.id = created.signal_id;
  view.creator = event.header.agent;
  view.market = event.header.market;
  view.kind = created.kind;
  view.target = created.target;
  view.stake = created.stake;
  view.created_mark = created.mark;
  view.created_at_ms = created.created_at_ms;
  view.expires_at_ms = created.expires_at_ms;
  return view;
}

inline void fold_signal_fade(SignalView& view, const Event& event) {
  view.fader = event.header.agent;
  view.matched_at_ms = event.signal_faded.matched_at_ms;
}

inline void fold_signal_close(SignalView& view, const Event& event, int64_t time_ms) {
  const SignalClosed& closed = event.signal_closed;
  view.is_closed = true;
  view.end = closed.end;
  view.settlement_mark = closed.mark;
  view.winner = closed.winner;
  view.payout = closed.payout;
  view.fee = closed.fee;
  view.closed_at_ms = time_ms;
  view.closed_sequence = event.header.sequence;
}

// What an agent has bet in all markets, ever, and what is at stake now.
struct BettingView {
  BettingRecord record;
  uint64_t open = 0;     // its signals nobody has faded
  uint64_t pending = 0;  // matched ones, on either side
  Micro staked;          // in both
};

// All bets of the exchange, ever, and what is at stake now.
struct BettingTotalsView {
  BettingTotals totals;
  uint64_t open = 0;
  uint64_t pending = 0;
  Micro staked;
};

}  // namespace perpetua::stores
