#include "gateway/limits/shared_window.hpp"

#include <gtest/gtest.h>

#include "gateway/limits/budgets_test_support.hpp"

namespace perpetua::gateway {
namespace {

using namespace test;

constexpr BudgetKind kKind = BudgetKind::hub_intents;

// As a request that may wait does it.
int64_t take(SharedWindow& window, AgentId agent, int64_t now_ns) {
  if (window.must_ask(agent, now_ns)) {
    bool is_done = false;
    window.ask(agent, now_ns, [&] { is_done = true; });
    EXPECT_TRUE(is_done);
  }
  return window.take(agent, now_ns);
}

int take_many(SharedWindow& window, int times, int64_t now_ns) {
  int taken = 0;
  for (int i = 0; i < times; ++i) taken += take(window, 7, now_ns) == 0;
  return taken;
}

TEST(SharedWindow, two_processes_together_take_the_limit_in_a_second_and_not_more) {
  FakeBudgets budgets;
  SharedWindow one(kKind, 50, &budgets), two(kKind, 50, &budgets);
  for (int second = 0; second < 3; ++second) {
    budgets.now_ns = kStart + second * kSecond;
    int taken = 0;
    for (int i = 0; i < 200; ++i) {
      taken += take(i % 3 == 0 ? one : two, 7, budgets.now_ns) == 0;
    }
    EXPECT_EQ(taken, 50) << "second " << second;
    EXPECT_EQ(take_many(one, 10, budgets.now_ns + kSecond - 1), 0) << "no credit";
  }
  EXPECT_LT(budgets.asked, 3 * 30) << "leases of several";
}

TEST(SharedWindow, one_process_alone_keeps_to_its_own_window_whatever_it_has_leased) {
  FakeBudgets budgets;
  SharedWindow window(kKind, 50, &budgets);
  ASSERT_EQ(take_many(window, 45, kStart), 45);
  budgets.now_ns = kStart + kSecond - 1;
  ASSERT_EQ(take_many(window, 5, budgets.now_ns), 5);
  budgets.now_ns = kStart + kSecond;
  EXPECT_EQ(take_many(window, 100, budgets.now_ns), 45);
}

TEST(SharedWindow, what_another_process_has_leased_lapses_after_a_second) {
  FakeBudgets budgets;
  SharedWindow one(kKind, 48, &budgets), two(kKind, 48, &budgets);
  ASSERT_EQ(take(one, 7, kStart), 0);  // leases six
  EXPECT_EQ(take_many(two, 100, kStart), 42);
  const int64_t wait_ns = take(two, 7, kStart + 10);
  EXPECT_EQ(wait_ns, kSecond - 10) << "until the first lease leaves the window";
  budgets.now_ns = kStart + kSecond - 1;
  EXPECT_EQ(take_many(one, 100, budgets.now_ns), 5) << "its lease is good until then";
  budgets.now_ns = kStart + kSecond;
  EXPECT_EQ(take_many(two, 100, budgets.now_ns), 48) << "at most an eighth more in any second";
  EXPECT_EQ(two.use(7, budgets.now_ns).violations, 59u + 52u);
}

TEST(SharedWindow, without_the_far_side_each_process_counts_and_owes_one_second_afterwards) {
  FakeBudgets budgets;
  budgets.is_away = true;
  SharedWindow one(kKind, 20, &budgets), two(kKind, 20, &budgets);
  EXPECT_EQ(take_many(one, 100, kStart), 20);
  EXPECT_EQ(take_many(two, 100, kStart), 20);
  EXPECT_LE(budgets.asked, 4) << "it is not asked all the time";
  for (int second = 1; second < 100; ++second) {
    EXPECT_EQ(take_many(one, 100, kStart + second * kSecond), 20);
  }
  budgets.is_away = false;
  budgets.now_ns = kStart + 100 * kSecond;
  EXPECT_EQ(take_many(one, 100, budgets.now_ns), 0);
  budgets.now_ns += kSecond;
  EXPECT_EQ(take_many(one, 100, budgets.now_ns), 20);
}

TEST(SharedWindow, who_cannot_wait_takes_from_the_own_window_and_is_charged) {
  FakeBudgets budgets;
  SharedWindow one(kKind, 16, &budgets), two(kKind, 16, &budgets);
  EXPECT_EQ(one.take(7, kStart), 0);
  EXPECT_EQ(budgets.asked, 1) << "the next lease is on its way";
  EXPECT_EQ(take_many(one, 2, kStart), 2);
  EXPECT_EQ(take_many(one, 1, kStart), 1);
  EXPECT_EQ(take_many(two, 100, kStart), 16 - 5) << "one borrowed, two leases of two";
}

TEST(SharedWindow, no_limit_and_nobody_to_share_with_ask_nobody) {
  FakeBudgets budgets;
  SharedWindow unlimited(kKind, 0, &budgets), alone(kKind, 3, nullptr);
  EXPECT_EQ(take_many(unlimited, 1'000, kStart), 1'000);
  EXPECT_EQ(take_many(alone, 10, kStart), 3);
  EXPECT_EQ(alone.use(7, kStart).second, 3u);
  EXPECT_EQ(budgets.asked, 0);
}

}  // namespace
}  // namespace perpetua::gateway
