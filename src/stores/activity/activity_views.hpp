// Views of what agents did: statistics, matches, intents and positions from opening to closing.
// Plain values, as in views.hpp; units are in the types.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "stores/views.hpp"

namespace perpetua::stores {

// Of all fills, so far as the history goes back (activity.hpp). PnL is that of closed lots, fees
// and funding apart.
struct AgentStatistics {
  AgentId agent = 0;
  uint64_t trades = 0;   // fills, of maker and taker
  uint64_t intents = 0;  // accepted
  uint64_t wins = 0;     // positions closed with a profit
  uint64_t losses = 0;
  Micro volume;
  Micro realised_pnl;
  Micro fees;       // of fills and liquidations
  Micro funding;    // received; below zero: paid
  int64_t day = 0;  // days since 1970 of the last one with a realised PnL
  Micro day_pnl;    // of that day

  Micro pnl_of_day(int64_t time_ms) const;

  // 0 to 1,000,000: the share of positions closed with a profit, as if one profit and one loss had
  // come before. A new agent has 500,000; a single trade does not reach the top.
  uint32_t reputation_ppm() const {
    return static_cast<uint32_t>((wins + 1) * 1'000'000 / (wins + losses + 2));
  }
  bool operator==(const AgentStatistics&) const = default;
};

struct FeeTotal {
  uint64_t count = 0;
  Micro total;
  bool operator==(const FeeTotal&) const = default;
};

struct IntentTotals {
  uint64_t total = 0;
  uint64_t open = 0;
  uint64_t filled = 0;  // at least in part, and not cancelled
  uint64_t cancelled = 0;
  uint64_t expired = 0;  // without a fill
  Micro asked;           // sum of the budgets
  bool operator==(const IntentTotals&) const = default;
};

// Of the whole exchange.
struct ExchangeStatistics {
  FeeTotal taker;
  FeeTotal maker;
  FeeTotal funding;      // settled hours, and what of them stayed with the insurance funds
  FeeTotal liquidation;  // steps, and their fees
  uint64_t matches = 0;
  Micro volume;                // each match once
  uint64_t active_agents = 0;  // who ever traded
  IntentTotals intents;
  std::vector<IntentTotals> intents_by_market;  // by market id
  bool operator==(const ExchangeStatistics&) const = default;
};

// One trade, both sides. The taker of a liquidation has no order.
struct MatchView {
  MarketId market = kNoMarket;
  uint64_t trade_id = 0;
  uint64_t sequence = 0;  // of the taker's fill
  OrderId taker_order = 0;
  OrderId maker_order = 0;
  AgentId taker = 0;  // 0: an insurance fund
  AgentId maker = 0;
  Price price;
  Lots lots;
  Micro notional;
  Micro taker_fee;
  Micro maker_fee;
  TradeCause cause = TradeCause::order;
  int64_t time_ms = 0;
  bool operator==(const MatchView&) const = default;
};

enum class PositionCloseReason : uint8_t {
  open = 0,  // it is
  manual = 1,
  stop_loss = 2,
  take_profit = 3,
  liquidation = 4,  // deleveraging too
  settlement = 5,
};

// A position from its opening to its end; a change of sides ends one and opens another.
// `id` is the sequence of the event that opened it, and stays until it ends. Where the opening is
// not known (restart without history) it is made of agent and market, with kUnknownOpening set.
struct PositionRecord {
  static constexpr uint64_t kUnknownOpening = 1ull << 47;

  uint64_t id = 0;
  AgentId agent = 0;
  MarketId market = kNoMarket;
  PositionCloseReason close_reason = PositionCloseReason::open;
  Lots base;  // signed; of a closed one: before its end
  Micro entry_notional;
  Micro margin;
  Micro realised_pnl;
  Micro funding;
  Lots closed_lots;
  Micro closed_value;  // what they changed hands for
  uint64_t last_trade = 0;
  OrderId closing_order = 0;
  Price stop_loss;  // of a closed one: what guarded it; 0 = nothing
  Price take_profit;
  int64_t opened_at_ms = 0;  // 0: not known
  int64_t closed_at_ms = 0;

  bool is_open() const { return close_reason == PositionCloseReason::open; }
  bool operator==(const PositionRecord&) const = default;
};

// An order placed as an intent, with what it came to when it was executed.
struct IntentView {
  OrderView order;
  uint32_t slippage_ppm = 0;  // as asked; 0: the market's default, or not known any more
  uint64_t first_trade = 0;   // as taker; 0: none
  uint64_t trades = 0;        // as taker: ids first_trade, first_trade + 1, ...
  int64_t matched_at_ms = 0;  // of its first fill; 0: none
  OrderId matched_with = 0;   // the other order of that fill; 0: none, or a liquidation
  Micro realised_pnl;         // of its fills
  PositionRecord position;    // after its last fill; agent 0: it never filled

  bool is_filled() const { return order.filled.value > 0; }
};

enum class IntentState : uint8_t { open = 0, filled = 1, cancelled = 2, expired = 3 };

// Filled: at least in part, by an order that did not stay. Cancelled: by its owner or the exchange.
IntentState intent_state(const OrderView& order);

// Why an agent traded: an intent with a reason.
struct TradeThought {
  OrderId intent = 0;
  AgentId agent = 0;
  MarketId market = kNoMarket;
  Side side = Side::buy;
  uint16_t leverage = 0;
  Micro size;  // as asked
  int64_t time_ms = 0;
  std::string reason;
};

}  // namespace perpetua::stores
