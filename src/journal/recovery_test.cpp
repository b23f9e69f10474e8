// Snapshot + journal give the state of the last durable batch, or a refusal that says why.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

#include "base/hash.hpp"
#include "journal/journal_test_support.hpp"
#include "journal/snapshot_store.hpp"

namespace perpetua::journal {
namespace {

using namespace testing;

// Ten batches with snapshots of batch 4 and 8 (of the given record hashes).
class Recovery : public ::testing::Test {
 protected:
  void SetUp() override {
    Session session(storage_);
    const SnapshotStore snapshots(session.directory);
    for (BatchNumber batch = 1; batch <= 10; ++batch) {
      session.append_group(1, 5);
      if (batch == 4 || batch == 8) {
        SnapshotStore store(session.directory);
        const Status written = store.write(*session.engine, session.writer->last_hash());
        ASSERT_TRUE(written.ok()) << written.message;
      }
      hashes_.push_back(session.engine->state_hash());
    }
  }

  RecoveryResult recover_now(const RecoveryOptions& options = {}, ReplaySink* sink = nullptr) {
    directory_.emplace(storage_);
    EXPECT_TRUE(directory_->open(test_options()).ok());
    const RecoveryResult result = recover(*directory_, options, executor_, sink, engine_);
    directory_.reset();
    return result;
  }

  static std::string snapshot(BatchNumber batch) {
    return "data/snapshots/0000000000000000000" + std::to_string(batch) + ".snapshot";
  }

