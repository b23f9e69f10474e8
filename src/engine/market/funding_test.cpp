// Worked examples of funding, to the micro-USDC, and conservation of what is paid.
#include "engine/market/funding.hpp"

#include <gtest/gtest.h>

#include <random>

namespace perpetua {
namespace {

constexpr Price kIndex(60'000);

TEST(FundingTest, impact_premium_of_the_worked_example) {
  // 20,000 USDC into bids of 0.2 BTC at 60,060 and 0.3 at 60,050: 12,012 and 7,988 USDC.
  const int64_t second = 7'988'000'000 / 60'050;
  const ImpactFill bids{200'000 + second, static_cast<Int128>(12'012'000'000) + second * 60'050,
                        true};
  const ImpactFill asks{332'895, static_cast<Int128>(20'000'000'000), true};
  EXPECT_EQ(premium_ppb(bids, asks, kIndex, 1), 933'426);
}

TEST(FundingTest, a_side_without_depth_has_no_say) {
  const ImpactFill thin{1'000, static_cast<Int128>(90'000'000), false};
  const ImpactFill asks_below{1'000'000, static_cast<Int128>(59'940'000'000), true};
  EXPECT_EQ(premium_ppb(thin, asks_below, kIndex, 1), -1'000'000);
  EXPECT_EQ(premium_ppb(thin, thin, kIndex, 1), 0);
}

TEST(FundingTest, hourly_rates_of_the_worked_example) {
  EXPECT_EQ(hourly_rate_ppb(800'000), 37'500);
  EXPECT_EQ(hourly_rate_ppb(600'000), 12'500);
  EXPECT_EQ(hourly_rate_ppb(0), 12'500);
  EXPECT_EQ(hourly_rate_ppb(-300'000), 12'500);
  EXPECT_EQ(hourly_rate_ppb(-900'000), -50'000);
}

TEST(FundingTest, the_rate_is_capped_and_rises_with_the_premium) {
  EXPECT_EQ(hourly_rate_ppb(900'000'000), kFundingRateMaxPpb);
  EXPECT_EQ(hourly_rate_ppb(-900'000'000), -kFundingRateMaxPpb);
  int64_t previous = INT64_MIN;
  for (int64_t premium = -2'000'000; premium <= 2'000'000; premium += 1'000) {
    EXPECT_GE(hourly_rate_ppb(premium), previous);
    previous = hourly_rate_ppb(premium);
  }
}

TEST(FundingTest, payments_of_the_worked_examples) {
  EXPECT_EQ(funding_amount(Lots(2'000'000), kIndex, 1, 37'500).due, Micro(4'500'000));
  const Price index(60'001);
  EXPECT_EQ(funding_amount(Lots(1'000'003), index, 1, 37'500).due, Micro(2'250'045));
  EXPECT_EQ(funding_amount(Lots(-400'001), index, 1, 37'500).received, Micro(900'017));
  EXPECT_EQ(funding_amount(Lots(-600'002), index, 1, 37'500).received, Micro(1'350'027));
}

TEST(FundingTest, what_is_due_covers_what_is_received_with_a_small_residue) {
  std::mt19937_64 random(11);
  for (int run = 0; run < 1'000; ++run) {
    const auto rate = static_cast<int64_t>(random() % 80'000'001) - kFundingRateMaxPpb;
    const Price index(1 + static_cast<int64_t>(random() % 1'000'000));
    int64_t due = 0, received = 0, open = 0;
    int positions = 0;
    const auto settle = [&](int64_t base) {
      if (base == 0) return;
      ++positions;
      const FundingAmount amount = funding_amount(Lots(base), index, 1, rate);
      if (pays_funding(Lots(base), rate)) {
        due += amount.due.value;
      } else {
        received += amount.received.value;
      }
    };
    for (int i = 0; i < 20; ++i) {
      const auto base = static_cast<int64_t>(random() % 2'000'001) - 1'000'000;
      open += base;
      settle(base);
    }
    settle(-open);
    if (rate == 0) continue;
    EXPECT_GE(due - received, 0);
    EXPECT_LT(due - received, positions + 1);
  }
}

}  // namespace
}  // namespace perpetua
