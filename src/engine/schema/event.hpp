// Events: everything that happened. Fixed 128-byte records, little endian, derived from commands.
//
//   0        32                                              128
//   | header | payload of the type (96 bytes, zero-filled)    |
//
//   header:  0 sequence u64 | 8 agent_sequence u64 | 16 agent u32 | 20 command u32 |
//            24 type u8 | 25 market u8 | 26 zero u16 | 28 zero u32
//
// `sequence` is gap-free over the whole history, `agent_sequence` gap-free over the private events
// of one agent (0 on public events); both survive restarts because they are engine state.
// Projections (hot store, history, market data) are functions of this stream alone.
// Engine::describe emits the current state in the same vocabulary (sequence 0), so a projection
// starts either from nothing plus all events, or from a description plus the events after it.
#pragma once

#include "engine/schema/command.hpp"
#include "engine/schema/outcome.hpp"
#include "engine/schema/perpetual_events.hpp"
#include "engine/schema/types.hpp"

namespace perpetua {

enum class EventType : uint8_t {
  none = 0,
  // public
  market_created = 1,  // text: MarketSpec
  price_updated = 2,
  agent_registered = 3,  // text: wallet, display name, bio, twitter handle
  key_created = 4,       // text: its name
  key_revoked = 5,
  thought_posted = 6,  // of any kind, to everybody; text: content, metadata
  market_status = 7,
  funding_settled = 8,
  liquidation = 9,  // agent: whose position
  fund_changed = 10,
  market_change_scheduled = 11,  // text: MarketSpec
  market_changed = 12,           // the scheduled spec is the market's
  key_limits_changed = 13,
  premium_sampled = 14,
  money_described = 15,  // only from Engine::describe
  signal_created = 16,
  signal_faded = 17,
  signal_closed = 18,
  betting_described = 19,  // only from Engine::describe
  // private: carry agent_sequence
  ledger_entry = 32,
  account_changed = 33,
  settings_changed = 34,
  order_accepted = 35,  // text: reason of an intent
  order_amended = 36,
  order_closed = 37,        // left the book (or never entered it) without filling completely
  fill = 38,                // one per side of a trade; remaining 0 closes the order
  position_described = 39,  // only from Engine::describe
  position_changed = 40,    // not by a trade of its own
  trigger_changed = 41,     // new, moved, or sent an order and stays
  trigger_closed = 42,
  order_bracket = 43,    // after order_accepted
  switch_changed = 44,   // the dead-man's
  private_message = 45,  // one for each end, of the same text: content, metadata
  risk_limits_changed = 46,
  risk_day_started = 47,
  account_described = 48,  // only from Engine::describe
};

constexpr bool is_private(EventType type) { return type >= EventType::ledger_entry; }

struct EventHeader {
  uint64_t sequence = 0;
  uint64_t agent_sequence = 0;
  AgentId agent = 0;
  uint32_t command = kNoCommand;  // index in the batch of the command that caused it
  EventType type = EventType::none;
  MarketId market = kNoMarket;
  uint16_t zero = 0;
  uint32_t zero2 = 0;
};
static_assert(sizeof(EventHeader) == 32);

struct MarketCreated {
  TextSpan spec;
  uint8_t zero[88] = {};
};

struct PriceUpdated {
  Price index;
  Price mark;
  int64_t source_time_ms = 0;
  uint8_t zero[72] = {};
};

struct AgentRegistered {
  TextSpan text;
  int64_t registered_at_ms = 0;
  uint16_t wallet_length = 0;
  uint16_t display_name_length = 0;
  uint16_t bio_length = 0;
  uint16_t twitter_handle_length = 0;
  uint8_t zero[72] = {};
};

struct KeyCreated {
  Sha256 sha256{};
  uint32_t key_id = 0;
  uint8_t scopes = 0;
  uint8_t zero[3] = {};
  int64_t created_at_ms = 0;
  int64_t expires_at_ms = 0;
  TextSpan name;
  uint8_t zero2[32] = {};
};

struct KeyRevoked {
  Sha256 sha256{};
  uint32_t key_id = 0;
  uint8_t zero[60] = {};
};

struct ThoughtPosted {
  uint64_t thought_id = 0;
  TextSpan text;
  TextSpan metadata;
  MessageKind kind = MessageKind::thought;
  uint8_t zero[71] = {};
};

// Agent of the event: one of the two. Ids are of one row with those of thoughts.
struct PrivateMessage {
  uint64_t message_id = 0;
  TextSpan text;
  TextSpan metadata;
  AgentId from_agent = 0;
  AgentId to_agent = 0;
  MessageKind kind = MessageKind::chat;
  uint8_t zero[63] = {};
};

struct LedgerEntry {
  Micro amount;  // always > 0; the kind tells the direction
  Micro free_after;
  AgentId counterparty = 0;  // transfers
  LedgerEntryKind kind = LedgerEntryKind::deposit;
  uint8_t is_onchain = 0;
  uint8_t zero[2] = {};
  int64_t faucet_window_start_ms = 0;  // faucet only, as the next
  Micro faucet_claimed;                // in that window
  Sha256 claim{};                      // of a deposit; all zero = none
  uint8_t zero2[24] = {};
};

// What an account is bound by. `paid_in` is deposits - withdrawals + transfers in - out - stakes
// of bets + what came back of them: collateral less it is what trading has brought.
struct AccountDescribed {
  Micro paid_in;
  int64_t faucet_window_start_ms = 0;
  Micro faucet_claimed;
  int64_t onchain_withdrawn_at_ms = 0;  // 0: never
  uint8_t zero[64] = {};
};

// Emitted once per agent and round, after settlement.
struct AccountChanged {
  Micro free;
  Micro reserved;
  Micro position_margin;
  uint8_t zero[72] = {};
};

// Both settings of (agent, market) after the change.
struct SettingsChanged {
  uint16_t leverage = 0;
  uint8_t netting = 0;
  uint8_t zero[93] = {};
};

// Emitted before the order's own fills; `rested` is what entered the book after them, so
//   lots = rested + filled by this command + closed at once   (budget orders: lots 0)
struct OrderAccepted {
  OrderId order_id = 0;
  Price price;  // limit, or the bound of a market order
  Lots lots;    // 0 when the size is a budget
  Micro budget;
  Lots rested;
  int64_t expires_at_ms = 0;
  uint16_t leverage = 0;
  Side side = Side::buy;
  OrderKind kind = OrderKind::limit;
  TimeInForce time_in_force = TimeInForce::gtc;
  PostOnly post_only = PostOnly::none;
  SelfTradePrevention stp = SelfTradePrevention::cancel_newest;
  uint8_t flags = 0;         // OrderFlag
  uint32_t text_length = 0;  // reason of an intent: the text of its command
  ClientId client_id{};
};

struct OrderAmended {
  OrderId order_id = 0;
  Price price_before;
  Lots resting_before;  // what leaves the book at price_before
  Price price;
  Lots rested;  // what is in the book at price afterwards
  Lots lots;    // new total size
  Side side = Side::buy;
  uint8_t keeps_priority = 0;
  uint8_t zero[46] = {};
};

struct OrderClosed {
  OrderId order_id = 0;
  Price price;
  Lots remaining;          // lots not filled
  Lots removed_from_book;  // of those, what was resting (0 for a taker's remainder)
  Side side = Side::buy;
  CloseReason reason = CloseReason::none;
  uint8_t zero[62] = {};
};

// One side's view of a trade. Public trade data are the fields of the taker's fill.
struct Fill {
  uint64_t trade_id = 0;  // gap-free per market
  OrderId order_id = 0;
  Price price;
  Lots lots;
  Lots remaining;  // of the order; budget takers: 0 only when the order is done
  Micro fee;
  Micro realised_pnl;
  Lots position_base;  // signed, after the fill
  Micro position_entry_notional;
  Micro position_margin;
  AgentId counterparty = 0;
  Side side = Side::buy;  // of this order
  uint8_t is_taker = 0;
  uint8_t order_done = 0;  // 1: the order is completely filled (no order_closed follows)
  TradeCause cause = TradeCause::order;  // of the trade, on both sides
  uint8_t zero[8] = {};
};

struct PositionDescribed {
  Lots base;
  Micro entry_notional;
  Micro margin;
  Micro realised_pnl_total;
  uint8_t zero[64] = {};
};

struct Event {
  EventHeader header;
  union {
    uint8_t bytes[96];
    MarketCreated market_created;
    PriceUpdated price_updated;
    AgentRegistered agent_registered;
    KeyCreated key_created;
    KeyRevoked key_revoked;
    ThoughtPosted thought_posted;
    MarketStatus market_status;
    FundingSettled funding_settled;
    Liquidation liquidation;
    FundChanged fund_changed;
    LedgerEntry ledger_entry;
    AccountChanged account_changed;
    SettingsChanged settings_changed;
    OrderAccepted order_accepted;
    OrderAmended order_amended;
    OrderClosed order_closed;
    Fill fill;
    PositionDescribed position_described;
    PositionChanged position_changed;
    MarketChangeScheduled market_change_scheduled;
    KeyLimitsChanged key_limits_changed;
    PremiumSampled premium_sampled;
    MoneyDescribed money_described;
    TriggerChanged trigger_changed;
    TriggerClosed trigger_closed;
    OrderBracket order_bracket;
    SwitchChanged switch_changed;
    SignalCreated signal_created;
    SignalFaded signal_faded;
    SignalClosed signal_closed;
    BettingDescribed betting_described;
    PrivateMessage private_message;
    RiskLimitsChanged risk_limits_changed;
    RiskDayStarted risk_day_started;
    AccountDescribed account_described;
  };

