#include "gateway/limits/lease_table.hpp"

#include <gtest/gtest.h>

#include "gateway/limits/budgets_test_support.hpp"
#include "gateway/limits/rate_limiter.hpp"

namespace perpetua::gateway {
namespace {

using namespace test;

RateOptions options_of(Budget agent, Budget global = {}) {
  RateOptions options{{}, {}, {}, {}, {}, {}};
  options.agent_mutations = agent;
  options.global_mutations = global;
  return options;
}

// As a request that may wait does it.
LimitDecision take(RateLimiter& limiter, AgentId agent, int64_t now_ns) {
  if (limiter.must_ask(LimitClass::mutation, agent, now_ns)) {
    bool is_done = false;
    limiter.ask(LimitClass::mutation, agent, now_ns, [&] { is_done = true; });
    EXPECT_TRUE(is_done);
  }
  return limiter.take(LimitClass::mutation, agent, 0, now_ns);
}

TEST(LeasedBudgets, two_processes_together_get_the_budget_and_not_more) {
  FakeBudgets budgets;
  RateLimiter one(options_of({10, 40}), 100, &budgets), two(options_of({10, 40}), 100, &budgets);
  int taken = 0;
  for (int i = 0; i < 200; ++i) taken += take(i % 3 == 0 ? one : two, 7, kStart).is_allowed;
  EXPECT_EQ(taken, 40);
  EXPECT_LT(budgets.asked, 20) << "leases of several tokens";
  budgets.now_ns += 2 * kSecond;
  taken = 0;
  for (int i = 0; i < 200; ++i) taken += take(i % 2 == 0 ? one : two, 7, budgets.now_ns).is_allowed;
  EXPECT_EQ(taken, 20);
}

TEST(LeasedBudgets, the_headers_count_down_and_a_refusal_says_when) {
  FakeBudgets budgets;
  RateLimiter limiter(options_of({10, 20}), 100, &budgets);
  for (uint32_t i = 0; i < 20; ++i) {
    const LimitDecision decision = take(limiter, 7, kStart);
    ASSERT_TRUE(decision.is_allowed);
    EXPECT_EQ(decision.limit, 20u);
    EXPECT_EQ(decision.remaining, 19 - i);
    EXPECT_EQ(decision.reset_s, (i + 1 + 9) / 10);
  }
  const LimitDecision refused = take(limiter, 7, kStart);
  EXPECT_FALSE(refused.is_allowed);
  EXPECT_EQ(refused.name, "agent_mutations");
  EXPECT_EQ(refused.retry_after_s, 1);
  const int asked = budgets.asked;
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(take(limiter, 7, kStart + i).is_allowed);
  EXPECT_EQ(budgets.asked, asked) << "who was refused is refused here until the next token";
  budgets.now_ns += kSecond / 10;
  EXPECT_TRUE(take(limiter, 7, budgets.now_ns).is_allowed);
}

TEST(LeasedBudgets, unspent_tokens_go_back_when_the_lease_ends) {
  FakeBudgets budgets;
  RateLimiter one(options_of({1, 80}), 100, &budgets), two(options_of({1, 80}), 100, &budgets);
  EXPECT_TRUE(take(one, 7, kStart).is_allowed);  // leases ten
  budgets.now_ns += 2 * kSecond;
  EXPECT_TRUE(take(one, 7, budgets.now_ns).is_allowed);  // returns nine, leases ten
  int taken = 2;
  for (int i = 0; i < 200; ++i) taken += take(two, 7, budgets.now_ns).is_allowed;
  for (int i = 0; i < 200; ++i) taken += take(one, 7, budgets.now_ns).is_allowed;
  EXPECT_EQ(taken, 81) << "the whole burst behind the one that was spent long ago";
}

TEST(LeasedBudgets, without_the_far_side_the_own_buckets_hold) {
  FakeBudgets budgets;
  budgets.is_away = true;
  RateLimiter limiter(options_of({10, 20}), 100, &budgets);
  int taken = 0;
  for (int i = 0; i < 100; ++i) taken += take(limiter, 7, kStart).is_allowed;
  EXPECT_EQ(taken, 20);
  EXPECT_LE(budgets.asked, 2) << "it is not asked all the time";
  budgets.is_away = false;
  budgets.now_ns += kAwayPauseNs;
  taken = 0;
  for (int i = 0; i < 100; ++i) taken += take(limiter, 7, budgets.now_ns).is_allowed;
  EXPECT_EQ(taken, 0) << "what was spent meanwhile is charged: twenty, of which ten flew in";
}

TEST(LeasedBudgets, a_long_absence_of_the_far_side_costs_one_burst_and_not_all_that_was_spent) {
  FakeBudgets budgets;
  budgets.is_away = true;
  RateLimiter limiter(options_of({10, 20}), 100, &budgets);
  int taken = 0;
  for (int second = 0; second < 600; ++second) {
    budgets.now_ns = kStart + second * kSecond;
    for (int i = 0; i < 10; ++i) taken += take(limiter, 7, budgets.now_ns).is_allowed;
  }
  EXPECT_EQ(taken, 6'000);
  budgets.is_away = false;
  budgets.now_ns += kAwayPauseNs;
  EXPECT_FALSE(take(limiter, 7, budgets.now_ns).is_allowed);
  budgets.now_ns += 2 * kSecond;
  taken = 0;
  for (int i = 0; i < 100; ++i) taken += take(limiter, 7, budgets.now_ns).is_allowed;
  EXPECT_EQ(taken, 20) << "two seconds later the bucket is full again";
}

TEST(LeasedBudgets, who_cannot_wait_is_charged_later) {
  FakeBudgets budgets;
  budgets.is_held = true;
  RateLimiter limiter(options_of({10, 20}), 100, &budgets);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(limiter.take(LimitClass::mutation, 7, 0, kStart).is_allowed);
  }
  EXPECT_EQ(budgets.held.size(), 1u) << "one question at a time";
  budgets.is_held = false;
  for (const auto& answer : budgets.held) answer();
  int taken = 5;
  for (int i = 0; i < 100; ++i) taken += take(limiter, 7, kStart).is_allowed;
  EXPECT_LE(taken, 20 + 5) << "the first questions did not know of these five yet";
  EXPECT_GE(taken, 20);
}

TEST(LeasedBudgets, the_global_budget_is_shared_too_and_a_refusal_by_it_costs_the_agent_nothing) {
  FakeBudgets budgets;
  const RateOptions options = options_of({10, 16}, {10, 24});
  RateLimiter one(options, 100, &budgets), two(options, 100, &budgets);
  int taken = 0;
  std::string_view refused_by;
  for (int i = 0; i < 300; ++i) {
    const LimitDecision decision =
        take(i % 2 == 0 ? one : two, static_cast<AgentId>(1 + i % 5), kStart);
    taken += decision.is_allowed;
    if (!decision.is_allowed) refused_by = decision.name;
  }
  EXPECT_EQ(taken, 24);
  EXPECT_EQ(refused_by, "global_mutations");
  budgets.now_ns += 60 * kSecond;
  int again = 0;
  for (int i = 0; i < 100; ++i) again += take(one, 1, budgets.now_ns).is_allowed;
  EXPECT_EQ(again, 16);
}

TEST(LeasedBudgets, budgets_have_one_name_in_all_processes) {
  EXPECT_EQ(budget_name(BudgetKind::mutations, 7), "7:mutations");
  EXPECT_EQ(budget_name(BudgetKind::reads, 7), "7:reads");
  EXPECT_EQ(budget_name(BudgetKind::global_mutations, 0), "global:mutations");
  EXPECT_EQ(budget_name(BudgetKind::hub_intents, 7), "7:hub_intents");
  EXPECT_EQ(budget_name(BudgetKind::hub_mutations, 7), "7:hub_mutations");
}

}  // namespace
}  // namespace perpetua::gateway
