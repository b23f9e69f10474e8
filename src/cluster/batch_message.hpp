// BatchMessage: what the leader publishes, on the channel and in the log alike: whole records of
// the journal behind one header. docs/formats/batch-stream.md tells the same with reasons.
//
//   message:  header (64) | record | record | ...      (no record: a beat)
//
//    0 magic u32 "PBAT"  |  4 crc32c u32
//    8 version u32       | 12 record_count u32
//   16 schema_hash u64   | 24 epoch u64
//   32 last_batch u64    | 40 record_bytes u64
//   48 sent_at_ms i64    | 56 zero u64
//
// Little endian. The CRC32C covers [8, 64) of the header and starts from the cluster id, as that of
// each record does. Header and records are multiples of 16 bytes long. Pure functions, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "journal/format.hpp"

namespace perpetua::cluster {

inline constexpr uint32_t kMessageMagic = 0x5441'4250;  // "PBAT"
inline constexpr uint32_t kMessageVersion = 1;
// A message takes records up to this; one record that is larger goes alone.
inline constexpr std::size_t kMessageBytesMax = 1u << 20;

struct MessageHeader {
  uint32_t magic = kMessageMagic;
  uint32_t crc32c = 0;
  uint32_t version = kMessageVersion;
  uint32_t record_count = 0;
  uint64_t schema_hash = kSchemaHash;
  uint64_t epoch = 0;          // of the leader that sent it
  BatchNumber last_batch = 0;  // newest one published, those in this message included
  uint64_t record_bytes = 0;
  int64_t sent_at_ms = 0;  // the leader's clock; for people and metrics
  uint64_t zero = 0;
};
static_assert(sizeof(MessageHeader) == 64 && PlainRecord<MessageHeader>);
static_assert(sizeof(MessageHeader) % journal::kRecordAlignment == 0);

struct BatchMessage {
  MessageHeader header;
  std::string_view records;
};

// `message` holds room for the header and then the records: fills in magic to crc32c.
// REQUIRES: message.size() >= sizeof header.
void seal_message(MessageHeader header, uint32_t crc_seed, std::string& message);

// Reasons are those of check_message; `foreign` ones mean that the bytes are not this exchange's.
enum class MessageCheck : uint8_t { ok, foreign, other_version, damaged };

// Looks at the header alone: records are checked one by one as they are applied.
MessageCheck check_message(std::string_view bytes, uint32_t crc_seed, BatchMessage& message);
const char* to_string(MessageCheck check);

// Cuts the first record off `records`, judging by its header's length alone. False: none is left,
// or what is left begins with no record (is_whole is false then).
bool next_record(std::string_view& records, std::string_view& record, BatchNumber& batch,
                 bool& is_whole);

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace perpetua::cluster
