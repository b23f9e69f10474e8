#include "house_state.hpp"

namespace perpetua::app {
namespace {

feeds::ExistingAgent describe(const stores::HotStore& hot, AgentId id,
                              const feeds::LiquidityHouse::Member& member) {
  feeds::ExistingAgent agent;
  agent.wallet = member.wallet;
  agent.agent = id;
  if (const auto account = hot.account(id)) {
    agent.free = account->free;
    agent.reserved = account->reserved;
    agent.position_margin = account->position_margin;
  }
  if (const auto position = hot.position(id, member.market)) agent.base = position->base;
  if (const auto settings = hot.settings(id, member.market)) {
    agent.leverage = settings->leverage;
    agent.netting = settings->netting;
  }
  for (const stores::OrderView& order :
       hot.open_orders(id, member.market, 0, stores::hot_limits::kPageMax)) {
    agent.orders.push_back(
        {order.order_id, order.side, order.price, order.filled, order.remaining, 0});
  }
  return agent;
}

}  // namespace

std::vector<feeds::ExistingAgent> existing_house_agents(
    const stores::HotStore& hot, const std::vector<feeds::LiquidityHouse::Member>& members) {
  std::vector<feeds::ExistingAgent> agents;
  for (const feeds::LiquidityHouse::Member& member : members) {
    const auto found = hot.agent_by_wallet(member.wallet);
    if (found) agents.push_back(describe(hot, found->id, member));
  }
  return agents;
}

}  // namespace perpetua::app
