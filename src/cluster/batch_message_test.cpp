// The bytes of a message of the batch stream.
#include "cluster/batch_message.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "cluster/message_inbox.hpp"
#include "cluster/reorder_buffer.hpp"

namespace perpetua::cluster {
namespace {

const journal::ClusterId kExchange = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
const uint32_t kSeed = journal::record_crc_seed(kExchange);

std::string record_of(BatchNumber batch, std::string_view text) {
  Command command(CommandType::cancel_all, 7);
  command.header.text_length = static_cast<uint16_t>(text.size());
  const BatchInput input{batch, 1'750'000'000'000, {&command, 1}, text};
  journal::RecordHeader header;
  header.batch = batch;
  header.epoch = 3;
  header.log_time_ms = input.log_time_ms;
  header.group_first = batch;
  header.durable_batch = batch - 1;
  header.command_count = 1;
  header.text_length = static_cast<uint32_t>(text.size());
  std::string bytes(journal::record_bytes(1, text.size()), '\0');
  journal::encode_record(header, input, kSeed,
                         {reinterpret_cast<std::byte*>(bytes.data()), bytes.size()});
  return bytes;
}

MessageHeader header_of(uint32_t records) {
  MessageHeader header;
  header.record_count = records;
  header.epoch = 3;
  header.last_batch = 41;
  header.sent_at_ms = 1'750'000'000'123;
  return header;
}

std::string beat() {
  std::string bytes(sizeof(MessageHeader), '\0');
  seal_message(header_of(0), kSeed, bytes);
  return bytes;
}

std::string message_of(const std::vector<std::string>& records) {
  std::string bytes(sizeof(MessageHeader), '\0');
  for (const std::string& record : records) bytes += record;
  seal_message(header_of(static_cast<uint32_t>(records.size())), kSeed, bytes);
  return bytes;
}

std::string hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
    if (i % 16 == 15) text += '\n';
  }
  return text;
}

TEST(BatchMessage, gives_back_its_header_and_its_records) {
  const std::vector<std::string> records = {record_of(40, "a reason"), record_of(41, "")};
  const std::string bytes = message_of(records);
  BatchMessage message;
  ASSERT_EQ(check_message(bytes, kSeed, message), MessageCheck::ok);
  EXPECT_EQ(message.header.record_count, 2u);
  EXPECT_EQ(message.header.epoch, 3u);
  EXPECT_EQ(message.header.last_batch, 41u);
  std::vector<std::string> read;
  std::vector<BatchNumber> batches;
  std::string_view record;
  BatchNumber batch = 0;
  bool is_whole = false;
  while (next_record(message.records, record, batch, is_whole)) {
    read.emplace_back(record);
    batches.push_back(batch);
  }
  EXPECT_TRUE(is_whole);
  EXPECT_EQ(read, records);
  EXPECT_EQ(batches, (std::vector<BatchNumber>{40, 41}));
}

TEST(BatchMessage, any_changed_byte_of_the_header_is_found) {
  const std::string bytes = beat();
  BatchMessage message;
  ASSERT_EQ(check_message(bytes, kSeed, message), MessageCheck::ok);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] ^= 0x10;
    EXPECT_EQ(check_message(damaged, kSeed, message), MessageCheck::foreign) << i;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(check_message(bytes.substr(0, size), kSeed, message), MessageCheck::ok) << size;
  }
}

TEST(BatchMessage, another_exchange_another_version_and_a_wrong_length_are_refused) {
  BatchMessage message;
  EXPECT_EQ(check_message(beat(), kSeed + 1, message), MessageCheck::foreign);
  std::string bytes(sizeof(MessageHeader), '\0');
  MessageHeader header = header_of(0);
  header.version = 2;
  seal_message(header, kSeed, bytes);
  EXPECT_EQ(check_message(bytes, kSeed, message), MessageCheck::other_version);
  header = header_of(0);
  header.schema_hash ^= 1;
  seal_message(header, kSeed, bytes);
  EXPECT_EQ(check_message(bytes, kSeed, message), MessageCheck::other_version);
  seal_message(header_of(1), kSeed, bytes);
  EXPECT_EQ(check_message(bytes, kSeed, message), MessageCheck::damaged);
  EXPECT_EQ(check_message(message_of({record_of(41, "")}) + "x", kSeed, message),
            MessageCheck::damaged);
}

