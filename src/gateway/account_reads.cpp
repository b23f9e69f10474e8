#include "gateway/account_reads.hpp"

namespace perpetua::gateway {

std::optional<AccountState> read_account(const stores::HotStore& hot, const AccountQuery& query) {
  const auto account = hot.account(query.agent);
  if (!account) return std::nullopt;
  AccountState state;
  state.account = *account;
  state.open_orders = hot.open_order_count(query.agent);
  if (query.with_holdings) state.holdings = hot.holdings(query.agent);
  if (query.with_open_intents) {
    state.intents =
        hot.open_orders(query.agent, kNoMarket, 0, stores::hot_limits::kPageMax);
    std::erase_if(state.intents, [](const auto& order) { return !order.is_intent(); });
  }
  if (query.intent != 0) {
    const auto order = hot.order(query.agent, query.intent);
    if (order && order->is_intent()) state.intents.push_back(*order);
  }
  return state;
}

}  // namespace perpetua::gateway
