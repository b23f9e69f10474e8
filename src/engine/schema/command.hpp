// Commands: everything that can change the exchange. Fixed 128-byte records, little endian.
//
//   0        40                                              128
//   | header | payload of the type (88 bytes, zero-filled)    |
//
//   header:  0 type u8 | 1 market u8 | 2 text_length u16 | 4 agent u32 | 8 text_offset u32 |
//            12 key_id u32 | 16 valid_until_ms i64 | 24 key (Hash128, 0 = none)
//
// Text (wallet, thought, reason, market spec) lies in the batch's text area at
// [text_offset, text_offset + text_length). The journal stores records and text area as they are;
// the gateway builds them; docs/formats/journal.md draws them. A changed layout changes
// kSchemaHash, and a binary refuses journals of another schema.
#pragma once

#include <array>
#include <compare>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "base/byte_io.hpp"
#include "base/hash.hpp"
#include "base/limits.hpp"
#include "engine/schema/risk_limits.hpp"
#include "engine/schema/signal.hpp"
#include "engine/schema/types.hpp"

namespace perpetua {

enum class CommandType : uint8_t {
  none = 0,
  register_agent = 1,
  create_key = 2,
  revoke_key = 3,
  deposit = 4,
  withdraw = 5,
  transfer = 6,
  claim_faucet = 7,
  place_order = 8,
  amend_order = 9,
  cancel_order = 10,
  cancel_all = 11,
  set_leverage = 12,
  set_netting = 13,
  post_thought = 14,
  update_price = 15,
  create_market = 16,  // text: one MarketSpec
  configure = 17,      // first command of every journal
  adjust_margin = 18,
  tick = 19,  // time passes: every market advances
  set_market_mode = 20,
  fund_insurance = 21,
  place_trigger = 22,
  cancel_all_after = 23,  // the dead-man's switch
  set_key_limits = 24,
  change_market = 25,  // text: one MarketSpec
  create_signal = 26,
  fade_signal = 27,  // market in the signal's id
  set_risk_limits = 28,
  consume_stream = 29,  // how far a stream of commands has been taken
};

struct CommandHeader {
  CommandType type = CommandType::none;
  MarketId market = kNoMarket;
  uint16_t text_length = 0;
  AgentId agent = 0;  // who acts; 0 for the exchange (prices, markets, registration)
  uint32_t text_offset = 0;
  uint32_t key_id = 0;         // the API key that sent it, 0 = none; its limits hold
  int64_t valid_until_ms = 0;  // refused once log time is later; 0 = no deadline
  Hash128 key;                 // idempotency key, hash128_text of what the client sent
};
static_assert(sizeof(CommandHeader) == 40);

using Sha256 = std::array<uint8_t, 32>;
using ClientId = std::array<char, limits::kClientIdBytesMax>;  // zero-padded; all zero = none

// Text: wallet, display name, bio, twitter handle, in this order, without separators.
struct RegisterAgent {
  Sha256 key_sha256{};
  int64_t key_expires_at_ms = 0;  // 0 = never
  int64_t start_balance_micro = 0;
  uint16_t wallet_length = 0;
  uint16_t display_name_length = 0;
  uint16_t bio_length = 0;
  uint8_t scopes = kScopesAll;
  uint8_t has_risk_limits = 0;  // 1: it starts with the limits of `configure`
  uint16_t twitter_handle_length = 0;
  uint8_t zero[30] = {};
};

// What a key may do: docs/rules-perpetual.md section 22. 0: without this limit.
struct KeyLimits {
  Micro order_notional_max;
  Micro position_notional_max;
  Micro daily_loss_max;
  uint64_t markets = 0;  // a bit each
  uint16_t leverage_max = 0;
  uint8_t reduce_only = 0;
  uint8_t zero[5] = {};