TEST(BatchMessage, a_record_that_is_cut_off_ends_the_reading) {
  const std::string whole = record_of(41, "a reason");
  for (std::size_t size = 1; size < whole.size(); ++size) {
    std::string_view records(whole.data(), size);
    std::string_view record;
    BatchNumber batch = 0;
    bool is_whole = true;
    EXPECT_FALSE(next_record(records, record, batch, is_whole)) << size;
    EXPECT_FALSE(is_whole) << size;
  }
}

// What is sent today is what was sent when this was recorded. A change is a new kMessageVersion:
// record anew with PERPETUA_GOLDEN_WRITE=1.
TEST(BatchMessage, is_written_as_it_was_recorded) {
  const std::string now =
      "beat\n" + hex(beat()) + "message\n" + hex(message_of({record_of(41, "a reason")}));
  const std::string path = PERPETUA_GOLDEN_DIR "/messages.txt";
  if (std::getenv("PERPETUA_GOLDEN_WRITE") != nullptr) std::ofstream(path) << now;
  std::ifstream file(path);
  EXPECT_EQ(now, std::string(std::istreambuf_iterator<char>(file), {}));
}

TEST(ReorderBuffer, gives_records_in_order_and_keeps_within_its_bounds) {
  ReorderBuffer buffer(10, 3);
  EXPECT_TRUE(buffer.put(7, "seven"));
  EXPECT_TRUE(buffer.put(5, "five"));
  EXPECT_FALSE(buffer.put(5, "five"));
  EXPECT_FALSE(buffer.put(6, "six"));  // eleven bytes
  EXPECT_FALSE(buffer.take_up_to(4).has_value());
  EXPECT_EQ(buffer.take_up_to(9), "five");
  EXPECT_TRUE(buffer.put(8, "8"));
  EXPECT_TRUE(buffer.put(9, "9"));
  EXPECT_FALSE(buffer.put(6, ""));  // a fourth
  EXPECT_EQ(buffer.take_up_to(9), "seven");
  EXPECT_EQ(buffer.take_up_to(8), "8");
  EXPECT_EQ(buffer.take_up_to(8), std::nullopt);
  EXPECT_EQ(buffer.take_up_to(9), "9");
}

TEST(MessageInbox, keeps_what_fits_and_tells_of_the_rest) {
  MessageInbox inbox(10, 3);
  const auto past = std::chrono::steady_clock::now();
  inbox.push("123456");
  inbox.push("1234567");
  inbox.push("1234");
  MessageInbox::Content content = inbox.take(past);
  EXPECT_EQ(content.messages, (std::vector<std::string>{"123456", "1234"}));
  EXPECT_TRUE(content.has_overflown);
  for (int i = 0; i < 4; ++i) inbox.push("1");
  content = inbox.take(past);
  EXPECT_EQ(content.messages.size(), 3u);
  EXPECT_TRUE(content.has_overflown);
  content = inbox.take(past);
  EXPECT_TRUE(content.messages.empty());
  EXPECT_FALSE(content.has_overflown);
  inbox.tell_lost();
  inbox.stop();
  content = inbox.take(std::chrono::steady_clock::time_point::max());
  EXPECT_TRUE(content.has_lost);
  EXPECT_TRUE(content.is_stopped);
  EXPECT_TRUE(inbox.take(std::chrono::steady_clock::time_point::max()).is_stopped);
}

}  // namespace
}  // namespace perpetua::cluster
