// The journal on a disk that misbehaves: sync errors, short and interrupted transfers, no space,
// slow syncs, power cuts, and a second process.
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <mutex>
#include <thread>

#include "journal/journal_test_support.hpp"

namespace perpetua::journal {
namespace {

using namespace testing;

// Polls; the deadline only bounds a failing test.
template <class Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

bool is_prepared(const MemoryStorage& storage, uint64_t number) {
  return storage.exists("data/journal/" + prepared_name(number));
}

TEST(JournalFault, a_sync_error_is_reported_once_and_never_retried) {
  MemoryStorage storage;
  int reports = 0;
  {
    WriterOptions options = small_segments();
    options.on_sync_error = [&reports](const std::string& message) {
      ++reports;
      EXPECT_NE(message.find("00000001.segment: sync"), std::string::npos) << message;
    };
    Session session(storage, options);
    session.append_group(2);
    ASSERT_TRUE(eventually([&] { return is_prepared(storage, 2); }));
    Faults faults;
    faults.fail_sync_at = 1;
    storage.set_faults(faults);
    ASSERT_EQ(session.append(), AppendResult::appended);
    EXPECT_FALSE(session.writer->commit());
    EXPECT_FALSE(session.writer->commit());
    EXPECT_EQ(session.append(), AppendResult::failed);
    EXPECT_EQ(storage.syncs(), 1u);
    EXPECT_EQ(session.writer->durable_batch(), 2u);
  }
  EXPECT_EQ(reports, 1);
  EXPECT_EQ(Session(*storage.after_power_cut()).recovered.last_batch, 2u);
}

TEST(JournalFaultDeathTest, by_default_a_sync_error_ends_the_process_with_its_code) {
  EXPECT_EXIT(
      {
        MemoryStorage storage;
        WriterOptions options = small_segments();
        options.on_sync_error = nullptr;
        Session session(storage, options);
        session.append_group(1);
        if (!eventually([&] { return is_prepared(storage, 2); })) std::abort();
        Faults faults;
        faults.fail_sync_at = 1;
        storage.set_faults(faults);
        session.append();
        static_cast<void>(session.writer->commit());
        std::abort();
      },
      ::testing::ExitedWithCode(kExitSyncError), "cannot be made durable: .*sync");
}

TEST(JournalFault, a_write_error_is_as_final_as_a_sync_error) {
  MemoryStorage storage;
  int reports = 0;
  WriterOptions options = small_segments();
  options.on_sync_error = [&reports](const std::string&) { ++reports; };
  Session session(storage, options);
  ASSERT_TRUE(eventually([&] { return is_prepared(storage, 2); }));
  Faults faults;
  faults.fail_write_at = 1;
  storage.set_faults(faults);
  ASSERT_EQ(session.append(), AppendResult::appended);
  EXPECT_FALSE(session.writer->commit());
  EXPECT_EQ(reports, 1);
  EXPECT_EQ(storage.syncs(), 0u);
}

TEST(JournalFault, short_and_interrupted_transfers_change_nothing) {
  MemoryStorage storage;
  Faults faults;
  faults.write_bytes_max = 1'000;
  faults.read_bytes_max = 777;
  faults.interrupt_every = 3;
  storage.set_faults(faults);
  {
    Session session(storage, small_segments(16 * 1024));
    for (int i = 0; i < 12; ++i) session.append_group(2);
  }
  const Session again(storage);
  EXPECT_EQ(again.recovered.last_batch, 24u);
  EXPECT_EQ(again.recovered.first_cut_batch, 0u);
}

TEST(JournalFault, no_space_at_roll_over_is_a_state_and_service_returns_with_space) {
  MemoryStorage storage;
  Session session(storage, small_segments(16 * 1024));
  session.append_group(1);
  ASSERT_TRUE(eventually([&] { return is_prepared(storage, 2); }));
  Faults faults;
  faults.capacity_bytes = 36 * 1024;  // two segments, not three
  storage.set_faults(faults);
  session.append_group(1);
  session.append_group(1);
  EXPECT_EQ(session.writer->space_state(), SpaceState::normal);
  session.append_group(1);  // rolls over; the third cannot be prepared
  ASSERT_TRUE(eventually([&] { return session.writer->space_state() == SpaceState::reserve; }));
  EXPECT_EQ(session.writer->reserve_bytes(), 8u * 1024);
  session.append_group(1);  // cancels still go on
  session.append_group(1);
  EXPECT_EQ(session.writer->reserve_bytes(), 0u);
  EXPECT_EQ(session.append(), AppendResult::no_space);
  EXPECT_EQ(session.append(), AppendResult::no_space);
  EXPECT_TRUE(session.writer->commit());
  EXPECT_EQ(session.writer->durable_batch(), 6u);

  faults.capacity_bytes = UINT64_MAX;
  storage.set_faults(faults);
  ASSERT_TRUE(eventually([&] { return session.writer->space_state() == SpaceState::normal; }));
  EXPECT_EQ(session.append(), AppendResult::appended);
  EXPECT_TRUE(session.writer->commit());
  const ReadJournal journal = read_journal(storage);
  EXPECT_EQ(journal.status, ReadStatus::end);
  EXPECT_EQ(journal.batches.size(), 7u);
}

TEST(JournalFault, no_space_in_the_middle_of_a_group_keeps_what_was_appended) {
  MemoryStorage storage;
  Session session(storage, small_segments(8 * 1024));
  ASSERT_TRUE(eventually([&] { return is_prepared(storage, 2); }));
  session.append_group(1);
  Faults faults;
  faults.capacity_bytes = 1;
  storage.set_faults(faults);
  session.append_group(1);  // into the prepared second segment, which is then full
  EXPECT_EQ(session.append(), AppendResult::no_space);
  ASSERT_TRUE(session.writer->commit());
  EXPECT_EQ(read_journal(storage).batches.size(), 2u);
}

TEST(JournalFault, a_start_without_space_is_refused_with_a_message) {
  MemoryStorage storage;
  Faults faults;
  faults.capacity_bytes = 10'000;
  storage.set_faults(faults);
  DataDirectory directory(storage);
  ASSERT_TRUE(directory.open(test_options()).ok());
  JournalWriter writer(directory, small_segments());
  const Status opened = writer.open({});
  EXPECT_EQ(opened.error, ENOSPC);
  EXPECT_NE(opened.message.find("fill with zeros"), std::string::npos) << opened.message;
  EXPECT_FALSE(storage.exists("data/journal/00000001.prepared.tmp"));
}

TEST(JournalFault, a_failed_preparation_stops_only_the_roll_over_that_needs_it) {
  MemoryStorage storage;
  int reports = 0;
  WriterOptions options = small_segments(8 * 1024);
  options.on_sync_error = [&reports](const std::string&) { ++reports; };
  Session session(storage, options);
  ASSERT_TRUE(eventually([&] { return is_prepared(storage, 2); }));
  session.append_group(1);
  Faults faults;
  faults.fail_sync_at = 3;  // header of segment 2, its group, then the zeros of segment 3
  storage.set_faults(faults);
  ASSERT_EQ(session.append(), AppendResult::appended);
  const bool first = session.writer->commit();
  if (first) {
    EXPECT_EQ(session.append(), AppendResult::appended);
    EXPECT_FALSE(session.writer->commit());
  }
  EXPECT_EQ(reports, 1);
}

TEST(JournalFault, a_slow_sync_delays_durability_but_not_its_order) {
  MemoryStorage storage;
  Session session(storage);
  ASSERT_TRUE(eventually([&] { return is_prepared(storage, 2); }));
  BatchNumber seen_during_sync = 99;
  Faults faults;
  faults.on_sync = [&] { seen_during_sync = session.writer->durable_batch(); };
  storage.set_faults(faults);
  session.append_group(3);
  EXPECT_EQ(seen_during_sync, 0u);
  session.append_group(2);
  EXPECT_EQ(seen_during_sync, 3u);
  EXPECT_EQ(session.writer->durable_batch(), 5u);
  storage.set_faults({});
}

// What the disk holds if the power goes at each sync of a run, and what was durable by then.
class PowerCuts {
 public:
  void watch(MemoryStorage& storage, Session& session) {
    Faults faults;
    faults.on_sync = [this, &storage, &session] {
      const std::lock_guard guard(mutex_);
      const BatchNumber durable = session.writer ? session.writer->durable_batch() : 0;
      for (uint64_t seed = 0; seed < 4; ++seed) {
        images_.push_back({durable, storage.after_power_cut(images_.size())});
      }
      images_.push_back({durable, storage.after_power_cut()});
    };
    storage.set_faults(faults);
  }

