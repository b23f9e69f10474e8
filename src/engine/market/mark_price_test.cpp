// Worked examples of the mark price, and the properties of its average.
#include "engine/market/mark_price.hpp"

#include <gtest/gtest.h>

#include <random>

namespace perpetua {
namespace {

constexpr Price kIndex(60'000);

MarkInputs three_samples() {
  MarkInputs inputs;
  int64_t now_ms = 1'000'000;
  for (const int64_t basis : {20, 40, 10}) {
    const Touch touch{kIndex + Price(basis - 5), kIndex + Price(basis + 5), Price(0)};
    inputs.sample(touch, kIndex, now_ms);
    now_ms += kSamplePeriodMs;
  }
  return inputs;
}

TEST(MarkPriceTest, three_samples_of_the_basis_average_as_in_the_worked_example) {
  const MarkInputs inputs = three_samples();
  // (205.27, 8.8230) in seconds: 23.2656.
  EXPECT_EQ(static_cast<int64_t>(inputs.basis.num / 65'536), 205'271);
  EXPECT_EQ(inputs.basis.den >> 16, 8'822);
  EXPECT_EQ(inputs.basis.ticks(), 23);
}

TEST(MarkPriceTest, one_wild_trade_does_not_move_the_mark) {
  const MarkInputs inputs = three_samples();
  const Touch calm{Price(60'015), Price(60'025), Price(60'050)};
  const Touch wild{Price(60'015), Price(60'025), Price(70'000)};
  EXPECT_EQ(calm.typical(), 60'025);
  EXPECT_EQ(wild.typical(), 60'025);
  EXPECT_EQ(inputs.mark(calm, kIndex, 50'000), inputs.mark(wild, kIndex, 50'000));
}

TEST(MarkPriceTest, the_mark_is_the_median_of_its_inputs) {
  EXPECT_EQ(median(60'023, 60'025, 60'010), 60'023);
  EXPECT_EQ(median(1, 1, 9), 1);
  EXPECT_EQ(median(3, 2, 1), 2);
}

TEST(MarkPriceTest, without_samples_and_book_the_mark_is_the_index) {
  const MarkInputs inputs;
  EXPECT_EQ(inputs.mark(Touch{}, kIndex, 50'000), kIndex);
}

TEST(MarkPriceTest, the_mark_stays_within_the_band_around_the_index) {
  MarkInputs inputs;
  const Touch far{Price(79'990), Price(80'010), Price(80'000)};
  inputs.sample(far, kIndex, 5'000);
  EXPECT_EQ(inputs.mark(far, kIndex, 50'000), Price(63'000));
  EXPECT_EQ(inputs.mark(far, kIndex, 500'000), Price(80'000));
}

TEST(MarkPriceTest, less_than_a_period_later_no_sample_is_taken) {
  MarkInputs inputs;
  const Touch touch{Price(60'010), Price(60'020), Price(0)};
  inputs.sample(touch, kIndex, 10'000);
  const int64_t den = inputs.basis.den;
  inputs.sample(touch, kIndex, 12'999);
  EXPECT_EQ(inputs.basis.den, den);
  inputs.sample(touch, kIndex, 13'000);
  EXPECT_GT(inputs.basis.den, den);
}

TEST(MarkPriceTest, an_average_lies_between_its_smallest_and_largest_sample) {
  std::mt19937_64 random(7);
  for (int run = 0; run < 200; ++run) {
    SampleAverage average;
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (int i = 0; i < 100; ++i) {
      const int64_t sample = static_cast<int64_t>(random() % 2'000'001) - 1'000'000;
      low = std::min(low, sample);
      high = std::max(high, sample);
      average.add(sample, 1 + static_cast<int64_t>(random() % 100), kBasisDecay);
      EXPECT_GE(average.ticks(), low - 1);  // rounding down
      EXPECT_LE(average.ticks(), high);
    }
  }
}

TEST(MarkPriceTest, decay_factors_are_those_of_the_formula) {
  EXPECT_EQ(kBasisDecay[1], 4'209'921'245u);
  EXPECT_EQ(kTouchDecay[1], 3'886'247'119u);
  // e^-2 and e^-10 in Q32, the error of a hundred floors at most.
  EXPECT_NEAR(static_cast<double>(kBasisDecay[100]), 581'260'615.0, 200.0);
  EXPECT_NEAR(static_cast<double>(kTouchDecay[100]), 194'991.0, 200.0);
}

}  // namespace
}  // namespace perpetua
