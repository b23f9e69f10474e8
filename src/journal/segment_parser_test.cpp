// Each rule of the parser by itself, on segments made by hand: whole records that break one rule,
// and one piece of evidence at a time behind bad bytes.
#include "journal/segment_parser.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "journal/journal_test_support.hpp"

namespace perpetua::journal {
namespace {

using testing::make_batch;
using testing::TestBatch;

constexpr std::size_t kSegmentBytes = 64 * 1024;

// A segment of epoch 3 that begins with batch 1, filled with zeros.
class SegmentParserTest : public ::testing::Test {
 protected:
  SegmentParserTest() : bytes_(kSegmentBytes) {
    header_.epoch = 3;
    header_.segment_number = 1;
    header_.first_batch = 1;
    header_.cluster_id = testing::test_cluster_id();
    const auto block = encode_segment_header(header_);
    std::memcpy(bytes_.data(), block.data(), block.size());
  }

  static RecordHeader record(BatchNumber batch, BatchNumber group_first, BatchNumber durable) {
    RecordHeader header;
    header.batch = batch;
    header.epoch = 3;
    header.log_time_ms = 1'000;
    header.first_event = 10;
    header.durable_batch = durable;
    header.group_first = group_first;
    header.command_count = 1;
    return header;
  }

  // Puts a whole record at `offset`; returns its hash.
  uint64_t put(uint64_t offset, RecordHeader header) {
    TestBatch batch = make_batch(header.batch, 1);
    header.text_length = static_cast<uint32_t>(batch.text.size());
    return encode_record(header, batch.input(), record_crc_seed(header_.cluster_id),
                         std::span(bytes_).subspan(offset, size_of(header.batch)));
  }
  static uint64_t size_of(BatchNumber batch) {
    return record_bytes(1, make_batch(batch, 1).text.size());
  }

  // Reads until something other than a record comes.
  ParseStatus parse() {
    parser_.emplace(bytes_, header_);
    chain_ = ChainState{};
    StoredBatch batch;
    ParseStatus status = ParseStatus::record;
    while ((status = parser_->next(chain_, batch)) == ParseStatus::record) {
    }
    return status;
  }
  std::string proof() {
    EXPECT_EQ(parse(), ParseStatus::bad);
    const char* reason = parser_->proof_of_durability(chain_);
    return reason == nullptr ? "none" : reason;
  }

  SegmentHeader header_;
  std::vector<std::byte> bytes_;
  std::optional<SegmentParser> parser_;
  ChainState chain_;
};

TEST_F(SegmentParserTest, accepts_the_records_the_other_tests_break) {
  const uint64_t hash = put(kBlockBytes, record(1, 1, 0));
  RecordHeader second = record(2, 1, 0);
  second.prev_hash = hash;
  put(kBlockBytes + size_of(1), second);
  EXPECT_EQ(parse(), ParseStatus::end);
  EXPECT_EQ(chain_.next_batch, 3u);
}

TEST_F(SegmentParserTest, refuses_whole_records_that_do_not_continue_the_chain) {
  const uint64_t hash = put(kBlockBytes, record(1, 1, 0));
  const uint64_t second_offset = kBlockBytes + size_of(1);
  struct Case {
    const char* reason;
    std::function<void(RecordHeader&)> change;
  };
  const Case cases[] = {
      {"batch number", [](RecordHeader& header) { header.batch = 3; }},
      {"hash chain", [](RecordHeader& header) { header.prev_hash ^= 1; }},
      {"epoch", [](RecordHeader& header) { header.epoch = 4; }},
      {"log time", [](RecordHeader& header) { header.log_time_ms = 999; }},
      {"event sequence", [](RecordHeader& header) { header.first_event = 9; }},
      {"group and durable", [](RecordHeader& header) { header.group_first = 3; }},
      {"group and durable", [](RecordHeader& header) { header.durable_batch = 1; }},
      {"zeros belong", [](RecordHeader& header) { header.zero = 1; }},
  };
  for (const Case& one : cases) {
    RecordHeader second = record(2, 1, 0);
    second.prev_hash = hash;
    one.change(second);
    std::fill(bytes_.begin() + static_cast<long>(second_offset), bytes_.end(), std::byte{0});
    put(second_offset, second);
    ASSERT_EQ(parse(), ParseStatus::bad) << one.reason;
    EXPECT_NE(std::string(parser_->reason()).find(one.reason), std::string::npos)
        << parser_->reason();
    EXPECT_EQ(parser_->offset(), second_offset);
  }
}

TEST_F(SegmentParserTest, refuses_a_watermark_that_goes_backwards) {
  const uint64_t hash = put(kBlockBytes, record(1, 1, 0));
  RecordHeader second = record(2, 2, 1);
  second.prev_hash = hash;
  const uint64_t second_hash = put(2 * kBlockBytes, second);
  RecordHeader third = record(3, 3, 0);
  third.prev_hash = second_hash;
  put(3 * kBlockBytes, third);
  EXPECT_EQ(parse(), ParseStatus::bad);
  EXPECT_STREQ(parser_->reason(), "durable batch goes backwards");
}

TEST_F(SegmentParserTest, bytes_alone_prove_nothing) {
  bytes_[kBlockBytes] = std::byte{1};
  bytes_[3 * kBlockBytes + 77] = std::byte{1};
  EXPECT_EQ(proof(), "none");
}

TEST_F(SegmentParserTest, a_record_of_the_same_group_proves_nothing) {
  bytes_[kBlockBytes] = std::byte{1};
  put(2 * kBlockBytes, record(2, 1, 0));
  EXPECT_EQ(proof(), "none");
}

TEST_F(SegmentParserTest, an_older_record_proves_nothing) {
  put(kBlockBytes, record(1, 1, 0));
  bytes_[kBlockBytes + size_of(1)] = std::byte{1};
  put(2 * kBlockBytes, record(1, 1, 0));
  EXPECT_EQ(proof(), "none");
}

TEST_F(SegmentParserTest, a_watermark_behind_proves_durability) {
  bytes_[kBlockBytes] = std::byte{1};
  put(2 * kBlockBytes, record(2, 1, 1));
  EXPECT_NE(proof().find("says that it had been durable"), std::string::npos);
}

TEST_F(SegmentParserTest, a_record_of_a_later_group_proves_durability) {
  bytes_[kBlockBytes] = std::byte{1};
  put(2 * kBlockBytes, record(2, 2, 0));
  EXPECT_NE(proof().find("later group"), std::string::npos);
}

TEST_F(SegmentParserTest, the_next_group_behind_bad_padding_proves_durability) {
  put(kBlockBytes, record(1, 1, 0));
  bytes_[kBlockBytes + size_of(1)] = std::byte{1};
  put(2 * kBlockBytes, record(3, 2, 0));  // batch 2, where the group began, is bad as well
  EXPECT_NE(proof().find("later group"), std::string::npos);
}

TEST_F(SegmentParserTest, the_expected_record_further_behind_proves_durability) {
  const uint64_t hash = put(kBlockBytes, record(1, 1, 0));
  bytes_[kBlockBytes + size_of(1)] = std::byte{1};
  RecordHeader second = record(2, 1, 0);
  second.prev_hash = hash;
  put(2 * kBlockBytes, second);
  EXPECT_NE(proof().find("valid next record"), std::string::npos);
}

}  // namespace
}  // namespace perpetua::journal
