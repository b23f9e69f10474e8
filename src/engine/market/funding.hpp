// Funding arithmetic: impact premium, hourly rate, payment of a position. Pure functions.
//
// Rules and rounding: docs/rules-perpetual.md section 13 (source: perp formulas section 4: premium
// samples of impact prices against the index, F8 = A + clamp(interest - A), an eighth an hour).
// Premiums and rates in ppb, amounts in micro-USDC. Premium, average and rate round toward zero;
// the payer's amount up, the receiver's down, so the residue is never negative.
#pragma once

#include <algorithm>

#include "engine/schema/types.hpp"

namespace perpetua {

inline constexpr int64_t kPpb = 1'000'000'000;
inline constexpr int64_t kFundingHourMs = 3'600'000;
inline constexpr int64_t kPremiumPeriodMs = 5'000;
inline constexpr int64_t kPremiumSamplesMin = 360;  // half of an hour's; fewer: rate 0
inline constexpr int64_t kInterest8hPpb = 100'000;
inline constexpr int64_t kInterestClampPpb = 500'000;
inline constexpr int64_t kFundingRateMaxPpb = 40'000'000;  // an hour
inline constexpr int64_t kFundingHoursMax = 24;            // settled at once after a jump of time

// What filling the impact notional against one side of the book takes.
struct ImpactFill {
  int64_t lots = 0;
  Int128 value = 0;  // micro-USDC
  bool is_deep_enough = false;
};

// How far the fill's average price lies above the index in ppb, toward zero; below: negative.
inline int64_t impact_premium_ppb(const ImpactFill& fill, Price index, int64_t lot_tick_micro) {
  const Int128 at_index = static_cast<Int128>(index.value) * fill.lots * lot_tick_micro;
  return static_cast<int64_t>((fill.value - at_index) * kPpb / at_index);
}

// Bids above the index push it up, asks below it push it down.
inline int64_t premium_ppb(const ImpactFill& bids, const ImpactFill& asks, Price index,
                           int64_t lot_tick_micro) {
  const auto part = [&](const ImpactFill& fill) {
    const bool is_present = fill.is_deep_enough && fill.lots > 0;
    return is_present ? impact_premium_ppb(fill, index, lot_tick_micro) : int64_t{0};
  };
  return std::max<int64_t>(part(bids), 0) - std::max<int64_t>(-part(asks), 0);
}

// The rate of one hour from the average premium of its samples.
constexpr int64_t hourly_rate_ppb(int64_t average_ppb) {
  const int64_t eight_hours =
      average_ppb +
      std::clamp(kInterest8hPpb - average_ppb, -kInterestClampPpb, kInterestClampPpb);
  return std::clamp(eight_hours / 8, -kFundingRateMaxPpb, kFundingRateMaxPpb);
}

// Samples of the hour in hand.
struct FundingSamples {
  int64_t sum_ppb = 0;
  int64_t count = 0;
  int64_t next_at_ms = 0;
  int64_t hour = 0;  // log time / kFundingHourMs; 0 = not begun

  int64_t average_ppb() const { return count == 0 ? 0 : sum_ppb / count; }
  bool is_enough() const { return count >= kPremiumSamplesMin; }
};

// What a position of |base| lots pays (rounded up) or gets (rounded down) for |rate|. REQUIRES: a
// position within the market's bounds (see notional), so its value fits 64 bits.
struct FundingAmount {
  Micro due;
  Micro received;
};
inline FundingAmount funding_amount(Lots base, Price index, int64_t lot_tick_micro,
                                    int64_t rate_ppb) {
  const int64_t rate = rate_ppb < 0 ? -rate_ppb : rate_ppb;
  const int64_t value = notional(index, base < Lots(0) ? -base : base, lot_tick_micro).value;
  return {Micro(mul_div_ceil(value, rate, kPpb)), Micro(mul_div_floor(value, rate, kPpb))};
}

constexpr bool pays_funding(Lots base, int64_t rate_ppb) {
  return (base.value > 0) == (rate_ppb > 0);
}

}  // namespace perpetua
