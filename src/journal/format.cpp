#include "journal/format.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "journal/crc32c.hpp"

namespace perpetua::journal {

namespace {
constexpr uint64_t kRecordHashSeed = 0x5045'5250'4A52'4E4C;
}

uint32_t record_crc_seed(const ClusterId& cluster_id) {
  return crc32c(cluster_id.data(), cluster_id.size());
}

uint32_t record_crc(std::span<const std::byte> record, uint32_t crc_seed) {
  PERPETUA_ASSERT(record.size() >= sizeof(RecordHeader));
  return crc32c(record.data() + kRecordChecked, record.size() - kRecordChecked, crc_seed);
}

uint64_t record_hash(std::span<const std::byte> record) {
  PERPETUA_ASSERT(record.size() >= sizeof(RecordHeader));
  return hash_bytes(record.data() + kRecordChecked, record.size() - kRecordChecked,
                    kRecordHashSeed);
}

bool is_within_limits(const BatchInput& batch) {
  if (batch.commands.size() > limits::kBatchCommandsMax) return false;
  if (batch.text.size() > limits::kBatchTextBytesMax) return false;
  return std::all_of(batch.commands.begin(), batch.commands.end(), [&](const Command& command) {
    const uint64_t end = uint64_t{command.header.text_offset} + command.header.text_length;
    return end <= batch.text.size();
  });
}

uint64_t encode_record(const RecordHeader& header, const BatchInput& batch, uint32_t crc_seed,
                       std::span<std::byte> out) {
  PERPETUA_ASSERT(out.size() == record_bytes(batch.commands.size(), batch.text.size()));
  PERPETUA_ASSERT(header.command_count == batch.commands.size());
  PERPETUA_ASSERT(header.text_length == batch.text.size());
  RecordHeader filled = header;
  filled.length = static_cast<uint32_t>(out.size());
  std::byte* cursor = out.data() + sizeof filled;
  const std::size_t command_bytes = batch.commands.size() * kCommandBytes;
  if (command_bytes != 0) std::memcpy(cursor, batch.commands.data(), command_bytes);
  cursor += command_bytes;
  if (!batch.text.empty()) std::memcpy(cursor, batch.text.data(), batch.text.size());
  cursor += batch.text.size();
  std::memset(cursor, 0, static_cast<std::size_t>(out.data() + out.size() - cursor));
  std::memcpy(out.data(), &filled, sizeof filled);
  filled.crc32c = record_crc(out, crc_seed);
  std::memcpy(out.data() + offsetof(RecordHeader, crc32c), &filled.crc32c, sizeof filled.crc32c);
  return record_hash(out);
}

std::array<std::byte, kBlockBytes> encode_segment_header(SegmentHeader header) {
  std::array<std::byte, kBlockBytes> block{};
  header.crc32c = 0;
  std::memcpy(block.data(), &header, sizeof header);
  header.crc32c = crc32c(block.data(), block.size());
  std::memcpy(block.data(), &header, sizeof header);
  return block;
}

}  // namespace perpetua::journal
