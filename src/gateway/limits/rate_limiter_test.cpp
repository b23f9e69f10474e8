#include "gateway/limits/rate_limiter.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace perpetua::gateway {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kStart = 1'000 * kSecond;
constexpr uint32_t kAgents = 100;

RateOptions no_limits() { return RateOptions{{}, {}, {}, {}, {}, {}}; }

uint32_t take_until_refused(RateLimiter& limiter, LimitClass limit_class, AgentId agent,
                            AddressKey address, int64_t now_ns) {
  uint32_t taken = 0;
  while (taken < 10'000 && limiter.take(limit_class, agent, address, now_ns).is_allowed) ++taken;
  return taken;
}

TEST(TokenBucket, burst_then_one_token_an_interval) {
  const BucketRate rate(Budget{10, 20});
  std::atomic<int64_t> word{0};
  for (uint32_t i = 0; i < 20; ++i) {
    const BucketState state = take_token(word, rate, kStart);
    ASSERT_TRUE(state.is_allowed) << i;
    EXPECT_EQ(state.remaining, 19 - i);
  }
  const BucketState refused = take_token(word, rate, kStart);
  EXPECT_FALSE(refused.is_allowed);
  EXPECT_EQ(refused.retry_in_ns, kSecond / 10);
  EXPECT_EQ(refused.full_in_ns, 2 * kSecond);
  EXPECT_FALSE(take_token(word, rate, kStart + kSecond / 10 - 1).is_allowed);
  EXPECT_TRUE(take_token(word, rate, kStart + kSecond / 10).is_allowed);
  EXPECT_FALSE(take_token(word, rate, kStart + kSecond / 10).is_allowed);
}

TEST(TokenBucket, idle_time_never_gives_more_than_the_burst) {
  const BucketRate rate(Budget{10, 20});
  std::atomic<int64_t> word{0};
  take_token(word, rate, kStart);
  uint32_t taken = 0;
  while (take_token(word, rate, kStart + 3'600 * kSecond).is_allowed) ++taken;
  EXPECT_EQ(taken, 20u);
}

TEST(TokenBucket, threads_together_get_the_burst_and_no_more) {
  const BucketRate rate(Budget{1, 5'000});
  std::atomic<int64_t> word{0};
  std::atomic<uint32_t> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (take_token(word, rate, kStart).is_allowed) ++taken;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 5'000u);
}

TEST(RateLimiter, agents_have_budgets_of_their_own) {
  RateOptions options = no_limits();
  options.agent_mutations = {10, 20};
  RateLimiter limiter(options, kAgents);
  EXPECT_EQ(take_until_refused(limiter, LimitClass::mutation, 1, 7, kStart), 20u);
  EXPECT_EQ(take_until_refused(limiter, LimitClass::mutation, 2, 7, kStart), 20u);
  const LimitDecision refused = limiter.take(LimitClass::mutation, 1, 7, kStart);
  EXPECT_EQ(refused.name, "agent_mutations");
  EXPECT_EQ(refused.limit, 20u);
  EXPECT_EQ(refused.remaining, 0u);
  EXPECT_EQ(refused.retry_after_s, 1);
  EXPECT_EQ(refused.reset_s, 2);
}

TEST(RateLimiter, cancels_pass_when_mutations_are_used_up) {
  RateOptions options = no_limits();
  options.agent_mutations = {10, 20};
  options.agent_cancels = {10, 5};
  options.global_mutations = {1, 1};
  RateLimiter limiter(options, kAgents);
  take_until_refused(limiter, LimitClass::mutation, 1, 7, kStart);
  EXPECT_EQ(take_until_refused(limiter, LimitClass::cancel, 1, 7, kStart), 5u);
  EXPECT_EQ(limiter.take(LimitClass::cancel, 1, 7, kStart).name, "agent_cancels");
}

TEST(RateLimiter, the_exchange_limit_gives_the_agents_token_back) {
  RateOptions options = no_limits();
  options.agent_mutations = {1, 3};
  options.global_mutations = {1, 1};
  RateLimiter limiter(options, kAgents);
  ASSERT_TRUE(limiter.take(LimitClass::mutation, 1, 7, kStart).is_allowed);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(limiter.take(LimitClass::mutation, 2, 7, kStart).name, "global_mutations");
  }
  for (int i = 1; i <= 3; ++i) {
    EXPECT_TRUE(limiter.take(LimitClass::mutation, 2, 7, kStart + i * kSecond).is_allowed) << i;
  }
}

TEST(RateLimiter, requests_without_a_key_count_by_address) {
  RateOptions options = no_limits();
  options.address_reads = {5, 10};
  options.agent_reads = {5, 4};
  options.address_registrations = {1, 2};
  RateLimiter limiter(options, kAgents);
  EXPECT_EQ(take_until_refused(limiter, LimitClass::read, 0, 7, kStart), 10u);
  EXPECT_EQ(take_until_refused(limiter, LimitClass::read, 0, 8, kStart), 10u);
  EXPECT_EQ(take_until_refused(limiter, LimitClass::read, 3, 7, kStart), 4u);
  EXPECT_EQ(take_until_refused(limiter, LimitClass::registration, 0, 7, kStart), 2u);
  EXPECT_EQ(limiter.take(LimitClass::registration, 0, 7, kStart).name, "address_registrations");
}

TEST(RateLimiter, a_busy_address_survives_a_flood_of_others) {
  RateOptions options = no_limits();
  options.address_reads = {1, 2};
  RateLimiter limiter(options, kAgents);
  take_until_refused(limiter, LimitClass::read, 0, 7, kStart);
  for (AddressKey address = 1'000; address < 40'000; ++address) {
    limiter.take(LimitClass::read, 0, address, kStart);
  }
  EXPECT_FALSE(limiter.take(LimitClass::read, 0, 7, kStart).is_allowed);
}

TEST(RateLimiter, zero_is_no_limit) {
  RateLimiter limiter(no_limits(), kAgents);
  for (const LimitClass limit_class : {LimitClass::none, LimitClass::read, LimitClass::mutation,
                                       LimitClass::cancel, LimitClass::registration}) {
    EXPECT_EQ(take_until_refused(limiter, limit_class, 1, 7, kStart), 10'000u);
    EXPECT_FALSE(limiter.take(limit_class, 1, 7, kStart).is_limited);
  }
}

}  // namespace
}  // namespace perpetua::gateway
