// Views of what bounds an agent: risk limits and where it stands, faucet and withdrawals. Plain
// values, as in views.hpp. Rules: docs/rules-agents.md sections 26 and 27.
#pragma once

#include <algorithm>

#include "engine/schema/event.hpp"

namespace perpetua::stores {

// Figures of the moment of the read.
struct RiskView {
  AgentId agent = 0;
  RiskLimits limits;   // all 0: none
  Micro exposure;      // entry notional of positions + open orders at the mark
  Micro daily_pnl;     // realised since the day began, as the daily loss counts it
  Micro counted_loss;  // since the agent's first order of the day: against daily_loss_max
  Micro trading_pnl;   // realised ever: fills, fees, funding, liquidations
  bool operator==(const RiskView&) const = default;
};

struct MoneyStateView {
  AgentId agent = 0;
  Micro paid_in;  // deposits - withdrawals + transfers and bets, in less out
  int64_t faucet_window_start_ms = 0;
  Micro faucet_claimed;                 // in that window; 0: none is open
  int64_t onchain_withdrawn_at_ms = 0;  // 0: never
  bool operator==(const MoneyStateView&) const = default;

  // Milliseconds until the window of its last claim ends; 0: it may claim again.
  int64_t faucet_cooldown_ms(int64_t now_ms) const {
    if (faucet_claimed == Micro(0)) return 0;
    return std::max<int64_t>(0, faucet_window_start_ms + kFaucetWindowMs - now_ms);
  }
  int64_t withdrawal_cooldown_ms(int64_t now_ms) const {
    if (onchain_withdrawn_at_ms == 0) return 0;
    return std::max<int64_t>(
        0, onchain_withdrawn_at_ms + limits::kOnChainWithdrawalCooldownMs - now_ms);
  }

  static constexpr int64_t kFaucetWindowMs = 86'400'000;
};

// An order that a risk limit refused.
struct ViolationView {
  uint64_t number = 0;  // rising; tells batch and command
  AgentId agent = 0;
  MarketId market = kNoMarket;
  RiskLimit limit = RiskLimit::position;
  int64_t value = 0;  // micro-USDC; leverage: times
  int64_t allowed = 0;
  int64_t time_ms = 0;
  bool operator==(const ViolationView&) const = default;
};

}  // namespace perpetua::stores
