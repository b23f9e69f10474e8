// After a restart: what the house agents of an earlier run left behind, from the hot store.
#pragma once

#include <vector>

#include "feeds/liquidity/house.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::app {

std::vector<feeds::ExistingAgent> existing_house_agents(
    const stores::HotStore& hot, const std::vector<feeds::LiquidityHouse::Member>& members);

}  // namespace perpetua::app
