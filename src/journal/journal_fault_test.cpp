// The journal on a disk that misbehaves: sync errors, short and interrupted transfers, no space,
// slow syncs, power cuts, and a second process.
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
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
  storage.set_faults({});
  storage.power_cut();
  EXPECT_EQ(Session(storage).recovered.last_batch, 2u);
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

TEST(JournalFault, a_power_cut_loses_nothing_durable_whatever_pages_survive) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    MemoryStorage storage;
    BatchNumber durable = 0;
    std::vector<ReadBatch> before;
    {
      Session session(storage);
      session.append_group(2);
      session.append_group(1, 3);
      durable = session.writer->durable_batch();
      // A group of several pages, written but not synced.
      Faults faults;
      faults.fail_sync_at = 0;
      for (int i = 0; i < 4; ++i) ASSERT_EQ(session.append(40), AppendResult::appended);
      bool is_cut = false;
      faults.on_sync = [&] {
        if (!is_cut) storage.power_cut(seed);
        is_cut = true;
      };
      before = read_journal(storage).batches;
      ASSERT_TRUE(eventually([&] { return is_prepared(storage, 2); }));
      storage.set_faults(faults);
      static_cast<void>(session.writer->commit());
      storage.set_faults({});
    }
    Session session(storage);
    ASSERT_TRUE(session.recovered.status.ok()) << seed << session.recovered.status.message;
    ASSERT_GE(session.recovered.last_batch, durable) << seed;
    const ReadJournal after = read_journal(storage);
    ASSERT_EQ(after.status, ReadStatus::end);
    for (std::size_t i = 0; i < durable; ++i) ASSERT_EQ(after.batches[i], before[i]);
    session.append_group(1);
    ASSERT_EQ(read_journal(storage).status, ReadStatus::end);
  }
}

TEST(JournalFault, a_power_cut_at_any_sync_leaves_a_directory_that_starts) {
  for (uint64_t at = 1; at < 60; ++at) {
    MemoryStorage storage;
    BatchNumber durable = 0;
    uint64_t syncs = 0;
    bool is_cut = false;
    {
      Faults faults;
      std::mutex mutex;
      faults.on_sync = [&] {
        const std::lock_guard guard(mutex);
        if (++syncs == at && !is_cut) {
          is_cut = true;
          throw std::runtime_error("power");
        }
      };
      (void)faults;
    }
    Session session(storage, small_segments(8 * 1024));
    for (uint64_t i = 0; i < at % 7; ++i) session.append_group(1);
    durable = session.writer->durable_batch();
    session.writer.reset();
    storage.power_cut(at);
    DataDirectory directory(storage);
    ASSERT_TRUE(directory.open(test_options()).ok());
    InlineExecutor executor;
    std::unique_ptr<Engine> engine;
    const RecoveryResult result = recover(directory, {}, executor, nullptr, engine);
    ASSERT_TRUE(result.status.ok()) << result.status.message;
    ASSERT_EQ(result.last_batch, durable);
  }
}

TEST(DataDirectory, belongs_to_one_owner_at_a_time) {
  for (Storage* storage : {static_cast<Storage*>(nullptr), &posix_storage()}) {
    MemoryStorage memory;
    Storage& used = storage == nullptr ? memory : *storage;
    std::string path = ::testing::TempDir() + "journal_lock_test";
    if (storage == nullptr) path = "data";
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