  void check(const std::vector<ReadBatch>& truth) {
    for (const Image& image : images_) {
      Session session(*image.storage, small_segments(32 * 1024));
      ASSERT_TRUE(session.recovered.status.ok());
      const BatchNumber last = session.recovered.last_batch;
      ASSERT_GE(last, image.durable);
      session.append_group(1);
      const ReadJournal after = read_journal(*image.storage);
      ASSERT_EQ(after.status, ReadStatus::end) << after.end.message;
      for (std::size_t i = 0; i < last; ++i) ASSERT_EQ(after.batches[i].bytes, truth[i].bytes);
    }
  }

  std::size_t size() const { return images_.size(); }

 private:
  struct Image {
    BatchNumber durable;
    std::unique_ptr<MemoryStorage> storage;
  };
  std::mutex mutex_;
  std::vector<Image> images_;
};

TEST(JournalFault, a_power_cut_at_any_sync_loses_nothing_durable_whatever_pages_survive) {
  MemoryStorage storage;
  PowerCuts cuts;
  {
    Session session(storage, small_segments(32 * 1024));
    cuts.watch(storage, session);
    for (int i = 0; i < 30; ++i) session.append_group(1 + i % 3, i % 4 == 0 ? 20 : 2);
    session.writer.reset();
    storage.set_faults({});
  }
  const std::vector<ReadBatch> truth = read_journal(storage).batches;
  ASSERT_EQ(truth.size(), 60u);
  ASSERT_GT(cuts.size(), 150u);
  cuts.check(truth);
}

TEST(DataDirectory, belongs_to_one_owner_at_a_time) {
  MemoryStorage memory;
  const std::string folder = ::testing::TempDir() + "journal_lock_test";
  for (const bool is_posix : {false, true}) {
    Storage& used = is_posix ? posix_storage() : memory;
    const std::string path = is_posix ? folder : "data";
    auto first = std::make_unique<DataDirectory>(used);
    ASSERT_TRUE(first->open(test_options(path)).ok());
    DataDirectory second(used);
    const Status refused = second.open(test_options(path));
    EXPECT_FALSE(refused.ok());
    EXPECT_NE(refused.message.find("another process owns"), std::string::npos);
    DataDirectory tool(used);
    EXPECT_TRUE(tool.open_read_only(path).ok());
    EXPECT_FALSE(tool.is_owner());
    first.reset();
    DataDirectory third(used);
    EXPECT_TRUE(third.open(test_options(path)).ok());
  }
}

TEST(DataDirectory, keeps_its_random_cluster_id) {
  MemoryStorage storage;
  DataDirectoryOptions options;
  options.path = "one";
  DataDirectory one(storage);
  ASSERT_TRUE(one.open(options).ok());
  options.path = "two";
  DataDirectory two(storage);
  ASSERT_TRUE(two.open(options).ok());
  EXPECT_NE(one.cluster_id(), two.cluster_id());
  DataDirectory again(storage);
  ASSERT_TRUE(again.open_read_only("one").ok());
  EXPECT_EQ(again.cluster_id(), one.cluster_id());
}

TEST(DataDirectory, without_its_cluster_id_but_with_segments_is_refused) {
  MemoryStorage storage;
  {
    Session session(storage);
  }
  storage.remove("data/cluster_id");
  DataDirectory directory(storage);
  const Status opened = directory.open(test_options());
  EXPECT_NE(opened.message.find("cluster_id: missing"), std::string::npos) << opened.message;
  storage.set_content("data/cluster_id", std::vector<std::byte>(33, std::byte{'z'}));
  DataDirectory damaged(storage);
  EXPECT_FALSE(damaged.open_read_only("data").ok());
}

TEST(DataDirectory, on_a_volatile_file_system_is_refused_if_asked) {
  MemoryStorage storage;
  Faults faults;
  faults.is_volatile = true;
  storage.set_faults(faults);
  DataDirectoryOptions options = test_options();
  options.refuse_volatile = true;
  DataDirectory directory(storage);
  EXPECT_NE(directory.open(options).message.find("power cut"), std::string::npos);
  DataDirectory sandbox(storage);
  EXPECT_TRUE(sandbox.open(test_options()).ok());
}

}  // namespace
}  // namespace perpetua::journal
