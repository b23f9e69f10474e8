// The follower as a replica: what it takes, what it refuses, what its listeners see.
#include "runtime/follower.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "journal/file_journal.hpp"
#include "runtime/follower_test_support.hpp"

namespace perpetua::runtime {
namespace {

using namespace testing_support;
using Taken = Follower::Taken;

TEST_F(FollowerTest, gives_its_listeners_what_the_runtime_gave_its_own) {
  Witness leaders;
  lead(60, &leaders);
  for (const uint32_t matchers : {1u, 4u}) {
    FollowerOptions options = following("/replica" + std::to_string(matchers));
    options.matchers = matchers;
    auto follower = follower_at(1, std::move(options));
    Witness own;
    follower->add_listener(own);
    take_rest(*follower);
    EXPECT_EQ(own.batches, leaders.batches) << matchers;
    expect_same_state(*follower);
    follower->engine().check_invariants();
  }
  EXPECT_GT(leaders.batches.size(), 8u);
}

TEST_F(FollowerTest, takes_a_record_of_any_alignment) {
  lead(20);
  auto follower = follower_at(1);
  const std::vector<Record> records = journal_.records();
  for (std::size_t i = 1; i < records.size(); ++i) {
    Record shifted(i % 16);
    shifted.insert(shifted.end(), records[i].begin(), records[i].end());
    const auto record = std::span(shifted).subspan(i % 16);
    ASSERT_EQ(take(*follower, record), Taken::applied);
  }
  expect_same_state(*follower);
}

TEST_F(FollowerTest, a_duplicate_changes_nothing_and_tells_nobody) {
  lead(20);
  auto follower = recovered(following());
  Witness listener;
  follower->add_listener(listener);
  for (const Record& record : journal_.records()) {
    EXPECT_EQ(take(*follower, record), Taken::duplicate);
  }
  EXPECT_EQ(listener.batches.size(), 0u);
  EXPECT_EQ(follower->metrics().duplicates, journal_.records().size());
  expect_same_state(*follower);
}

TEST_F(FollowerTest, a_gap_waits_for_the_journal) {
  lead(40);
  auto follower = follower_at(3);
  Witness listener;
  follower->add_listener(listener);
  const std::vector<Record> records = journal_.records();
  EXPECT_EQ(take(*follower, records[5]), Taken::gap);
  EXPECT_EQ(follower->last_batch(), 3u);
  uint64_t batches = 0;
  ASSERT_TRUE(follower->catch_up(batches, 5).ok());
  EXPECT_EQ(batches, 2u);
  EXPECT_EQ(take(*follower, records[5]), Taken::applied);
  ASSERT_TRUE(follower->catch_up(batches).ok());
  EXPECT_EQ(batches, records.size() - 6);
  ASSERT_TRUE(follower->catch_up(batches).ok());
  EXPECT_EQ(batches, 0u);
  std::vector<BatchNumber> expected(records.size() - 3);
  std::iota(expected.begin(), expected.end(), 4);
  EXPECT_EQ(listener.numbers, expected);
  expect_same_state(*follower);
}

TEST_F(FollowerTest, any_changed_byte_of_a_record_is_refused) {
  lead(10);
  auto follower = follower_at(1);
  const Record record = journal_.records()[1];
  for (std::size_t i = 0; i < record.size(); ++i) {
    Record damaged = record;
    damaged[i] ^= std::byte{0x10};
    EXPECT_NE(reason(*follower, damaged), "") << i;
  }
  for (std::size_t size = 0; size < record.size(); ++size) {
    EXPECT_NE(reason(*follower, std::span(record).first(size)), "") << size;
  }
  Record longer = record;
  longer.resize(record.size() + 16);
  EXPECT_EQ(reason(*follower, longer), "bytes behind the record");
  EXPECT_EQ(take(*follower, record), Taken::applied);
}

TEST_F(FollowerTest, a_record_of_another_exchange_is_refused) {
  lead(10);
  auto follower = follower_at(1);
  const Record record = journal_.records()[1];
  const uint32_t other = journal::record_crc_seed({1, 2, 3});
  EXPECT_EQ(reason(*follower, rewritten(record, header_of(record), other)),
            "checksum of the record");
}

TEST_F(FollowerTest, another_history_is_refused) {
  lead(10);
  auto follower = follower_at(3);
  const std::vector<Record> records = journal_.records();
  journal::RecordHeader next = header_of(records[3]);
  next.prev_hash ^= 1;
  EXPECT_EQ(reason(*follower, rewritten(records[3], next, journal_.seed())),
            "batch 4: hash chain is broken");
  journal::RecordHeader newest = header_of(records[2]);
  ++newest.log_time_ms;
  EXPECT_EQ(reason(*follower, rewritten(records[2], newest, journal_.seed())),
            "batch 3: another record was applied as this one");
  EXPECT_EQ(take(*follower, records[3]), Taken::applied);
}

TEST_F(FollowerTest, a_record_that_begins_with_another_event_is_refused) {
  lead(10);
  auto follower = follower_at(1);
  const Record record = journal_.records()[1];
  journal::RecordHeader header = header_of(record);
  ++header.first_event;
  const std::string why = reason(*follower, rewritten(record, header, journal_.seed()));
  EXPECT_NE(why.find("its first event is"), std::string::npos) << why;
}

TEST_F(FollowerTest, an_epoch_may_rise_and_never_falls) {
  lead(10);
  const BatchNumber first_run = last_batch_;
  lead(10);
  auto follower = follower_at(first_run);
  EXPECT_EQ(follower->metrics().epoch, 1u);
  const std::vector<Record> records = journal_.records();
  EXPECT_EQ(take(*follower, records[first_run]), Taken::applied);
  EXPECT_EQ(follower->metrics().epoch, 2u);
  journal::RecordHeader header = header_of(records[first_run + 1]);
  header.epoch = 1;
  EXPECT_EQ(reason(*follower, rewritten(records[first_run + 1], header, journal_.seed())),
            "batch " + std::to_string(first_run + 2) + ": epoch 1 is over, the newest is 2");
  take_rest(*follower);
  expect_same_state(*follower);
}

TEST_F(FollowerTest, targets_that_were_filled_in_reach_the_listeners) {
  lead(20);
  auto follower = follower_at(1);
  Witness listener;
  follower->add_listener(listener);
  uint64_t next = 0;
  std::vector<uint64_t> expected;
  follower->on_targets([&](const BatchInput& batch, std::vector<ReplyTarget>& targets) {
    ASSERT_EQ(targets.size(), batch.commands.size());
    for (ReplyTarget& target : targets) {
      EXPECT_EQ(target.channel, 0u);
      EXPECT_EQ(target.token, 0u);
      if (next++ % 2 == 0) target = {1, 0, next};
      expected.push_back(target.token);
    }
  });
  take_rest(*follower);
  EXPECT_EQ(listener.tokens, expected);
  EXPECT_EQ(next, 20u);
}

TEST_F(FollowerTest, a_journal_that_ends_before_it_or_is_another_one_cannot_be_followed) {
  lead(30);
  auto follower = recovered(following());
  const std::vector<Record> all = journal_.records();
  uint64_t batches = 0;
  journal_.set_records({all.begin(), all.end() - 1});
  EXPECT_NE(follower->catch_up(batches).message.find("behind batch"), std::string::npos);

  std::vector<Record> forked = all;
  journal::RecordHeader header = header_of(all.back());
  ++header.log_time_ms;
  forked.back() = rewritten(all.back(), header, journal_.seed());
  journal_.set_records(forked);
  EXPECT_NE(follower->catch_up(batches).message.find("another history"), std::string::npos);

  std::vector<Record> damaged = all;
  damaged.back()[100] ^= std::byte{1};
  journal_.set_records(damaged);
  EXPECT_NE(follower->catch_up(batches).message.find("checksum"), std::string::npos);
  expect_same_state(*follower);
}

TEST_F(FollowerTest, a_forked_journal_stops_it_where_the_fork_is) {
  lead(30);
  auto follower = follower_at(4);
  std::vector<Record> forked = journal_.records();
  uint64_t prev_hash = journal::record_hash(forked[2]);
  for (std::size_t i = 3; i < forked.size(); ++i) {  // a whole chain, other from batch 4 on
    journal::RecordHeader header = header_of(forked[i]);
    header.prev_hash = prev_hash;
    if (i == 3) header.epoch = 0;
    forked[i] = rewritten(forked[i], header, journal_.seed());
    prev_hash = journal::record_hash(forked[i]);
  }
  journal_.set_records(forked);
  uint64_t batches = 0;
  const journal::Status status = follower->catch_up(batches);
  EXPECT_NE(status.message.find("another history"), std::string::npos) << status.message;
  EXPECT_EQ(batches, 0u);
  EXPECT_EQ(follower->last_batch(), 4u);
}

}  // namespace
}  // namespace perpetua::runtime
