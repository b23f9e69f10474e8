#include "gateway/codec/markets.hpp"

#include "stores/memory/hot_store.hpp"

namespace perpetua::gateway {

std::optional<MarketId> HotMarketDirectory::find(std::string_view symbol) const {
  return hot_.market_id(symbol);
}

const MarketSpec* HotMarketDirectory::spec(MarketId id) const { return hot_.market_spec(id); }

}  // namespace perpetua::gateway