  bool operator==(const KeyLimits&) const = default;
};

// Text: its name.
struct CreateKey {
  Sha256 key_sha256{};
  int64_t expires_at_ms = 0;  // 0 = never
  KeyLimits limits;
  uint8_t scopes = kScopesAll;
  uint8_t zero[7] = {};
};

struct RevokeKey {
  uint32_t key_id = 0;
  uint8_t zero[84] = {};
};

enum MoneyFlag : uint8_t {
  kOnChain = 1,        // withdraw: bounded and with a cooldown; deposit, transfer: only shown
  kOncePerWindow = 2,  // claim_faucet: refused while the window of an earlier claim is open
};

// deposit, withdraw, transfer, claim_faucet.
struct MoveMoney {
  Micro amount;
  AgentId to_agent = 0;  // transfer only
  uint8_t flags = 0;     // MoneyFlag
  uint8_t zero[3] = {};
  Sha256 claim{};  // deposit: what it is paid by, good for one deposit ever; all zero = none
  uint8_t zero2[40] = {};
};

enum OrderFlag : uint8_t {
  kReduceOnly = 1,
  kClosePosition = 2,     // reduce-only, size = whole position; lots and budget are ignored
  kIntent = 4,            // placed as an intent; text = reason
  kTriggered = 8,         // in events only: sent by a trigger
  kReplaceTriggers = 16,  // place_trigger only: instead of the agent's protective triggers
};

struct PlaceOrder {
  Price price;                // limit price; 0 for market orders
  Lots lots;                  // either lots ...
  Micro budget;               // ... or a quote budget is above zero
  int64_t expires_at_ms = 0;  // gtd only
  uint32_t slippage_ppm = 0;  // market only; 0 = the market's default
  uint16_t leverage = 0;      // 0 = the agent's setting for the market
  Side side = Side::buy;
  OrderKind kind = OrderKind::limit;
  TimeInForce time_in_force = TimeInForce::gtc;
  PostOnly post_only = PostOnly::none;
  SelfTradePrevention stp = SelfTradePrevention::cancel_newest;
  uint8_t flags = 0;
  ClientId client_id{};
  uint32_t stop_loss = 0;  // bracket, ticks of the mark; 0 = without
  uint32_t take_profit = 0;
};

// The order is named by order_id, or by client_id when order_id is 0.
struct AmendOrder {
  OrderId order_id = 0;
  Price price;  // 0 = keep
  Lots lots;    // new total size (what has filled counts); 0 = keep
  ClientId client_id{};
  uint8_t zero[28] = {};
};

struct CancelOrder {
  OrderId order_id = 0;
  ClientId client_id{};
  uint8_t zero[44] = {};
};

// Market in the header; kNoMarket = every market.
struct CancelAll {
  CancelScope scope = CancelScope::orders;
  uint8_t zero[87] = {};
};

// Sends an order when the mark reaches a price: docs/rules-perpetual.md section 20. Either stop or
// trail or neither; with take_profit, too, the first to fire closes the other. Marks and limits in
// ticks, 0 = without; a leg without limit sends a market order.
struct PlaceTrigger {
  Price stop;
  Price take_profit;
  Price stop_limit;
  Price take_profit_limit;
  Price trail;  // ticks between the best mark and the stop
  Lots lots;    // 0: the whole position
  uint32_t slippage_ppm = 0;
  uint16_t leverage = 0;  // entry only
  Side side = Side::buy;  // entry only; a protective one is opposite to the position
  uint8_t flags = kReduceOnly;
  uint8_t zero[32] = {};
};

// Market in the header; kNoMarket = every market.
struct CancelAllAfter {
  int64_t timeout_ms = 0;                   // 0 disarms
  CancelScope scope = CancelScope::orders;  // not `triggers`
  uint8_t zero[79] = {};
};

struct SetKeyLimits {
  KeyLimits limits;
  uint32_t key_id = 0;
  uint8_t zero[44] = {};
};

struct ChangeMarket {
  int64_t effective_at_ms = 0;
  uint8_t zero[80] = {};
};

struct SetLeverage {
  uint16_t leverage = 0;
  uint8_t zero[86] = {};
};

struct SetNetting {
  uint8_t netting = 0;
  uint8_t zero[87] = {};
};

// Text: content, metadata, without separator. Market in the header or kNoMarket.
struct PostThought {
  AgentId to_agent = 0;  // 0 = everybody; else only sender and recipient get it
  uint16_t metadata_length = 0;
  MessageKind kind = MessageKind::thought;
  uint8_t zero[81] = {};
};

struct UpdatePrice {
  Price price;
  int64_t source_time_ms = 0;
  uint8_t zero[72] = {};
};

// Into (> 0) or out of (< 0) the agent's position in the market of the header.
struct AdjustMargin {
  Micro amount;
  uint8_t zero[80] = {};
};

struct SetMarketMode {
  MarketMode mode = MarketMode::open;
  uint8_t zero[87] = {};
};

// A deposit of the operator's into the market's insurance fund.
struct FundInsurance {
  Micro amount;
  uint8_t zero[80] = {};
};

struct Configure {
  uint64_t hash_seed = 0;           // keys the tables whose keys agents choose
  uint32_t margin_use_max_ppm = 0;  // 800,000: at most 80 % of collateral in use
  uint32_t zero = 0;
  RiskLimits risk_limits;  // of agents that register with has_risk_limits
  uint8_t zero2[40] = {};
};

// The id of one entry of a stream, as Redis gives them out: they only grow.
struct StreamPosition {
  uint64_t milliseconds = 0;
  uint64_t sequence = 0;

