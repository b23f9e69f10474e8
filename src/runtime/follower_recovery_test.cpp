// The follower at its start and at its end: snapshots, and the take-over by a runtime.
#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "journal/file_journal.hpp"
#include "journal/snapshot_store.hpp"
#include "runtime/follower_test_support.hpp"
#include "runtime/snapshotter.hpp"

namespace perpetua::runtime {
namespace {

using namespace testing_support;
using Taken = Follower::Taken;

std::vector<BatchNumber> range(BatchNumber first, BatchNumber last) {
  std::vector<BatchNumber> numbers(last + 1 - first);
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

class FollowerRecoveryTest : public FollowerTest {};

TEST_F(FollowerRecoveryTest, a_history_that_is_ahead_and_a_directory_in_use_are_refused) {
  lead(10);
  Follower ahead(following("/ahead"));
  const auto result = ahead.recover(last_batch_ + 1, nullptr);
  EXPECT_NE(result.status.message.find("history"), std::string::npos) << result.status.message;
  auto follower = recovered(following());
  Follower second(following());
  EXPECT_FALSE(second.recover(0, nullptr).status.ok());
  follower.reset();
  Follower third(following());
  EXPECT_TRUE(third.recover(0, nullptr).status.ok());
}

TEST_F(FollowerRecoveryTest, a_snapshot_spares_the_replay_of_what_is_before_it) {
  lead(40);
  auto follower = follower_at(5);
  ASSERT_TRUE(follower->write_snapshot().ok());
  EXPECT_EQ(follower->metrics().snapshot_batch, 5u);
  follower.reset();
  Follower next(following());
  const auto result = next.recover(last_batch_, nullptr);
  ASSERT_TRUE(result.status.ok()) << result.status.message;
  EXPECT_EQ(result.snapshot_batch, 5u);
  EXPECT_EQ(result.replayed_batches, last_batch_ - 5);
  expect_same_state(next);
  EXPECT_EQ(next.position().last_hash, journal::record_hash(journal_.records().back()));
}

TEST_F(FollowerRecoveryTest, a_snapshot_of_the_newest_batch_is_enough_to_take_the_next_record) {
  lead(10);
  const BatchNumber first_run = last_batch_;
  {
    auto follower = recovered(following());
    ASSERT_TRUE(follower->write_snapshot().ok());
  }
  auto follower = recovered(following());
  EXPECT_EQ(follower->metrics().batches, 0u);
  lead(10);
  EXPECT_EQ(take(*follower, journal_.records()[first_run]), Taken::applied);
  take_rest(*follower);
  expect_same_state(*follower);
}

TEST_F(FollowerRecoveryTest, a_child_writes_snapshots_while_it_follows) {
  if (!kCanFork) GTEST_SKIP() << "no forked snapshots under a sanitizer";
  std::string pattern = std::filesystem::temp_directory_path() / "perpetua-follower-XXXXXX";
  const std::string folder = mkdtemp(pattern.data());
  lead(100);
  FollowerOptions options = following(folder + "/replica");
  options.storage = nullptr;
  options.snapshot_every_commands = 10;
  auto follower = follower_at(1, options);
  take_rest(*follower);
  uint64_t batches = 0;
  EXPECT_TRUE(becomes_true([&] {
    EXPECT_TRUE(follower->catch_up(batches).ok());
    return follower->metrics().snapshots > 0;
  }));
  EXPECT_EQ(follower->metrics().snapshot_failures, 0u);
  const BatchNumber taken = follower->metrics().snapshot_batch;
  follower.reset();
  Follower next(options);
  const auto result = next.recover(last_batch_, nullptr);
  ASSERT_TRUE(result.status.ok()) << result.status.message;
  EXPECT_GE(result.snapshot_batch, taken);
  EXPECT_EQ(next.engine().state_hash(), state_hash_);
  std::filesystem::remove_all(folder);
}

TEST_F(FollowerRecoveryTest, a_history_gets_exactly_what_it_lacks) {
  lead(30);
  auto first = follower_at(5);
  ASSERT_TRUE(first->write_snapshot().ok());
  first.reset();
  for (const BatchNumber applied : {BatchNumber{0}, BatchNumber{3}, BatchNumber{7}, last_batch_}) {
    Witness history;
    Follower follower(following());
    ASSERT_TRUE(follower.recover(applied, &history).status.ok());
    EXPECT_EQ(history.numbers, range(applied + 1, last_batch_)) << applied;
    expect_same_state(follower);
  }
}

TEST_F(FollowerRecoveryTest, a_witness_hears_what_is_replayed_whatever_the_history_has) {
  lead(30);
  auto first = follower_at(5);
  ASSERT_TRUE(first->write_snapshot().ok());
  first.reset();
  Witness history;
  Witness all;
  Follower follower(following());
  ASSERT_TRUE(follower.recover(7, &history, &all).status.ok());
  EXPECT_EQ(history.numbers, range(8, last_batch_));
  EXPECT_EQ(all.numbers, range(6, last_batch_));
  expect_same_state(follower);
}

TEST_F(FollowerRecoveryTest, a_directory_of_another_exchange_is_refused) {
  lead(5);
  { auto follower = recovered(following()); }
  FollowerOptions options = following();
  options.cluster_id = journal::ClusterId{9};
  Follower other(options);
  const auto result = other.recover(0, nullptr);
  EXPECT_NE(result.status.message.find("belongs to the exchange"), std::string::npos);
}

// Segment files with a torn tail, in the follower's own directory.
TEST_F(FollowerRecoveryTest, writes_nothing_to_the_journal) {
  Recorder recorder;
  auto runtime = make_running(make_options(), recorder);
  submit_flow(*runtime, 1, 0, 20);
  EXPECT_TRUE(runtime->stop());
  runtime.reset();
  const std::string segment = "/exchange/journal/" + journal::segment_name(1);
  std::vector<std::byte> bytes = storage_.content(segment);
  bytes.resize(bytes.size() + journal::kBlockBytes);
  bytes[bytes.size() - journal::kBlockBytes] = std::byte{1};
  storage_.set_content(segment, bytes);
  {
    FollowerOptions options = following("/exchange");
    options.cluster_id.reset();
    options.journal = nullptr;
    Follower follower(options);
    const auto result = follower.recover(recorder.last_batch(), nullptr);
    ASSERT_TRUE(result.status.ok()) << result.status.message;
    EXPECT_NE(result.torn_tail, "");
    EXPECT_EQ(follower.last_batch(), recorder.last_batch());
  }
  EXPECT_EQ(storage_.content(segment), bytes);

  lead(5);
  const int before = journal_.times_changed();
  { auto follower = recovered(following()); }
  EXPECT_EQ(journal_.times_changed(), before);
}

TEST_F(FollowerRecoveryTest, a_runtime_takes_over_what_another_one_wrote_meanwhile) {
  lead(30);
  auto follower = follower_at(4);
  Runtime runtime(leading("/replica"));
  EXPECT_FALSE(runtime.recover(0, nullptr).status.ok());  // the follower has the directory

  Witness history;
  Runtime next(leading("/replica"));
  const auto result = next.recover_warm(follower->release(), 4, &history);
  ASSERT_TRUE(result.status.ok()) << result.status.message;
  EXPECT_EQ(result.replayed_batches, last_batch_ - 4);
  EXPECT_EQ(result.last_batch, last_batch_ + 1);  // the opening one
  EXPECT_EQ(history.numbers, range(5, last_batch_ + 1));
  EXPECT_EQ(result.position.last_epoch, 2u);
  EXPECT_EQ(result.position.next_batch, last_batch_ + 2);
  EXPECT_EQ(result.position.last_hash, journal::record_hash(journal_.records().back()));

  Recorder recorder;
  next.add_listener(recorder);
  next.start();
  submit_flow(next, 2, 0, 20);
  EXPECT_TRUE(next.stop());
  EXPECT_EQ(recorder.replies(), 20u);
  auto replica = recovered(following("/third"));
  EXPECT_EQ(replica->engine().state_hash(), next.engine().state_hash());
  EXPECT_EQ(replica->metrics().epoch, 2u);
}

TEST_F(FollowerRecoveryTest, a_warm_start_gives_the_state_of_a_cold_one) {
  lead(30);
  auto follower = recovered(following());
  const std::vector<Record> before = journal_.records();
  Runtime warm(leading("/replica"));
  ASSERT_TRUE(warm.recover_warm(follower->release(), 0, nullptr).status.ok());
  journal_.set_records(before);
  { auto replica = recovered(following("/cold")); }  // its directory gets the cluster id
  Runtime cold(leading("/cold"));
  ASSERT_TRUE(cold.recover(0, nullptr).status.ok());
  EXPECT_EQ(warm.engine().state_hash(), cold.engine().state_hash());
}

TEST_F(FollowerRecoveryTest, a_warm_start_refuses_another_history_and_a_history_that_lags) {
  lead(30);
  const std::vector<Record> all = journal_.records();
  Witness history;
  {
    auto follower = recovered(following());
    Runtime runtime(leading("/replica"));
    const auto result = runtime.recover_warm(follower->release(), last_batch_ - 1, &history);
    EXPECT_NE(result.status.message.find("cannot go on"), std::string::npos);
  }
  {
    auto follower = recovered(following());
    std::vector<Record> forked = all;
    journal::RecordHeader header = header_of(all.back());
    ++header.log_time_ms;
    forked.back() = rewritten(all.back(), header, journal_.seed());
    journal_.set_records(forked);
    Runtime runtime(leading("/replica"));
    const auto result = runtime.recover_warm(follower->release(), 0, nullptr);
    EXPECT_NE(result.status.message.find("hash chain"), std::string::npos);
    journal_.set_records(all);
  }
  {
    auto follower = recovered(following());
    journal_.set_records({all.begin(), all.end() - 1});
    Runtime runtime(leading("/replica"));
    const auto result = runtime.recover_warm(follower->release(), 0, nullptr);
    EXPECT_NE(result.status.message.find("part of the journal is missing"), std::string::npos);
  }
  EXPECT_EQ(history.numbers.size(), 0u);
  EXPECT_EQ(journal_.times_changed(), 2);  // by the first leader alone
}

TEST_F(FollowerRecoveryTest, the_first_leader_of_all_writes_the_genesis) {
  FollowerOptions options = following();
  auto follower = recovered(options);
  EXPECT_EQ(follower->last_batch(), 0u);
  Runtime runtime(leading("/replica"));
  Witness history;
  const auto result = runtime.recover_warm(follower->release(), 0, &history);
  ASSERT_TRUE(result.status.ok()) << result.status.message;
  EXPECT_EQ(result.last_batch, 1u);
  EXPECT_EQ(history.numbers, range(1, 1));
  auto replica = recovered(following("/second"));
  EXPECT_EQ(replica->engine().state_hash(), runtime.engine().state_hash());
}

}  // namespace
}  // namespace perpetua::runtime
