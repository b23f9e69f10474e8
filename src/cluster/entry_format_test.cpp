#include "cluster/entry_format.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/schema/batch.hpp"
#include "journal/crc32c.hpp"

namespace perpetua::cluster {
namespace {

using runtime::Submission;

std::vector<Submission> make_request() {
  std::vector<Submission> request(3);
  request[0].command = Command(CommandType::place_order, 7, 0);
  request[0].command.place.price = Price(65'000);
  request[0].command.place.lots = Lots(3);
  request[0].command.header.key = {1, 2};
  request[0].command.header.valid_until_ms = 1'750'000'005'000;
  request[0].text = "a reason";
  request[1].command = Command(CommandType::cancel_all, 7);
  request[2].command = Command(CommandType::post_thought, 7);
  request[2].text = std::string("bytes \0\xff", 8);
  return request;
}

std::string make_bytes() { return encode_entry(0x1122334455667788, 42, make_request()); }

// With a checksum that fits, so that the checks behind it are reached.
std::string resealed(std::string bytes) {
  const uint32_t before = journal::crc32c(bytes.data(), 8);
  const uint32_t crc = journal::crc32c(bytes.data() + 12, bytes.size() - 12, before);
  std::memcpy(bytes.data() + 8, &crc, sizeof crc);
  return bytes;
}

template <class Number>
std::string with(std::string bytes, std::size_t at, Number value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
  return resealed(std::move(bytes));
}

// In memory that ends where the bytes end: a sanitizer sees a read beyond.
EntryStatus decode_exactly(std::string_view bytes) {
  const std::vector<char> copy(bytes.begin(), bytes.end());
  Entry entry;
  return decode_entry({copy.data(), copy.size()}, entry);
}

TEST(EntryFormat, ARequestComesBackAsItWas) {
  const std::vector<Submission> request = make_request();
  const std::string bytes = make_bytes();
  EXPECT_EQ(bytes.size(), kEntryHeaderBytes + 3 * kCommandBytes + 16);
  Entry entry;
  ASSERT_EQ(decode_entry(bytes, entry), EntryStatus::ok);
  EXPECT_EQ(entry.gateway, 0x1122334455667788u);
  EXPECT_EQ(entry.token, 42u);
  EXPECT_EQ(entry.text_bytes, 16u);
  ASSERT_EQ(entry.submissions.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    Command sent = request[i].command;
    Command read = entry.submissions[i].command;
    read.header.text_offset = read.header.text_length = 0;
    EXPECT_EQ(std::memcmp(&sent, &read, sizeof sent), 0) << i;
    EXPECT_EQ(entry.submissions[i].text, request[i].text);
    EXPECT_EQ(entry.submissions[i].target.channel, 0u);
  }
}

TEST(EntryFormat, EveryTruncationAndEveryFlippedBitIsRefused) {
  const std::string bytes = make_bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(decode_exactly(bytes.substr(0, size)), EntryStatus::damaged) << size;
  }
  EXPECT_EQ(decode_exactly(bytes + '\0'), EntryStatus::damaged);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(flipped[at] ^ 1 << bit);
      EXPECT_EQ(decode_exactly(flipped), EntryStatus::damaged) << at << " " << bit;
    }
  }
}

TEST(EntryFormat, WhatDoesNotFitTogetherIsRefusedUnderAGoodChecksum) {
  const std::string bytes = make_bytes();
  ASSERT_EQ(decode_exactly(resealed(bytes)), EntryStatus::ok);
  EXPECT_EQ(decode_exactly(with(bytes, 0, kEntryMagic + 1)), EntryStatus::damaged);
  EXPECT_EQ(decode_exactly(with(bytes, 4, uint16_t{2})), EntryStatus::other_schema);
  EXPECT_EQ(decode_exactly(with(bytes, 16, kSchemaHash + 1)), EntryStatus::other_schema);
  for (const uint16_t count : {0, 2, 4, 101, 65'535}) {
    EXPECT_EQ(decode_exactly(with(bytes, 6, count)), EntryStatus::damaged) << count;
  }
  for (const uint32_t text_bytes : {0u, 15u, 17u, UINT32_MAX}) {
    EXPECT_EQ(decode_exactly(with(bytes, 12, text_bytes)), EntryStatus::damaged) << text_bytes;
  }
  const std::size_t third = kEntryHeaderBytes + 2 * kCommandBytes;
  EXPECT_EQ(decode_exactly(with(bytes, third + 2, uint16_t{9})), EntryStatus::damaged);
  EXPECT_EQ(decode_exactly(with(bytes, third + 8, UINT32_MAX)), EntryStatus::damaged);
  EXPECT_EQ(decode_exactly(with(bytes, third + 8, 17u)), EntryStatus::damaged);
}

// It would move the engine's position in a stream.
TEST(EntryFormat, AMarkerInAnEntryIsRefused) {
  const auto marker = static_cast<uint8_t>(CommandType::consume_stream);
  EXPECT_EQ(decode_exactly(with(make_bytes(), kEntryHeaderBytes, marker)), EntryStatus::damaged);
}

TEST(EntryFormat, CommandsMayNotShareMoreTextThanABatchHolds) {
  std::vector<Submission> request(100);
  for (Submission& submission : request) submission.text.assign(8'000, 'x');
  std::string bytes = encode_entry(1, 1, request);
  ASSERT_EQ(decode_exactly(bytes), EntryStatus::ok);
  for (std::size_t i = 0; i < 100; ++i) {
    const std::size_t at = kEntryHeaderBytes + i * kCommandBytes;
    bytes = with(with(bytes, at + 2, UINT16_MAX), at + 8, 0u);
  }
  EXPECT_EQ(decode_exactly(bytes), EntryStatus::damaged);
}

// What is written today is what was written when the file was recorded. If a change is meant, raise
// kEntryVersion or kSchemaHash and record anew: PERPETUA_GOLDEN_WRITE=1.
TEST(EntryFormat, GoldenFile) {
  const std::filesystem::path path = std::filesystem::path(PERPETUA_GOLDEN_DIR) / "entry.bin";
  if (std::getenv("PERPETUA_GOLDEN_WRITE") != nullptr) {
    std::ofstream(path, std::ios::binary) << make_bytes();
  }
  std::ifstream file(path, std::ios::binary);
  const std::string golden((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(golden, make_bytes());
}

}  // namespace
}  // namespace perpetua::cluster
