#include "gateway/hub/refusal.hpp"

#include <algorithm>

#include "base/decimal.hpp"
#include "gateway/codec/json_writer.hpp"
#include "gateway/http/call.hpp"
#include "gateway/hub/services.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::gateway::hub {
namespace {

using enum ResultCode;

// Engine code -> kind and text. An empty text: the message of the code. What the engine refuses has
// been sequenced, so it is never a 503: who gets one of these sends again.
struct Row {
  ResultCode code;
  Kind kind;
  std::string_view detail;
};

constexpr Row kRows[] = {
    {invalid_request, kValidationFailed, ""},
    {invalid_quantity, kValidationFailed, ""},
    {size_too_small, kValidationFailed, ""},
    {size_too_large, kLimitExceeded, ""},
    {price_out_of_band, kPriceOutOfBand, ""},
    {invalid_slippage, kValidationFailed, ""},
    {invalid_expiry, kValidationFailed, ""},
    {leverage_too_high, kLimitExceeded, ""},
    {request_expired, kIdempotencyConflict, ""},
    {idempotency_conflict, kIdempotencyConflict, ""},
    {invalid_amount, kValidationFailed, "amount: must be above zero and within the limit"},
    {trigger_wrong_side, kTriggerWrongSide, ""},
    {invalid_timeout, kValidationFailed, ""},
    {agent_not_found, kNotFound, "Agent not found"},
    {market_not_found, kNotFound, "Asset not found"},
    {order_not_found, kNotFound, "Intent not found"},
    {key_not_found, kNotFound, "API key not found"},
    {wallet_taken, kAlreadyRegistered, "Wallet already registered"},
    {agent_limit_reached, kLimitExceeded, ""},
    {key_limit_reached, kLimitExceeded, ""},
    {market_exists, kIdempotencyConflict, ""},
    {key_taken, kIdempotencyConflict, ""},
    {key_expired, kInvalidApiKey, "Invalid API key"},
    {insufficient_margin, kInsufficientMargin, "Insufficient margin"},
    {insufficient_balance, kInsufficientBalance, "Insufficient balance"},
    {conflicting_position, kConflictingPosition,
     "A position on the opposite side is open: close it with POST /positions/{id}/close"},
    {reduce_only_would_increase, kPositionClosed, "Position is already closed"},
    {too_many_open_orders, kLimitExceeded, ""},
    {position_too_large, kLimitExceeded, ""},
    {faucet_limit, kCooldown, "Faucet cooldown"},
    {deposit_limit, kLimitExceeded, ""},
    {too_many_triggers, kLimitExceeded, ""},
    {key_limited, kForbidden, ""},
    {limit_exceeded, kLimitExceeded, ""},
    {already_claimed, kTransactionUsed, "Transaction already used for a deposit"},
    {claim_limit_reached, kLimitExceeded, ""},
    {withdrawal_cooldown, kCooldown, "Withdrawal cooldown"},
    {would_cross, kPriceOutOfBand, ""},
    {fok_unfillable, kNoLiquidity, ""},
    {no_position, kPositionClosed, "Position is already closed"},
    {price_unavailable, kPriceGone, "The market had no price any more: nothing was done"},
    {price_invalid, kPriceOutOfBand, ""},
    {price_stale, kPriceGone, "The market's price was too old: nothing was done"},
    {market_closed, kMarketClosed, "The market took no orders any more: nothing was done"},
    {signal_not_found, kNotFound, "Signal not found"},
    {own_signal, kOwnSignal, "Cannot fade your own signal"},
    {already_matched, kAlreadyMatched, "Signal is already matched"},
    {signal_expired, kSignalExpired, "Signal has expired"},
    {too_many_signals, kLimitExceeded, ""},
    {invalid_target, kValidationFailed, ""},
    {malformed_json, kValidationFailed, ""},
    {invalid_field, kValidationFailed, ""},
    {missing_field, kValidationFailed, ""},
    {unauthorized, kInvalidApiKey, "Invalid API key"},
    {forbidden, kForbidden, ""},
    {rate_limited, kRateLimited, "Rate limit exceeded"},
    {overloaded, kOverloaded, ""},
    {not_found, kNotFound, "Not Found"},
    {method_not_allowed, kMethodNotAllowed, "Method Not Allowed"},
    {payload_too_large, kBodyTooLarge, "Request body too large: the limit is 64 KiB"},
    {shutting_down, kExchangeUnavailable, ""},
    {unsupported_media_type, kValidationFailed, ""},
    {invalid_cursor, kValidationFailed, ""},
    {not_in_this_mode, kForbidden, ""},
    {exchange_unavailable, kExchangeUnavailable, ""},
    {outcome_unknown, kOutcomeUnknown, ""},
    {not_served_here, kNotServedHere, "This process does not serve this path"},
};

constexpr KindText kKindTexts[] = {
    {kInsufficientBalance, "less available than the request needs"},
    {kInsufficientMargin, "the margin in use would pass its cap"},
    {kPositionClosed, "the position is closed already"},
    {kOwnSignal, "a signal of one's own cannot be faded"},
    {kAlreadyMatched, "the signal has been faded already"},
    {kAlreadySettled, "the bet has been settled already"},
    {kNotExpired, "the bet ends later: it is settled at its end, by itself"},
    {kSignalExpired, "the signal has ended"},
    {kUnknownSignal, "the body names no signal there is"},
    {kSelfTransfer, "sender and recipient are the same"},
    {kTransactionUsed, "this transaction was credited before"},
    {kTriggerWrongSide, "the mark has reached this trigger price already"},
    {kIntentNotOpen, "the intent was filled or has expired"},
    {kBadRequest, "not possible in the present state, or not HTTP"},
    {kAuthenticationRequired, "no credentials"},
    {kInvalidApiKey, "unknown, revoked or expired key"},
    {kInvalidToken, "bad or expired token; a wallet's signature that does not match"},
    {kForbidden, "the resource belongs to another agent, or this mode does not allow it"},
    {kScopeRequired, "the key lacks the scope"},
    {kNotFound, "no such resource or path"},
    {kNotServedHere, "the process that was asked serves other paths"},
    {kMethodNotAllowed, "the path has other methods"},
    {kAlreadyRegistered, "the wallet has an agent"},
    {kIdempotencyConflict, "the idempotency key was used with other content"},
    {kBodyTooLarge, "the body is larger than 64 KiB"},
    {kValidationFailed, "`errors` names every fault"},
    {kConflictingPosition, "a position on the opposite side is open"},
    {kLimitExceeded, "a limit; which one and its values are siblings of `detail`"},
    {kNoLiquidity, "nothing could be filled within the slippage bound"},
    {kPriceOutOfBand, "the price is outside the allowed band"},
    {kPriceGone, "the price went away before the request was executed; nothing was done"},
    {kMarketClosed, "the market closed before the request was executed; nothing was done"},
    {kRateLimited, "too many requests; wait `Retry-After` seconds"},
    {kCooldown, "not again before `Retry-After` seconds"},
    {kHeaderTooLarge, "the header is larger than 8 KiB"},
    {kInternalError, "a defect of ours; tell us the `request_id`"},
    {kNotImplemented, "a path of the hub that this exchange does not offer"},
    {kPriceUnavailable, "no price; nothing was done"},
    {kMarketHalted, "the market takes no orders now; nothing was done"},
    {kOverloaded, "at capacity; nothing was done"},
    {kExchangeUnavailable, "the exchange cannot serve now; nothing was done"},
    {kOutcomeUnknown,
     "the request was passed on and not answered in time: it was done, will be, or was not"},
};

const Row* find_row(ResultCode code) {
  const auto row = std::find_if(std::begin(kRows), std::end(kRows),
                                [code](const Row& r) { return r.code == code; });
  return row == std::end(kRows) ? nullptr : row;
}

// Decimal text is a JSON number as it is.
bool is_number(std::string_view text) {
  int64_t ignored = 0;
  return parse_decimal(text, 18, ignored) != DecimalError::malformed;
}

std::string json_value(const std::string& text) {
  if (is_number(text)) return text;
  std::string out;
  append_json_text(out, text);
  return out;
}

void write_faults(JsonWriter& json, const Refusal& refusal) {
  if (refusal.kind.status != kValidationFailed.status || refusal.faults.empty()) return;
  json.key("errors").begin_array();
  for (const Fault& fault : refusal.faults) {
    json.begin_object().key("loc").begin_array().text(fault.place);
    if (!fault.field.empty()) json.text(fault.field);
    json.end_array();
    json.key("msg").text(fault.message);
    json.key("type").text(fault.type);
    json.end_object();
  }
  json.end_array();
}

std::string joined(const std::vector<Fault>& faults) {
  std::string out;
  for (const Fault& fault : faults) {
    if (!out.empty()) out += "; ";
    if (!fault.field.empty()) out.append(fault.field).append(": ");
    out += fault.message;
  }
  return out;
}

std::string number_of(const ApiError& error, std::string_view name) {
  for (const auto& [key, value] : error.numbers) {
    if (key == name) return value;
  }
  return {};
}

std::string padded(const std::string& decimal) {
  int64_t micro = 0;
  if (parse_decimal(decimal, kMicroDigits, micro) != DecimalError::none) return decimal;
  return usdc_text(micro);
}

// "Insufficient balance: required 200.50 USDC, available 0.00 USDC".
std::string money_detail(std::string_view start, const ApiError& error) {
  std::string needed = number_of(error, "needed");
  if (needed.empty()) needed = number_of(error, "amount");
  const std::string available = number_of(error, "available");
  std::string out(start);
  if (needed.empty() || available.empty()) return out;
  return out + ": required " + padded(needed) + " USDC, available " + padded(available) + " USDC";
}

// Who has less than the order needs lacks balance; who has enough has reached the margin cap.
void tell_balance_from_margin(const Call& call, Refusal& refusal) {
  int64_t needed = 0;
  if (parse_decimal(number_of(call.error, "needed"), kMicroDigits, needed) != DecimalError::none) {
    return;
  }
  const auto account = call.hot().account(call.principal.agent);
  if (!account || needed <= account->free.value) return;
  refusal.kind = kInsufficientBalance;
  refusal.detail = "Insufficient balance: required " + usdc_text(needed) + " USDC, available " +
                   usdc_text(std::max<int64_t>(account->free.value, 0)) + " USDC";
}

}  // namespace

