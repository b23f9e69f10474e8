#include "runtime/wait_strategy.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <thread>

#include "runtime/sequence.hpp"

namespace perpetua::runtime {
namespace {

using std::chrono::milliseconds;

class WaitStrategyTest : public testing::TestWithParam<WaitKind> {
 protected:
  std::unique_ptr<WaitStrategy> strategy_ = make_wait_strategy(GetParam());
};

INSTANTIATE_TEST_SUITE_P(AllKinds, WaitStrategyTest,
                         testing::Values(WaitKind::busy_spin, WaitKind::yielding,
                                         WaitKind::blocking),
                         [](const auto& kind) { return std::string(wait_kind_name(kind.param)); });

int64_t thread_cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

// Two threads hand one token back and forth: a single lost wake-up hangs the test.
void hand_over(WaitStrategy& forth, WaitStrategy& back) {
  constexpr uint64_t kRounds = 20'000;
  Sequence there;
  Sequence here;
  std::thread echo([&] {
    for (uint64_t round = 1; round <= kRounds; ++round) {
      forth.wait([&] { return there.get() >= round; });
      here.set(round);
      back.notify();
    }
  });
  for (uint64_t round = 1; round <= kRounds; ++round) {
    there.set(round);
    forth.notify();
    back.wait([&] { return here.get() >= round; });
  }
  echo.join();
  EXPECT_EQ(here.get(), kRounds);
}

TEST_P(WaitStrategyTest, no_wake_up_is_lost) {
  hand_over(*strategy_, *make_wait_strategy(GetParam()));
}

TEST(BlockingWaitStrategyTest, no_wake_up_is_lost_when_every_wait_sleeps) {
  BlockingWaitStrategy forth(0);
  BlockingWaitStrategy back(0);
  hand_over(forth, back);
}

// The publisher strikes between the waiter's first look and its sleep.
TEST(BlockingWaitStrategyTest, what_is_published_while_going_to_sleep_is_seen) {
  BlockingWaitStrategy strategy(0);
  bool is_published = false;
  const auto look_then_publish = [&] {
    const bool seen = is_published;
    is_published = true;
    strategy.notify();
    return seen;
  };
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(strategy.wait_until(start + std::chrono::seconds(10), look_then_publish));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST_P(WaitStrategyTest, every_waiter_wakes) {
  Sequence gate;
  std::atomic<int> woken{0};
  std::vector<std::thread> waiters;
  for (int i = 0; i < 4; ++i) {
    waiters.emplace_back([&] {
      strategy_->wait([&] { return gate.get() != 0; });
      woken.fetch_add(1);
    });
  }
  gate.set(1);
  strategy_->notify();
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_EQ(woken.load(), 4);
}

TEST_P(WaitStrategyTest, a_deadline_ends_the_wait) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(strategy_->wait_until(start + milliseconds(20), [] { return false; }));
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(20));
}

TEST_P(WaitStrategyTest, a_past_deadline_still_looks_once) {
  const auto past = std::chrono::steady_clock::now() - milliseconds(1);
  EXPECT_TRUE(strategy_->wait_until(past, [] { return true; }));
  EXPECT_FALSE(strategy_->wait_until(past, [] { return false; }));
}

TEST(BlockingWaitStrategyTest, an_idle_consumer_does_not_burn_its_core) {
  BlockingWaitStrategy strategy;
  const int64_t before_us = thread_cpu_us();
  strategy.wait_until(std::chrono::steady_clock::now() + milliseconds(200), [] { return false; });
  EXPECT_LT(thread_cpu_us() - before_us, 20'000);
}

TEST(WaitKindTest, names_parse_back) {
  for (const WaitKind kind : {WaitKind::busy_spin, WaitKind::yielding, WaitKind::blocking}) {
    EXPECT_EQ(parse_wait_kind(wait_kind_name(kind)), kind);
  }
  EXPECT_FALSE(parse_wait_kind("sleepy").has_value());
}

}  // namespace
}  // namespace perpetua::runtime
