#include "runtime/runtime.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <thread>

#include "runtime/runtime_test_support.hpp"

namespace perpetua::runtime {
namespace {

using namespace testing_support;

class PipelineTest : public RuntimeTest {};

std::vector<uint64_t> count_up(uint64_t count) {
  std::vector<uint64_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

class PipelineWaitTest : public PipelineTest, public ::testing::WithParamInterface<WaitKind> {};
INSTANTIATE_TEST_SUITE_P(AllKinds, PipelineWaitTest,
                         ::testing::Values(WaitKind::busy_spin, WaitKind::yielding,
                                           WaitKind::blocking),
                         [](const auto& kind) { return std::string(wait_kind_name(kind.param)); });

TEST_P(PipelineWaitTest, every_command_gets_exactly_one_outcome_in_its_producers_order) {
  constexpr uint32_t kProducers = 3;
  constexpr uint64_t kCommands = 3'000;
  Recorder recorder;
  RuntimeOptions options = make_options();
  options.wait = GetParam();
  options.matchers = 2;
  auto runtime = make_running(options, recorder);
  std::vector<std::thread> producers;
  for (uint32_t producer = 0; producer < kProducers; ++producer) {
    producers.emplace_back([&, producer] { submit_flow(*runtime, producer, 0, kCommands); });
  }
  for (std::thread& producer : producers) producer.join();
  ASSERT_TRUE(becomes_true([&] { return recorder.replies() == kProducers * kCommands; }));
  EXPECT_TRUE(runtime->stop());
  for (uint32_t producer = 0; producer < kProducers; ++producer) {
    EXPECT_EQ(recorder.tokens(producer), count_up(kCommands)) << producer;
  }
  EXPECT_TRUE(std::ranges::any_of(
      recorder.events(), [](const Event& event) { return event.header.type == EventType::fill; }));
}

TEST_F(PipelineTest, a_request_stays_together_and_in_order) {
  Recorder recorder;
  auto runtime = make_running(make_options(), recorder);
  std::vector<Submission> request;
  for (uint64_t number = 0; number < limits::kOrdersPerRequestMax; ++number) {
    request.push_back(make_flow(1, number));
  }
  submit(*runtime, std::move(request));
  ASSERT_TRUE(becomes_true([&] { return recorder.replies() == limits::kOrdersPerRequestMax; }));
  EXPECT_EQ(recorder.tokens(1), count_up(limits::kOrdersPerRequestMax));
}

TEST_F(PipelineTest, batches_keep_their_interval) {
  constexpr std::chrono::milliseconds kInterval{50};
  constexpr uint64_t kCommands = 5;
  Recorder recorder;
  RuntimeOptions options = make_options();
  options.batch_interval_us = std::chrono::microseconds(kInterval).count();
  auto runtime = make_running(options, recorder);
  const auto begun = std::chrono::steady_clock::now();
  for (uint64_t number = 0; number < kCommands; ++number) {
    submit_flow(*runtime, 1, number, 1);
    ASSERT_TRUE(becomes_true([&] { return recorder.replies() == number + 1; }));
  }
  EXPECT_GE(std::chrono::steady_clock::now() - begun, kInterval * (kCommands - 1));
  EXPECT_EQ(recorder.tokens(1), count_up(kCommands));
}

TEST_F(PipelineTest, a_batch_waits_for_what_comes_with_its_first_command) {
  constexpr std::chrono::milliseconds kSettle{200};
  Recorder recorder;
  RuntimeOptions options = make_options();
  options.batch_settle_us = std::chrono::microseconds(kSettle).count();
  auto runtime = make_running(options, recorder);
  const BatchNumber before = runtime->metrics().released_batch;
  const auto begun = std::chrono::steady_clock::now();
  for (uint64_t number = 0; number < 5; ++number) {
    const auto at = begun + number * std::chrono::milliseconds(10);
    ASSERT_TRUE(becomes_true([&] { return std::chrono::steady_clock::now() >= at; }));
    submit_flow(*runtime, 1, number, 1);
  }
  const auto took = std::chrono::steady_clock::now() - begun;  // longer on a machine that stalls
  ASSERT_TRUE(becomes_true([&] { return recorder.replies() == 5; }));
  EXPECT_LE(recorder.last_batch(), before + 1 + static_cast<uint64_t>(took / kSettle));
}

TEST_F(PipelineTest, nothing_leaves_before_it_is_durable) {
  Recorder recorder;
  storage_.set_faults(gate_.faults());
  auto runtime = make_running(make_options(), recorder);
  submit_flow(*runtime, 1, 0, 10);
  ASSERT_TRUE(becomes_true([&] { return recorder.replies() == 10; }));
  const BatchNumber durable = runtime->metrics().durable_batch;

  const auto opener = gate_.close();
  for (uint64_t number = 10; number < 20; ++number) {
    submit(*runtime, {make_flow(1, number)});
    // The engine does not wait for the disk: each becomes a batch of its own.
    ASSERT_TRUE(becomes_true([&] { return runtime->metrics().commands == number + 1; }));
  }
  EXPECT_EQ(runtime->metrics().durable_batch, durable);
  EXPECT_EQ(recorder.last_batch(), durable);
  EXPECT_EQ(recorder.replies(), 10u);

  gate_.open();
  ASSERT_TRUE(becomes_true([&] { return recorder.replies() == 20; }));
  EXPECT_EQ(recorder.tokens(1), count_up(20));
}

TEST_F(PipelineTest, a_stalled_disk_refuses_orders_before_cancels_and_loses_nothing) {
  Recorder recorder;
  storage_.set_faults(gate_.faults());
  auto runtime = make_running(make_options(), recorder);
  const auto opener = gate_.close();
  uint64_t accepted = 0;
  const auto is_refused = [&] {
    std::vector<Submission> one{make_flow(1, accepted)};
    const SubmitResult result = runtime->submit(one);
    if (result == SubmitResult::accepted) ++accepted;
    return result == SubmitResult::overloaded && runtime->metrics().stalls > 0;
  };
  ASSERT_TRUE(becomes_true(is_refused));
  EXPECT_GT(runtime->metrics().refused_overloaded, 0u);
  std::vector<Submission> cancel{make_cancel_all(1)};
  EXPECT_EQ(runtime->submit(cancel), SubmitResult::accepted);
  gate_.open();
  ASSERT_TRUE(becomes_true([&] { return recorder.replies() == accepted + 1; }));
  EXPECT_EQ(recorder.tokens(1), count_up(accepted));
}

TEST_F(PipelineTest, stop_answers_everyone_who_was_accepted) {
  constexpr uint32_t kProducers = 3;
  Recorder recorder;
  auto runtime = make_running(make_options(), recorder);
  std::vector<uint64_t> accepted(kProducers);
  std::vector<std::thread> producers;
  for (uint32_t producer = 0; producer < kProducers; ++producer) {
    producers.emplace_back([&, producer] {
      for (;;) {
        std::vector<Submission> one{make_flow(producer, accepted[producer])};
        const SubmitResult result = runtime->submit(one);
        if (result == SubmitResult::shutting_down) return;
        if (result == SubmitResult::accepted) ++accepted[producer];
      }
    });
  }
  ASSERT_TRUE(becomes_true([&] { return recorder.replies() > 1'000; }));
  EXPECT_TRUE(runtime->stop());
  for (std::thread& producer : producers) producer.join();
  for (uint32_t producer = 0; producer < kProducers; ++producer) {
    EXPECT_EQ(recorder.tokens(producer), count_up(accepted[producer]));
  }
  EXPECT_EQ(runtime->metrics().snapshots, 1u);
}

TEST_F(PipelineTest, commands_submitted_before_the_start_are_sequenced) {
  Recorder recorder;
  Runtime runtime(make_options());
  ASSERT_TRUE(runtime.recover(0, nullptr).status.ok());
  runtime.add_listener(recorder);
  submit(runtime, {make_flow(1, 0)});
  runtime.start();
  ASSERT_TRUE(becomes_true([&] { return recorder.replies() == 1; }));
}

TEST_F(PipelineTest, listeners_are_called_in_the_order_of_registration) {
  struct Follower final : EgressListener {
    explicit Follower(const Recorder& first) : leader(first) {}
    void on_batch(const AppliedBatch& batch, std::span<const ReplyTarget>) override {
      EXPECT_EQ(leader.last_batch(), batch.number);
      calls.fetch_add(1);
    }
    const Recorder& leader;
    std::atomic<uint64_t> calls{0};
  };
  Recorder recorder;
  Follower follower(recorder);
  Runtime runtime(make_options());
  ASSERT_TRUE(runtime.recover(0, nullptr).status.ok());
  runtime.add_listener(recorder);
  runtime.add_listener(follower);
  runtime.start();
  submit_flow(runtime, 1, 0, 100);
  EXPECT_TRUE(runtime.stop());
  EXPECT_EQ(follower.calls.load(), runtime.metrics().batches);
}

TEST_F(PipelineTest, log_time_never_goes_back_with_the_clock) {
  Recorder recorder;
  auto runtime = make_running(make_options(), recorder);
  clock_.set(kStartMs + 5'000);
  submit_flow(*runtime, 1, 0, 1);
  ASSERT_TRUE(becomes_true([&] { return recorder.replies() == 1; }));
  clock_.set(kStartMs - 60'000);
  submit_flow(*runtime, 1, 1, 1);
  ASSERT_TRUE(becomes_true([&] { return recorder.replies() == 2; }));
  EXPECT_EQ(recorder.last_log_time_ms(), kStartMs + 5'000);
}

TEST_F(PipelineTest, an_order_expires_without_any_command_arriving) {
  Recorder recorder;
  auto runtime = make_running(make_options(), recorder);
  Command order = make_order(1, 0, Side::buy, 99'000);
  order.place.time_in_force = TimeInForce::gtd;
  order.place.expires_at_ms = kStartMs + 10'000;
  submit(*runtime, {make_submission(order)});
  ASSERT_TRUE(becomes_true([&] { return recorder.replies() == 1; }));
  const auto has_expired = [&] {
    for (const Event& event : recorder.events()) {
      if (event.header.type == EventType::order_closed &&
          event.order_closed.reason == CloseReason::expired) {
        return true;
      }
    }
    return false;
  };
  EXPECT_FALSE(has_expired());
  clock_.set(kStartMs + 10'000);
  EXPECT_TRUE(becomes_true(has_expired));
  EXPECT_EQ(runtime->metrics().deadline_batches, 1u);
  EXPECT_EQ(recorder.replies(), 1u);
}

TEST_F(PipelineTest, metrics_count_what_happened) {
  Recorder recorder;
  auto runtime = make_running(make_options(), recorder);
  submit_flow(*runtime, 1, 0, 500);
  EXPECT_TRUE(runtime->stop());
  const RuntimeMetrics metrics = runtime->metrics();
  EXPECT_EQ(metrics.commands, 500u);
  EXPECT_EQ(metrics.batch_commands.sum, 500u);
  EXPECT_EQ(metrics.batch_commands.count, metrics.batches);
  EXPECT_EQ(metrics.released_batch, 1 + metrics.batches);  // the first one is the genesis
  EXPECT_EQ(metrics.durable_batch, metrics.applied_batch);
  EXPECT_GE(metrics.commit_us.count, 1u);
  EXPECT_LE(metrics.commit_us.count, metrics.batches);
  EXPECT_EQ(metrics.ring_depth, 0u);
  EXPECT_TRUE(metrics.has_journal_space);
  std::vector<Submission> late{make_flow(1, 500)};
  EXPECT_EQ(runtime->submit(late), SubmitResult::shutting_down);
  EXPECT_EQ(runtime->metrics().refused_shutting_down, 1u);
}

}  // namespace
}  // namespace perpetua::runtime
