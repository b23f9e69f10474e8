// What is appended and committed comes back the same, across groups, segments and starts.
#include <gtest/gtest.h>

#include <cstring>

#include "journal/crc32c.hpp"
#include "journal/journal_test_support.hpp"

namespace perpetua::journal {
namespace {

using namespace testing;

TEST(Crc32c, known_values_and_both_paths_agree) {
  EXPECT_EQ(crc32c("123456789", 9), 0xE3069283u);
  EXPECT_EQ(crc32c_table("123456789", 9), 0xE3069283u);
  std::vector<unsigned char> bytes(1'000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i * 37);
  for (std::size_t begin = 0; begin < 9; ++begin) {
    for (std::size_t size = 0; size < 300; ++size) {
      ASSERT_EQ(crc32c(bytes.data() + begin, size, 7), crc32c_table(bytes.data() + begin, size, 7));
    }
  }
  EXPECT_EQ(crc32c(bytes.data() + 10, 90, crc32c(bytes.data(), 10)), crc32c(bytes.data(), 100));
}

TEST(Journal, batches_come_back_as_they_were_appended) {
  MemoryStorage storage;
  {
    Session session(storage);
    session.append_group(3);
    session.append_group(1, 0);  // an empty batch: expiry by time
    session.append_group(5, 7);
    EXPECT_EQ(session.writer->durable_batch(), 9u);
  }
  const ReadJournal journal = read_journal(storage);
  ASSERT_EQ(journal.status, ReadStatus::end);
  ASSERT_EQ(journal.batches.size(), 9u);
  for (const ReadBatch& batch : journal.batches) {
    const uint32_t commands = batch.number <= 3 ? 2 : batch.number == 4 ? 0 : 7;
    EXPECT_EQ(batch.bytes, bytes_of(make_batch(batch.number, commands).input()));
    EXPECT_EQ(batch.epoch, 1u);
  }
  EXPECT_EQ(journal.batches[0].group_first, 1u);
  EXPECT_EQ(journal.batches[2].group_first, 1u);
  EXPECT_EQ(journal.batches[8].group_first, 5u);
  EXPECT_EQ(journal.batches[4].offset % kBlockBytes, 0u);
}

TEST(Journal, nothing_is_written_before_commit) {
  MemoryStorage storage;
  {
    Session session(storage);
    session.append_group(2);
    EXPECT_EQ(session.append(), AppendResult::appended);
    EXPECT_EQ(session.writer->last_appended(), 3u);
    EXPECT_EQ(session.writer->durable_batch(), 2u);
  }
  EXPECT_EQ(read_journal(storage).batches.size(), 2u);
}

TEST(Journal, one_group_is_one_write_and_one_sync) {
  MemoryStorage storage;
  Session session(storage);
  session.append_group(1);
  // The next segment is being prepared; let that end before counting.
  while (!storage.exists("data/journal/" + prepared_name(2))) std::this_thread::yield();
  const uint64_t writes = storage.writes();
  const uint64_t syncs = storage.syncs();
  session.append_group(20);
  EXPECT_EQ(storage.writes(), writes + 1);
  EXPECT_EQ(storage.syncs(), syncs + 1);
  ASSERT_TRUE(session.writer->commit());
  EXPECT_EQ(storage.syncs(), syncs + 1);
}

TEST(Journal, rolls_over_segments_and_reads_from_any_batch) {
  MemoryStorage storage;
  {
    Session session(storage, small_segments(16 * 1024));
    for (int i = 0; i < 20; ++i) session.append_group(2);
  }
  const ReadJournal whole = read_journal(storage);
  ASSERT_EQ(whole.status, ReadStatus::end);
  ASSERT_EQ(whole.batches.size(), 40u);
  EXPECT_GT(whole.batches.back().segment_number, 5u);
  for (BatchNumber from = 1; from <= 41; ++from) {
    const ReadJournal part = read_journal(storage, "data", from);
    ASSERT_EQ(part.status, ReadStatus::end);
    const std::vector<ReadBatch> expected(whole.batches.begin() + static_cast<long>(from) - 1,
                                          whole.batches.end());
    ASSERT_EQ(part.batches, expected) << from;
  }
}

TEST(Journal, every_start_opens_a_segment_under_the_next_epoch) {
  MemoryStorage storage;
  for (uint64_t start = 1; start <= 4; ++start) {
    Session session(storage);
    ASSERT_EQ(session.writer->epoch(), start);
    session.append_group(1);
  }
  {
    const Session without_batches(storage);
  }
  Session last(storage);
  last.append_group(1);
  const ReadJournal journal = read_journal(storage);
  ASSERT_EQ(journal.status, ReadStatus::end);
  ASSERT_EQ(journal.batches.size(), 5u);
  EXPECT_EQ(journal.batches[4].epoch, 6u);
  EXPECT_EQ(journal.batches[4].segment_number, 6u);
  EXPECT_EQ(journal.end.segments, 6u);
}

TEST(Journal, a_full_group_asks_for_a_commit) {
  MemoryStorage storage;
  Session session(storage, small_segments(16 * 1024));
  uint32_t appended = 0;
  TestBatch batch = make_batch(1, 2);
  while (session.writer->append(batch.input(), 1) == AppendResult::appended) {
    batch = make_batch(++appended + 1, 2);
    ASSERT_LT(appended, 1'000u);
  }
  EXPECT_EQ(session.writer->append(batch.input(), 1), AppendResult::group_full);
  ASSERT_TRUE(session.writer->commit());
  EXPECT_EQ(session.writer->append(batch.input(), 1), AppendResult::appended);
  ASSERT_TRUE(session.writer->commit());
  EXPECT_EQ(session.writer->durable_batch(), appended + 1);
}

TEST(Journal, largest_batch_fits_the_default_segment) {
  MemoryStorage storage;
  Session session(storage, small_segments(8u << 20));
  TestBatch batch;
  batch.number = 1;
  batch.commands.resize(limits::kBatchCommandsMax);
  batch.text.assign(limits::kBatchTextBytesMax, 'x');
  EXPECT_EQ(session.writer->append(batch.input(), 1), AppendResult::appended);
  ASSERT_TRUE(session.writer->commit());
  const ReadJournal journal = read_journal(storage);
  ASSERT_EQ(journal.batches.size(), 1u);
  EXPECT_EQ(journal.batches[0].bytes, bytes_of(batch.input()));
}

TEST(Journal, a_wrong_segment_size_is_refused_with_its_range) {
  for (const uint64_t bytes : {uint64_t{4096}, uint64_t{10'000}, kSegmentBytesMax + 4096}) {
    MemoryStorage storage;
    DataDirectory directory(storage);
    ASSERT_TRUE(directory.open(test_options()).ok());
    JournalWriter writer(directory, small_segments(bytes));
    const Status opened = writer.open({});
    EXPECT_FALSE(opened.ok());
    EXPECT_NE(opened.message.find(std::to_string(bytes)), std::string::npos) << opened.message;
  }
}

TEST(JournalDeathTest, batches_out_of_order_abort) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  MemoryStorage storage;
  Session session(storage);
  session.append_group(1);
  EXPECT_DEATH(session.writer->append(make_batch(3, 1).input(), 1), "next_batch_");
  TestBatch early = make_batch(2, 1);
  early.log_time_ms = 5;
  EXPECT_DEATH(session.writer->append(early.input(), 1), "log_time_ms");
  TestBatch outside = make_batch(2, 1);
  outside.commands[0].header.text_offset = 1'000;
  EXPECT_DEATH(session.writer->append(outside.input(), 1), "is_within_limits");
}

}  // namespace
}  // namespace perpetua::journal
