// Fuzzes the journal's segment parser: any bytes, no crash, no read outside, and nothing handed out
// that breaks the chain. The first byte says how much of a valid frame is put around the input, so
// that the fuzzer reaches what lies behind the checksums.
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/assert.hpp"
#include "journal/dump.hpp"
#include "journal/segment_parser.hpp"

namespace perpetua::journal {
namespace {

constexpr std::size_t kInputBytesMax = 1u << 16;

std::vector<std::byte> frame_header() {
  SegmentHeader header;
  header.epoch = 1;
  header.segment_number = 1;
  header.first_batch = 1;
  const auto block = encode_segment_header(header);
  return {block.begin(), block.end()};
}

// Makes every record of the chain whole: length, checksum and hash are put right, the rest is the
// fuzzer's.
void repair_records(std::vector<std::byte>& bytes, uint32_t crc_seed) {
  uint64_t last_hash = 0;
  BatchNumber batch = 1;
  for (std::size_t at = kBlockBytes; at + sizeof(RecordHeader) <= bytes.size();) {
    RecordHeader header;
    std::memcpy(&header, bytes.data() + at, sizeof header);
    header.magic = kRecordMagic;
    header.zero = 0;
    header.batch = batch++;
    header.epoch = 1;
    header.group_first = header.batch;
    header.durable_batch = header.batch - 1;
    header.command_count %= 8;
    header.text_length %= 256;
    header.prev_hash = last_hash;
    const uint64_t length = record_bytes(header.command_count, header.text_length);
    if (at + length > bytes.size()) return;
    header.length = static_cast<uint32_t>(length);
    const std::size_t used =
        sizeof header + header.command_count * kCommandBytes + header.text_length;
    std::memset(bytes.data() + at + used, 0, length - used);
    std::memcpy(bytes.data() + at, &header, sizeof header);
    const std::span<const std::byte> record(bytes.data() + at, length);
    header.crc32c = record_crc(record, crc_seed);
    std::memcpy(bytes.data() + at, &header, sizeof header);
    last_hash = record_hash(record);
    at += length;
  }
}

void parse(std::span<const std::byte> bytes) {
  SegmentHeader header;
  if (check_segment_header(bytes, header) != nullptr) return;
  SegmentParser parser(bytes, header);
  ChainState chain;
  StoredBatch batch;
  ParseStatus status = ParseStatus::record;
  while (true) {
    const ChainState before = chain;
    status = parser.next(chain, batch);
    if (status != ParseStatus::record) break;
    PERPETUA_ASSERT(batch.input.number == before.next_batch);
    PERPETUA_ASSERT(batch.prev_hash == before.last_hash);
    PERPETUA_ASSERT(batch.input.commands.size() <= limits::kBatchCommandsMax);
    for (const Command& command : batch.input.commands) {
      PERPETUA_ASSERT(!dump_command(batch.input, command).empty());
    }
  }
  PERPETUA_ASSERT(parser.offset() <= bytes.size());
  if (status == ParseStatus::bad) static_cast<void>(parser.proof_of_durability(chain));
}

}  // namespace
}  // namespace perpetua::journal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using namespace perpetua::journal;
  if (size == 0 || size > kInputBytesMax) return 0;
  const uint8_t mode = data[0] % 3;
  std::vector<std::byte> bytes;
  if (mode != 0) bytes = frame_header();
  const auto* input = reinterpret_cast<const std::byte*>(data);
  bytes.insert(bytes.end(), input + 1, input + size);
  if (mode == 2) repair_records(bytes, record_crc_seed({}));
  parse(bytes);
  return 0;
}
