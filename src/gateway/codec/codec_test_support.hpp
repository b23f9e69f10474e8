// Two markets for tests of the codec, with steps that are not one.
#pragma once

#include <optional>
#include <string_view>

#include "gateway/codec/markets.hpp"

namespace perpetua::gateway::test {

// BTC-PERP: tick 0.5, lot 0.001. Market 1, ETH-PERP: tick 0.01, lot 0.1.
class TestMarkets final : public MarketDirectory {
 public:
  TestMarkets() {
    specs_[0].tick_size_e9 = 500'000'000;
    specs_[0].lot_size_e9 = 1'000'000;
    specs_[1].tick_size_e9 = 10'000'000;
    specs_[1].lot_size_e9 = 100'000'000;
  }
  std::optional<MarketId> find(std::string_view symbol) const override {
    if (symbol == "BTC-PERP") return MarketId{0};
    if (symbol == "ETH-PERP") return MarketId{1};
    return std::nullopt;
  }
  const MarketSpec* spec(MarketId id) const override { return id < 2 ? &specs_[id] : nullptr; }

 private:
  MarketSpec specs_[2];
};

}  // namespace perpetua::gateway::test
