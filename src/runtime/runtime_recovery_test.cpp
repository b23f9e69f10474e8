#include <gtest/gtest.h>

#include "journal/data_directory.hpp"
#include "journal/recovery.hpp"
#include "journal/snapshot_store.hpp"
#include "runtime/matcher_pool.hpp"
#include "runtime/runtime_test_support.hpp"

namespace perpetua::runtime {
namespace {

using namespace testing_support;

class History final : public journal::ReplaySink {
 public:
  void on_batch(const AppliedBatch& batch) override {
    numbers.push_back(batch.number);
    outcomes.insert(outcomes.end(), batch.outcomes.begin(), batch.outcomes.end());
  }
  std::vector<BatchNumber> numbers;
  std::vector<Outcome> outcomes;
};

std::vector<BatchNumber> range(BatchNumber first, BatchNumber last) {
  std::vector<BatchNumber> numbers;
  for (BatchNumber number = first; number <= last; ++number) numbers.push_back(number);
  return numbers;
}

class RecoveryTest : public RuntimeTest {
 protected:
  // One run with trades from start to stop; leaves journal and snapshot in the storage.
  void run_once(uint64_t commands) {
    Recorder recorder;
    auto runtime = make_running(make_options(), recorder);
    submit_flow(*runtime, 1, 0, commands);
    EXPECT_TRUE(runtime->stop());
    last_batch_ = runtime->engine().last_batch();
    state_hash_ = runtime->engine().state_hash();
  }

  void remove_snapshots() {
    std::vector<std::string> names;
    ASSERT_EQ(storage_.list("/exchange/snapshots", names), 0);
    for (const std::string& name : names) storage_.remove("/exchange/snapshots/" + name);
  }

  void expect_recovered(const Runtime& runtime, const journal::RecoveryResult& result) const {
    ASSERT_TRUE(result.status.ok()) << result.status.message;
    EXPECT_EQ(result.last_batch, last_batch_);
    EXPECT_EQ(runtime.engine().last_batch(), last_batch_);
    EXPECT_EQ(runtime.engine().state_hash(), state_hash_);
  }

  BatchNumber last_batch_ = 0;
  uint64_t state_hash_ = 0;
};

TEST_F(RecoveryTest, from_the_snapshot_gives_the_live_state) {
  run_once(2'000);
  Runtime runtime(make_options());
  const auto result = runtime.recover(last_batch_, nullptr);
  expect_recovered(runtime, result);
  EXPECT_EQ(result.snapshot_batch, last_batch_);
  EXPECT_EQ(result.replayed_batches, 0u);
}

TEST_F(RecoveryTest, from_the_journal_alone_gives_the_live_state) {
  run_once(2'000);
  remove_snapshots();
  Runtime runtime(make_options());
  const auto result = runtime.recover(0, nullptr);
  expect_recovered(runtime, result);
  EXPECT_EQ(result.replayed_batches, last_batch_);
}

TEST_F(RecoveryTest, any_number_of_matchers_gives_the_live_state) {
  run_once(3'000);
  for (const uint32_t matchers : {1u, 2u, 4u}) {
    journal::DataDirectory directory(storage_);
    ASSERT_TRUE(directory.open_read_only("/exchange").ok());
    MatcherPool pool(matchers, WaitKind::blocking, 0);
    std::unique_ptr<Engine> engine;
    journal::RecoveryOptions from_the_start;
    from_the_start.use_snapshots = false;
    const auto result = journal::recover(directory, from_the_start, pool, nullptr, engine);
    ASSERT_TRUE(result.status.ok()) << result.status.message;
    EXPECT_EQ(engine->state_hash(), state_hash_) << matchers;
  }
}

TEST_F(RecoveryTest, the_exchange_goes_on_where_it_stopped) {
  run_once(500);
  Recorder recorder;
  auto runtime = make_running(make_options(), recorder);
  submit_flow(*runtime, 2, 0, 500);
  EXPECT_TRUE(runtime->stop());
  EXPECT_EQ(recorder.replies(), 500u);
  EXPECT_GT(recorder.last_batch(), last_batch_);
  last_batch_ = runtime->engine().last_batch();
  state_hash_ = runtime->engine().state_hash();
  runtime.reset();
  remove_snapshots();
  Runtime next(make_options());
  expect_recovered(next, next.recover(0, nullptr));
}

TEST_F(RecoveryTest, history_gets_exactly_the_batches_after_its_applied_batch) {
  run_once(300);
  for (const BatchNumber applied : {BatchNumber{0}, last_batch_ / 2, last_batch_}) {
    History history;
    History witness;
    Runtime runtime(make_options());
    const auto result = runtime.recover(applied, &history, &witness);
    EXPECT_EQ(history.numbers, range(applied + 1, last_batch_)) << applied;
    EXPECT_EQ(witness.numbers, range(result.snapshot_batch + 1, last_batch_)) << applied;
    expect_recovered(runtime, result);
  }
}

TEST_F(RecoveryTest, history_of_a_new_exchange_starts_with_the_genesis) {
  History history;
  Runtime runtime(make_options());
  const auto result = runtime.recover(0, &history);
  ASSERT_TRUE(result.status.ok());
  EXPECT_EQ(result.last_batch, 1u);
  EXPECT_EQ(history.numbers, range(1, 1));
  EXPECT_EQ(history.outcomes.size(), make_genesis().size());
  for (const Outcome& outcome : history.outcomes) EXPECT_EQ(outcome.code, ResultCode::ok);
}

TEST_F(RecoveryTest, history_ahead_of_the_journal_is_refused) {
  run_once(100);
  Runtime runtime(make_options());
  const auto result = runtime.recover(last_batch_ + 1, nullptr);
  EXPECT_FALSE(result.status.ok());
  EXPECT_NE(result.status.message.find("history"), std::string::npos) << result.status.message;
}

TEST_F(RecoveryTest, the_genesis_is_written_once) {
  run_once(10);
  Runtime runtime(make_options());
  expect_recovered(runtime, runtime.recover(0, nullptr));
  struct Markets final : DescribeSink {
    void on_event(const Event& event, std::string_view) override {
      if (event.header.type == EventType::market_created) ++count;
    }
    uint32_t count = 0;
  } markets;
  runtime.describe(markets);
  EXPECT_EQ(markets.count, kMarkets);
}

TEST_F(RecoveryTest, a_second_exchange_in_the_same_directory_is_refused) {
  Recorder recorder;
  auto runtime = make_running(make_options(), recorder);
  Runtime second(make_options());
  EXPECT_FALSE(second.recover(0, nullptr).status.ok());
}

// The clock was set back while the exchange was down.
TEST_F(RecoveryTest, log_time_does_not_go_back_over_a_restart) {
  run_once(10);
  clock_.set(kStartMs - 3'600'000);
  Recorder recorder;
  auto runtime = make_running(make_options(), recorder);
  submit_flow(*runtime, 1, 0, 1);
  ASSERT_TRUE(becomes_true([&] { return recorder.replies() == 1; }));
  EXPECT_EQ(recorder.last_log_time_ms(), kStartMs);
}

}  // namespace
}  // namespace perpetua::runtime
