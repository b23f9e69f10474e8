#include "gateway/reply_gate.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace perpetua::gateway {
namespace {

using runtime::ReplyTarget;
using runtime::Submission;
using runtime::SubmitResult;

constexpr int64_t kNeverMs = 3'600'000;

class Port final : public runtime::CommandPort {
 public:
  SubmitResult submit(std::span<Submission> submissions) override {
    for (const Submission& submission : submissions) targets.push_back(submission.target);
    return SubmitResult::accepted;
  }
  std::vector<ReplyTarget> targets;
};

class ReplyGateTest : public testing::Test {
 protected:
  // Sends a command whose reply comes with this batch.
  void send(ReplyGate& gate, BatchNumber number) {
    std::vector<Submission> one(1);
    ASSERT_EQ(router.channel(0).submit(port, one,
                                       [this](std::span<const Reply> replies) {
                                         answered.push_back(replies.front().batch);
                                         ids.push_back(replies.front().outcome.id);
                                       }),
              SubmitResult::accepted);
    std::vector<Outcome> outcomes(1);
    outcomes[0].id = number * 10;
    AppliedBatch batch;
    batch.number = number;
    batch.outcomes = outcomes;
    const std::vector<ReplyTarget> targets = {port.targets.back()};
    gate.on_batch(batch, targets);
  }
  const std::vector<BatchNumber>& arrived() {
    router.channel(0).drain();
    return answered;
  }
  // The projection keeps up with the first batch: the gate closes.
  void close(ReplyGate& gate) {
    send(gate, 1);
    gate.acknowledged(1);
    ASSERT_FALSE(gate.is_open());
    ASSERT_EQ(arrived(), (std::vector<BatchNumber>{1}));
  }
  bool eventually(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  ReplyRouter router{1};
  Port port;
  std::vector<BatchNumber> answered;
  std::vector<uint64_t> ids;
};

TEST_F(ReplyGateTest, open_at_first_it_closes_when_the_projection_keeps_up) {
  ReplyGate gate(router, kNeverMs);
  EXPECT_TRUE(gate.is_open());
  send(gate, 1);
  EXPECT_EQ(arrived().size(), 1u) << "nothing waits at an open gate";
  gate.acknowledged(1);
  EXPECT_FALSE(gate.is_open());
}

TEST_F(ReplyGateTest, a_reply_leaves_after_its_batch_was_acknowledged_and_not_before) {
  ReplyGate gate(router, kNeverMs);
  close(gate);
  for (BatchNumber number = 2; number <= 5; ++number) send(gate, number);
  EXPECT_EQ(arrived().size(), 1u);
  EXPECT_EQ(gate.held(), 4u);
  gate.acknowledged(3);
  EXPECT_EQ(arrived(), (std::vector<BatchNumber>{1, 2, 3}));
  gate.acknowledged(2);
  EXPECT_EQ(arrived().size(), 3u) << "an older number says nothing new";
  gate.acknowledged(9);
  EXPECT_EQ(arrived(), (std::vector<BatchNumber>{1, 2, 3, 4, 5}));
  EXPECT_EQ(ids, (std::vector<uint64_t>{10, 20, 30, 40, 50}));
  EXPECT_EQ(gate.held(), 0u);
  send(gate, 7);
  EXPECT_EQ(arrived().back(), 7u) << "acknowledged before it came here";
}

TEST_F(ReplyGateTest, a_projection_that_is_silent_opens_the_gate_and_no_reply_is_lost) {
  ReplyGate gate(router, 30);
  gate.start();
  close(gate);
  for (BatchNumber number = 2; number <= 4; ++number) send(gate, number);
  ASSERT_TRUE(eventually([&] { return arrived().size() == 4; }));
  EXPECT_TRUE(gate.is_open());
  EXPECT_EQ(arrived(), (std::vector<BatchNumber>{1, 2, 3, 4}));
  EXPECT_EQ(gate.times_opened(), 1u);
  send(gate, 5);
  EXPECT_EQ(arrived().back(), 5u);
  gate.acknowledged(4);
  EXPECT_TRUE(gate.is_open()) << "that batch was handed over before it opened";
}

TEST_F(ReplyGateTest, it_closes_again_only_after_a_while_of_keeping_up) {
  ReplyGate gate(router, 30);
  gate.start();
  close(gate);
  send(gate, 2);
  ASSERT_TRUE(eventually([&] { return gate.is_open(); }));
  const auto opened = std::chrono::steady_clock::now();
  BatchNumber number = 2;
  ASSERT_TRUE(eventually([&] {
    send(gate, ++number);
    gate.acknowledged(number);
    return arrived().size() == number && !gate.is_open();
  }));
  const auto lasted = std::chrono::steady_clock::now() - opened;
  EXPECT_GE(lasted + std::chrono::milliseconds(100), std::chrono::milliseconds(kGateOpenMinMs));
}

TEST_F(ReplyGateTest, without_trade_it_closes_once_everything_is_acknowledged) {
  ReplyGate gate(router, 30);
  gate.start();
  close(gate);
  send(gate, 2);
  ASSERT_TRUE(eventually([&] { return gate.is_open(); }));
  const auto opened = std::chrono::steady_clock::now();
  const auto looked_on = opened + std::chrono::milliseconds(2 * kGateOpenMinMs);
  ASSERT_TRUE(eventually([&] {
    EXPECT_TRUE(gate.is_open()) << "batch 2 is not acknowledged";
    return std::chrono::steady_clock::now() >= looked_on || !gate.is_open();
  }));
  gate.acknowledged(2);
  ASSERT_TRUE(eventually([&] { return !gate.is_open(); }));
  EXPECT_GE(std::chrono::steady_clock::now() - opened,
            std::chrono::milliseconds(3 * kGateOpenMinMs));
}

TEST_F(ReplyGateTest, more_replies_than_the_bound_open_it) {
  ReplyGate gate(router, kNeverMs);
  close(gate);
  const std::vector<ReplyTarget> nobody(2'048, ReplyTarget{7, 0, 1});  // another listener's
  const std::vector<Outcome> outcomes(nobody.size());
  AppliedBatch batch;
  batch.outcomes = outcomes;
  for (batch.number = 2; !gate.is_open() && batch.number < 1'000; ++batch.number) {
    gate.on_batch(batch, nobody);
    EXPECT_LE(gate.held(), kGateRepliesMax);
  }
  EXPECT_TRUE(gate.is_open());
}

TEST_F(ReplyGateTest, stop_lets_everything_leave) {
  ReplyGate gate(router, kNeverMs);
  gate.start();
  close(gate);
  send(gate, 2);
  gate.stop();
  EXPECT_EQ(arrived(), (std::vector<BatchNumber>{1, 2}));
  send(gate, 3);
  gate.acknowledged(3);
  EXPECT_EQ(arrived().size(), 3u);
  EXPECT_TRUE(gate.is_open());
}

}  // namespace
}  // namespace perpetua::gateway
