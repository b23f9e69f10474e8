// Result codes: every answer the exchange can give to a command, in one table.
//
// The journal stores the number, the wire shows the name, docs/api.md and openapi.json list name,
// HTTP status, message and hint; all of them are generated from PERPETUA_RESULT_CODES. Numbers are
// stable for ever: add at the end of a group, never renumber.
//
// X(name, number, http_status, message, hint). 1-199 are produced by the engine and are part of its
// state; 200+ are produced before sequencing and change nothing.
#pragma once

#include <cstdint>
#include <string_view>

// clang-format off
#define PERPETUA_RESULT_CODES(X)                                                                   \
  X(ok, 0, 200, "done", "")                                                                        \
  /* requests */                                                                                   \
  X(invalid_request, 1, 400, "the fields do not fit together", "see the endpoint in /docs")        \
  X(invalid_quantity, 2, 422, "size must be given once and above zero", "give either `size` or `size_usdc`") \
  X(size_too_small, 3, 422, "size is below the market's minimum", "raise the size to the minimum shown by /api/v1/markets") \
  X(size_too_large, 4, 422, "size is above the market's maximum", "split the order")               \
  X(price_out_of_band, 5, 422, "price is outside the allowed band around the mark price", "choose a price between the two values given") \
  X(invalid_slippage, 6, 422, "slippage bound is above the market's maximum", "lower `max_slippage`") \
  X(invalid_expiry, 7, 422, "expiry is missing or not in the future", "give `expires_at` in milliseconds since 1970") \
  X(leverage_too_high, 8, 422, "leverage is above what the market allows for this size", "lower the leverage or the size") \
  X(request_expired, 9, 409, "the request reached the exchange after its own deadline", "send it again with a later `valid_until`") \
  X(idempotency_conflict, 10, 409, "this key was used before with other content", "use a fresh key for a new request") \
  X(invalid_amount, 11, 422, "amount must be above zero and within the limit", "see /api/v1/limits") \
  X(trigger_wrong_side, 12, 422, "the mark has reached this trigger price already", "choose a price on the other side of the mark given") \
  X(invalid_timeout, 13, 422, "the timeout of a dead-man's switch is 0 or within its bounds", "choose a value between the two given, or 0 to disarm") \
  /* who and where */                                                                              \
  X(agent_not_found, 20, 404, "no such agent", "")                                                 \
  X(market_not_found, 21, 404, "no such market", "GET /api/v1/markets lists them")                 \
  X(order_not_found, 22, 404, "no open order of this agent has that id", "it may be filled or cancelled: see the order history") \
  X(key_not_found, 23, 404, "no such key of this agent", "")                                       \
  X(wallet_taken, 24, 409, "an agent with this wallet exists", "use that agent's key, or another wallet") \
  X(agent_limit_reached, 25, 503, "the exchange holds its maximum of agents", "")                  \
  X(key_limit_reached, 26, 422, "the agent holds its maximum of keys", "revoke one first")         \
  X(market_exists, 27, 409, "a market with this symbol exists", "")                                \
  X(key_taken, 28, 409, "this key exists already", "create another")                               \
  X(key_expired, 29, 401, "the key was revoked or has expired", "create another key")                \
  /* risk */                                                                                       \
  X(insufficient_margin, 40, 422, "not enough collateral for the margin and fee of this order", "deposit, cancel orders, or lower the size; numbers are given") \
  X(insufficient_balance, 41, 422, "not enough free collateral", "cancel orders, close positions or deposit; numbers are given") \
  X(conflicting_position, 42, 409, "the order could open the side opposite to this agent's position or open orders", "use reduce_only, or choose netting for this market") \
  X(reduce_only_would_increase, 43, 422, "there is no opposite position to reduce", "drop reduce_only to open a position") \
  X(too_many_open_orders, 44, 422, "the agent holds its maximum of open orders in this market", "cancel some first") \
  X(position_too_large, 45, 422, "the position would exceed the market's maximum", "lower the size") \
  X(faucet_limit, 46, 429, "the faucet's daily amount is used up", "try again tomorrow; numbers are given") \
  X(deposit_limit, 47, 422, "deposits would exceed what the exchange accepts in all", "")          \
  X(too_many_triggers, 48, 422, "the agent holds its maximum of triggers in this market", "cancel some first") \
  X(key_limited, 49, 403, "the limits of this key do not allow it", "use a key with other limits; numbers are given") \
  X(limit_exceeded, 50, 422, "a risk limit of this agent does not allow it", "change the limit, or lower the size; numbers are given") \
  X(already_claimed, 51, 409, "this payment was credited before", "send another payment")          \
  X(claim_limit_reached, 52, 503, "the exchange holds its maximum of payment references", "")      \
  X(withdrawal_cooldown, 53, 429, "on-chain withdrawals of an agent are a minute apart at least", "wait; the milliseconds left are given") \
  /* matching */                                                                                   \
  X(would_cross, 60, 422, "a post-only order would trade at once", "move the price behind the touching price given") \
  X(fok_unfillable, 61, 422, "the book cannot fill the whole order within its limit", "lower the size, or use ioc") \
  X(no_position, 62, 404, "there is no position to close in this market", "")                      \
  /* prices */                                                                                     \
  X(price_unavailable, 80, 503, "the market has no price yet", "retry in a second")                \
  X(price_invalid, 81, 422, "price must be above zero and inside the market's absolute band", "")  \
  X(price_stale, 82, 422, "the price is older than the limit", "send fresh prices")                \
  X(market_closed, 83, 409, "the market takes no orders now; cancels work", "see `exchange_status` of /api/v1/markets; it opens again by itself after stale prices") \
  /* signals */                                                                                    \
  X(signal_not_found, 90, 404, "no such signal", "")                                               \
  X(own_signal, 91, 400, "an agent cannot fade its own signal", "wait until another agent does")   \
  X(already_matched, 92, 409, "another agent has matched this signal", "choose an open one")       \
  X(signal_expired, 93, 409, "this signal is over", "choose an open one")                          \
  X(too_many_signals, 94, 422, "the agent, or the market, holds its maximum of signals", "wait until some expire; numbers are given") \
  X(invalid_target, 95, 422, "the target is outside the market's prices", "see the market's band") \
  /* before sequencing: nothing has happened */                                                    \
  X(malformed_json, 200, 400, "the body is not valid JSON", "")                                    \
  X(invalid_field, 201, 422, "a field has a wrong type, form or range", "")                        \
  X(missing_field, 202, 422, "a required field is missing", "")                                    \
  X(unauthorized, 203, 401, "a valid API key is required", "send `X-API-Key: th_...`")             \
  X(forbidden, 204, 403, "the key may not do this", "use a key with the scope named in `field`")   \
  X(rate_limited, 205, 429, "too many requests", "wait for `Retry-After` seconds")                 \
  X(overloaded, 206, 503, "the exchange is at capacity; nothing was done", "retry after `Retry-After` seconds") \
  X(not_found, 207, 404, "no such path", "see /docs")                                              \
  X(method_not_allowed, 208, 405, "the path exists with another method", "see /docs")              \
  X(payload_too_large, 209, 413, "the body is larger than 64 KiB", "")                             \
  X(shutting_down, 210, 503, "the exchange is stopping; nothing was done", "reconnect and retry")  \
  X(unsupported_media_type, 211, 415, "the body must be application/json", "")                     \
  X(invalid_cursor, 212, 400, "the cursor does not come from this list", "start again without it") \
  X(not_in_this_mode, 213, 403, "not available in this mode of the exchange", "")                  \
  X(exchange_unavailable, 214, 503, "the exchange cannot serve now; nothing was done", "retry after `Retry-After` seconds") \
  X(outcome_unknown, 215, 504, "the command was sent and not answered in time", "repeat it with the same idempotency key to learn its outcome") \
  X(not_served_here, 216, 404, "this process does not serve this path", "ask a process whose role includes api")
// clang-format on

namespace perpetua {

enum class ResultCode : uint16_t {
#define PERPETUA_RESULT_ENUM(name, number, status, message, hint) name = number,
  PERPETUA_RESULT_CODES(PERPETUA_RESULT_ENUM)
#undef PERPETUA_RESULT_ENUM
};

struct ResultInfo {
  ResultCode code;
  std::string_view name;
  int http_status;
  std::string_view message;
  std::string_view hint;
};

inline constexpr ResultInfo kResultInfos[] = {
#define PERPETUA_RESULT_INFO(name, number, status, message, hint) \
  {ResultCode::name, #name, status, message, hint},
    PERPETUA_RESULT_CODES(PERPETUA_RESULT_INFO)
#undef PERPETUA_RESULT_INFO
};

constexpr const ResultInfo& result_info(ResultCode code) {
  for (const ResultInfo& info : kResultInfos) {
    if (info.code == code) return info;
  }
  return kResultInfos[1];
}

}  // namespace perpetua
