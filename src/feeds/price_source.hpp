// PriceSource: where index prices come from. One interface for replayed bars, pushed prices and,
// later, venue feeds.
//
// A source is polled by one thread (FeedRunner) and yields what is due; the runner makes
// update_price commands of it. Prices are ticks of the market, times are milliseconds since 1970. A
// source never yields a price outside the market's absolute band; the per-update clamp and the
// staleness rule are the engine's (docs/rules.md section 8).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/schema/market_spec.hpp"

namespace perpetua::feeds {

struct PriceQuote {
  MarketId market = kNoMarket;
  Price price;
  int64_t source_time_ms = 0;
};

// A market as the feeds see it: what create_market said, and the id it got.
struct FeedMarket {
  MarketId id = kNoMarket;
  MarketSpec spec;
};

class PriceSource {
 public:
  virtual ~PriceSource() = default;
  virtual std::string_view name() const = 0;

  // Appends the quotes due at now_ms, at most one per market and call.
  virtual void poll(int64_t now_ms, std::vector<PriceQuote>& due) = 0;
};

}  // namespace perpetua::feeds
