// PriceSource: where index prices come from that the exchange fetches itself: replayed bars and,
// later, venue feeds.
//
// A source is polled by one thread (FeedRunner) and yields what is due; the runner makes
// update_price commands of it. That command is what all sources of prices have in common: those
// that an operator pushes become one at the gateway, and the setting `prices` says which of them
// the exchange takes, so two never compete. Band, per-update clamp and staleness are the engine's
// (docs/rules.md section 8); a source need not know them, and never yields a price outside the
// market's band. Prices are ticks of the market, times are milliseconds since 1970.
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

// A market as the feeds see it: what create_market said, the id it got, and whether it takes orders
// at the start.
struct FeedMarket {
  MarketId id = kNoMarket;
  MarketSpec spec;
  bool accepts_orders = true;
};

class PriceSource {
 public:
  virtual ~PriceSource() = default;
  virtual std::string_view name() const = 0;

  // Appends the quotes due at now_ms, at most one per market and call.
  virtual void poll(int64_t now_ms, std::vector<PriceQuote>& due) = 0;
};

}  // namespace perpetua::feeds
