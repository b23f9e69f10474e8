// Payloads of the events that make a market a perpetual: status, funding, liquidation, insurance
// fund, triggers, switches, limits of keys, changes of a market. 96 bytes each; event.hpp says what
// an event is. Rules: docs/rules-perpetual.md.
#pragma once

#include "engine/schema/command.hpp"
#include "engine/schema/types.hpp"

namespace perpetua {

// Text of an event: [text_offset, +text_length) of the text area its batch carries.
struct TextSpan {
  uint32_t offset = 0;
  uint32_t length = 0;
};

// Whenever one of them changes.
struct MarketStatus {
  MarketMode mode = MarketMode::open;
  uint8_t is_stale = 0;         // the index is too old: the mark is frozen
  uint8_t is_breaker_open = 0;  // liquidations through the book wait for the next minute
  uint8_t zero[93] = {};
};

// One hour of a market. Rates and premium in ppb.
struct FundingSettled {
  int64_t rate_ppb = 0;
  int64_t average_premium_ppb = 0;
  int64_t samples = 0;
  int64_t hour = 0;  // hours since 1970, the one that ended
  Price index;
  Micro due;       // by all payers
  Micro received;  // the difference is the insurance fund's
  uint8_t zero[40] = {};
};

// Figures of the position before the step, at the mark.
struct Liquidation {
  Lots lots;    // of this step
  Micro value;  // what they changed hands for
  Micro fee;    // to the insurance fund
  Lots base;
  Micro equity;
  Micro maintenance;
  Price mark;
  LiquidationStep step = LiquidationStep::book;
  uint8_t zero[39] = {};
};

// The insurance fund of a market: a position whose margin is its cash.
struct FundChanged {
  Lots base;
  Micro entry_notional;
  Micro margin;
  Micro bad_debt;
  uint8_t zero[64] = {};
};

struct MarketChangeScheduled {
  TextSpan spec;
  int64_t effective_at_ms = 0;
  uint8_t zero[80] = {};
};

// Of the hour that runs: what its rate will be made of.
struct PremiumSampled {
  int64_t sum_ppb = 0;
  int64_t count = 0;
  uint8_t zero[80] = {};
};

// Totals since the beginning; the terms of the money identity that no account shows.
struct MoneyDescribed {
  Micro deposits;
  Micro withdrawals;
  Micro fees;
  uint8_t zero[72] = {};
};

struct KeyLimitsChanged {
  KeyLimits limits;
  uint32_t key_id = 0;
  uint32_t zero = 0;
  // In a description: since when its loss counts, if its day has begun. Else 0.
  int64_t day = 0;  // log time / 86,400,000
  Micro day_start;  // the agent's trading result then
  uint8_t more_zero[32] = {};
};

struct PositionChanged {
  Lots lots;    // closed
  Micro value;  // what they changed hands for
  Micro amount;  // funding: received, negative paid; margin: put in; else realised pnl
  Lots base;     // after
  Micro entry_notional;
  Micro margin;
  Micro realised_pnl_total;
  int64_t score_ppm = 0;      // deleveraged: pnl x leverage, in ppm of one
  AgentId counterparty = 0;   // deleveraged: whose bankruptcy
  uint32_t rank = 0;          // deleveraged: 1 = first
  PositionChange cause = PositionChange::funding;
  uint8_t zero[23] = {};
};

// The trigger as it is now.
struct TriggerChanged {
  OrderId trigger_id = 0;
  OrderId partner_id = 0;  // the first of both to fire closes the other
  OrderId parent_id = 0;   // the order whose bracket it is
  OrderId order_id = 0;    // the last order it sent
  Price at;
  Price limit;  // of its order; entry by a market order: the bound
  Lots lots;    // 0: the whole position
  Micro reserved;
  uint32_t trail = 0;  // ticks
  uint32_t slippage_ppm = 0;
  uint16_t leverage = 0;
  Side side = Side::buy;  // of the order it sends
  TriggerKind kind = TriggerKind::stop;
  TriggerStatus status = TriggerStatus::waiting;
  uint8_t is_protective = 0;
  uint8_t is_market = 0;  // its order is
  uint8_t zero[17] = {};
};

struct TriggerClosed {
  OrderId trigger_id = 0;
  OrderId order_id = 0;  // the last order it sent
  Price mark;
  uint16_t code = 0;  // refused: the ResultCode
  CloseReason reason = CloseReason::none;
  uint8_t zero[69] = {};
};

struct OrderBracket {
  OrderId order_id = 0;
  Price stop_loss;  // 0 = without
  Price take_profit;
  uint8_t zero[72] = {};
};

struct SwitchChanged {
  int64_t deadline_ms = 0;  // 0: disarmed
  CancelScope scope = CancelScope::orders;
  uint8_t zero[87] = {};
};

static_assert(sizeof(MarketStatus) == 96 && PlainRecord<MarketStatus>);
static_assert(sizeof(FundingSettled) == 96 && PlainRecord<FundingSettled>);
static_assert(sizeof(Liquidation) == 96 && PlainRecord<Liquidation>);
static_assert(sizeof(FundChanged) == 96 && PlainRecord<FundChanged>);
static_assert(sizeof(MarketChangeScheduled) == 96 && PlainRecord<MarketChangeScheduled>);
static_assert(sizeof(PremiumSampled) == 96 && PlainRecord<PremiumSampled>);
static_assert(sizeof(MoneyDescribed) == 96 && PlainRecord<MoneyDescribed>);
static_assert(sizeof(KeyLimitsChanged) == 96 && PlainRecord<KeyLimitsChanged>);
static_assert(sizeof(PositionChanged) == 96 && PlainRecord<PositionChanged>);
static_assert(sizeof(TriggerChanged) == 96 && PlainRecord<TriggerChanged>);
static_assert(sizeof(TriggerClosed) == 96 && PlainRecord<TriggerClosed>);
static_assert(sizeof(OrderBracket) == 96 && PlainRecord<OrderBracket>);
static_assert(sizeof(SwitchChanged) == 96 && PlainRecord<SwitchChanged>);

}  // namespace perpetua
