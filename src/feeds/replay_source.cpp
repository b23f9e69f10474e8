#include "feeds/replay_source.hpp"

#include <algorithm>

#include "base/hash.hpp"

namespace perpetua::feeds {

namespace {

// In [-kJitterPpm, kJitterPpm], the same for the same market and slot of time.
int64_t jitter_ppm(MarketId market, int64_t slot) {
  const uint64_t mixed = hash_mix(static_cast<uint64_t>(slot), market + 1u);
  return static_cast<int64_t>(mixed % (2 * kJitterPpm + 1)) - kJitterPpm;
}

}  // namespace

ReplaySource::ReplaySource(const std::vector<FeedMarket>& markets, ReplayOptions options)
    : options_(options) {
  PERPETUA_ASSERT(options_.speed >= 1 && options_.speed <= kReplaySpeedMax);
  PERPETUA_ASSERT(options_.interval_ms >= 100);
  for (const FeedMarket& market : markets) {
    BarSeries series = bundled_bars(symbol_view(market.spec));
    if (!series.empty()) tracks_.push_back({market, std::move(series), 0});
  }
}

void ReplaySource::poll(int64_t now_ms, std::vector<PriceQuote>& due) {
  const int64_t slot = now_ms / options_.interval_ms;
  for (Track& track : tracks_) {
    if (slot == track.slot_sent) continue;
    track.slot_sent = slot;
    due.push_back({track.market.id, track_price(track, now_ms), now_ms});
  }
}

Price ReplaySource::price_at(MarketId market, int64_t now_ms) const {
  for (const Track& track : tracks_) {
    if (track.market.id == market) return track_price(track, now_ms);
  }
  return Price(0);
}

Price ReplaySource::track_price(const Track& track, int64_t now_ms) const {
  const int64_t position = ping_pong(now_ms * options_.speed, track.series.length_ms());
  const int64_t path_e9 = path_price_e9(track.series, position);
  const int64_t jitter = jitter_ppm(track.market.id, now_ms / options_.interval_ms);
  const MarketSpec& spec = track.market.spec;
  const int64_t ticks = mul_div_floor(path_e9, kPpm + jitter, kPpm) / spec.tick_size_e9;
  return std::clamp(Price(ticks), spec.price_min, spec.price_max);
}

}  // namespace perpetua::feeds
