#include "load/schedule.hpp"

#include <gtest/gtest.h>

namespace perpetua::load {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

TEST(Schedule, requests_are_due_at_even_distances_from_the_start) {
  const Schedule schedule(10'000, 60 * kSecondNs);  // 10 a second
  EXPECT_EQ(schedule.count(), 600u);
  EXPECT_EQ(schedule.due_ns(0), 0);
  EXPECT_EQ(schedule.due_ns(1), kSecondNs / 10);
  EXPECT_EQ(schedule.due_ns(599), 599 * (kSecondNs / 10));
}

TEST(Schedule, uneven_rates_do_not_drift) {
  const Schedule schedule(3'000'000, 3'600 * kSecondNs);  // 3,000 a second for an hour
  EXPECT_EQ(schedule.count(), 10'800'000u);
  EXPECT_EQ(schedule.due_ns(1), 333'333);
  EXPECT_EQ(schedule.due_ns(3), kSecondNs / 1'000);
  EXPECT_EQ(schedule.due_ns(10'797'000), 3'599 * kSecondNs);
}

TEST(Schedule, every_request_is_due_before_the_end) {
  for (const int64_t rate_milli : {1, 333, 999, 1'001, 700'000, 1'000'000'000}) {
    const Schedule schedule(rate_milli, 7 * kSecondNs);
    ASSERT_GE(schedule.count(), 1u);
    EXPECT_LT(schedule.due_ns(schedule.count() - 1), 7 * kSecondNs);
    EXPECT_GE(schedule.due_ns(schedule.count()), 7 * kSecondNs - 1);
  }
}

}  // namespace
}  // namespace perpetua::load
