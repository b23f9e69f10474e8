#include "gateway/reply_router.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace perpetua::gateway {
namespace {

using runtime::ReplyTarget;
using runtime::Submission;
using runtime::SubmitResult;

class Port final : public runtime::CommandPort {
 public:
  SubmitResult submit(std::span<Submission> submissions) override {
    if (answer != SubmitResult::accepted) return answer;
    for (const Submission& submission : submissions) targets.push_back(submission.target);
    return answer;
  }
  SubmitResult answer = SubmitResult::accepted;
  std::vector<ReplyTarget> targets;
};

// One batch that answers these targets; the outcome's id is its place.
void answer(ReplyRouter& router, const std::vector<ReplyTarget>& targets, BatchNumber number = 1) {
  std::vector<Outcome> outcomes(targets.size());
  for (std::size_t i = 0; i < outcomes.size(); ++i) outcomes[i].id = i;
  AppliedBatch batch;
  batch.number = number;
  batch.log_time_ms = 5'000;
  batch.outcomes = outcomes;
  router.on_batch(batch, targets);
}

TEST(ReplyRouter, every_reply_of_a_request_arrives_in_its_place_and_once) {
  ReplyRouter router(2);
  Port port;
  int wakes = 0;
  router.channel(1).attach([&] { ++wakes; });
  std::vector<Submission> submissions(3);
  int calls = 0;
  std::vector<Reply> got;
  ASSERT_EQ(router.channel(1).submit(port, submissions,
                                     [&](std::span<const Reply> replies) {
                                       ++calls;
                                       got.assign(replies.begin(), replies.end());
                                     }),
            SubmitResult::accepted);
  EXPECT_EQ(port.targets[0].channel, 2u);
  answer(router, {port.targets[2], port.targets[0]});
  router.channel(1).drain();
  EXPECT_EQ(calls, 0);
  answer(router, {ReplyTarget{}, port.targets[1]}, 2);
  EXPECT_EQ(wakes, 2) << "one wake-up a drain";
  router.channel(1).drain();
  ASSERT_EQ(calls, 1);
  EXPECT_EQ(got[0].outcome.id, 1u);
  EXPECT_EQ(got[1].outcome.id, 1u);
  EXPECT_EQ(got[1].batch, 2u);
  EXPECT_EQ(got[2].outcome.id, 0u);
  EXPECT_EQ(got[2].log_time_ms, 5'000);
  EXPECT_EQ(router.channel(1).pending(), 0u);
}

TEST(ReplyRouter, a_batch_wakes_each_channel_once_and_a_busy_one_not_again) {
  ReplyRouter router(1);
  Port port;
  int wakes = 0;
  router.channel(0).attach([&] { ++wakes; });
  for (int i = 0; i < 10; ++i) {
    std::vector<Submission> one(1);
    ASSERT_EQ(router.channel(0).submit(port, one, [](std::span<const Reply>) {}),
              SubmitResult::accepted);
  }
  const auto half = port.targets.begin() + 5;
  answer(router, {port.targets.begin(), half});
  answer(router, {half, port.targets.end()});
  EXPECT_EQ(wakes, 1);
}

TEST(ReplyRouter, a_refused_request_is_never_answered) {
  ReplyRouter router(1);
  Port port;
  port.answer = SubmitResult::overloaded;
  std::vector<Submission> one(1);
  EXPECT_EQ(router.channel(0).submit(port, one, [](std::span<const Reply>) { FAIL(); }),
            SubmitResult::overloaded);
  EXPECT_EQ(router.channel(0).pending(), 0u);
}

TEST(ReplyRouter, requests_beyond_the_limit_are_refused_before_anything_happens) {
  ReplyRouter router(1);
  Port port;
  std::vector<Submission> one(1);
  const auto nothing = [](std::span<const Reply>) {};
  for (uint32_t i = 0; i < ReplyChannel::kPendingCallsMax; ++i) {
    ASSERT_EQ(router.channel(0).submit(port, one, nothing), SubmitResult::accepted);
  }
  EXPECT_EQ(router.channel(0).submit(port, one, nothing), SubmitResult::overloaded);
  EXPECT_EQ(port.targets.size(), ReplyChannel::kPendingCallsMax);
  answer(router, {port.targets.front()});
  router.channel(0).drain();
  EXPECT_EQ(router.channel(0).submit(port, one, nothing), SubmitResult::accepted);
}

TEST(ReplyRouter, a_completion_may_submit_again) {
  ReplyRouter router(1);
  Port port;
  int finished = 0;
  std::vector<Submission> one(1);
  ASSERT_EQ(router.channel(0).submit(port, one,
                                     [&](std::span<const Reply>) {
                                       std::vector<Submission> next(1);
                                       ASSERT_EQ(router.channel(0).submit(
                                                     port, next,
                                                     [&](std::span<const Reply>) { ++finished; }),
                                                 SubmitResult::accepted);
                                     }),
            SubmitResult::accepted);
  answer(router, {port.targets[0]});
  router.channel(0).drain();
  answer(router, {port.targets[1]});
  router.channel(0).drain();
  EXPECT_EQ(finished, 1);
}

TEST(ReplyRouter, targets_of_other_listeners_are_left_alone) {
  ReplyRouter router(1);
  router.channel(0).attach([] { FAIL(); });
  answer(router, {ReplyTarget{0, 0, 1}, ReplyTarget{0xFEED, 0, 2}});
  router.channel(0).drain();
}

TEST(ReplyRouter, an_abandoned_call_is_forgotten) {
  ReplyRouter router(1);
  Port port;
  auto owner = std::make_shared<int>(1);
  std::vector<Submission> one(1);
  ASSERT_EQ(router.channel(0).submit(port, one, [owner](std::span<const Reply>) { FAIL(); }),
            SubmitResult::accepted);
  EXPECT_EQ(owner.use_count(), 2);
  router.channel(0).abandon();
  EXPECT_EQ(owner.use_count(), 1);
}

TEST(ReplyRouter, replies_cross_threads) {
  constexpr int kCalls = 20'000;
  ReplyRouter router(1);
  Port port;
  std::atomic<bool> is_woken{false};
  router.channel(0).attach([&] { is_woken = true; });
  uint64_t done = 0;
  std::vector<Submission> one(1);
  for (int i = 0; i < kCalls; ++i) {
    ASSERT_EQ(router.channel(0).submit(port, one, [&](std::span<const Reply>) { ++done; }),
              SubmitResult::accepted);
  }
  std::thread egress([&] {
    for (std::size_t i = 0; i < port.targets.size(); i += 10) {
      answer(router, {port.targets.begin() + static_cast<std::ptrdiff_t>(i),
                      port.targets.begin() + static_cast<std::ptrdiff_t>(i + 10)});
    }
  });
  while (done < kCalls) {
    if (is_woken.exchange(false))
      router.channel(0).drain();
    else
      std::this_thread::yield();
  }
  egress.join();
  EXPECT_EQ(router.channel(0).pending(), 0u);
}

TEST(ReplyRouter, what_is_given_up_is_answered_as_unknown_beside_what_is_known) {
  ReplyRouter router(2);
  Port port;
  std::vector<Submission> submissions(3);
  std::vector<Reply> got;
  ASSERT_EQ(router.channel(1).submit(port, submissions,
                                     [&](std::span<const Reply> replies) {
                                       got.assign(replies.begin(), replies.end());
                                     }),
            SubmitResult::accepted);
  router.give_up({&port.targets[2], 1}, ResultCode::overloaded);
  const ReplyTarget targets[] = {ReplyTarget{}, port.targets[1], ReplyTarget{9, 0, 0}};
  router.give_up(targets);
  router.channel(1).drain();
  EXPECT_TRUE(got.empty());
  answer(router, {port.targets[0]});
  router.channel(1).drain();
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0].outcome.code, ResultCode::ok);
  EXPECT_EQ(got[1].outcome.code, ResultCode::outcome_unknown);
  EXPECT_EQ(got[2].outcome.code, ResultCode::overloaded);
}

}  // namespace
}  // namespace perpetua::gateway
