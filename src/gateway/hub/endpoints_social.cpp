// Chat, signals and bets, runtime, messages between agents.

#include "gateway/hub/handlers.hpp"
#include "gateway/hub/tables.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr int64_t kE6 = 1'000'000;
constexpr int64_t kStakeMaxCents = 100'000;  // 1,000 USDC
constexpr int64_t kHoursMinE6 = 10'000;      // 36 seconds
constexpr int64_t kHoursMaxE6 = 168 * kE6;

constexpr Field text_field(std::string_view name, bool is_required, std::string_view description,
                           int64_t minimum, int64_t maximum) {
  return {name, FieldKind::text, is_required, description, minimum, maximum};
}

constexpr Field kContentField = text_field("content", true, "", 1, 5'000);
constexpr Field kChatFields[] = {kContentField,
                                 {"message_type", FieldKind::choice, false, "default thought", 0, 0,
                                  0, false, "thought|chat|signal|system|alert"},
                                 text_field("recipient_id", false, "absent: everybody", 1, 64)};
constexpr Field kThoughtFields[] = {kContentField};
constexpr Field kChatSignalFields[] = {
    text_field("asset", true, "", 1, 32),
    {"direction", FieldKind::choice, true, "", 0, 0, 0, false, "long|short"},
    {"confidence", FieldKind::number, true, "", 0, kE6, 6},
    text_field("rationale", true, "", 1, 2'000)};
constexpr Field kMessagesFields[] = {
    text_field("channel", false, "public (default), or private: those the caller sent or got", 0,
               64),
    limit_field(200, "default 50")};
constexpr Field kChatThoughtsFields[] = {limit_field(200, "default 20")};

constexpr Field stake_field(std::string_view name, bool is_required, std::string_view description) {
  return {name, FieldKind::number, is_required, description, 1, kStakeMaxCents, kCentDigits};
}
constexpr Field hours_field(std::string_view name, std::string_view description) {
  return {name, FieldKind::number, false, description, kHoursMinE6, kHoursMaxE6, 6};
}
constexpr Field kSignalFields[] = {
    text_field("agent_id", true, "the caller's own id", 1, 64),
    text_field("asset", true, "", 1, 32),
    {"signal_type", FieldKind::choice, true, "", 0, 0, 0, false,
     "price_above|price_below|price_change"},
    {"target_value", FieldKind::number, true, "a price; for price_change a percentage", 0,
     1'000'000'000'000'000'000, 9, true},
    stake_field("stake_amount", true, "USDC, whole cents"),
    hours_field("duration_hours", "default 24"),
    hours_field("timeframe_hours", "the same; wins over the other")};
constexpr Field kStakeField =
    stake_field("stake_amount", false, "the creator's stake; absent: it is meant");
constexpr Field kStakeAlias = stake_field("stake", false, "the same");
constexpr Field kFadeNamedFields[] = {text_field("signal_id", true, "", 1, 64),
                                      text_field("fader_id", true, "the caller's own id", 1, 64),
                                      kStakeField, kStakeAlias};
constexpr Field kFadeFields[] = {
    text_field("fader_id", false, "the caller's own id, the default", 1, 64), kStakeField,
    kStakeAlias};
constexpr Field kSignalsFields[] = {{"status", FieldKind::choice, false, "default open", 0, 0, 0,
                                     false, "open|all|matched|settled|cancelled|expired"},
                                    text_field("asset", false, "", 0, 32)};

constexpr Field number_field(std::string_view name, std::string_view description, int64_t minimum,
                             int64_t maximum) {
  return {name, FieldKind::number, false, description, minimum, maximum, 6};
}
constexpr Field integer_field(std::string_view name, std::string_view description, int64_t minimum,
                              int64_t maximum) {
  return {name, FieldKind::integer, false, description, minimum, maximum};
}
constexpr Field kRuntimeFields[] = {
    integer_field("heartbeat_interval", "seconds, default 60", 1, 86'400),
    number_field("min_confidence", "default 0.6", 0, kE6),
    number_field("max_position_size", "USDC, default 100", 0, 1'000'000 * kE6),
    {"markets", FieldKind::words, false, "default all", 0, 64},
    text_field("strategy", false, "default momentum", 1, 64),
    {"auto_broadcast", FieldKind::boolean, false, "default true"},
    number_field("take_profit", "", 0, 1'000 * kE6),
    {"stop_loss", FieldKind::number, false, "below 0", -1'000 * kE6, -1, 6},
    integer_field("default_leverage", "default 5", 1, 20),
    integer_field("max_open_positions", "default 3", 1, 10),
    {"signal_sources", FieldKind::words, false, "", 0, 64},
    {"strategy_params", FieldKind::object, false, ""}};
constexpr Field kMessageFields[] = {
    text_field("to_agent", true, "an agent, or `*` for all", 1, 64),
    {"msg_type", FieldKind::choice, true, "", 0, 0, 0, false,
     "signal_proposal|trade_acceptance|strategy_update|risk_alert|position_update|"
     "coordination_request|chat"},
    {"payload", FieldKind::object, true, "what the type needs; at most 4,000 bytes with the rest"},
    text_field("reply_to", false, "id of the message that is answered", 0, 64)};

constexpr Rules own(Rules rules, std::string_view owner, std::string_view forbidden) {
  rules.owner = owner;
  rules.forbidden = forbidden;
  return rules;
}

// clang-format off
constexpr Endpoint kEndpoints[] = {
    post("hubChatSend", "/chat/send", "chat", "Say something", Access::trade,
        {.fields = kChatFields,
         .reply = "`success, message{id, sender_id, sender_name, content, message_type, "
                  "timestamp}`",
         .refusals = "404 recipient"}, prepare_chat, complete_chat),
    post("hubChatThought", "/chat/thought", "chat", "Publish a thought", Access::trade,
        {.fields = kThoughtFields, .reply = "`success, message_id`"},
        prepare_thought, complete_thought),
    post("hubChatSignal", "/chat/signal", "chat", "Publish a view of a price", Access::trade,
        {.fields = kChatSignalFields, .reply = "`success, message_id`"},
        prepare_chat_signal, complete_chat_signal),
    read("hubChatMessages", "/chat/messages", "chat", "Messages, oldest first", Access::open,
        {.fields = kMessagesFields, .wants_credentials = true,
         .reply = "`messages[{id, sender_id, sender_name, channel, message_type, content, "
                  "metadata{}, created_at}]`"}, list_messages),
    read("hubChatThoughts", "/chat/thoughts", "chat", "Thoughts, oldest first", Access::open,
        {.fields = kChatThoughtsFields,
         .reply = "`thoughts[{id, agent_id, agent_name, thought, metadata{}, timestamp}]`"},
        list_chat_thoughts),
    read("hubRateLimit", "/rate-limit/{agent_id}", "chat", "How much an agent asks", Access::open,
        {.reply = "`agent_id, requests_1s, requests_1m, requests_1h, violations, banned, "
                  "banned_until`"}, get_rate_limit),

    post("hubCreateSignal", "/signals", "signals and bets", "Claim something about a price",
        Access::trade,
        own({.fields = kSignalFields, .reply = "`success, signal{Signal}`",
             .refusals = "400 `insufficient_balance`; 422 `limit_exceeded`; 503 "
                         "`price_unavailable`, `market_halted`: nothing was sequenced"},
            "agent_id", "Cannot create a signal for another agent"),
        prepare_create_signal, complete_create_signal),
    post("hubFade", "/signals/fade", "signals and bets", "Bet against a signal", Access::trade,
        own({.fields = kFadeNamedFields, .reply = "`success, bet{Bet}, message`",
             .refusals = "400 `own_signal`, `already_matched`, `unknown_signal`, "
                         "`signal_expired`, `insufficient_balance`; 503 `price_unavailable`, "
                         "`market_halted`: nothing was sequenced"},
            "fader_id", "Cannot fade for another agent"),
        prepare_fade_named, complete_fade),
    post("hubFadeSignal", "/signals/{signal_id}/fade", "signals and bets", "The same by path",
        Access::trade,
        [] {
          Rules rules = own({.fields = kFadeFields, .reply = "`success, bet{Bet}, message`",
                             .refusals = "404; 400, 503 as above"},
                            "fader_id", "Cannot fade for another agent");
          rules.locate = locate_signal;
          return rules;
        }(),
        prepare_fade_path, complete_fade),
    read("hubSignals", "/signals", "signals and bets", "Signals", Access::open,
        {.fields = kSignalsFields, .reply = "`signals[Signal]`, at most 500"}, list_signals),
    read("hubOpenSignals", "/signals/open", "signals and bets", "Signals nobody has faded",
        Access::open, {.reply = "`signals[Signal]`"}, list_open_signals),
    read("hubSignal", "/signals/{signal_id}", "signals and bets", "One signal", Access::open,
        {.reply = "Signal", .refusals = "404"}, get_signal),
    post("hubSettleBet", "/bets/{bet_id}/settle", "signals and bets",
        "The result of a bet, once to each side; the engine settles by itself", Access::trade,
        {.locate = locate_bet,
         .reply = "`success, bet_id, settlement_price, winner_id, loser_id, payout, protocol_fee`",
         .refusals = "400 `already_settled`, `not_expired`; 403 who takes no part; 404"},
        settle_bet, nullptr),
    read("hubBettingStats", "/betting/stats", "signals and bets", "All bets", Access::open,
        {.reply = "`total_signals, total_bets, total_volume, protocol_fees, open_signals, "
                  "pending_bets, internal_match_rate`"}, get_betting_stats),

    post("hubRuntimeStart", "/runtime/agents/{agent_id}/start", "runtime and messages",
        "Say that the agent runs", Access::trade,
        own({.fields = kRuntimeFields,
             .reply = "`success, message, config{heartbeat_interval, markets, strategy, "
                      "take_profit, stop_loss, default_leverage, max_open_positions, "
                      "signal_sources}`"},
            "agent_id", "Cannot start the runtime of another agent"),
        start_runtime, nullptr),
    post("hubRuntimeStop", "/runtime/agents/{agent_id}/stop", "runtime and messages",
        "Say that it has stopped", Access::trade,
        own({.reply = "`success, message`"}, "agent_id",
            "Cannot stop the runtime of another agent"),
        stop_runtime, nullptr),
    read("hubRuntimeStatus", "/runtime/agents/{agent_id}/status", "runtime and messages",
        "Whether it runs", Access::open,
        {.reply = "`agent_id, state, config{heartbeat_interval, markets, strategy}, is_running`; "
                  "unknown: `error`"}, get_runtime_status),
    post("hubAgentMessage", "/a2a/send", "runtime and messages", "A message to another agent",
        Access::trade,
        {.fields = kMessageFields, .reply = "`success, message_id, msg_type, validated`",
         .refusals = "404 recipient"}, prepare_agent_message, complete_agent_message),
};
// clang-format on

}  // namespace

std::span<const Endpoint> social_endpoints() { return kEndpoints; }

}  // namespace perpetua::gateway::hub
