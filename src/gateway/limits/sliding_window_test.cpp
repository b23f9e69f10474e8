#include "gateway/limits/sliding_window.hpp"

#include <gtest/gtest.h>

namespace perpetua::gateway {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kStart = 7'000 * kSecondNs;

TEST(SlidingWindow, takes_so_many_in_any_second_and_none_more) {
  SlidingWindow window(3);
  EXPECT_EQ(window.take(1, kStart), 0);
  EXPECT_EQ(window.take(1, kStart + 400'000'000), 0);
  EXPECT_EQ(window.take(1, kStart + 900'000'000), 0);
  EXPECT_EQ(window.take(1, kStart + 950'000'000), 50'000'000) << "until the first is a second old";
  EXPECT_EQ(window.take(1, kStart + kSecondNs - 1), 1);
  EXPECT_EQ(window.take(1, kStart + kSecondNs), 0);
  EXPECT_GT(window.take(1, kStart + kSecondNs + 1), 0) << "no credit for an idle second";
}

TEST(SlidingWindow, a_long_pause_gives_no_burst) {
  SlidingWindow window(2);
  EXPECT_EQ(window.take(1, kStart), 0);
  const int64_t later = kStart + 3'600 * kSecondNs;
  EXPECT_EQ(window.take(1, later), 0);
  EXPECT_EQ(window.take(1, later), 0);
  EXPECT_EQ(window.take(1, later), kSecondNs);
}

TEST(SlidingWindow, agents_do_not_share) {
  SlidingWindow window(1);
  EXPECT_EQ(window.take(1, kStart), 0);
  EXPECT_EQ(window.take(1 + SlidingWindow::kShards, kStart), 0);
  EXPECT_EQ(window.take(2, kStart), 0);
  EXPECT_GT(window.take(1, kStart), 0);
}

TEST(SlidingWindow, zero_is_no_limit) {
  SlidingWindow window(0);
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(window.take(1, kStart), 0);
  EXPECT_EQ(window.use(1, kStart).minute, 1'000u);
}

TEST(SlidingWindow, tells_the_use_of_second_minute_and_hour) {
  SlidingWindow window(2);
  ASSERT_EQ(window.take(1, kStart), 0);
  ASSERT_EQ(window.take(1, kStart), 0);
  ASSERT_GT(window.take(1, kStart), 0);
  WindowUse use = window.use(1, kStart);
  EXPECT_EQ(use.second, 2u);
  EXPECT_EQ(use.minute, 2u);
  EXPECT_EQ(use.hour, 2u);
  EXPECT_EQ(use.violations, 1u);
  use = window.use(1, kStart + 30 * kSecondNs);
  EXPECT_EQ(use.second, 0u);
  EXPECT_EQ(use.minute, 2u);
  use = window.use(1, kStart + 61 * kSecondNs);
  EXPECT_EQ(use.minute, 0u);
  EXPECT_EQ(use.hour, 2u);
  EXPECT_EQ(window.use(1, kStart + 3'601 * kSecondNs).hour, 0u);
}

TEST(SlidingWindow, who_asks_about_a_stranger_leaves_nothing) {
  SlidingWindow window(1);
  EXPECT_EQ(window.use(5, kStart).hour, 0u);
  EXPECT_EQ(window.take(5, kStart), 0);
}

TEST(SlidingWindow, makes_room_by_forgetting_idle_agents_only) {
  SlidingWindow window(1);
  const auto agent = [](std::size_t i) {
    return static_cast<AgentId>(i * SlidingWindow::kShards + 1);
  };
  for (std::size_t i = 0; i < SlidingWindow::kAgentsPerShard; ++i) {
    ASSERT_EQ(window.take(agent(i), kStart + (i == 0 ? kSecondNs : 0)), 0);
  }
  const int64_t now = kStart + kSecondNs + 1;
  ASSERT_EQ(window.take(agent(SlidingWindow::kAgentsPerShard), now), 0);
  EXPECT_GT(window.take(agent(0), now), 0) << "its second is not over";
  EXPECT_EQ(window.use(agent(1), now).hour, 0u);
}

}  // namespace
}  // namespace perpetua::gateway
