// Views: what readers of the stores get. Plain values, copied out; no view refers to a store.
//
// The hot store (memory) and the history (SQLite) answer with the same structs. Units are in the
// types: Price in ticks, Lots in lots, Micro in micro-USDC of the view's market; times are log time
// in milliseconds since 1970. A reader formats them with the MarketSpec of `market`.
// Fields that a source cannot know are zero; each struct says which.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/schema/event.hpp"
#include "engine/schema/market_spec.hpp"
#include "stores/limit_views.hpp"
#include "stores/perpetual_views.hpp"
#include "stores/safety_views.hpp"
#include "stores/signal_views.hpp"
#include "stores/trigger_views.hpp"

namespace perpetua::stores {

struct AgentView {
  AgentId id = 0;
  std::string wallet;
  std::string display_name;
  std::string bio;
  int64_t registered_at_ms = 0;
  std::string twitter_handle;
  bool operator==(const AgentView&) const = default;
};

// expires_at_ms 0 = never. Whether it has expired is the reader's to decide: it knows the time.
struct KeyView {
  AgentId agent = 0;
  uint32_t key_id = 0;
  uint8_t scopes = 0;  // Scope bits
  int64_t created_at_ms = 0;
  int64_t expires_at_ms = 0;
  Sha256 sha256{};  // of the key
  KeyLimits limits;  // all 0: none
  std::string name;
  bool operator==(const KeyView&) const = default;
};

struct AccountView {
  AgentId agent = 0;
  Micro free;
  Micro reserved;
  Micro position_margin;
  uint64_t agent_sequence = 0;  // last private event of the agent

  Micro collateral() const { return free + reserved + position_margin; }
  bool operator==(const AccountView&) const = default;
};

// Statistics cover the 1,440 whole minutes up to and including the one of the last batch. Prices
// are 0 while there is none; change is last minus open, in ticks.
struct MarketView {
  MarketId id = kNoMarket;
  MarketSpec spec;
  Price index;
  Price mark;
  int64_t price_time_ms = 0;  // source time of the index
  Price best_bid;
  Price best_ask;
  Price last_price;
  Lots last_lots;
  int64_t last_trade_at_ms = 0;
  Price open_24h;
  Price high_24h;
  Price low_24h;
  Price change_24h;
  Lots volume_24h;
  Micro volume_24h_notional;
  uint64_t trades_24h = 0;
  Lots open_interest;  // sum of the long positions, the insurance fund's among them
  MarketMode mode = MarketMode::open;
  bool is_stale = false;
  bool is_breaker_open = false;
  FundChanged fund;
  FundingSettled last_funding;  // hour 0: none yet
  FundingEstimate funding;
  std::optional<ScheduledChange> pending_change;

  bool accepts_orders() const { return mode == MarketMode::open && !is_stale; }
};

struct BookLevel {
  Price price;
  Lots lots;
  uint32_t orders = 0;
  bool operator==(const BookLevel&) const = default;
};

// Best first on both sides. `sequence` rises by one with every batch that changed this book; it
// starts at 0 when the process starts.
struct BookView {
  MarketId market = kNoMarket;
  uint64_t sequence = 0;
  int64_t time_ms = 0;  // log time of the last change
  std::vector<BookLevel> bids;
  std::vector<BookLevel> asks;
  bool operator==(const BookView&) const = default;
};

// The levels a batch changed, with their totals afterwards; lots 0 = the level is gone. Applying
// the delta of sequence n + 1 to the book of sequence n gives the book of n + 1.
struct BookDelta {
  MarketId market = kNoMarket;
  uint64_t sequence = 0;
  BatchNumber batch = 0;  // the batch that made this change
  int64_t time_ms = 0;
  std::vector<BookLevel> bids;
  std::vector<BookLevel> asks;
};

struct TradeView {
  MarketId market = kNoMarket;
  uint64_t trade_id = 0;
  Price price;
  Lots lots;
  Side side = Side::buy;  // of the taker
  int64_t time_ms = 0;
  TradeCause cause = TradeCause::order;
  bool operator==(const TradeView&) const = default;
};

enum class CandleInterval : uint8_t { m1 = 0, m5 = 1, m15 = 2, h1 = 3, h4 = 4, d1 = 5 };
inline constexpr std::size_t kCandleIntervals = 6;
inline constexpr CandleInterval kAllCandleIntervals[kCandleIntervals] = {
    CandleInterval::m1, CandleInterval::m5, CandleInterval::m15,
    CandleInterval::h1, CandleInterval::h4, CandleInterval::d1};

constexpr int64_t interval_ms(CandleInterval interval) {
  constexpr int64_t minute_ms = 60'000;
  constexpr int64_t values[kCandleIntervals] = {minute_ms,      5 * minute_ms,   15 * minute_ms,
                                                60 * minute_ms, 240 * minute_ms, 1440 * minute_ms};
  return values[static_cast<std::size_t>(interval)];
}

constexpr std::string_view wire_name(CandleInterval interval) {
  constexpr std::string_view names[kCandleIntervals] = {"1m", "5m", "15m", "1h", "4h", "1d"};
  return names[static_cast<std::size_t>(interval)];
}

constexpr std::optional<CandleInterval> parse_candle_interval(std::string_view text) {
  for (const CandleInterval interval : kAllCandleIntervals) {
    if (wire_name(interval) == text) return interval;
  }
  return std::nullopt;
}

// Made of trades; an interval without a trade has no candle. open_time_ms is a multiple of the
// interval. The newest candle is still growing.
struct CandleView {
  int64_t open_time_ms = 0;
  Price open;
  Price high;
  Price low;
  Price close;
  Lots volume;
  Micro volume_notional;
  uint64_t trades = 0;
  bool operator==(const CandleView&) const = default;
};

// lots = filled + remaining + what was closed unfilled. A budget order shows its budget, and as
// lots what it filled and rested. From a describe alone, sequence, filled_notional, fee, the times
// and the reason of an intent are 0 or empty until warmed from history.
struct OrderView {
  OrderId order_id = 0;
  uint64_t sequence = 0;  // of its order_accepted event; newest first means falling sequence
  AgentId agent = 0;
  MarketId market = kNoMarket;
  Side side = Side::buy;
  OrderKind kind = OrderKind::limit;
  TimeInForce time_in_force = TimeInForce::gtc;
  PostOnly post_only = PostOnly::none;
  SelfTradePrevention stp = SelfTradePrevention::cancel_newest;
  OrderStatus status = OrderStatus::none;
  CloseReason reason = CloseReason::none;
  uint8_t flags = 0;  // OrderFlag
  uint16_t leverage = 0;
  Price price;  // limit, or the bound of a market order
  Lots lots;    // total
  Lots filled;
  Lots remaining;  // in the book; 0 once the order is done
  Micro budget;    // 0 when the size is in lots
  Micro filled_notional;
  Micro fee;
  int64_t expires_at_ms = 0;
  int64_t accepted_at_ms = 0;
  int64_t updated_at_ms = 0;
  ClientId client_id{};
  Price stop_loss;  // bracket as given, 0 = without; what became of it its triggers tell
  Price take_profit;
  std::string intent_reason;  // text given with an intent

