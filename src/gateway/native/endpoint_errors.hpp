// The refusals of each kind of endpoint: what the documents list and the API tests must meet.
#pragma once

#include "engine/schema/result_code.hpp"

namespace perpetua::gateway::native {

using enum ResultCode;

// What the engine may answer, by kind of request.
inline constexpr ResultCode kPlaceErrors[] = {invalid_quantity,
                                              size_too_small,
                                              size_too_large,
                                              price_out_of_band,
                                              invalid_slippage,
                                              invalid_expiry,
                                              leverage_too_high,
                                              request_expired,
                                              idempotency_conflict,
                                              market_not_found,
                                              insufficient_margin,
                                              conflicting_position,
                                              reduce_only_would_increase,
                                              too_many_open_orders,
                                              position_too_large,
                                              would_cross,
                                              fok_unfillable,
                                              price_unavailable,
                                              market_closed,
                                              key_limited,
                                              trigger_wrong_side};
inline constexpr ResultCode kIntentErrors[] = {
    invalid_quantity,     size_too_small,     size_too_large,      price_out_of_band,
    invalid_slippage,     invalid_expiry,     leverage_too_high,   request_expired,
    idempotency_conflict, market_not_found,   insufficient_margin, conflicting_position,
    too_many_open_orders, position_too_large, price_unavailable,   market_closed,
    trigger_wrong_side,   key_limited};
inline constexpr ResultCode kTriggerErrors[] = {
    invalid_quantity,    size_too_small,     size_too_large,    price_out_of_band,
    invalid_slippage,    leverage_too_high,  request_expired,   idempotency_conflict,
    market_not_found,    no_position,        price_unavailable, market_closed,
    insufficient_margin, trigger_wrong_side, too_many_triggers, key_limited};
inline constexpr ResultCode kProtectionErrors[] = {
    missing_field,        price_out_of_band,  invalid_slippage, request_expired,
    idempotency_conflict, market_not_found,   no_position,      price_unavailable,
    market_closed,        trigger_wrong_side, key_limited};
inline constexpr ResultCode kAmendErrors[] = {
    missing_field,   invalid_quantity,     size_too_large,  price_out_of_band,   leverage_too_high,
    request_expired, idempotency_conflict, order_not_found, insufficient_margin, position_too_large,
    would_cross,     market_closed,        key_limited};
inline constexpr ResultCode kAmendNamedErrors[] = {
    missing_field,     invalid_quantity,    size_too_large,       price_out_of_band,
    leverage_too_high, request_expired,     idempotency_conflict, market_not_found,
    order_not_found,   insufficient_margin, position_too_large,   would_cross,
    market_closed,     key_limited};
inline constexpr ResultCode kCancelErrors[] = {request_expired, idempotency_conflict,
                                               order_not_found};
inline constexpr ResultCode kCancelNamedErrors[] = {request_expired, idempotency_conflict,
                                                    market_not_found, order_not_found};
inline constexpr ResultCode kCancelBatchErrors[] = {
    missing_field, request_expired, idempotency_conflict, market_not_found, order_not_found};
inline constexpr ResultCode kCancelAllErrors[] = {request_expired, idempotency_conflict,
                                                  market_not_found};
inline constexpr ResultCode kCloseErrors[] = {
    invalid_slippage, request_expired,   idempotency_conflict, market_not_found,
    no_position,      price_unavailable, market_closed,        key_limited};
inline constexpr ResultCode kMarginErrors[] = {
    invalid_amount,      request_expired, idempotency_conflict, market_not_found,
    insufficient_margin, no_position,     market_closed,        key_limited};
inline constexpr ResultCode kPreviewErrors[] = {invalid_quantity, request_expired,
                                                market_not_found};
inline constexpr ResultCode kModeErrors[] = {request_expired, idempotency_conflict,
                                             market_not_found, price_unavailable, market_closed};
inline constexpr ResultCode kFundErrors[] = {invalid_amount, request_expired, idempotency_conflict,
                                             market_not_found, deposit_limit};
inline constexpr ResultCode kRegisterErrors[] = {request_expired, idempotency_conflict,
                                                 wallet_taken, agent_limit_reached};
inline constexpr ResultCode kCreateKeyErrors[] = {request_expired,   idempotency_conflict,
                                                  key_limit_reached, forbidden,
                                                  key_limited,       market_not_found};
inline constexpr ResultCode kRevokeKeyErrors[] = {request_expired, idempotency_conflict,
                                                  key_not_found};
inline constexpr ResultCode kKeyLimitsErrors[] = {request_expired, idempotency_conflict,
                                                  market_not_found, key_not_found, key_limited};
inline constexpr ResultCode kSwitchErrors[] = {invalid_timeout, request_expired,
                                               idempotency_conflict, market_not_found};
inline constexpr ResultCode kChangeErrors[] = {invalid_expiry, request_expired,
                                               idempotency_conflict, market_not_found};
inline constexpr ResultCode kDepositErrors[] = {
    invalid_amount, request_expired, idempotency_conflict, agent_not_found, deposit_limit};
inline constexpr ResultCode kWithdrawErrors[] = {invalid_amount,       request_expired,
                                                 idempotency_conflict, agent_not_found,
                                                 insufficient_balance, key_limited};
inline constexpr ResultCode kTransferErrors[] = {
    invalid_request, invalid_amount,       request_expired, idempotency_conflict,
    agent_not_found, insufficient_balance, key_limited};
inline constexpr ResultCode kFaucetErrors[] = {invalid_amount,       request_expired,
                                               idempotency_conflict, faucet_limit,
                                               deposit_limit,        not_in_this_mode};
inline constexpr ResultCode kSettingErrors[] = {
    leverage_too_high, request_expired, idempotency_conflict, market_not_found, key_limited};
inline constexpr ResultCode kNettingErrors[] = {
    request_expired, idempotency_conflict, market_not_found, conflicting_position, key_limited};
inline constexpr ResultCode kThoughtErrors[] = {request_expired, idempotency_conflict,
                                                market_not_found};
inline constexpr ResultCode kPriceErrors[] = {request_expired,  idempotency_conflict,
                                              market_not_found, price_invalid,
                                              price_stale,      not_in_this_mode};
inline constexpr ResultCode kAgentErrors[] = {agent_not_found};
inline constexpr ResultCode kMarketErrors[] = {market_not_found};
inline constexpr ResultCode kOrderErrors[] = {order_not_found, exchange_unavailable};
inline constexpr ResultCode kOrderNamedErrors[] = {market_not_found, order_not_found,
                                                   exchange_unavailable};
inline constexpr ResultCode kPagedErrors[] = {invalid_cursor, exchange_unavailable};
inline constexpr ResultCode kListedErrors[] = {invalid_cursor};
inline constexpr ResultCode kMarketPagedErrors[] = {invalid_cursor, market_not_found,
                                                    exchange_unavailable};
inline constexpr ResultCode kMarketListedErrors[] = {invalid_cursor, market_not_found};
inline constexpr ResultCode kAgentPagedErrors[] = {invalid_cursor, agent_not_found,
                                                   exchange_unavailable};
inline constexpr ResultCode kReadyErrors[] = {shutting_down, exchange_unavailable};

// Refusals any request may meet, by what it needs.
inline constexpr ResultCode kPlainErrors[] = {invalid_field, unauthorized};
inline constexpr ResultCode kOpenErrors[] = {invalid_field, missing_field, unauthorized,
                                             rate_limited};
inline constexpr ResultCode kKeyErrors[] = {invalid_field, missing_field, unauthorized, forbidden,
                                            rate_limited};
inline constexpr ResultCode kBodyErrors[] = {
    malformed_json, invalid_field, missing_field,     unauthorized,
    forbidden,      rate_limited,  payload_too_large, unsupported_media_type};
inline constexpr ResultCode kMutationErrors[] = {
    malformed_json,       invalid_field,  missing_field,     unauthorized,           forbidden,
    rate_limited,         overloaded,     payload_too_large, unsupported_media_type, shutting_down,
    exchange_unavailable, outcome_unknown};
// The key may end between its look-up here and the command.
inline constexpr ResultCode kAgentMutationErrors[] = {
    malformed_json,         invalid_field,        missing_field,
    unauthorized,           key_expired,          forbidden,
    rate_limited,           overloaded,           payload_too_large,
    unsupported_media_type, exchange_unavailable, shutting_down,
    outcome_unknown};

}  // namespace perpetua::gateway::native
