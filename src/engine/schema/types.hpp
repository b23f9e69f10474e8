// Identifiers and enumerations shared by commands, events, journal and wire.
//
// The text of an enumerator on the wire is its name here (see wire_name). Values are stable.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/units.hpp"

namespace perpetua {

using AgentId = uint32_t;  // dense, 1..; 0 is the exchange itself
using MarketId = uint8_t;  // dense, 0..; kNoMarket where none is meant
using OrderId = uint64_t;  // generation:32 | market:6 | slot:26, unique for ever; 0 is none
using BatchNumber = uint64_t;

inline constexpr MarketId kNoMarket = 0xFF;
inline constexpr uint32_t kNoCommand = 0xFFFFFFFF;  // an event no command caused (expiry)

inline constexpr unsigned kOrderSlotBits = 26;
inline constexpr unsigned kOrderMarketBits = 6;

constexpr OrderId make_order_id(MarketId market, uint32_t slot, uint32_t generation) {
  return static_cast<OrderId>(generation) << 32 | static_cast<OrderId>(market) << kOrderSlotBits |
         slot;
}
constexpr uint32_t order_slot(OrderId id) { return id & ((1u << kOrderSlotBits) - 1); }
constexpr MarketId order_market(OrderId id) {
  return static_cast<MarketId>(id >> kOrderSlotBits & ((1u << kOrderMarketBits) - 1));
}
constexpr uint32_t order_generation(OrderId id) { return static_cast<uint32_t>(id >> 32); }

// Triggers are named like orders, with the highest bit of the generation set.
inline constexpr uint32_t kTriggerGeneration = 0x8000'0000;
constexpr bool is_trigger(OrderId id) { return (order_generation(id) & kTriggerGeneration) != 0; }

enum class Side : uint8_t { buy = 0, sell = 1 };
constexpr Side opposite(Side side) { return side == Side::buy ? Side::sell : Side::buy; }
constexpr int64_t sign(Side side) { return side == Side::buy ? 1 : -1; }

enum class OrderKind : uint8_t { limit = 0, market = 1 };
enum class TimeInForce : uint8_t { gtc = 0, ioc = 1, fok = 2, gtd = 3 };
enum class PostOnly : uint8_t { none = 0, reject = 1, slide = 2 };

// `allow` is for replaying foreign order flow in benchmarks; the gateway never sends it.
enum class SelfTradePrevention : uint8_t {
  cancel_newest = 0,
  cancel_oldest = 1,
  cancel_both = 2,
  allow = 3,
};

enum class OrderStatus : uint8_t {
  none = 0,  // the outcome is not about an order
  open = 1,
  partially_filled = 2,  // open, something filled
  filled = 3,
  cancelled = 4,
  rejected = 5,
  expired = 6,
};

enum class CloseReason : uint8_t {
  none = 0,
  cancelled = 1,  // by its owner
  cancel_all = 2,
  ioc_remainder = 3,
  expired = 4,
  self_trade_prevention = 5,
  position_closed = 6,      // a reduce-only order has nothing left to reduce
  would_be_liquidated = 7,  // the fill-time guard, docs/rules.md section 5
  price_moved = 8,          // a sell would fill beyond the price it was reserved for
  budget_spent = 9,         // what is left of the budget buys less than one lot
  liquidation = 10,         // of its agent's position; docs/rules-perpetual.md section 15
  market_settled = 11,      // delisted
  market_changed = 12,      // its fees; docs/rules-perpetual.md section 23
  dead_man = 13,            // its agent's switch
  triggered = 14,           // a trigger: it sent its order
  other_fired = 15,         // a trigger: its partner did
  replaced = 16,            // a trigger: by another
  refused = 17,             // a trigger: its order was
};

// What the operator allows in a market. A stale index closes it as well, whatever the mode.
enum class MarketMode : uint8_t {
  open = 0,
  cancel_only = 1,  // cancels, liquidations and funding go on
  halted = 2,       // only cancels
  settled = 3,      // for ever: every position was closed at the mark
};

// Who was the taker of a trade.
enum class TradeCause : uint8_t { order = 0, liquidation = 1, fund = 2 };

// Why a position changed without a trade of its agent.
enum class PositionChange : uint8_t {
  funding = 0,
  margin_adjusted = 1,
  taken_over = 2,            // by the insurance fund, at the bankruptcy price
  deleveraged = 3,           // closed against a bankrupt position
  deleveraged_bankrupt = 4,  // the bankrupt position itself
  settled = 5,
};

enum class TriggerKind : uint8_t { stop = 0, take_profit = 1 };
enum class TriggerStatus : uint8_t { waiting = 0, fired = 1 };  // fired: it sends until it is done

// What cancel_all and the dead-man's switch cancel. Entry triggers count as orders.
enum class CancelScope : uint8_t { orders = 0, everything = 1, triggers = 2 };

// Which limit of a key refused a command; the first value of `key_limited`.
enum class KeyLimit : uint8_t {
  command = 0,
  market = 1,
  reduce_only = 2,
  order_notional = 3,
  leverage = 4,
  daily_loss = 5,
  position_notional = 6,
};

// One step of a liquidation.
enum class LiquidationStep : uint8_t { book = 0, taken_over = 1, deleveraged = 2 };

// What kind of message post_thought posts. Only `thought` is in the feed of thoughts.
enum class MessageKind : uint8_t {
  thought = 0,
  chat = 1,
  signal = 2,
  system = 3,
  alert = 4,
  agent_message = 5,
};

enum class LedgerEntryKind : uint8_t {
  deposit = 0,
  withdrawal = 1,
  transfer_in = 2,
  transfer_out = 3,
  faucet = 4,
};

// API key scopes, a bit set.
enum Scope : uint8_t { kScopeRead = 1, kScopeTrade = 2, kScopeWithdraw = 4 };
inline constexpr uint8_t kScopesAll = kScopeRead | kScopeTrade | kScopeWithdraw;

constexpr std::string_view wire_name(Side v) { return v == Side::buy ? "buy" : "sell"; }
constexpr std::string_view wire_name(OrderKind v) {
  return v == OrderKind::limit ? "limit" : "market";
}
constexpr std::string_view wire_name(TimeInForce v) {
  constexpr std::string_view names[] = {"gtc", "ioc", "fok", "gtd"};
  return names[static_cast<int>(v)];
}
constexpr std::string_view wire_name(PostOnly v) {
  constexpr std::string_view names[] = {"none", "reject", "slide"};
  return names[static_cast<int>(v)];
}
constexpr std::string_view wire_name(SelfTradePrevention v) {
  constexpr std::string_view names[] = {"cancel_newest", "cancel_oldest", "cancel_both", "allow"};
  return names[static_cast<int>(v)];
}
constexpr std::string_view wire_name(OrderStatus v) {
  constexpr std::string_view names[] = {"none",      "open",     "partially_filled", "filled",
                                        "cancelled", "rejected", "expired"};
  return names[static_cast<int>(v)];
}
constexpr std::string_view wire_name(CloseReason v) {
  constexpr std::string_view names[] = {"none",
                                        "cancelled",
                                        "cancel_all",
                                        "ioc_remainder",
                                        "expired",
                                        "self_trade_prevention",
                                        "position_closed",
                                        "would_be_liquidated",
                                        "price_moved",
                                        "budget_spent",
                                        "liquidation",
                                        "market_settled",
                                        "market_changed",
                                        "dead_man",
                                        "triggered",
                                        "other_fired",
                                        "replaced",
                                        "refused"};
  return names[static_cast<int>(v)];
}
constexpr std::string_view wire_name(MarketMode v) {
  constexpr std::string_view names[] = {"open", "cancel_only", "halted", "settled"};
  return names[static_cast<int>(v)];
}
constexpr std::string_view wire_name(TradeCause v) {
  constexpr std::string_view names[] = {"order", "liquidation", "fund"};
  return names[static_cast<int>(v)];
}
constexpr std::string_view wire_name(PositionChange v) {
  constexpr std::string_view names[] = {"funding",     "margin_adjusted",      "taken_over",
                                        "deleveraged", "deleveraged_bankrupt", "settled"};
  return names[static_cast<int>(v)];
}
constexpr std::string_view wire_name(LiquidationStep v) {
  constexpr std::string_view names[] = {"book", "taken_over", "deleveraged"};
  return names[static_cast<int>(v)];
}
constexpr std::string_view wire_name(TriggerKind v) {
  return v == TriggerKind::stop ? "stop" : "take_profit";
}
constexpr std::string_view wire_name(TriggerStatus v) {
  return v == TriggerStatus::waiting ? "waiting" : "fired";
}
constexpr std::string_view wire_name(CancelScope v) {
  constexpr std::string_view names[] = {"orders", "everything", "triggers"};
  return names[static_cast<int>(v)];
}
constexpr std::string_view wire_name(KeyLimit v) {
  constexpr std::string_view names[] = {"command",          "market",   "reduce_only",
                                        "order_notional",   "leverage", "daily_loss",
                                        "position_notional"};
  return names[static_cast<int>(v)];
}
constexpr std::string_view wire_name(MessageKind v) {
  constexpr std::string_view names[] = {"thought", "chat",  "signal",
                                        "system",  "alert", "agent_message"};
  return names[static_cast<int>(v)];
}
constexpr std::string_view wire_name(LedgerEntryKind v) {
  constexpr std::string_view names[] = {"deposit", "withdrawal", "transfer_in", "transfer_out",
                                        "faucet"};
  return names[static_cast<int>(v)];
}

}  // namespace perpetua
