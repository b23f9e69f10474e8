#include "gateway/codec/request_fields.hpp"
#include "gateway/codec/safety_fields.hpp"
#include "gateway/native/handlers.hpp"
#include "gateway/options.hpp"

// The API, one row per endpoint. Columns as in Endpoint.

namespace perpetua::gateway {
namespace {

using enum ResultCode;
using namespace native;

// Path and query parameters.
constexpr FieldSpec kAgentPath[] = {{"agent_id", FieldType::id, true, "agent"}};
constexpr FieldSpec kKeyPath[] = {{"key_id", FieldType::id, true, "key"}};
constexpr FieldSpec kMarketPath[] = {{"market", FieldType::market, true, "market symbol"}};
constexpr FieldSpec kOrderPath[] = {{"order_id", FieldType::id, true, "order"}};
constexpr FieldSpec kIntentPath[] = {{"intent_id", FieldType::id, true, "intent"}};
constexpr FieldSpec kTriggerPath[] = {{"trigger_id", FieldType::id, true, "trigger"}};
constexpr FieldSpec kClientPath[] = {{"client_id",
                                      FieldType::token,
                                      true,
                                      "your name for the order",
                                      {},
                                      1,
                                      limits::kClientIdBytesMax}};

constexpr FieldSpec kLimitParameter = {
    "limit", FieldType::integer, false, "rows of the page, default 50", {}, 1, kPageItemsMax};
constexpr FieldSpec kCursorParameter = {
    "cursor", FieldType::token, false, "next_cursor of the page before", {}, 1, 256};
constexpr FieldSpec kMarketParameter = {"market", FieldType::market, false,
                                        "market symbol; absent: all"};
constexpr FieldSpec kPageQuery[] = {kLimitParameter, kCursorParameter};
constexpr FieldSpec kMarketPageQuery[] = {kMarketParameter, kLimitParameter, kCursorParameter};
constexpr FieldSpec kMarketQuery[] = {kMarketParameter};
constexpr FieldSpec kIntentQuery[] = {
    {"status", FieldType::choice, false, "open: only open ones; default: all", "all|open"},
    kMarketParameter,
    kLimitParameter,
    kCursorParameter};
constexpr FieldSpec kBookQuery[] = {
    {"depth", FieldType::integer, false, "levels of each side, default 20", {}, 1, 1'000}};
constexpr FieldSpec kCandleQuery[] = {
    {"interval", FieldType::choice, false, "default 1m", "1m|5m|15m|1h|4h|1d"},
    {"from", FieldType::time_ms, false, "first open time", {}, 0},
    {"to", FieldType::time_ms, false, "before this open time", {}, 0},
    {"limit", FieldType::integer, false, "the newest so many, default 50", {}, 1, kPageItemsMax}};

// What the engine may answer, by kind of request.
constexpr ResultCode kPlaceErrors[] = {invalid_quantity,
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
constexpr ResultCode kIntentErrors[] = {
    invalid_quantity,     size_too_small,     size_too_large,      price_out_of_band,
    invalid_slippage,     invalid_expiry,     leverage_too_high,   request_expired,
    idempotency_conflict, market_not_found,   insufficient_margin, conflicting_position,
    too_many_open_orders, position_too_large, price_unavailable,   market_closed,
    trigger_wrong_side,   key_limited};
constexpr ResultCode kTriggerErrors[] = {
    invalid_quantity,     size_too_small,    size_too_large,   price_out_of_band,
    invalid_slippage,     leverage_too_high, request_expired,  idempotency_conflict,
    market_not_found,     no_position,       price_unavailable, market_closed,
    insufficient_margin,  trigger_wrong_side, too_many_triggers, key_limited};
constexpr ResultCode kProtectionErrors[] = {
    missing_field,     price_out_of_band, invalid_slippage, request_expired,
    idempotency_conflict, market_not_found, no_position, price_unavailable,
    market_closed, trigger_wrong_side, key_limited};
constexpr ResultCode kAmendErrors[] = {
    missing_field,   invalid_quantity,     size_too_large,  price_out_of_band,   leverage_too_high,
    request_expired, idempotency_conflict, order_not_found, insufficient_margin, position_too_large,
    would_cross,     market_closed,        key_limited};
constexpr ResultCode kAmendNamedErrors[] = {
    missing_field,     invalid_quantity,    size_too_large,       price_out_of_band,
    leverage_too_high, request_expired,     idempotency_conflict, market_not_found,
    order_not_found,   insufficient_margin, position_too_large,   would_cross,
    market_closed,     key_limited};
constexpr ResultCode kCancelErrors[] = {request_expired, idempotency_conflict, order_not_found};
constexpr ResultCode kCancelNamedErrors[] = {request_expired, idempotency_conflict,
                                             market_not_found, order_not_found};
constexpr ResultCode kCancelBatchErrors[] = {missing_field, request_expired, idempotency_conflict,
                                             market_not_found, order_not_found};
constexpr ResultCode kCancelAllErrors[] = {request_expired, idempotency_conflict, market_not_found};
constexpr ResultCode kCloseErrors[] = {invalid_slippage, request_expired, idempotency_conflict,
                                       market_not_found, no_position,     price_unavailable,
                                       market_closed,    key_limited};
constexpr ResultCode kMarginErrors[] = {invalid_amount,   request_expired,     idempotency_conflict,
                                        market_not_found, insufficient_margin, no_position,
                                        market_closed,    key_limited};
constexpr ResultCode kPreviewErrors[] = {invalid_quantity, request_expired, market_not_found};
constexpr ResultCode kModeErrors[] = {request_expired, idempotency_conflict, market_not_found,
                                      price_unavailable, market_closed};
constexpr ResultCode kFundErrors[] = {invalid_amount, request_expired, idempotency_conflict,
                                      market_not_found, deposit_limit};
constexpr ResultCode kRegisterErrors[] = {request_expired, idempotency_conflict, wallet_taken,
                                          agent_limit_reached};
constexpr ResultCode kCreateKeyErrors[] = {request_expired, idempotency_conflict, key_limit_reached,
                                           forbidden,       key_limited,          market_not_found};
constexpr ResultCode kRevokeKeyErrors[] = {request_expired, idempotency_conflict, key_not_found};
constexpr ResultCode kKeyLimitsErrors[] = {request_expired, idempotency_conflict, market_not_found,
                                           key_not_found, key_limited};
constexpr ResultCode kSwitchErrors[] = {invalid_timeout, request_expired, idempotency_conflict,
                                        market_not_found};
constexpr ResultCode kChangeErrors[] = {invalid_expiry, request_expired, idempotency_conflict,
                                        market_not_found};
constexpr ResultCode kDepositErrors[] = {invalid_amount, request_expired, idempotency_conflict,
                                         agent_not_found, deposit_limit};
constexpr ResultCode kWithdrawErrors[] = {invalid_amount,       request_expired,
                                          idempotency_conflict, agent_not_found,
                                          insufficient_balance, key_limited};
constexpr ResultCode kTransferErrors[] = {
    invalid_request, invalid_amount,       request_expired, idempotency_conflict,
    agent_not_found, insufficient_balance, key_limited};
constexpr ResultCode kFaucetErrors[] = {invalid_amount, request_expired, idempotency_conflict,
                                        faucet_limit,   deposit_limit,   not_in_this_mode};
constexpr ResultCode kSettingErrors[] = {leverage_too_high, request_expired, idempotency_conflict,
                                         market_not_found, key_limited};
constexpr ResultCode kNettingErrors[] = {request_expired, idempotency_conflict, market_not_found,
                                         conflicting_position, key_limited};
constexpr ResultCode kThoughtErrors[] = {request_expired, idempotency_conflict, market_not_found};
constexpr ResultCode kPriceErrors[] = {request_expired, idempotency_conflict, market_not_found,
                                       price_invalid,   price_stale,          not_in_this_mode};
constexpr ResultCode kAgentErrors[] = {agent_not_found};
constexpr ResultCode kMarketErrors[] = {market_not_found};
constexpr ResultCode kOrderErrors[] = {order_not_found, exchange_unavailable};
constexpr ResultCode kOrderNamedErrors[] = {market_not_found, order_not_found,
                                            exchange_unavailable};
constexpr ResultCode kPagedErrors[] = {invalid_cursor, exchange_unavailable};
constexpr ResultCode kListedErrors[] = {invalid_cursor};
constexpr ResultCode kMarketPagedErrors[] = {invalid_cursor, market_not_found,
                                             exchange_unavailable};
constexpr ResultCode kMarketListedErrors[] = {invalid_cursor, market_not_found};
constexpr ResultCode kAgentPagedErrors[] = {invalid_cursor, agent_not_found, exchange_unavailable};
constexpr ResultCode kReadyErrors[] = {shutting_down, exchange_unavailable};

// clang-format off
constexpr Endpoint kEndpoints[] = {
    {"registerAgent", Method::post, "/api/v1/agents", "agents",
     "Register an agent; the reply holds its first API key",
     Access::open, LimitClass::registration, {}, {}, kRegisterFields,
     ReplyShape::object, "NewAgent", kRegisterErrors, nullptr, prepare_register, complete_register},
    {"listAgents", Method::get, "/api/v1/agents", "agents",
     "Agents in order of registration",
     Access::open, LimitClass::read, {}, kPageQuery, {},
     ReplyShape::page, "Agent", kListedErrors, list_agents},
    {"getAgent", Method::get, "/api/v1/agents/{agent_id}", "agents",
     "One agent",
     Access::open, LimitClass::read, kAgentPath, {}, {},
     ReplyShape::object, "Agent", kAgentErrors, get_agent},
    {"listAgentThoughts", Method::get, "/api/v1/agents/{agent_id}/thoughts", "agents",
     "Thoughts of one agent, newest first",
     Access::open, LimitClass::read, kAgentPath, kPageQuery, {},
     ReplyShape::page, "Thought", kAgentPagedErrors, list_agent_thoughts},
    {"createKey", Method::post, "/api/v1/keys", "keys",
     "Create an API key; shown once",
     Access::withdraw, LimitClass::mutation, {}, {}, kCreateKeyFields,
     ReplyShape::object, "NewKey", kCreateKeyErrors,
     nullptr, prepare_create_key, complete_create_key},
    {"setKeyLimits", Method::put, "/api/v1/keys/{key_id}/limits", "keys",
     "Hold a key to limits, in place of those it has; without any: free it",
     Access::withdraw, LimitClass::mutation, kKeyPath, {}, kSetKeyLimitsFields,
     ReplyShape::object, "KeyLimits", kKeyLimitsErrors, nullptr, prepare_key_limits, complete_one},
    {"listKeys", Method::get, "/api/v1/keys", "keys",
     "Your live keys",
     Access::read, LimitClass::read, {}, {}, {},
     ReplyShape::list, "Key", {}, list_keys},
    {"revokeKey", Method::delete_, "/api/v1/keys/{key_id}", "keys",
     "Revoke a key, at once, on open sockets too",
     Access::withdraw, LimitClass::cancel, kKeyPath, {}, kDeadlineFields,
     ReplyShape::object, "RevokedKey", kRevokeKeyErrors, nullptr, prepare_revoke_key, complete_one},
    {"getAccount", Method::get, "/api/v1/account", "account",
     "Balance, margin and equity",
     Access::read, LimitClass::read, {}, {}, {},
     ReplyShape::object, "Account", {}, get_account},
    {"listLedger", Method::get, "/api/v1/account/ledger", "account",
     "Deposits, withdrawals, transfers, newest first",
     Access::read, LimitClass::read, {}, kPageQuery, {},
     ReplyShape::page, "LedgerEntry", kPagedErrors, list_ledger},
    {"deposit", Method::post, "/api/v1/account/deposit", "account",
     "Deposit. Sandbox: paper money for yourself; production: operator key and agent_id",
     Access::funding, LimitClass::mutation, {}, {}, kDepositFields,
     ReplyShape::object, "Balance", kDepositErrors, nullptr, prepare_deposit, complete_one},
    {"withdraw", Method::post, "/api/v1/account/withdraw", "account",
     "Withdraw. Sandbox: paper money; production: operator key and agent_id",
     Access::payout, LimitClass::mutation, {}, {}, kDepositFields,
     ReplyShape::object, "Balance", kWithdrawErrors, nullptr, prepare_withdraw, complete_one},
    {"transfer", Method::post, "/api/v1/account/transfer", "account",
     "Move collateral to another agent",
     Access::withdraw, LimitClass::mutation, {}, {}, kTransferFields,
     ReplyShape::object, "Balance", kTransferErrors, nullptr, prepare_transfer, complete_one},
    {"claimFaucet", Method::post, "/api/v1/account/faucet", "account",
     "Paper money; sandbox only",
     Access::sandbox_trade, LimitClass::mutation, {}, {}, kFaucetFields,
     ReplyShape::object, "Balance", kFaucetErrors, nullptr, prepare_faucet, complete_one},
    {"listMarkets", Method::get, "/api/v1/markets", "markets",
     "Markets: contract, prices, 24-hour figures",
     Access::open, LimitClass::read, {}, {}, {},
     ReplyShape::list, "Market", {}, list_markets},
    {"getMarket", Method::get, "/api/v1/markets/{market}", "markets",
     "One market",
     Access::open, LimitClass::read, kMarketPath, {}, {},
     ReplyShape::object, "Market", kMarketErrors, get_market},
    {"getBook", Method::get, "/api/v1/markets/{market}/book", "markets",
     "Order book",
     Access::open, LimitClass::read, kMarketPath, kBookQuery, {},
     ReplyShape::object, "Book", kMarketErrors, get_book},
    {"listTrades", Method::get, "/api/v1/markets/{market}/trades", "markets",
     "Trades, newest first",
     Access::open, LimitClass::read, kMarketPath, kPageQuery, {},
     ReplyShape::page, "Trade", kMarketPagedErrors, list_trades},
    {"listCandles", Method::get, "/api/v1/markets/{market}/candles", "markets",
     "Candles of trades, oldest first",
     Access::open, LimitClass::read, kMarketPath, kCandleQuery, {},
     ReplyShape::list, "Candle", kMarketErrors, list_candles},
    {"getFunding", Method::get, "/api/v1/markets/{market}/funding", "markets",
     "Predicted funding rate of the hour in hand, and the last one",
     Access::open, LimitClass::read, kMarketPath, {}, {},
     ReplyShape::object, "Funding", kMarketErrors, get_funding},
    {"listFunding", Method::get, "/api/v1/markets/{market}/funding/history", "markets",
     "Settled hours, newest first",
     Access::open, LimitClass::read, kMarketPath, kPageQuery, {},
     ReplyShape::page, "FundingHour", kMarketPagedErrors, list_funding},
    {"listLiquidations", Method::get, "/api/v1/markets/{market}/liquidations", "markets",
     "Liquidations step by step, newest first",
     Access::open, LimitClass::read, kMarketPath, kPageQuery, {},
     ReplyShape::page, "Liquidation", kMarketPagedErrors, list_liquidations},
    {"getInsurance", Method::get, "/api/v1/markets/{market}/insurance", "markets",
     "The insurance fund: position, cash, bad debt, recent changes",
     Access::open, LimitClass::read, kMarketPath, {}, {},
     ReplyShape::object, "Insurance", kMarketErrors, get_insurance},
    {"listFundChanges", Method::get, "/api/v1/markets/{market}/insurance/history", "markets",
     "The insurance fund after each change, newest first",
     Access::open, LimitClass::read, kMarketPath, kPageQuery, {},
     ReplyShape::page, "FundChange", kMarketPagedErrors, list_fund_changes},
    {"listMarketChanges", Method::get, "/api/v1/markets/{market}/changes", "markets",
     "Changes of fees, tiers and bounds, newest first",
     Access::open, LimitClass::read, kMarketPath, kPageQuery, {},
     ReplyShape::page, "MarketChange", kMarketPagedErrors, list_market_changes},
    {"getExchangeStatus", Method::get, "/api/v1/status", "markets",
     "What works in which market",
     Access::open, LimitClass::read, {}, {}, {},
     ReplyShape::object, "ExchangeStatus", {}, get_exchange_status},
    {"getSolvency", Method::get, "/api/v1/solvency", "markets",
     "The identities of money and open interest with all their terms",
     Access::open, LimitClass::read, {}, {}, {},
     ReplyShape::object, "Solvency", {}, get_solvency},
    {"listPrices", Method::get, "/api/v1/prices", "markets",
     "Index and mark prices",
     Access::open, LimitClass::read, {}, {}, {},
     ReplyShape::list, "Price", {}, list_prices},
    {"pushPrices", Method::post, "/api/v1/prices", "markets",
     "Push index prices; operator key, setting `prices` = push",
     Access::operator_only, LimitClass::mutation, {}, {}, kPushPricesFields,
     ReplyShape::results, "PushedPrice", kPriceErrors,
     nullptr, prepare_push_prices, complete_results},
    {"placeOrder", Method::post, "/api/v1/orders", "orders",
     "Place an order",
     Access::trade, LimitClass::mutation, {}, {}, kPlaceFields,
     ReplyShape::object, "OrderResult", kPlaceErrors, nullptr, prepare_place_order, complete_one},
    {"listOpenOrders", Method::get, "/api/v1/orders", "orders",
     "Your open orders, ids falling",
     Access::read, LimitClass::read, {}, kMarketPageQuery, {},
     ReplyShape::page, "Order", kMarketListedErrors, list_open_orders},
    {"placeBatch", Method::post, "/api/v1/orders/batch", "orders",
     "Place up to 100 orders, sequenced next to each other",
     Access::trade, LimitClass::mutation, {}, {}, kBatchPlaceFields,
     ReplyShape::results, "OrderResult", kPlaceErrors,
     nullptr, prepare_place_batch, complete_results},
    {"previewOrder", Method::post, "/api/v1/orders/preview", "orders",
     "What an order would do and cost now; nothing is placed",
     Access::trade, LimitClass::read, {}, {}, kPlaceFields,
     ReplyShape::object, "OrderPreview", kPreviewErrors, nullptr, prepare_preview},
    {"cancelBatch", Method::post, "/api/v1/orders/cancel", "orders",
     "Cancel up to 100 orders",
     Access::trade, LimitClass::cancel, {}, {}, kBatchCancelFields,
     ReplyShape::results, "CancelResult", kCancelBatchErrors,
     nullptr, prepare_cancel_batch, complete_results},
    {"cancelAll", Method::post, "/api/v1/orders/cancel-all", "orders",
     "Cancel all your orders or triggers or both, of one market or of all",
     Access::trade, LimitClass::cancel, {}, {}, kCancelAllFields,
     ReplyShape::object, "CancelAllResult", kCancelAllErrors,
     nullptr, prepare_cancel_all, complete_one},
    {"cancelAllAfter", Method::post, "/api/v1/orders/cancel-all-after", "orders",
     "Dead-man's switch: arm it anew before its time, or it cancels. Costs no budget",
     Access::trade, LimitClass::none, {}, {}, kCancelAllAfterFields,
     ReplyShape::object, "SwitchArmed", kSwitchErrors,
     nullptr, prepare_cancel_all_after, complete_one},
    {"listSwitches", Method::get, "/api/v1/orders/cancel-all-after", "orders",
     "Your armed dead-man's switches",
     Access::read, LimitClass::read, {}, {}, {},
     ReplyShape::list, "Switch", {}, list_switches},
    {"listOrderHistory", Method::get, "/api/v1/orders/history", "orders",
     "All your orders, newest first",
     Access::read, LimitClass::read, {}, kMarketPageQuery, {},
     ReplyShape::page, "Order", kMarketPagedErrors, list_order_history},
    {"getOrder", Method::get, "/api/v1/orders/{order_id}", "orders",
     "One of your orders",
     Access::read, LimitClass::read, kOrderPath, {}, {},
     ReplyShape::object, "Order", kOrderErrors, get_order},
    {"amendOrder", Method::patch, "/api/v1/orders/{order_id}", "orders",
     "Amend in place: a smaller size keeps its place in the queue",
     Access::trade, LimitClass::mutation, kOrderPath, {}, kAmendFields,
     ReplyShape::object, "OrderResult", kAmendErrors, nullptr, prepare_amend_order, complete_one},
    {"cancelOrder", Method::delete_, "/api/v1/orders/{order_id}", "orders",
     "Cancel an order",
     Access::trade, LimitClass::cancel, kOrderPath, {}, kDeadlineFields,
     ReplyShape::object, "CancelResult", kCancelErrors,
     nullptr, prepare_cancel_order, complete_one},
    {"getOrderByClientId", Method::get, "/api/v1/orders/by-client-id/{client_id}", "orders",
     "One of your orders, by client id",
     Access::read, LimitClass::read, kClientPath, kMarketQuery, {},
     ReplyShape::object, "Order", kOrderNamedErrors, get_order},
    {"amendOrderByClientId", Method::patch, "/api/v1/orders/by-client-id/{client_id}", "orders",
     "Amend by client id; the market gives the units and is required",
     Access::trade, LimitClass::mutation, kClientPath, kMarketQuery, kAmendFields,
     ReplyShape::object, "OrderResult", kAmendNamedErrors,
     nullptr, prepare_amend_order, complete_one},
    {"cancelOrderByClientId", Method::delete_, "/api/v1/orders/by-client-id/{client_id}", "orders",
     "Cancel by client id",
     Access::trade, LimitClass::cancel, kClientPath, kMarketQuery, kDeadlineFields,
     ReplyShape::object, "CancelResult", kCancelNamedErrors,
     nullptr, prepare_cancel_order, complete_one},
    {"listFills", Method::get, "/api/v1/fills", "orders",
     "Your fills, newest first",
     Access::read, LimitClass::read, {}, kMarketPageQuery, {},
     ReplyShape::page, "Fill", kMarketPagedErrors, list_fills},
    {"placeTrigger", Method::post, "/api/v1/triggers", "triggers",
     "Wait for the mark, then send an order: stop, take-profit, both, or a trailing stop",
     Access::trade, LimitClass::mutation, {}, {}, kTriggerFields,
     ReplyShape::object, "TriggerResult", kTriggerErrors,
     nullptr, prepare_place_trigger, complete_one},
    {"listTriggers", Method::get, "/api/v1/triggers", "triggers",
     "Your live triggers, ids falling",
     Access::read, LimitClass::read, {}, kMarketPageQuery, {},
     ReplyShape::page, "Trigger", kMarketListedErrors, list_triggers},
    {"listTriggerHistory", Method::get, "/api/v1/triggers/history", "triggers",
     "Your closed triggers, last closed first",
     Access::read, LimitClass::read, {}, kMarketPageQuery, {},
     ReplyShape::page, "Trigger", kMarketPagedErrors, list_trigger_history},
    {"getTrigger", Method::get, "/api/v1/triggers/{trigger_id}", "triggers",
     "One of your triggers, live or closed",
     Access::read, LimitClass::read, kTriggerPath, {}, {},
     ReplyShape::object, "Trigger", kOrderErrors, get_trigger},
    {"cancelTrigger", Method::delete_, "/api/v1/triggers/{trigger_id}", "triggers",
     "Cancel a trigger",
     Access::trade, LimitClass::cancel, kTriggerPath, {}, kDeadlineFields,
     ReplyShape::object, "TriggerCancelled", kCancelErrors,
     nullptr, prepare_cancel_trigger, complete_cancel_trigger},
    {"placeIntent", Method::post, "/api/v1/intents", "intents",
     "Say what you want: direction, notional, leverage, and why",
     Access::trade, LimitClass::mutation, {}, {}, kIntentFields,
     ReplyShape::object, "IntentResult", kIntentErrors,
     nullptr, prepare_place_intent, complete_one},
    {"listIntents", Method::get, "/api/v1/intents", "intents",
     "Your intents, newest first",
     Access::read, LimitClass::read, {}, kIntentQuery, {},
     ReplyShape::page, "Intent", kMarketPagedErrors, list_intents},
    {"getIntent", Method::get, "/api/v1/intents/{intent_id}", "intents",
     "One of your intents: its order, fills, triggers, and what its position came to",
     Access::read, LimitClass::read, kIntentPath, {}, {},
     ReplyShape::object, "IntentDetail", kOrderErrors, get_intent},
    {"cancelIntent", Method::delete_, "/api/v1/intents/{intent_id}", "intents",
     "Cancel what is open of an intent",
     Access::trade, LimitClass::cancel, kIntentPath, {}, kDeadlineFields,
     ReplyShape::object, "CancelResult", kCancelErrors,
     nullptr, prepare_cancel_intent, complete_cancel_intent},
    {"listPositions", Method::get, "/api/v1/positions", "positions",
     "Your positions, valued at the mark price",
     Access::read, LimitClass::read, {}, {}, {},
     ReplyShape::list, "Position", {}, list_positions},
    {"getPosition", Method::get, "/api/v1/positions/{market}", "positions",
     "One position, with your settings for the market",
     Access::read, LimitClass::read, kMarketPath, {}, {},
     ReplyShape::object, "Position", kMarketErrors, get_position},
    {"closePosition", Method::post, "/api/v1/positions/{market}/close", "positions",
     "Close the whole position at the market",
     Access::trade, LimitClass::mutation, kMarketPath, {}, kCloseFields,
     ReplyShape::object, "OrderResult", kCloseErrors,
     nullptr, prepare_close_position, complete_close_position},
    {"setProtection", Method::put, "/api/v1/positions/{market}/protection", "positions",
     "Stop-loss, take-profit or trailing stop of the whole position, instead of those before",
     Access::trade, LimitClass::mutation, kMarketPath, {}, kProtectionFields,
     ReplyShape::object, "TriggerResult", kProtectionErrors,
     nullptr, prepare_protection, complete_protection},
    {"setLeverage", Method::put, "/api/v1/positions/{market}/leverage", "positions",
     "Leverage of orders to come",
     Access::trade, LimitClass::mutation, kMarketPath, {}, kLeverageFields,
     ReplyShape::object, "LeverageResult", kSettingErrors, nullptr, prepare_leverage, complete_one},
    {"setNetting", Method::put, "/api/v1/positions/{market}/netting", "positions",
     "Whether orders may turn the position around",
     Access::trade, LimitClass::mutation, kMarketPath, {}, kNettingFields,
     ReplyShape::object, "NettingResult", kNettingErrors, nullptr, prepare_netting, complete_one},
    {"adjustMargin", Method::post, "/api/v1/positions/{market}/margin", "positions",
     "Put isolated margin into the position or take it out",
     Access::trade, LimitClass::mutation, kMarketPath, {}, kMarginFields,
     ReplyShape::object, "MarginResult", kMarginErrors, nullptr, prepare_margin, complete_one},
    {"listPositionChanges", Method::get, "/api/v1/account/position-changes", "positions",
     "Changes of your positions without a trade of yours, funding apart, newest first",
     Access::read, LimitClass::read, {}, kMarketPageQuery, {},
     ReplyShape::page, "PositionChange", kMarketPagedErrors, list_position_changes},
    {"listFundingPayments", Method::get, "/api/v1/account/funding", "positions",
     "Funding you paid and got, newest first",
     Access::read, LimitClass::read, {}, kMarketPageQuery, {},
     ReplyShape::page, "FundingPayment", kMarketPagedErrors, list_funding_payments},
    {"listOwnLiquidations", Method::get, "/api/v1/account/liquidations", "positions",
     "Liquidations of your positions, newest first",
     Access::read, LimitClass::read, {}, kMarketPageQuery, {},
     ReplyShape::page, "Liquidation", kMarketPagedErrors, list_own_liquidations},
    {"listAlerts", Method::get, "/api/v1/account/alerts", "positions",
     "Warnings, and what was done to your positions, newest first",
     Access::read, LimitClass::read, {}, kPageQuery, {},
     ReplyShape::page, "Alert", kListedErrors, list_alerts},
    {"setMarketMode", Method::post, "/api/v1/operator/markets/{market}/mode", "operator",
     "Open, restrict, halt or delist a market",
     Access::operator_only, LimitClass::mutation, kMarketPath, {}, kMarketModeFields,
     ReplyShape::object, "MarketModeResult", kModeErrors,
     nullptr, prepare_market_mode, complete_one},
    {"changeMarket", Method::post, "/api/v1/operator/markets/{market}/change", "operator",
     "Announce new fees, tiers or bounds; what is not given stays. Replaces a change that waits",
     Access::operator_only, LimitClass::mutation, kMarketPath, {}, kMarketChangeFields,
     ReplyShape::object, "MarketChangeScheduled", kChangeErrors,
     nullptr, prepare_market_change, complete_one},
    {"fundInsurance", Method::post, "/api/v1/operator/markets/{market}/insurance", "operator",
     "Pay into the insurance fund of a market",
     Access::operator_only, LimitClass::mutation, kMarketPath, {}, kFundInsuranceFields,
     ReplyShape::object, "InsuranceFunded", kFundErrors,
     nullptr, prepare_fund_insurance, complete_one},
    {"postThought", Method::post, "/api/v1/thoughts", "thoughts",
     "Publish a thought",
     Access::trade, LimitClass::mutation, {}, {}, kThoughtFields,
     ReplyShape::object, "NewThought", kThoughtErrors, nullptr, prepare_thought, complete_one},
    {"listThoughts", Method::get, "/api/v1/thoughts", "thoughts",
     "The feed, newest first",
     Access::open, LimitClass::read, {}, kPageQuery, {},
     ReplyShape::page, "Thought", kPagedErrors, list_thoughts},
    {"getLimits", Method::get, "/api/v1/limits", "system",
     "Mode, rate limits and sizes",
     Access::open, LimitClass::read, {}, {}, {},
     ReplyShape::object, "Limits", {}, get_limits},
    {"health", Method::get, "/healthz", "system",
     "Alive",
     Access::open, LimitClass::none, {}, {}, {},
     ReplyShape::object, "Health", {}, get_health},
    {"readiness", Method::get, "/readyz", "system",
     "Able to serve",
     Access::open, LimitClass::none, {}, {}, {},
     ReplyShape::object, "Ready", kReadyErrors, get_readiness},
    {"metrics", Method::get, "/metrics", "system",
     "Figures for Prometheus",
     Access::open, LimitClass::read, {}, {}, {},
     ReplyShape::text, "text/plain", {}, get_metrics},
    {"openapi", Method::get, "/openapi.json", "system",
     "This description",
     Access::open, LimitClass::read, {}, {}, {},
     ReplyShape::text, "application/json", {}, get_openapi},
    {"docs", Method::get, "/docs", "system",
     "This description, for people",
     Access::open, LimitClass::read, {}, {}, {},
     ReplyShape::text, "text/html", {}, get_docs_page},
    {"index", Method::get, "/", "system",
     "What this is, and the markets live",
     Access::open, LimitClass::read, {}, {}, {},
     ReplyShape::text, "text/html", {}, get_index_page},
};
// clang-format on

// Refusals any request may meet, by what it needs.
constexpr ResultCode kPlainErrors[] = {invalid_field, unauthorized};
constexpr ResultCode kOpenErrors[] = {invalid_field, missing_field, unauthorized, rate_limited};
constexpr ResultCode kKeyErrors[] = {invalid_field, missing_field, unauthorized, forbidden,
                                     rate_limited};
constexpr ResultCode kBodyErrors[] = {malformed_json, invalid_field,     missing_field,
                                      unauthorized,   forbidden,         rate_limited,
                                      payload_too_large, unsupported_media_type};
constexpr ResultCode kMutationErrors[] = {
    malformed_json,      invalid_field, missing_field,     unauthorized,           forbidden,
    rate_limited,        overloaded,    payload_too_large, unsupported_media_type, shutting_down,
    exchange_unavailable};
// The key may end between its look-up here and the command.
constexpr ResultCode kAgentMutationErrors[] = {
    malformed_json,         invalid_field,        missing_field,
    unauthorized,           key_expired,          forbidden,
    rate_limited,           overloaded,           payload_too_large,
    unsupported_media_type, exchange_unavailable, shutting_down};

}  // namespace

std::span<const Endpoint> all_endpoints() { return kEndpoints; }

std::span<const ResultCode> common_errors(const Endpoint& endpoint) {
  if (endpoint.is_mutation()) {
    const bool is_agents =
        endpoint.access != Access::open && endpoint.access != Access::operator_only;
    return is_agents ? std::span<const ResultCode>(kAgentMutationErrors) : kMutationErrors;
  }
  if (endpoint.limit == LimitClass::none) return kPlainErrors;
  if (endpoint.prepare != nullptr) return kBodyErrors;
  return endpoint.access == Access::open ? std::span<const ResultCode>(kOpenErrors)
                                         : std::span<const ResultCode>(kKeyErrors);
}

}  // namespace perpetua::gateway
