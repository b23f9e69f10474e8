#include "load/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/hash.hpp"

namespace perpetua::load {
namespace {

TEST(Histogram, empty_one_has_no_percentiles) {
  const Histogram histogram;
  EXPECT_EQ(histogram.percentile_ns(500'000), 0);
  EXPECT_EQ(histogram.max_ns(), 0);
}

TEST(Histogram, single_values_come_back_within_one_percent_and_never_lower) {
  for (int64_t value = 1; value < Histogram::kValueMax / 2; value = value * 5 / 4 + 1) {
    Histogram histogram;
    histogram.record(value);
    histogram.record(2 * value);
    const int64_t shown = histogram.percentile_ns(500'000);
    EXPECT_GE(shown, value);
    EXPECT_LE(shown - value, value / 100) << value;
    EXPECT_EQ(histogram.max_ns(), 2 * value);
  }
}

TEST(Histogram, percentiles_match_a_sorted_list_within_one_percent) {
  Histogram histogram;
  std::vector<int64_t> values;
  uint64_t state = 7;
  for (int i = 0; i < 100'000; ++i) {
    state = hash_mix(state, 1);
    values.push_back(static_cast<int64_t>(state >> (20 + state % 30)) % Histogram::kValueMax);
    histogram.record(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const int64_t ppm : {1, 10'000, 500'000, 990'000, 999'000, 1'000'000}) {
    const auto rank = (values.size() * static_cast<uint64_t>(ppm) + 999'999) / 1'000'000;
    const int64_t exact = values[rank - 1];
    const int64_t shown = histogram.percentile_ns(ppm);
    EXPECT_GE(shown, exact);
    EXPECT_LE(shown - exact, exact / 100 + 1);
  }
}

TEST(Histogram, values_out_of_range_are_clamped) {
  Histogram histogram;
  histogram.record(-5);
  EXPECT_EQ(histogram.percentile_ns(1'000'000), 0);
  histogram.record(INT64_MAX);
  EXPECT_EQ(histogram.max_ns(), Histogram::kValueMax);
  EXPECT_EQ(histogram.percentile_ns(1'000'000), Histogram::kValueMax);
  EXPECT_EQ(histogram.count(), 2u);
}

TEST(Histogram, one_slow_reply_in_a_thousand_shows_at_the_last_permille_only) {
  Histogram histogram;
  for (int i = 0; i < 999; ++i) histogram.record(1'000);
  histogram.record(5'000'000);
  EXPECT_LE(histogram.percentile_ns(999'000), 1'010);
  EXPECT_EQ(histogram.percentile_ns(1'000'000), 5'000'000);
}

TEST(Histogram, clear_forgets_everything) {
  Histogram histogram;
  histogram.record(77);
  histogram.clear();
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.max_ns(), 0);
  EXPECT_EQ(histogram.percentile_ns(1'000'000), 0);
}

}  // namespace
}  // namespace perpetua::load