  auto operator<=>(const StreamPosition&) const = default;
};

// Written before the commands that were taken from a stream, in the same batch: whoever goes on
// with this state takes the entries after `last`. Text: who sent those commands, in a form of the
// sender's own; the engine does not look at it.
struct ConsumeStream {
  StreamPosition last;         // of the newest entry taken; above the stream's position
  uint32_t command_count = 0;  // that follow this one and came with it
  uint32_t text_bytes = 0;     // of those commands together
  uint16_t stream = 0;         // below limits::kStreamsMax
  uint8_t zero[62] = {};
};

struct Command {
  CommandHeader header;
  union {
    uint8_t bytes[88];
    RegisterAgent register_agent;
    CreateKey create_key;
    RevokeKey revoke_key;
    MoveMoney money;
    PlaceOrder place;
    AmendOrder amend;
    CancelOrder cancel;
    CancelAll cancel_all;
    SetLeverage set_leverage;
    SetNetting set_netting;
    PostThought thought;
    UpdatePrice update_price;
    Configure configure;
    AdjustMargin adjust_margin;
    SetMarketMode set_market_mode;
    FundInsurance fund_insurance;
    PlaceTrigger trigger;
    CancelAllAfter cancel_all_after;
    SetKeyLimits set_key_limits;
    ChangeMarket change_market;
    CreateSignal create_signal;
    FadeSignal fade_signal;
    SetRiskLimits set_risk_limits;
    ConsumeStream consume;
  };

  // Payload zero-filled; the writer then assigns the member of its type.
  Command() : bytes{} {}
  explicit Command(CommandType type, AgentId agent = 0, MarketId market = kNoMarket) : Command() {
    header.type = type;
    header.agent = agent;
    header.market = market;
  }
};

inline constexpr std::size_t kCommandBytes = 128;
static_assert(sizeof(Command) == kCommandBytes);
static_assert(sizeof(RegisterAgent) == 88 && PlainRecord<RegisterAgent>);
static_assert(sizeof(CreateKey) == 88 && PlainRecord<CreateKey>);
static_assert(sizeof(RevokeKey) == 88 && PlainRecord<RevokeKey>);
static_assert(sizeof(MoveMoney) == 88 && PlainRecord<MoveMoney>);
static_assert(sizeof(PlaceOrder) == 88 && PlainRecord<PlaceOrder>);
static_assert(sizeof(AmendOrder) == 88 && PlainRecord<AmendOrder>);
static_assert(sizeof(CancelOrder) == 88 && PlainRecord<CancelOrder>);
static_assert(sizeof(UpdatePrice) == 88 && PlainRecord<UpdatePrice>);
static_assert(sizeof(AdjustMargin) == 88 && PlainRecord<AdjustMargin>);
static_assert(sizeof(SetMarketMode) == 88 && PlainRecord<SetMarketMode>);
static_assert(sizeof(FundInsurance) == 88 && PlainRecord<FundInsurance>);
static_assert(sizeof(Configure) == 88 && PlainRecord<Configure>);
static_assert(sizeof(PlaceTrigger) == 88 && PlainRecord<PlaceTrigger>);
static_assert(sizeof(CancelAllAfter) == 88 && PlainRecord<CancelAllAfter>);
static_assert(sizeof(SetKeyLimits) == 88 && PlainRecord<SetKeyLimits>);
static_assert(sizeof(ChangeMarket) == 88 && PlainRecord<ChangeMarket>);
static_assert(sizeof(PostThought) == 88 && PlainRecord<PostThought>);
static_assert(sizeof(CreateSignal) == 88 && PlainRecord<CreateSignal>);
static_assert(sizeof(FadeSignal) == 88 && PlainRecord<FadeSignal>);
static_assert(sizeof(SetRiskLimits) == 88 && PlainRecord<SetRiskLimits>);
static_assert(sizeof(ConsumeStream) == 88 && PlainRecord<ConsumeStream>);
static_assert(std::is_trivially_copyable_v<Command>);

inline ClientId make_client_id(std::string_view text) {
  ClientId id{};
  PERPETUA_ASSERT(text.size() <= id.size());
  if (!text.empty()) std::memcpy(id.data(), text.data(), text.size());
  return id;
}

inline std::string_view client_id_view(const ClientId& id) {
  const void* end = std::memchr(id.data(), 0, id.size());
  const std::size_t size =
      end == nullptr ? id.size()
                     : static_cast<std::size_t>(static_cast<const char*>(end) - id.data());
  return {id.data(), size};
}

// Only these may use the command ring's reserve when it is nearly full: who cannot refresh its
// switch would lose its orders, and a switch is armed to cancel.
constexpr bool is_cancel(CommandType type) {
  return type == CommandType::cancel_order || type == CommandType::cancel_all ||
         type == CommandType::cancel_all_after;
}

}  // namespace perpetua
