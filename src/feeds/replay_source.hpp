// ReplaySource: plays recorded bars as live index prices of the sandbox market.
//
// The position in the recording is a pure function of the clock (elapsed since 1970 x speed, folded
// forward and backward over the recording), so a restarted exchange goes on where the market would
// be, two exchanges show the same prices, and nothing is stored. A deterministic jitter of at most
// kJitterPpm around the path keeps coarse bars alive. Markets without bars yield nothing.
// Thread-safety: one thread polls.
#pragma once

#include "feeds/price_source.hpp"
#include "feeds/replay_bars.hpp"

namespace perpetua::feeds {

inline constexpr int64_t kReplaySpeedMax = 1'000;
inline constexpr int64_t kJitterPpm = 30;

struct ReplayOptions {
  int64_t speed = 10;           // recorded seconds per second, 1..kReplaySpeedMax
  int64_t interval_ms = 1'000;  // between two quotes of a market, >= 100
};

class ReplaySource final : public PriceSource {
 public:
  // REQUIRES: options within their ranges. Uses bundled_bars() of each market's symbol.
  ReplaySource(const std::vector<FeedMarket>& markets, ReplayOptions options);

  std::string_view name() const override { return "replay"; }
  void poll(int64_t now_ms, std::vector<PriceQuote>& due) override;

  // What the replay says at now_ms, whether due or not; 0 for a market without bars.
  Price price_at(MarketId market, int64_t now_ms) const;

 private:
  struct Track {
    FeedMarket market;
    BarSeries series;
    int64_t slot_sent = 0;  // now_ms / interval_ms of the last quote
  };

  Price track_price(const Track& track, int64_t now_ms) const;

  ReplayOptions options_;
  std::vector<Track> tracks_;
};

}  // namespace perpetua::feeds
