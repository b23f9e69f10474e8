#include "runtime/matcher_pool.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace perpetua::runtime {
namespace {

// Each task folds its index into a cell of its own; plain memory, so TSan checks the hand-over.
struct Job {
  std::vector<uint64_t> cells = std::vector<uint64_t>(64, 1);
  uint64_t round = 0;

  static void run(void* context, uint32_t index) {
    Job& job = *static_cast<Job*>(context);
    job.cells[index] = job.cells[index] * 6364136223846793005ull + job.round + index;
  }
};

Job run_rounds(MatchExecutor& executor, uint32_t rounds, uint32_t work) {
  Job job;
  for (uint32_t round = 0; round < rounds; ++round) {
    job.round = round;
    executor.run_all(2 + round % 63, work, {&Job::run, &job});
  }
  return job;
}

TEST(MatcherPoolTest, any_number_of_matchers_gives_the_inline_result) {
  InlineExecutor inline_executor;
  const Job expected = run_rounds(inline_executor, 3'000, 10'000);
  for (const uint32_t matchers : {0u, 1u, 2u, 4u}) {
    MatcherPool pool(matchers);
    EXPECT_EQ(run_rounds(pool, 3'000, 10'000).cells, expected.cells) << matchers;
  }
}

struct ThreadRecorder {
  std::vector<std::thread::id> ran_on = std::vector<std::thread::id>(8);
  static void run(void* context, uint32_t index) {
    static_cast<ThreadRecorder*>(context)->ran_on[index] = std::this_thread::get_id();
  }
};

TEST(MatcherPoolTest, small_work_stays_on_the_calling_thread) {
  MatcherPool pool(4);
  for (int round = 0; round < 1'000; ++round) {
    ThreadRecorder recorder;
    pool.run_all(8, kInlineWorkMax, {&ThreadRecorder::run, &recorder});
    for (const std::thread::id id : recorder.ran_on) ASSERT_EQ(id, std::this_thread::get_id());
  }
}

// The first two tasks each wait for the other one to start: only two threads can finish them.
TEST(MatcherPoolTest, large_work_is_shared_with_a_helper) {
  MatcherPool pool(2);
  struct Meeting {
    std::atomic<uint32_t> arrived{0};
    static void run(void* context, uint32_t) {
      auto& meeting = *static_cast<Meeting*>(context);
      meeting.arrived.fetch_add(1);
      while (meeting.arrived.load() < 2) std::this_thread::yield();
    }
  } meeting;
  pool.run_all(2, kInlineWorkMax + 1, {&Meeting::run, &meeting});
  EXPECT_EQ(meeting.arrived.load(), 2u);
}

// The helper's task is still at work when the caller's own one has long ended.
TEST(MatcherPoolTest, run_all_returns_only_when_every_task_is_done) {
  MatcherPool pool(2);
  struct Unequal {
    std::thread::id caller = std::this_thread::get_id();
    std::atomic<uint32_t> arrived{0};
    std::atomic<bool> is_caller_done{false};
    bool is_helper_done = false;
    static void run(void* context, uint32_t) {
      auto& unequal = *static_cast<Unequal*>(context);
      unequal.arrived.fetch_add(1);
      while (unequal.arrived.load() < 2) std::this_thread::yield();
      if (std::this_thread::get_id() == unequal.caller) {
        unequal.is_caller_done.store(true);
        return;
      }
      while (!unequal.is_caller_done.load()) std::this_thread::yield();
      for (int i = 0; i < 1'000; ++i) std::this_thread::yield();
      unequal.is_helper_done = true;
    }
  };
  for (int round = 0; round < 20; ++round) {
    Unequal unequal;
    pool.run_all(2, kInlineWorkMax + 1, {&Unequal::run, &unequal});
    ASSERT_TRUE(unequal.is_helper_done);
  }
}

}  // namespace
}  // namespace perpetua::runtime