  bool is_intent() const { return (flags & kIntent) != 0; }
  bool is_reduce_only() const { return (flags & (kReduceOnly | kClosePosition)) != 0; }
  bool is_open() const {
    return status == OrderStatus::open || status == OrderStatus::partially_filled;
  }
  bool operator==(const OrderView&) const = default;
};

// Valued at the mark of the moment of the read. Prices are null where none above zero exists
// (a long that cannot be liquidated) or there is no position.
struct PositionView {
  AgentId agent = 0;
  MarketId market = kNoMarket;
  Lots base;             // signed, long > 0
  Micro entry_notional;  // >= 0; entry price = entry_notional / (|base| x value per tick and lot)
  Micro margin;
  Micro realised_pnl;  // of all fills, fees not included
  Price mark;
  Micro notional;        // at mark
  Micro unrealised_pnl;  // at mark
  Micro maintenance_margin;
  Micro equity;  // at mark
  Health health = Health::healthy;
  uint8_t adl_quintile = 0;  // 5: deleveraged first, 1: last; 0: no position
  std::optional<Price> liquidation_price;
  std::optional<Price> bankruptcy_price;
  uint16_t leverage = 0;  // the agent's setting for the market
  bool netting = false;
  bool operator==(const PositionView&) const = default;
};

struct SettingsView {
  uint16_t leverage = 0;
  bool netting = false;
  bool operator==(const SettingsView&) const = default;
};

// One side of a trade, as its owner sees it.
struct FillView {
  uint64_t sequence = 0;  // of its event
  uint64_t trade_id = 0;
  OrderId order_id = 0;
  AgentId agent = 0;
  AgentId counterparty = 0;
  MarketId market = kNoMarket;
  Side side = Side::buy;
  bool is_taker = false;
  bool is_intent = false;                // its order was placed as an intent
  TradeCause cause = TradeCause::order;  // else who took had no order: order_id of that side is 0
  Price price;
  Lots lots;
  Micro notional;
  Micro fee;
  Micro realised_pnl;
  Lots position_base;  // afterwards
  int64_t time_ms = 0;
  bool operator==(const FillView&) const = default;
};

struct LedgerEntryView {
  uint64_t sequence = 0;  // of its event
  AgentId agent = 0;
  AgentId counterparty = 0;
  LedgerEntryKind kind = LedgerEntryKind::deposit;
  Micro amount;  // > 0; the kind tells the direction
  Micro free_after;
  int64_t time_ms = 0;
  bool is_onchain = false;
  Sha256 claim{};  // of a deposit; all zero: none
  bool operator==(const LedgerEntryView&) const = default;
};

// A message of any kind; a thought is one of kind `thought` to everybody.
struct ThoughtView {
  uint64_t thought_id = 0;  // rising
  AgentId agent = 0;        // who sent it
  MarketId market = kNoMarket;
  int64_t time_ms = 0;
  std::string text;
  MessageKind kind = MessageKind::thought;
  AgentId to_agent = 0;  // 0: everybody
  std::string metadata;
  bool operator==(const ThoughtView&) const = default;
};
using MessageView = ThoughtView;

// A set of kinds of messages.
using MessageKinds = uint8_t;
constexpr MessageKinds message_bit(MessageKind kind) {
  return static_cast<MessageKinds>(1u << static_cast<unsigned>(kind));
}
inline constexpr MessageKinds kAllMessageKinds = 0x3F;

}  // namespace perpetua::stores
