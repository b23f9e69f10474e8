// Mark price: median of three inputs, two of them averages over irregular samples. Pure but for the
// averages' state, which the market saves.
//
// Rules and rounding: docs/rules-perpetual.md section 12 (source: perp formulas, robust price
// indices: index + average basis; median of bid, ask, last; average of that median). Ticks; samples
// in Q16 ticks; time in periods of kSamplePeriodMs. No exp at run time: decay factors are powers of
// one Q32 constant. Bounds: |sample| < 2^41, a hundred periods, so num < 2^62 and num << 16 fits
// 128 bits. Thread-safety: none (the market's thread).
#pragma once

#include <algorithm>
#include <array>

#include "engine/schema/types.hpp"

namespace perpetua {

inline constexpr int64_t kSamplePeriodMs = 3'000;
inline constexpr int64_t kSamplePeriodsMax = 100;

using DecayTable = std::array<uint64_t, kSamplePeriodsMax + 1>;

// factor[n] = e^(-n x period / tau) in Q32, each power floored; `once` is the factor of one period.
constexpr DecayTable make_decay_table(uint64_t once) {
  DecayTable factor{};
  factor[0] = 1ull << 32;
  for (std::size_t n = 1; n < factor.size(); ++n) factor[n] = (factor[n - 1] * once) >> 32;
  return factor;
}

inline constexpr DecayTable kBasisDecay = make_decay_table(4'209'921'245);  // tau 150 s
inline constexpr DecayTable kTouchDecay = make_decay_table(3'886'247'119);  // tau 30 s

// num / den of one exponential average.
struct SampleAverage {
  Int128 num = 0;    // Q16 ticks x ms
  int64_t den = 0;   // Q16 ms; 0 = no sample yet
  int64_t zero = 0;  // the record has no padding

  // REQUIRES: 1 <= periods <= kSamplePeriodsMax.
  void add(int64_t sample_ticks, int64_t periods, const DecayTable& decay) {
    const auto factor = static_cast<int64_t>(decay[static_cast<std::size_t>(periods)]);
    const int64_t time_ms = kSamplePeriodMs * periods;
    num = ((num * factor) >> 32) + static_cast<Int128>(sample_ticks) * 65'536 * time_ms;
    den = static_cast<int64_t>((static_cast<Int128>(den) * factor) >> 32) + (time_ms << 16);
  }
  bool is_empty() const { return den == 0; }
  // Ticks, rounded down. REQUIRES: a sample.
  int64_t ticks() const {
    const Int128 wide = num * 65'536;
    const Int128 quotient = wide / den - (wide % den < 0 ? 1 : 0);
    return static_cast<int64_t>(quotient >> 16);
  }
};

constexpr int64_t median(int64_t a, int64_t b, int64_t c) {
  return std::max(std::min(a, b), std::min(std::max(a, b), c));
}

// What the book and its last trade show; 0 = none.
struct Touch {
  Price best_bid;
  Price best_ask;
  Price last;

  bool has_both_sides() const { return best_bid != Price(0) && best_ask != Price(0); }
  // REQUIRES: both sides.
  int64_t mid() const { return (best_bid.value + best_ask.value) / 2; }
  int64_t typical() const {
    return median(best_bid.value, best_ask.value, last == Price(0) ? mid() : last.value);
  }
};

// The averages behind the mark of one market.
struct MarkInputs {
  SampleAverage basis;      // mid - index
  SampleAverage touch;      // median of bid, ask, last
  int64_t sampled_at_ms = 0;
  int64_t zero = 0;

  // Takes a sample if both sides of the book exist and a period has passed.
  void sample(const Touch& now, Price index, int64_t log_time_ms) {
    if (!now.has_both_sides()) return;
    const int64_t passed = (log_time_ms - sampled_at_ms) / kSamplePeriodMs;
    const int64_t periods = basis.is_empty() ? 1 : std::min(passed, kSamplePeriodsMax);
    if (periods < 1) return;
    basis.add(now.mid() - index.value, periods, kBasisDecay);
    touch.add(now.typical(), periods, kTouchDecay);
    sampled_at_ms = log_time_ms;
  }

  // A missing input counts as the index. Within index +- band_ppm; not yet the market's own band.
  Price mark(const Touch& now, Price index, uint32_t band_ppm) const {
    const int64_t a = basis.is_empty() ? index.value : index.value + basis.ticks();
    const int64_t b = now.has_both_sides() ? now.typical() : index.value;
    const int64_t c = touch.is_empty() ? index.value : touch.ticks();
    const int64_t band = mul_div_floor(index.value, band_ppm, kPpm);
    return Price(std::clamp(median(a, b, c), index.value - band, index.value + band));
  }
};

}  // namespace perpetua