std::string usdc_text(int64_t micro) {
  std::string out = decimal_text(micro, kMicroDigits);
  const std::size_t point = out.find('.');
  if (point == std::string::npos) return out + ".00";
  if (out.size() - point < 3) out.push_back('0');
  return out;
}

bool refuse(Call& call, Kind kind, std::string detail) {
  call.error = ApiError(ResultCode::invalid_request);
  if (kind.status == 503) call.error.retry_after_s = 1;
  call.refusal.kind = kind;
  call.refusal.detail = std::move(detail);
  return false;
}

bool refuse_field(Call& call, std::string_view place, std::string_view field, std::string message,
                  std::string_view type) {
  call.refusal.faults.push_back({std::string(place), std::string(field), std::move(message), type});
  return refuse(call, kValidationFailed, {});
}

Kind kind_of(ResultCode code) {
  const Row* row = find_row(code);
  const ResultInfo& info = result_info(code);
  return row == nullptr ? Kind{info.http_status, info.name} : row->kind;
}

Refusal translate(const ApiError& error) {
  const Row* row = find_row(error.code);
  const ResultInfo& info = result_info(error.code);
  Refusal refusal;
  refusal.kind = kind_of(error.code);
  if (row != nullptr && !row->detail.empty()) {
    refusal.detail = row->detail;
  } else {
    refusal.detail = error.message.empty() ? std::string(info.message) : error.message;
    if (!error.field.empty()) refusal.detail = error.field + ": " + refusal.detail;
  }
  if (error.code == outcome_unknown) {  // the hub's errors have no hint of their own
    refusal.detail.append(": ").append(error.hint.empty() ? info.hint : error.hint);
  }
  if (refusal.kind.code == kValidationFailed.code) {
    const std::string text = error.message.empty() ? std::string(info.message) : error.message;
    refusal.faults.push_back({"body", error.field, text, "value_error"});
  }
  if (error.code == insufficient_margin || error.code == insufficient_balance) {
    refusal.detail = money_detail(refusal.detail, error);
  }
  for (const auto& [name, value] : error.numbers) {
    refusal.siblings.emplace_back(name, json_value(value));
  }
  return refusal;
}

