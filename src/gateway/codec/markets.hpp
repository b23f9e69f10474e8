// MarketDirectory: symbol -> id -> contract, all that the codec needs to know of a market.
//
// Thread-safety: implementations are read by every io thread. A returned spec lives as long as the
// directory.
#pragma once

#include <optional>
#include <string_view>

#include "engine/schema/market_spec.hpp"

namespace perpetua::stores {
class HotStore;
}

namespace perpetua::gateway {

class MarketDirectory {
 public:
  virtual ~MarketDirectory() = default;
  virtual std::optional<MarketId> find(std::string_view symbol) const = 0;
  virtual const MarketSpec* spec(MarketId id) const = 0;  // null: no such market
};

class HotMarketDirectory final : public MarketDirectory {
 public:
  explicit HotMarketDirectory(const stores::HotStore& hot) : hot_(hot) {}
  std::optional<MarketId> find(std::string_view symbol) const override;
  const MarketSpec* spec(MarketId id) const override;

 private:
  const stores::HotStore& hot_;
};

}  // namespace perpetua::gateway
