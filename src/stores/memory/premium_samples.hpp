// PremiumSamples: the funding hour in hand as a projection sees it.
//
// Samples the impact premium of the book every kPremiumPeriodMs with the engine's own functions, at
// the end of batches; so it differs from the engine's average by what happened inside a batch, and
// it does not know the samples from before a restart (see FundingEstimate). Not thread-safe: the
// market's lock.
#pragma once

#include "engine/market/funding.hpp"
#include "stores/memory/book_levels.hpp"

namespace perpetua::stores {

class PremiumSamples {
 public:
  // Whether sample() would take one.
  bool is_due(int64_t time_ms) const { return time_ms >= samples_.next_at_ms; }

  // REQUIRES: an index. `is_live`: fresh, and funding goes on in this mode.
  void sample(const BookLevels& book, Price index, const MarketSpec& spec, bool is_live,
              int64_t time_ms) {
    samples_.next_at_ms = time_ms + kPremiumPeriodMs;
    samples_.hour = time_ms / kFundingHourMs;
    if (!is_live) return;
    const auto fill = [&](Side side) {
      return book.impact_fill(side, spec.impact_notional, spec.value_per_tick_lot_micro);
    };
    samples_.sum_ppb += premium_ppb(fill(Side::buy), fill(Side::sell), index,
                                    spec.value_per_tick_lot_micro);
    ++samples_.count;
  }

  void start_hour(int64_t hour) {
    samples_.sum_ppb = samples_.count = 0;
    samples_.hour = hour;
  }

  FundingEstimate estimate() const {
    FundingEstimate estimate;
    if (samples_.hour == 0) return estimate;
    estimate.average_premium_ppb = samples_.average_ppb();
    estimate.samples = samples_.count;
    if (samples_.count > 0) estimate.predicted_rate_ppb = hourly_rate_ppb(samples_.average_ppb());
    estimate.next_settlement_ms = (samples_.hour + 1) * kFundingHourMs;
    return estimate;
  }

 private:
  FundingSamples samples_;
};

}  // namespace perpetua::stores