void render_refusal(Call& call) {
  if (call.refusal.kind.status == 0) {
    call.refusal = translate(call.error);
    if (call.error.code == insufficient_margin) tell_balance_from_margin(call, call.refusal);
  }
  const Refusal& refusal = call.refusal;
  const bool is_later = refusal.kind.status == 429 || refusal.kind.status == 503;
  if (!is_later) call.error.retry_after_s = 0;
  call.reply.clear();
  call.content_type = "application/json";
  call.status = refusal.kind.status;
  JsonWriter json(call.reply);
  json.begin_object();
  json.key("detail").text(refusal.detail.empty() ? joined(refusal.faults) : refusal.detail);
  json.key("code").text(refusal.kind.code);
  write_faults(json, refusal);
  for (const auto& [name, value] : refusal.siblings) json.key(name).raw(value);
  json.key("request_id").text(call.context.services.hub->request_ids.next());
  json.end_object();
}

std::string kind_table() {
  std::string out = "| status | code | when |\n|---|---|---|\n";
  for (const KindText& row : kKindTexts) {
    out.append("| ").append(std::to_string(row.kind.status)).append(" | `");
    out.append(row.kind.code).append("` | ").append(row.meaning).append(" |\n");
  }
  return out;
}

}  // namespace perpetua::gateway::hub
