#include "stores/account_state.hpp"

#include "stores/memory/hot_store.hpp"

namespace perpetua::stores {

std::vector<OrderView> open_intents(const HotStore& hot, AgentId agent) {
  std::vector<OrderView> intents;
  for (OrderId before = 0;;) {
    const auto page = hot.open_orders(agent, kNoMarket, before, hot_limits::kPageMax);
    for (const OrderView& order : page) {
      if (order.is_intent()) intents.push_back(order);
    }
    if (page.size() < hot_limits::kPageMax) return intents;
    before = page.back().order_id;
  }
}

std::optional<AccountState> read_account(const HotStore& hot, const AccountQuery& query) {
  const auto account = hot.account(query.agent);
  if (!account) return std::nullopt;
  AccountState state;
  state.account = *account;
  state.open_orders = hot.open_order_count(query.agent);
  if (query.with_holdings) state.holdings = hot.holdings(query.agent);
  if (query.with_open_intents) state.intents = open_intents(hot, query.agent);
  if (query.intent != 0) {
    const auto order = hot.order(query.agent, query.intent);
    if (order && order->is_intent()) state.intents.push_back(*order);
  }
  return state;
}

}  // namespace perpetua::stores
