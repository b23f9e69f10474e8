// parse_*: request bodies to submissions. The only place where wire fields become command fields,
// for HTTP and for WebSocket order entry.
//
// REQUIRES for all: check_fields accepted the object with the table named at the function. Each
// returns false with one ApiError naming the field; nothing has happened then. What only the engine
// can judge (margin, bands, minimum sizes) is left to it. Pure; thread-safe.
//
// A WebSocket session does:
//   check_fields(object, kPlaceFields, error) && parse_place(object, context, submission, error)
#pragma once

#include <boost/json/fwd.hpp>
#include <string_view>
#include <vector>

#include "gateway/codec/api_error.hpp"
#include "gateway/codec/markets.hpp"
#include "runtime/api/submit.hpp"

namespace perpetua::gateway {

struct ParseContext {
  const MarketDirectory& markets;
  AgentId agent = 0;
};

using boost::json::object;

// An order by id, or (id 0) by client id within a market (kNoMarket: any).
struct OrderName {
  OrderId order_id = 0;
  std::string_view client_id;
  MarketId market = kNoMarket;
};

bool find_market(std::string_view symbol, const MarketDirectory& markets, MarketId& market,
                 ApiError& error);
// From `order_id` or `client_id` (exactly one) and `market` of the object.
bool parse_order_name(const object& body, const ParseContext& context, OrderName& name,
                      ApiError& error);

// kPlaceFields; kIntentFields.
bool parse_place(const object& body, const ParseContext& context, runtime::Submission& submission,
                 ApiError& error);
bool parse_intent(const object& body, const ParseContext& context, runtime::Submission& submission,
                  ApiError& error);

// kTriggerFields; kProtectionFields: instead of all protective triggers of the agent's position.
bool parse_trigger(const object& body, const ParseContext& context, runtime::Submission& submission,
                   ApiError& error);
bool parse_protection(const object& body, const ParseContext& context, MarketId market,
                      runtime::Submission& submission, ApiError& error);

// kAmendFields or kAmendNamedFields; cancels take valid_until alone from the body.
bool parse_amend(const object& body, const ParseContext& context, const OrderName& name,
                 runtime::Submission& submission, ApiError& error);
bool parse_cancel(const object& body, const ParseContext& context, const OrderName& name,
                  runtime::Submission& submission, ApiError& error);
bool parse_cancel_all(const object& body, const ParseContext& context,
                      runtime::Submission& submission, ApiError& error);

// kBatchPlaceFields, kBatchCancelFields: one submission per entry, in order.
bool parse_batch_place(const object& body, const ParseContext& context,
                       std::vector<runtime::Submission>& submissions, ApiError& error);
bool parse_batch_cancel(const object& body, const ParseContext& context,
                        std::vector<runtime::Submission>& submissions, ApiError& error);

// kRegisterFields (the caller sets the key hash and start balance), kCreateKeyFields (the key
// hash), kDepositFields, kFaucetFields, kTransferFields.
bool parse_register(const object& body, runtime::Submission& submission, ApiError& error);
bool parse_create_key(const object& body, const ParseContext& context,
                      runtime::Submission& submission, ApiError& error);
bool parse_money_move(const object& body, const ParseContext& context, CommandType type,
                      runtime::Submission& submission, ApiError& error);

// kLeverageFields, kNettingFields, kThoughtFields.
bool parse_leverage(const object& body, const ParseContext& context, MarketId market,
                    runtime::Submission& submission, ApiError& error);
bool parse_netting(const object& body, const ParseContext& context, MarketId market,
                   runtime::Submission& submission, ApiError& error);
bool parse_thought(const object& body, const ParseContext& context, runtime::Submission& submission,
                   ApiError& error);

// kPushPricesFields: one update_price per entry. Several sources of one market become their
// weighted median; fewer fresh ones than the quorum: price_stale.
struct PriceContext {
  int64_t now_ms = 0;
  std::size_t quorum = 1;
};
bool parse_prices(const object& body, const MarketDirectory& markets, const PriceContext& context,
                  std::vector<runtime::Submission>& submissions, ApiError& error);

// kMarginFields, kMarketModeFields, kFundInsuranceFields; the last two by the operator.
bool parse_margin(const object& body, const ParseContext& context, MarketId market,
                  runtime::Submission& submission, ApiError& error);
bool parse_market_mode(const object& body, MarketId market, runtime::Submission& submission,
                       ApiError& error);
bool parse_fund_insurance(const object& body, MarketId market, runtime::Submission& submission,
                          ApiError& error);

// kCloseFields: a reduce-only market order for the whole position. `side` is opposite to it.
bool parse_close(const object& body, const ParseContext& context, MarketId market, Side side,
                 runtime::Submission& submission, ApiError& error);

// Idempotency-Key: 1 to 128 printable characters. Entry i of a batch gets a key of its own.
bool check_idempotency_key(std::string_view key, ApiError& error);
bool apply_idempotency_key(std::string_view key, std::vector<runtime::Submission>& submissions,
                           ApiError& error);

}  // namespace perpetua::gateway