  MemoryStorage storage_;
  InlineExecutor executor_;
  std::optional<DataDirectory> directory_;
  std::unique_ptr<Engine> engine_;
  std::vector<uint64_t> hashes_;
};

TEST_F(Recovery, uses_the_newest_snapshot_and_the_journal_behind_it) {
  const RecoveryResult result = recover_now();
  ASSERT_TRUE(result.status.ok()) << result.status.message;
  EXPECT_EQ(result.snapshot_batch, 8u);
  EXPECT_EQ(result.replayed_batches, 2u);
  EXPECT_EQ(result.replayed_commands, 10u);
  EXPECT_EQ(result.last_batch, 10u);
  EXPECT_EQ(result.position.next_batch, 11u);
  EXPECT_EQ(result.position.last_epoch, 1u);
  EXPECT_EQ(engine_->state_hash(), hashes_.back());
  engine_->check_invariants();
}

TEST_F(Recovery, from_zero_and_from_a_snapshot_give_the_same_state_at_every_batch) {
  for (BatchNumber at = 1; at <= 10; ++at) {
    for (const bool use_snapshots : {false, true}) {
      const RecoveryResult result = recover_now({.at_most = at, .use_snapshots = use_snapshots});
      ASSERT_TRUE(result.status.ok()) << result.status.message;
      EXPECT_EQ(result.last_batch, at);
      EXPECT_EQ(engine_->state_hash(), hashes_[at - 1]) << at;
      EXPECT_EQ(result.snapshot_batch, !use_snapshots || at < 4 ? 0u : at < 8 ? 4u : 8u);
    }
  }
}

TEST_F(Recovery, hands_every_replayed_batch_to_the_sink) {
  class Sink final : public ReplaySink {
   public:
    void on_batch(const AppliedBatch& batch) override {
      EXPECT_EQ(batch.commands.size(), batch.outcomes.size());
      EXPECT_TRUE(batch.events.empty() ||
                  batch.events.front().header.sequence == batch.first_event);
      numbers.push_back(batch.number);
    }
    std::vector<BatchNumber> numbers;
  } sink;
  ASSERT_TRUE(recover_now({UINT64_MAX, false}, &sink).status.ok());
  EXPECT_EQ(sink.numbers, (std::vector<BatchNumber>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST_F(Recovery, a_snapshot_cut_anywhere_is_ignored_for_the_one_before) {
  const auto whole = storage_.content(snapshot(8));
  for (std::size_t size = 0; size < whole.size(); size += 61) {
    storage_.set_content(snapshot(8), {whole.begin(), whole.begin() + static_cast<long>(size)});
    const RecoveryResult result = recover_now();
    ASSERT_TRUE(result.status.ok()) << result.status.message;
    ASSERT_EQ(result.snapshot_batch, 4u) << size;
    ASSERT_EQ(result.rejected_snapshots.size(), 1u);
    ASSERT_EQ(engine_->state_hash(), hashes_.back());
  }
}

TEST_F(Recovery, a_snapshot_with_a_flipped_bit_is_ignored_for_the_one_before) {
  const auto whole = storage_.content(snapshot(8));
  for (std::size_t i = 0; i < 200; ++i) {
    const std::size_t bit =
        i < 100 ? i * 7 : hash_mix(i, 1) % (whole.size() * 8);
    auto bytes = whole;
    bytes[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    storage_.set_content(snapshot(8), bytes);
    directory_.emplace(storage_);
    ASSERT_TRUE(directory_->open_read_only("data").ok());
    SnapshotHeader header;
    ASSERT_FALSE(SnapshotStore(*directory_).check(8, header).ok()) << "bit " << bit;
  }
  EXPECT_EQ(recover_now().snapshot_batch, 4u);
}

TEST_F(Recovery, without_any_valid_snapshot_replays_everything) {
  for (const BatchNumber batch : {4u, 8u}) {
    auto bytes = storage_.content(snapshot(batch));
    bytes.back() ^= std::byte{1};
    storage_.set_content(snapshot(batch), bytes);
  }
  const RecoveryResult result = recover_now();
  ASSERT_TRUE(result.status.ok());
  EXPECT_EQ(result.rejected_snapshots.size(), 2u);
  EXPECT_EQ(result.replayed_batches, 10u);
  EXPECT_EQ(engine_->state_hash(), hashes_.back());
}

TEST_F(Recovery, a_snapshot_whose_state_hash_lies_is_ignored) {
  auto bytes = storage_.content(snapshot(8));
  SnapshotHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  header.state_hash ^= 1;
  header.crc32c = snapshot_header_crc(header);
  std::memcpy(bytes.data(), &header, sizeof header);
  storage_.set_content(snapshot(8), bytes);
  const RecoveryResult result = recover_now();
  ASSERT_EQ(result.rejected_snapshots.size(), 1u);
  EXPECT_NE(result.rejected_snapshots[0].find("state hash"), std::string::npos);
  EXPECT_EQ(result.snapshot_batch, 4u);
}

TEST_F(Recovery, a_snapshot_of_another_history_is_refused_by_the_hash_chain) {
  auto bytes = storage_.content(snapshot(8));
  SnapshotHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  header.record_hash ^= 1;
  header.crc32c = snapshot_header_crc(header);
  std::memcpy(bytes.data(), &header, sizeof header);
  storage_.set_content(snapshot(8), bytes);
  EXPECT_NE(recover_now().status.message.find("hash chain"), std::string::npos);
}

TEST_F(Recovery, a_torn_tail_below_a_snapshot_is_corruption) {
  const std::string path = "data/journal/" + segment_name(1);
  const ReadJournal journal = read_journal(storage_);
  auto bytes = storage_.content(path);
  bytes.resize(journal.batches[7].offset + 50);  // batch 8 is in the snapshot
  storage_.set_content(path, bytes);
  const RecoveryResult torn = recover_now();
  EXPECT_FALSE(torn.status.ok());
  EXPECT_NE(torn.status.message.find("snapshot shows"), std::string::npos) << torn.status.message;
  bytes.resize(journal.batches[7].offset);
  storage_.set_content(path, bytes);
  const RecoveryResult missing = recover_now();
  EXPECT_NE(missing.status.message.find("part of the journal is missing"), std::string::npos)
      << missing.status.message;
}

TEST_F(Recovery, a_replay_with_other_events_than_recorded_is_refused) {
  {
    Session session(storage_);
    const TestBatch batch = make_batch(11, 3);
    ASSERT_EQ(session.writer->append(batch.input(), 1'000'000), AppendResult::appended);
    ASSERT_TRUE(session.writer->commit());
  }
  EXPECT_NE(recover_now().status.message.find("behaves differently"), std::string::npos);
}

TEST_F(Recovery, read_only_and_partial_recoveries_change_nothing) {
  const std::string path = "data/journal/" + segment_name(1);
  auto bytes = storage_.content(path);
  bytes[read_journal(storage_).batches[9].offset] ^= std::byte{1};
  storage_.set_content(path, bytes);
  DataDirectory tool(storage_);
  ASSERT_TRUE(tool.open_read_only("data").ok());
  const RecoveryResult seen = recover(tool, {}, executor_, nullptr, engine_);
  ASSERT_TRUE(seen.status.ok());
  EXPECT_EQ(seen.first_cut_batch, 10u);
  ASSERT_TRUE(recover_now({5, true}).status.ok());
  EXPECT_EQ(storage_.content(path), bytes);
  EXPECT_EQ(recover_now().first_cut_batch, 10u);
  EXPECT_LT(storage_.content(path).size(), bytes.size());
  EXPECT_EQ(recover_now().first_cut_batch, 0u);
}

TEST_F(Recovery, keeps_two_snapshots_and_clears_leftovers) {
  storage_.set_content("data/snapshots/x.tmp", {});
  Session session(storage_);
  SnapshotStore store(session.directory);
  ASSERT_TRUE(store.write(*session.engine, 0).ok());
  EXPECT_EQ(store.list(), (std::vector<BatchNumber>{4, 8, 10}));
  ASSERT_TRUE(store.remove_old(kSnapshotsKeptMin).ok());
  EXPECT_EQ(store.list(), (std::vector<BatchNumber>{8, 10}));
  EXPECT_FALSE(storage_.exists("data/snapshots/x.tmp"));
}

TEST_F(Recovery, a_snapshot_that_does_not_fit_fails_and_leaves_nothing) {
  Session session(storage_);
  session.append_group(1);
  session.writer.reset();
  Faults faults;
  faults.capacity_bytes = 1;
  storage_.set_faults(faults);
  SnapshotStore store(session.directory);
  EXPECT_EQ(store.write(*session.engine, 0).error, ENOSPC);
  faults = {};
  faults.fail_sync_at = 1;
  storage_.set_faults(faults);
  EXPECT_EQ(store.write(*session.engine, 0).error, EIO);
  std::vector<std::string> names;
  storage_.list("data/snapshots", names);
  EXPECT_EQ(names.size(), 2u);
}

TEST_F(Recovery, a_power_cut_during_a_snapshot_leaves_the_old_ones_or_a_whole_new_one) {
  Session session(storage_);
  session.append_group(1);
  session.writer.reset();
  std::vector<std::unique_ptr<MemoryStorage>> images;
  Faults faults;
  faults.on_sync = [&] {
    for (uint64_t seed = 0; seed < 8; ++seed) images.push_back(storage_.after_power_cut(seed));
  };
  storage_.set_faults(faults);
  SnapshotStore store(session.directory);
  ASSERT_TRUE(store.write(*session.engine, 0).ok());
  images.push_back(storage_.after_power_cut());
  storage_.set_faults({});
  for (const auto& image : images) {
    const Session after(*image);
    EXPECT_EQ(after.recovered.last_batch, 11u);
    EXPECT_TRUE(after.recovered.rejected_snapshots.empty());
    EXPECT_EQ(after.recovered.snapshot_batch, image == images.back() ? 11u : 8u);
  }
}

}  // namespace
}  // namespace perpetua::journal
