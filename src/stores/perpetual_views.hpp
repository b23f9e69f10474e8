// Views of what makes a market a perpetual: status, funding, liquidations, insurance fund, changes
// of positions, alerts, and the money of the whole exchange. Plain values, as in views.hpp.
//
// `sequence` is that of the event the row was made from: rows are ordered and paged by it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/schema/event.hpp"

namespace perpetua::stores {

// One settled hour.
struct FundingView {
  uint64_t sequence = 0;
  MarketId market = kNoMarket;
  FundingSettled funding;
  int64_t time_ms = 0;
};

// The hour in hand, by the engine's own samples.
struct FundingEstimate {
  int64_t average_premium_ppb = 0;
  int64_t samples = 0;
  int64_t predicted_rate_ppb = 0;  // what the average would give; 0 without a sample
  int64_t next_settlement_ms = 0;  // 0: no price yet
};

// What one agent paid (below zero) or got at a settlement.
struct FundingPaymentView {
  uint64_t sequence = 0;
  AgentId agent = 0;
  MarketId market = kNoMarket;
  int64_t hour = 0;  // the one that ended, hours since 1970
  int64_t rate_ppb = 0;
  Price index;
  Micro amount;
  Lots base;
  Micro margin;  // afterwards
  int64_t time_ms = 0;
  bool operator==(const FundingPaymentView&) const = default;
};

// One step of a liquidation; agent 0 is the insurance fund itself.
struct LiquidationView {
  MarketId market = kNoMarket;
  uint64_t sequence = 0;
  AgentId agent = 0;
  Liquidation step;
  int64_t time_ms = 0;
};

// The insurance fund after a change.
struct FundChangeView {
  uint64_t sequence = 0;
  MarketId market = kNoMarket;
  FundChanged fund;
  int64_t time_ms = 0;
};

// A position that changed without a trade of its owner; funding has rows of its own.
struct PositionChangeView {
  uint64_t sequence = 0;
  AgentId agent = 0;
  MarketId market = kNoMarket;
  PositionChanged change;
  int64_t time_ms = 0;
};

enum class Health : uint8_t { healthy = 0, warning = 1, liquidatable = 2 };

constexpr std::string_view wire_name(Health health) {
  constexpr std::string_view names[] = {"healthy", "warning", "liquidatable"};
  return names[static_cast<std::size_t>(health)];
}

enum class AlertKind : uint8_t {
  margin_warning = 0,  // equity fell below kHealthWarnPercent of maintenance margin
  liquidated = 1,      // a part or all of it was sold through the book
  taken_over = 2,      // by the insurance fund
  bankrupt = 3,        // what the fund could not carry was closed against others
  deleveraged = 4,     // closed against a bankrupt position
};

constexpr std::string_view wire_name(AlertKind kind) {
  constexpr std::string_view names[] = {"margin_warning", "liquidated", "taken_over", "bankrupt",
                                        "deleveraged"};
  return names[static_cast<std::size_t>(kind)];
}

// Something an owner must know. Figures of the position at the mark; of a step, before it.
struct AlertView {
  uint64_t sequence = 0;
  AgentId agent = 0;
  MarketId market = kNoMarket;
  AlertKind kind = AlertKind::margin_warning;
  Price mark;
  Lots base;
  Lots lots;  // closed by the step; 0: a warning
  Micro value;  // what they changed hands for
  Micro equity;
  Micro maintenance;
  int64_t time_ms = 0;
  bool operator==(const AlertView&) const = default;
};

// What came in and went out of the whole exchange, ever.
struct MoneyTotals {
  Micro deposits;  // faucet, starting balances and what funded the insurance among them
  Micro withdrawals;
  Micro fees;  // of makers, takers and bets; those of liquidations are the funds'
  bool operator==(const MoneyTotals&) const = default;
};

// Positions of one market, the insurance fund's among them.
struct MarketMoney {
  MarketId market = kNoMarket;
  Lots long_lots;
  Lots short_lots;
  Int128 signed_entry = 0;  // entry notional of longs less that of shorts
  Micro fund_cash;
  Micro bad_debt;

  bool is_balanced() const { return long_lots == short_lots; }
};

// Both identities at the end of one batch: docs/rules-perpetual.md section 19, rules-agents.md
// section 25.
struct SolvencyView {
  BatchNumber batch = 0;
  uint64_t sequence = 0;  // of the last event; 0: none since the process started
  int64_t time_ms = 0;
  Int128 collateral = 0;  // free, reserved and position margin of all agents
  MoneyTotals totals;
  Micro bet_escrow;  // stakes of signals that are not over
  std::vector<MarketMoney> markets;

  Int128 left_side() const {
    Int128 sum = collateral + totals.fees.value + bet_escrow.value;
    for (const MarketMoney& market : markets) {
      sum += market.fund_cash.value - market.bad_debt.value - market.signed_entry;
    }
    return sum;
  }
  Int128 right_side() const { return totals.deposits.value - totals.withdrawals.value; }
};

}  // namespace perpetua::stores
