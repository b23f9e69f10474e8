// Handlers of the native API, one function per endpoint (and phase). See Endpoint for the contract.
#pragma once

#include "gateway/codec/json_writer.hpp"
#include "gateway/codec/parse.hpp"
#include "gateway/http/call.hpp"
#include "stores/history/history_reader.hpp"

namespace perpetua::gateway::native {

// Completions shared by many endpoints: one outcome; {"results": [...]}.
bool complete_one(Call& call);
bool complete_results(Call& call);

// agents.cpp
bool prepare_register(Call& call);
bool complete_register(Call& call);
void list_agents(Call& call);
void get_agent(Call& call);
bool prepare_create_key(Call& call);
bool complete_create_key(Call& call);
void list_keys(Call& call);
bool prepare_revoke_key(Call& call);

// account.cpp
void get_account(Call& call);
void list_ledger(Call& call);
bool prepare_deposit(Call& call);
bool prepare_withdraw(Call& call);
bool prepare_transfer(Call& call);
bool prepare_faucet(Call& call);

// markets.cpp
void list_markets(Call& call);
void get_market(Call& call);
void get_book(Call& call);
void list_trades(Call& call);
void list_candles(Call& call);
void list_prices(Call& call);
bool prepare_push_prices(Call& call);

// orders.cpp
bool prepare_place_order(Call& call);
bool prepare_place_batch(Call& call);
bool prepare_amend_order(Call& call);
bool prepare_cancel_order(Call& call);
bool prepare_cancel_batch(Call& call);
bool prepare_cancel_all(Call& call);
void list_open_orders(Call& call);
void list_order_history(Call& call);
void get_order(Call& call);
void list_fills(Call& call);

// intents.cpp
bool prepare_place_intent(Call& call);
bool prepare_cancel_intent(Call& call);
bool complete_cancel_intent(Call& call);
void list_intents(Call& call);
void get_intent(Call& call);

// triggers.cpp
bool prepare_place_trigger(Call& call);
bool prepare_protection(Call& call);
bool complete_protection(Call& call);
bool prepare_cancel_trigger(Call& call);
bool complete_cancel_trigger(Call& call);
void list_triggers(Call& call);
void list_trigger_history(Call& call);
void get_trigger(Call& call);

// positions.cpp
void list_positions(Call& call);
void get_position(Call& call);
bool prepare_close_position(Call& call);
bool complete_close_position(Call& call);
bool prepare_leverage(Call& call);
bool prepare_netting(Call& call);

bool prepare_margin(Call& call);
bool prepare_preview(Call& call);

// perpetual.cpp
void get_exchange_status(Call& call);
void get_funding(Call& call);
void list_funding(Call& call);
void list_funding_payments(Call& call);
void list_liquidations(Call& call);
void list_own_liquidations(Call& call);
void get_insurance(Call& call);
void list_fund_changes(Call& call);
void list_position_changes(Call& call);
void list_alerts(Call& call);
void get_solvency(Call& call);
bool prepare_market_mode(Call& call);
bool prepare_fund_insurance(Call& call);

// safety.cpp
bool prepare_key_limits(Call& call);
bool prepare_cancel_all_after(Call& call);
void list_switches(Call& call);
bool prepare_market_change(Call& call);
void list_market_changes(Call& call);
// Key of the path; false with key_not_found.
bool path_key(Call& call, uint32_t& key_id);

// thoughts.cpp
bool prepare_thought(Call& call);
void list_thoughts(Call& call);
void list_agent_thoughts(Call& call);

// system.cpp
void get_limits(Call& call);
void get_health(Call& call);
void get_readiness(Call& call);
void get_metrics(Call& call);
void get_openapi(Call& call);
void get_docs_page(Call& call);
void get_index_page(Call& call);

// Helpers of the handlers.
inline ParseContext parse_context(const Call& call) {
  return {call.markets(), call.principal.agent};
}
runtime::Submission& add_submission(Call& call);
// Market of a path or query parameter; false with market_not_found.
bool path_market(Call& call, MarketId& market);
bool query_market(Call& call, MarketId& market);  // kNoMarket if absent
// Order named by the path: {order_id}, {intent_id} or {client_id}.
bool path_order(Call& call, OrderName& name);

// What order and intent endpoints share. False: nothing more to do now; the call has failed, or
// will be made again where it may block.
using OrderPage = stores::Page<stores::OrderView>;
bool find_order(Call& call, const OrderName& name, std::optional<stores::OrderView>& order);
bool list_orders(Call& call, MarketId market, bool intents_only, OrderPage& page);

}  // namespace perpetua::gateway::native
