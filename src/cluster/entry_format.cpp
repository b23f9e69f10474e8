#include "cluster/entry_format.hpp"

#include <bit>
#include <cstring>

#include "base/assert.hpp"
#include "base/byte_io.hpp"
#include "engine/schema/batch.hpp"
#include "journal/crc32c.hpp"

namespace perpetua::cluster {
namespace {

static_assert(std::endian::native == std::endian::little);

struct EntryHeader {
  uint32_t magic = kEntryMagic;
  uint16_t version = kEntryVersion;
  uint16_t count = 0;
  uint32_t crc = 0;
  uint32_t text_bytes = 0;
  uint64_t schema_hash = kSchemaHash;
  uint64_t gateway = 0;
  uint64_t token = 0;
};
static_assert(sizeof(EntryHeader) == kEntryHeaderBytes && PlainRecord<EntryHeader>);

constexpr std::size_t kCrcAt = 8;
constexpr std::size_t kCrcEnd = 12;

uint32_t checksum(std::string_view bytes) {
  const uint32_t before = journal::crc32c(bytes.data(), kCrcAt);
  return journal::crc32c(bytes.data() + kCrcEnd, bytes.size() - kCrcEnd, before);
}

bool read_submissions(std::string_view commands, std::string_view text, Entry& entry) {
  entry.submissions.clear();
  entry.text_bytes = 0;
  for (std::size_t at = 0; at < commands.size(); at += kCommandBytes) {
    runtime::Submission& submission = entry.submissions.emplace_back();
    std::memcpy(static_cast<void*>(&submission.command), commands.data() + at, kCommandBytes);
    const CommandHeader& header = submission.command.header;
    // Only the intake writes markers.
    if (header.type == CommandType::consume_stream) return false;
    if (header.text_offset > text.size() || header.text_length > text.size() - header.text_offset) {
      return false;
    }
    submission.text = text.substr(header.text_offset, header.text_length);
    entry.text_bytes += header.text_length;
  }
  return entry.text_bytes <= kEntryTextBytesMax;
}

}  // namespace

std::string encode_entry(uint64_t gateway, uint64_t token,
                         std::span<const runtime::Submission> submissions) {
  PERPETUA_ASSERT(!submissions.empty() && submissions.size() <= limits::kOrdersPerRequestMax);
  EntryHeader header;
  header.count = static_cast<uint16_t>(submissions.size());
  header.gateway = gateway;
  header.token = token;
  std::size_t text_bytes = 0;
  for (const runtime::Submission& submission : submissions) text_bytes += submission.text.size();
  PERPETUA_ASSERT(text_bytes <= kEntryTextBytesMax);
  header.text_bytes = static_cast<uint32_t>(text_bytes);

  std::string bytes(kEntryHeaderBytes, '\0');
  bytes.reserve(kEntryHeaderBytes + submissions.size() * kCommandBytes + text_bytes);
  uint32_t text_offset = 0;
  for (const runtime::Submission& submission : submissions) {
    Command command = submission.command;
    PERPETUA_ASSERT(command.header.type != CommandType::consume_stream);
    PERPETUA_ASSERT(submission.text.size() <= UINT16_MAX);
    command.header.text_offset = text_offset;
    command.header.text_length = static_cast<uint16_t>(submission.text.size());
    text_offset += command.header.text_length;
    bytes.append(reinterpret_cast<const char*>(&command), kCommandBytes);
  }
  for (const runtime::Submission& submission : submissions) bytes += submission.text;
  std::memcpy(bytes.data(), &header, sizeof header);
  header.crc = checksum(bytes);
  std::memcpy(bytes.data() + kCrcAt, &header.crc, sizeof header.crc);
  return bytes;
}

EntryStatus decode_entry(std::string_view bytes, Entry& entry) {
  EntryHeader header;
  if (bytes.size() < sizeof header) return EntryStatus::damaged;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kEntryMagic || header.crc != checksum(bytes)) return EntryStatus::damaged;
  if (header.version != kEntryVersion || header.schema_hash != kSchemaHash) {
    return EntryStatus::other_schema;
  }
  const std::size_t command_bytes = header.count * kCommandBytes;
  if (header.count == 0 || header.count > limits::kOrdersPerRequestMax ||
      bytes.size() != kEntryHeaderBytes + command_bytes + header.text_bytes) {
    return EntryStatus::damaged;
  }
  entry.gateway = header.gateway;
  entry.token = header.token;
  const std::string_view body = bytes.substr(kEntryHeaderBytes);
  return read_submissions(body.substr(0, command_bytes), body.substr(command_bytes), entry)
             ? EntryStatus::ok
             : EntryStatus::damaged;
}

}  // namespace perpetua::cluster
