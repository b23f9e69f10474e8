#include "stores/account_state.hpp"

#include "stores/memory/hot_store.hpp"

namespace perpetua::stores {

std::optional<AccountState> read_account(const HotStore& hot, const AccountQuery& query) {
  const auto account = hot.account(query.agent);
  if (!account) return std::nullopt;
  AccountState state;
  state.account = *account;
  state.open_orders = hot.open_order_count(query.agent);
  if (query.with_holdings) state.holdings = hot.holdings(query.agent);
  if (query.with_open_intents) {
    state.intents = hot.open_orders(query.agent, kNoMarket, 0, hot_limits::kPageMax);
    std::erase_if(state.intents, [](const auto& order) { return !order.is_intent(); });
  }
  if (query.intent != 0) {
    const auto order = hot.order(query.agent, query.intent);
    if (order && order->is_intent()) state.intents.push_back(*order);
  }
  return state;
}

}  // namespace perpetua::stores
