// Refusal: an error of the root API.
//
//   {"detail": "leverage: must be between 1 and 20", "code": "validation_failed",
//    "errors": [{"loc": ["body","leverage"], "msg": "...", "type": "less_than_equal"}],
//    "request_id": "req_..."}
//
// `detail` is always one string. Kinds are stable and documented in docs/hub-api.md, which is made
// from refusal_kinds(). Engine codes become refusals by one table (refusal.cpp); a handler that
// knows better refuses by itself. Values; thread-safe but for the Call.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/schema/result_code.hpp"

namespace perpetua::gateway {

struct ApiError;
struct Call;

namespace hub {

struct Kind {
  int status = 0;
  std::string_view code;
};

inline constexpr Kind kInsufficientBalance{400, "insufficient_balance"};
inline constexpr Kind kInsufficientMargin{400, "insufficient_margin"};
inline constexpr Kind kPositionClosed{400, "position_closed"};
inline constexpr Kind kOwnSignal{400, "own_signal"};
inline constexpr Kind kAlreadyMatched{400, "already_matched"};
inline constexpr Kind kAlreadySettled{400, "already_settled"};
inline constexpr Kind kNotExpired{400, "not_expired"};
inline constexpr Kind kSignalExpired{400, "signal_expired"};
inline constexpr Kind kUnknownSignal{400, "unknown_signal"};
inline constexpr Kind kSelfTransfer{400, "self_transfer"};
inline constexpr Kind kTransactionUsed{400, "transaction_used"};
inline constexpr Kind kTriggerWrongSide{400, "trigger_wrong_side"};
inline constexpr Kind kIntentNotOpen{400, "intent_not_open"};
inline constexpr Kind kBadRequest{400, "bad_request"};
inline constexpr Kind kAuthenticationRequired{401, "authentication_required"};
inline constexpr Kind kInvalidApiKey{401, "invalid_api_key"};
inline constexpr Kind kInvalidToken{401, "invalid_token"};
inline constexpr Kind kForbidden{403, "forbidden"};
inline constexpr Kind kScopeRequired{403, "scope_required"};
inline constexpr Kind kNotFound{404, "not_found"};
inline constexpr Kind kNotServedHere{404, "not_served_here"};
inline constexpr Kind kMethodNotAllowed{405, "method_not_allowed"};
inline constexpr Kind kAlreadyRegistered{409, "already_registered"};
inline constexpr Kind kIdempotencyConflict{409, "idempotency_conflict"};
inline constexpr Kind kBodyTooLarge{413, "body_too_large"};
inline constexpr Kind kValidationFailed{422, "validation_failed"};
inline constexpr Kind kConflictingPosition{422, "conflicting_position"};
inline constexpr Kind kLimitExceeded{422, "limit_exceeded"};
inline constexpr Kind kNoLiquidity{422, "no_liquidity"};
inline constexpr Kind kPriceOutOfBand{422, "price_out_of_band"};
inline constexpr Kind kPriceGone{422, "price_unavailable"};  // after sequencing
inline constexpr Kind kMarketClosed{422, "market_halted"};   // likewise
inline constexpr Kind kRateLimited{429, "rate_limited"};
inline constexpr Kind kCooldown{429, "cooldown"};
inline constexpr Kind kHeaderTooLarge{431, "header_too_large"};
inline constexpr Kind kInternalError{500, "internal_error"};
inline constexpr Kind kNotImplemented{501, "not_implemented"};
inline constexpr Kind kPriceUnavailable{503, "price_unavailable"};
inline constexpr Kind kMarketHalted{503, "market_halted"};
inline constexpr Kind kOverloaded{503, "overloaded"};
inline constexpr Kind kExchangeUnavailable{503, "exchange_unavailable"};
inline constexpr Kind kOutcomeUnknown{504, "outcome_unknown"};

// One field that was refused.
struct Fault {
  std::string place;  // "body", "query", "path"
  std::string field;
  std::string message;    // "must be between 1 and 20"
  std::string_view type;  // "less_than_equal"
};

struct Refusal {
  Kind kind;
  std::string detail;  // empty: the faults' texts joined
  std::vector<Fault> faults;
  std::vector<std::pair<std::string_view, std::string>> siblings;  // name, JSON value
};

// Makes the refusal the answer; always false. Siblings are added to call.refusal afterwards.
bool refuse(Call& call, Kind kind, std::string detail);
bool refuse_field(Call& call, std::string_view place, std::string_view field, std::string message,
                  std::string_view type);

// The answer to what the engine, or the machinery that both APIs share, refused.
// REQUIRES: error.is_error().
Refusal translate(const ApiError& error);

// call.error or call.refusal as the body, the status too.
void render_refusal(Call& call);

// For documents: every kind with what it means, and the kind of an engine code.
struct KindText {
  Kind kind;
  std::string_view meaning;
};
std::string kind_table();
Kind kind_of(ResultCode code);

// "1.50", at least two digits behind the point.
std::string usdc_text(int64_t micro);

}  // namespace hub
}  // namespace perpetua::gateway
