// Index price of several sources: their weighted median. Pure; the clamp against the last index and
// its staleness are the market's (docs/rules.md section 8). Method: Hyperliquid's oracle, a
// weighted median of spot prices.
//
// Properties: the result is one of the inputs; their order changes nothing; sources with less than
// half of the weight cannot move it out of the range of the others.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "base/units.hpp"

namespace perpetua {

struct SourcePrice {
  Price price;
  uint32_t weight = 1;
  int64_t time_ms = 0;  // when the source saw it
};

struct IndexCandidate {
  Price price;
  int64_t time_ms = 0;  // from when on fewer than the quorum are fresh once the limit has passed
};

// The lowest price at which the accumulated weight reaches half of the total.
// REQUIRES: not empty, weights above 0, at most 2^31 in sum. Reorders `sources`.
inline Price weighted_median(std::span<SourcePrice> sources) {
  PERPETUA_ASSERT(!sources.empty());
  uint64_t total = 0;
  for (const SourcePrice& source : sources) total += source.weight;
  std::sort(sources.begin(), sources.end(),
            [](const SourcePrice& a, const SourcePrice& b) { return a.price < b.price; });
  uint64_t below = 0;
  for (const SourcePrice& source : sources) {
    below += source.weight;
    if (2 * below >= total) return source.price;
  }
  PERPETUA_ASSERT(false);
  return {};
}

// Of the sources not older than kIndexStaleAfterMs; nullopt if fewer than `quorum` are left. The
// time is that of the quorum's oldest, so the market that gets it turns stale exactly when fewer
// than `quorum` of these sources are fresh. REQUIRES: quorum >= 1. Reorders `sources`.
inline std::optional<IndexCandidate> index_candidate(std::span<SourcePrice> sources, int64_t now_ms,
                                                     std::size_t quorum) {
  const auto is_fresh = [&](const SourcePrice& source) {
    return now_ms - source.time_ms <= limits::kIndexStaleAfterMs;
  };
  const auto end = std::partition(sources.begin(), sources.end(), is_fresh);
  const auto fresh = sources.first(static_cast<std::size_t>(end - sources.begin()));
  if (fresh.size() < quorum) return std::nullopt;
  std::sort(fresh.begin(), fresh.end(),
            [](const SourcePrice& a, const SourcePrice& b) { return a.time_ms > b.time_ms; });
  const int64_t time_ms = fresh[quorum - 1].time_ms;
  return IndexCandidate{weighted_median(fresh), time_ms};
}

}  // namespace perpetua
