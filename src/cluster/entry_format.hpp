// Entry: the bytes of one entry of a command stream, what one request of a gateway sends.
//
//   0          4            6           8          12             16              24
//   | magic u32 | version u16 | count u16 | crc u32 | text_bytes u32 | schema hash u64 |
//
//   24           32          40              40 + 128 count
//   | gateway u64 | token u64 | commands      | text          |  end = 40 + 128 count + text_bytes
//
// Little endian. crc is the CRC-32C of everything else (bytes 0..8, then 12 to the end). Text spans
// of the commands count from the beginning of the text. docs/formats/command-stream.md has it for
// other readers; tests/golden/command_stream_v1 holds one, byte for byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "runtime/api/submit.hpp"

namespace perpetua::cluster {

inline constexpr uint32_t kEntryMagic = 0x444D'4350;  // "PCMD"
inline constexpr uint16_t kEntryVersion = 1;
inline constexpr std::size_t kEntryHeaderBytes = 40;
inline constexpr std::string_view kEntryField = "e";  // of the stream's entry

// So that one entry and its origin fit into one batch.
inline constexpr std::size_t kEntryTextBytesMax = limits::kBatchTextBytesMax - 4'096;
static_assert(limits::kOrdersPerRequestMax * limits::kReasonBytesMax <= kEntryTextBytesMax);

// One request. REQUIRES (encode): 1..kOrdersPerRequestMax submissions, none of them a marker, with
// kEntryTextBytesMax of text at most.
std::string encode_entry(uint64_t gateway, uint64_t token,
                         std::span<const runtime::Submission> submissions);

struct Entry {
  uint64_t gateway = 0;
  uint64_t token = 0;
  std::vector<runtime::Submission> submissions;  // without targets
  std::size_t text_bytes = 0;
};

enum class EntryStatus : uint8_t {
  ok,
  damaged,       // not of this form, or the checksum does not fit
  other_schema,  // whole, by a process of another version
};

// Reads never beyond the bytes; `entry` counts only with `ok`.
EntryStatus decode_entry(std::string_view bytes, Entry& entry);

}  // namespace perpetua::cluster
