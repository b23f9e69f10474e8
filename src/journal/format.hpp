// The bytes of a journal segment. docs/formats/journal.md tells the same with reasons.
//
//   segment:  header block (4096) | group | group | ... | zeros up to the pre-allocated size
//   group:    record | record | ... | zeros up to a multiple of 4096    (one write, one fdatasync)
//   record:   header (80) | command_count x 128 | text_length | zeros up to a multiple of 16
//
//   segment header                             record header
//    0 magic u64      "PERPSEGM"                0 magic u32 "PREC"  |  4 crc32c u32
//    8 version u32 | 12 crc32c u32              8 length u32        | 12 zero u32
//   16 schema_hash u64                         16 batch u64
//   24 cluster_id 16 bytes                     24 epoch u64
//   40 epoch u64                               32 log_time_ms i64
//   48 segment_number u64  (1..)               40 first_event u64
//   56 first_batch u64                         48 durable_batch u64
//   64 prev_hash u64                           56 group_first u64
//   72 zero u64                                64 command_count u32 | 68 text_length u32
//                                              72 prev_hash u64
//
// Little endian. The segment's CRC32C covers the whole header block with the field zero. A
// record's CRC32C covers [8, length) and starts from the cluster id, so text sent by an agent
// cannot pass for a record. `prev_hash` is the record_hash of the record before (0 at the very
// start), across segments. `durable_batch` is the newest batch known durable when the record was
// written, and `group_first` the first batch of its group. Pure functions, thread-safe.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/byte_io.hpp"
#include "engine/schema/batch.hpp"

namespace perpetua::journal {

static_assert(std::endian::native == std::endian::little);

using ClusterId = std::array<uint8_t, 16>;

inline constexpr uint64_t kSegmentMagic = 0x4D47'4553'5052'4550;  // "PERPSEGM"
inline constexpr uint32_t kRecordMagic = 0x4345'5250;             // "PREC"
inline constexpr uint32_t kFormatVersion = 1;
inline constexpr uint64_t kBlockBytes = 4096;
inline constexpr uint64_t kRecordAlignment = 16;
inline constexpr uint64_t kSegmentBytesDefault = 64ull << 20;
inline constexpr uint64_t kSegmentBytesMax = 1ull << 30;
inline constexpr uint64_t kGroupBytesMax = 4ull << 20;  // one write; a group never spans segments

struct SegmentHeader {
  uint64_t magic = kSegmentMagic;
  uint32_t version = kFormatVersion;
  uint32_t crc32c = 0;
  uint64_t schema_hash = kSchemaHash;
  ClusterId cluster_id{};
  uint64_t epoch = 0;
  uint64_t segment_number = 0;
  BatchNumber first_batch = 0;
  uint64_t prev_hash = 0;
  uint64_t zero = 0;
};
static_assert(sizeof(SegmentHeader) == 80 && PlainRecord<SegmentHeader>);
static_assert(offsetof(SegmentHeader, crc32c) == 12);

struct RecordHeader {
  uint32_t magic = kRecordMagic;
  uint32_t crc32c = 0;
  uint32_t length = 0;  // header, commands, text and the zeros up to a multiple of 16
  uint32_t zero = 0;
  BatchNumber batch = 0;
  uint64_t epoch = 0;
  int64_t log_time_ms = 0;
  uint64_t first_event = 0;
  BatchNumber durable_batch = 0;
  BatchNumber group_first = 0;
  uint32_t command_count = 0;
  uint32_t text_length = 0;
  uint64_t prev_hash = 0;
};
static_assert(sizeof(RecordHeader) == 80 && PlainRecord<RecordHeader>);
static_assert(sizeof(RecordHeader) % kRecordAlignment == 0);
static_assert(kRecordAlignment % alignof(Command) == 0);
inline constexpr std::size_t kRecordChecked = 8;  // CRC32C and hash cover [8, length)

constexpr uint64_t round_up(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

constexpr uint64_t record_bytes(uint64_t command_count, uint64_t text_length) {
  return round_up(sizeof(RecordHeader) + command_count * kCommandBytes + text_length,
                  kRecordAlignment);
}
inline constexpr uint64_t kRecordBytesMax =
    record_bytes(limits::kBatchCommandsMax, limits::kBatchTextBytesMax);
static_assert(kRecordBytesMax <= kGroupBytesMax);
static_assert(kGroupBytesMax + kBlockBytes <= kSegmentBytesDefault);

// Where recovery ended and the writer goes on.
struct JournalPosition {
  uint64_t next_segment = 1;
  BatchNumber next_batch = 1;
  uint64_t last_hash = 0;   // of the record of batch next_batch - 1
  uint64_t last_epoch = 0;  // 0 before the first start
  int64_t last_log_time_ms = 0;
};

uint32_t record_crc_seed(const ClusterId& cluster_id);
uint32_t record_crc(std::span<const std::byte> record, uint32_t crc_seed);
uint64_t record_hash(std::span<const std::byte> record);

// Whether it may become a record: not too large, every command's text inside the text area.
bool is_within_limits(const BatchInput& batch);

// Writes one record of record_bytes() bytes to `out`; the caller filled every field of `header`
// except length and crc32c. Returns the record's hash.
uint64_t encode_record(const RecordHeader& header, const BatchInput& batch, uint32_t crc_seed,
                       std::span<std::byte> out);

// The header block with its CRC32C.
std::array<std::byte, kBlockBytes> encode_segment_header(SegmentHeader header);

}  // namespace perpetua::journal
