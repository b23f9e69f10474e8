// Torn tails are cut to the exact prefix; everything else that is not what was written is refused.
#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "journal/journal_test_support.hpp"

namespace perpetua::journal {
namespace {

using namespace testing;

// Every bit; under the thread sanitizer, which slows these one-threaded loops most, every 61st.
#ifdef __SANITIZE_THREAD__
constexpr std::size_t kBitStep = 61;
#else
constexpr std::size_t kBitStep = 1;
#endif

const std::string kFirst = "data/journal/" + segment_name(1);

// Copies a segment's bytes between storages and restores the folder around them.
struct Image {
  std::map<std::string, std::vector<std::byte>> files;

  static Image of(MemoryStorage& storage) {
    Image image;
    for (const char* folder : {"data", "data/journal", "data/snapshots"}) {
      std::vector<std::string> names;
      storage.list(folder, names);
      for (const std::string& name : names) {
        const std::string path = std::string(folder) + "/" + name;
        image.files[path] = storage.content(path);
      }
    }
    return image;
  }

  void restore(MemoryStorage& storage) const {
    storage.make_directory("data");
    storage.make_directory("data/journal");
    storage.make_directory("data/snapshots");
    for (const auto& [path, bytes] : files) storage.set_content(path, bytes);
  }
};

// Three groups; the last holds three records. No prepared segment, some zeros behind.
Image small_journal(uint32_t commands) {
  MemoryStorage storage;
  {
    Session session(storage);
    session.append_group(2, commands);
    session.append_group(1, commands);
    session.append_group(3, commands);
  }
  Image image = Image::of(storage);
  image.files.erase("data/journal/" + prepared_name(2));
  image.files[kFirst].resize(5 * kBlockBytes);  // header, three groups, one block of zeros
  return image;
}

TEST(JournalDamage, a_cut_at_every_byte_of_the_last_records_keeps_the_exact_prefix) {
  for (const bool is_one_group : {true, false}) {
    MemoryStorage original;
    {
      Session session(original);
      session.append_group(4);
      if (is_one_group) session.append_group(3);
      if (!is_one_group) {
        for (int i = 0; i < 3; ++i) session.append_group(1);
      }
    }
    const ReadJournal whole = read_journal(original);
    ASSERT_EQ(whole.batches.size(), 7u);
    const Image image = Image::of(original);
    for (uint64_t cut = whole.batches[4].offset; cut <= whole.end.offset; ++cut) {
      MemoryStorage storage;
      image.restore(storage);
      auto bytes = image.files.at(kFirst);
      bytes.resize(cut);
      storage.set_content(kFirst, bytes);
      BatchNumber expected = 4;
      while (expected < 7 && whole.batches[expected].end_offset <= cut) ++expected;
      Session session(storage);
      ASSERT_TRUE(session.recovered.status.ok());
      ASSERT_EQ(session.recovered.last_batch, expected) << cut;
      ASSERT_EQ(session.engine->last_batch(), expected);
      const BatchNumber first_cut = session.recovered.first_cut_batch;
      ASSERT_TRUE(first_cut == 0 || first_cut == expected + 1) << cut;
      session.append_group(1);
      const ReadJournal after = read_journal(storage);
      ASSERT_EQ(after.status, ReadStatus::end) << after.end.message;
      ASSERT_EQ(after.batches.size(), expected + 1);
      for (std::size_t i = 0; i < expected; ++i) ASSERT_EQ(after.batches[i], whole.batches[i]);
    }
  }
}

TEST(JournalDamage, every_flipped_bit_is_detected_and_nothing_durable_is_cut) {
  const Image image = small_journal(2);
  MemoryStorage storage;
  image.restore(storage);
  const ReadJournal whole = read_journal(storage);
  ASSERT_EQ(whole.status, ReadStatus::end);
  ASSERT_EQ(whole.batches.size(), 6u);
  const uint64_t last_group = whole.batches[3].offset;
  std::vector<std::byte> bytes = image.files.at(kFirst);
  for (std::size_t bit = 0; bit < bytes.size() * 8; bit += kBitStep) {
    const auto mask = static_cast<std::byte>(1u << bit % 8);
    bytes[bit / 8] ^= mask;
    storage.set_content(kFirst, bytes);
    bytes[bit / 8] ^= mask;
    const ReadJournal damaged = read_journal(storage);
    ASSERT_TRUE(damaged.status == ReadStatus::corrupt ||
                damaged.status == ReadStatus::torn_tail) << "bit " << bit;
    ASSERT_LE(damaged.batches.size(), whole.batches.size());
    for (std::size_t i = 0; i < damaged.batches.size(); ++i) {
      ASSERT_EQ(damaged.batches[i], whole.batches[i]) << "bit " << bit;
    }
    const bool is_last_group = bit / 8 >= last_group;
    ASSERT_EQ(damaged.status == ReadStatus::torn_tail, is_last_group)
        << "bit " << bit << ": " << damaged.end.message;
    if (is_last_group) {
      ASSERT_EQ(damaged.end.first_cut_batch, damaged.batches.size() + 1);
      ASSERT_GE(damaged.batches.size(), 3u) << "bit " << bit;
    }
  }
}

TEST(JournalDamage, any_bit_of_a_segment_with_a_successor_is_corruption) {
  MemoryStorage storage;
  {
    Session first(storage);
    first.append_group(2);
  }
  {
    const Session second(storage);
  }
  std::vector<std::byte> bytes = storage.content(kFirst);
  for (std::size_t bit = 0; bit < bytes.size() * 8; bit += kBitStep) {
    const auto mask = static_cast<std::byte>(1u << bit % 8);
    bytes[bit / 8] ^= mask;
    storage.set_content(kFirst, bytes);
    bytes[bit / 8] ^= mask;
    ASSERT_EQ(read_journal(storage).status, ReadStatus::corrupt) << "bit " << bit;
  }
}

TEST(JournalDamage, a_refusal_names_file_and_offset) {
  const Image image = small_journal(2);
  MemoryStorage storage;
  image.restore(storage);
  const uint64_t offset = read_journal(storage).batches[1].offset;
  auto bytes = image.files.at(kFirst);
  bytes[offset + 100] ^= std::byte{1};
  storage.set_content(kFirst, bytes);
  DataDirectory directory(storage);
  ASSERT_TRUE(directory.open(test_options()).ok());
  InlineExecutor executor;
  std::unique_ptr<Engine> engine;
  const RecoveryResult result = recover(directory, {}, executor, nullptr, engine);
  ASSERT_FALSE(result.status.ok());
  EXPECT_NE(result.status.message.find(kFirst), std::string::npos);
  EXPECT_NE(result.status.message.find("offset " + std::to_string(offset)), std::string::npos)
      << result.status.message;
  EXPECT_EQ(storage.content(kFirst), bytes);  // nothing was changed
}

TEST(JournalDamage, an_agent_cannot_forge_a_record_inside_text) {
  // A record whose text is itself a valid record of another cluster id, aligned like one.
  MemoryStorage storage;
  Session session(storage);
  session.append_group(1);
  TestBatch inner = make_batch(9, 1);
  RecordHeader header;
  header.batch = 9;
  header.epoch = 1;
  header.group_first = 9;
  header.durable_batch = 8;
  header.command_count = 1;
  header.text_length = static_cast<uint32_t>(inner.text.size());
  std::vector<std::byte> forged(record_bytes(1, inner.text.size()));
  encode_record(header, inner.input(), 0, forged);
  TestBatch outer;
  outer.number = 2;
  outer.log_time_ms = make_batch(2, 1).log_time_ms;
  outer.text.assign(reinterpret_cast<const char*>(forged.data()), forged.size());
  ASSERT_EQ(session.writer->append(outer.input(), 1), AppendResult::appended);
  ASSERT_TRUE(session.writer->commit());
  auto bytes = storage.content(kFirst);
  bytes[2 * kBlockBytes + 8] ^= std::byte{1};  // tear the outer record
  storage.set_content(kFirst, bytes);
  const ReadJournal journal = read_journal(storage);
  EXPECT_EQ(journal.status, ReadStatus::torn_tail) << journal.end.message;
  EXPECT_EQ(journal.end.first_cut_batch, 2u);
}

TEST(JournalDamage, bytes_beyond_the_reach_of_one_group_are_corruption) {
  MemoryStorage storage;
  {
    Session session(storage, small_segments(8u << 20));
    session.append_group(1);
  }
  auto bytes = storage.content(kFirst);
  bytes[2 * kBlockBytes + 5] = std::byte{1};
  storage.set_content(kFirst, bytes);
  EXPECT_EQ(read_journal(storage).status, ReadStatus::torn_tail);
  bytes[bytes.size() - 1] = std::byte{1};
  storage.set_content(kFirst, bytes);
  EXPECT_EQ(read_journal(storage).status, ReadStatus::corrupt);
}

// Ten segments of one exchange and one of another.
class Segments : public ::testing::Test {
 protected:
  void SetUp() override {
    {
      Session session(storage_, small_segments(8 * 1024));
      for (int i = 0; i < 10; ++i) session.append_group(1);
    }
    ASSERT_EQ(read_journal(storage_).end.segments, 10u);
  }
  static std::string path(uint64_t number) { return "data/journal/" + segment_name(number); }
  void expect_corrupt(const std::string& reason) {
    const ReadJournal journal = read_journal(storage_);
    EXPECT_EQ(journal.status, ReadStatus::corrupt);
    EXPECT_NE(journal.end.message.find(reason), std::string::npos) << journal.end.message;
  }
  MemoryStorage storage_;
};

TEST_F(Segments, missing_in_the_middle) {
  storage_.remove(path(4));
  expect_corrupt("00000004.segment: this segment is missing");
}

TEST_F(Segments, missing_at_the_beginning) {
  storage_.remove(path(1));
  expect_corrupt("00000001.segment: this segment is missing");
}

TEST_F(Segments, missing_at_the_end_shows_by_the_prepared_one) {
  storage_.remove(path(10));
  storage_.set_content("data/journal/" + prepared_name(11), {});
  expect_corrupt("00000010.segment: this segment is missing");
}

TEST_F(Segments, swapped) {
  const auto third = storage_.content(path(3));
  storage_.set_content(path(3), storage_.content(path(5)));
  storage_.set_content(path(5), third);
  expect_corrupt("another number than its name");
}

TEST_F(Segments, duplicated) {
  storage_.set_content(path(11), storage_.content(path(10)));
  expect_corrupt("another number than its name");
}

TEST_F(Segments, of_another_exchange) {
  MemoryStorage other;
  {
    DataDirectory directory(other);
    DataDirectoryOptions options = test_options();
    options.make_cluster_id = [] { return ClusterId{1, 2, 3}; };
    ASSERT_TRUE(directory.open(options).ok());
  }
  {
    Session session(other, small_segments(8 * 1024));
    for (int i = 0; i < 10; ++i) session.append_group(1);
  }
  storage_.set_content(path(7), other.content(path(7)));
  expect_corrupt("belongs to another exchange");
}

TEST_F(Segments, of_another_history_of_the_same_exchange) {
  MemoryStorage other;
  {
    Session session(other, small_segments(8 * 1024));
    for (int i = 0; i < 10; ++i) session.append_group(1, 3);
  }
  storage_.set_content(path(7), other.content(path(7)));
  expect_corrupt("another history");
}

TEST_F(Segments, cut_at_a_record_boundary_in_the_middle) {
  auto bytes = storage_.content(path(6));
  bytes.resize(kBlockBytes);
  storage_.set_content(path(6), bytes);
  expect_corrupt("ends before batch 6");
}

TEST_F(Segments, with_a_cut_header) {
  auto bytes = storage_.content(path(10));
  bytes.resize(kBlockBytes - 1);
  storage_.set_content(path(10), bytes);
  expect_corrupt("header is cut off");
}

TEST_F(Segments, of_another_schema_or_version_are_named_as_such) {
  auto bytes = storage_.content(path(1));
  SegmentHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  header.schema_hash ^= 1;
  auto block = encode_segment_header(header);
  std::memcpy(bytes.data(), block.data(), block.size());
  storage_.set_content(path(1), bytes);
  expect_corrupt("schema hash");
  header.schema_hash ^= 1;
  header.version = 2;
  block = encode_segment_header(header);
  std::memcpy(bytes.data(), block.data(), block.size());
  storage_.set_content(path(1), bytes);
  expect_corrupt("format version");
}

TEST_F(Segments, an_older_epoch_behind_a_newer_one) {
  auto bytes = storage_.content(path(10));
  SegmentHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  header.epoch = 0;
  const auto block = encode_segment_header(header);
  std::memcpy(bytes.data(), block.data(), block.size());
  storage_.set_content(path(10), bytes);
  expect_corrupt("epoch goes backwards");
}

}  // namespace
}  // namespace perpetua::journal