  Event() : bytes{} {}
  Event(EventType type, AgentId agent, MarketId market, uint32_t command) : Event() {
    header.type = type;
    header.agent = agent;
    header.market = market;
    header.command = command;
  }
};

inline constexpr std::size_t kEventBytes = 128;
static_assert(sizeof(Event) == kEventBytes);
static_assert(sizeof(OrderAccepted) == 96 && PlainRecord<OrderAccepted>);
static_assert(sizeof(OrderAmended) == 96 && PlainRecord<OrderAmended>);
static_assert(sizeof(OrderClosed) == 96 && PlainRecord<OrderClosed>);
static_assert(sizeof(Fill) == 96 && PlainRecord<Fill>);
static_assert(sizeof(AccountChanged) == 96 && PlainRecord<AccountChanged>);
static_assert(sizeof(LedgerEntry) == 96 && PlainRecord<LedgerEntry>);
static_assert(sizeof(KeyCreated) == 96 && PlainRecord<KeyCreated>);
static_assert(sizeof(AgentRegistered) == 96 && PlainRecord<AgentRegistered>);
static_assert(sizeof(ThoughtPosted) == 96 && PlainRecord<ThoughtPosted>);
static_assert(sizeof(PrivateMessage) == 96 && PlainRecord<PrivateMessage>);
static_assert(sizeof(AccountDescribed) == 96 && PlainRecord<AccountDescribed>);
static_assert(sizeof(SignalCreated) == 96 && PlainRecord<SignalCreated>);
static_assert(sizeof(SignalFaded) == 96 && PlainRecord<SignalFaded>);
static_assert(sizeof(SignalClosed) == 96 && PlainRecord<SignalClosed>);
static_assert(sizeof(BettingDescribed) == 96 && PlainRecord<BettingDescribed>);
static_assert(sizeof(RiskLimitsChanged) == 96 && PlainRecord<RiskLimitsChanged>);
static_assert(sizeof(RiskDayStarted) == 96 && PlainRecord<RiskDayStarted>);
static_assert(std::is_trivially_copyable_v<Event>);

}  // namespace perpetua
