// The journal table: its SQL and its bytes. docs/formats/journal-table.md tells the same with
// reasons.
//
//   row 0      names the exchange: body = TableHeader, hash = 0, epoch = 0
//   row n > 0  batch n: body = the record of format.hpp, the other columns repeat its fields
//
// Hashes are stored as 8 bytes, most significant first, so that encode(hash, 'hex') shows what the
// tools print. Pure functions, thread-safe.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "journal/format.hpp"

namespace perpetua::journal::postgres {

inline constexpr uint64_t kTableMagic = 0x4C42'4154'5052'4550;  // "PERPTABL"
inline constexpr uint32_t kTableVersion = 1;
inline constexpr int64_t kLeaderLockKey = 0x5045'5250'4A4E'4C31;  // "PERPJNL1"
inline constexpr int64_t kPageRows = 32;  // rows read at once; the largest are 1.3 MB

//    0 magic u64 "PERPTABL" | 8 version u32 | 12 crc32c u32 of the other bytes
//   16 schema_hash u64      | 24 cluster_id 16 bytes
struct TableHeader {
  uint64_t magic = kTableMagic;
  uint32_t version = kTableVersion;
  uint32_t crc32c = 0;
  uint64_t schema_hash = kSchemaHash;
  ClusterId cluster_id{};
};
static_assert(sizeof(TableHeader) == 40 && PlainRecord<TableHeader>);

extern const char* const kCreateTables;
extern const char* const kAreTablesMissing;  // or without a column that kCreateTables adds
extern const char* const kReadPage;          // $1 first batch, $2 rows
extern const char* const kReadNewest;        // batch_seq, epoch, hash of the newest row
extern const char* const kReadRow;           // the same of row $1
extern const char* const kInsertHeader;      // $1 schema hash, $2 body; $3 hash (zero)
// $1 row before, $2 its hash, $3 epoch, $4 schema hash, $5.. columns of the group as arrays
extern const char* const kInsertGroup;
extern const char* const kBeat;          // $1 epoch, $2 newest batch
extern const char* const kReadHandover;  // the epoch whose leader was asked to hand over

// Header of a batch's record in the table: a pure function of the batch, its epoch and the record
// before, so that whoever has these has the row's bytes. A row proves the one before it, hence
// durable_batch = batch - 1 and a group of its own; how many rows a COMMIT took is not told.
RecordHeader record_header_of(const BatchInput& batch, uint64_t first_event, uint64_t epoch,
                              uint64_t prev_hash);

std::string encode_table_header(const ClusterId& cluster_id);
// nullptr if `bytes` is a header of this version and schema, else the reason.
const char* check_table_header(std::string_view bytes, TableHeader& header);

std::string hash_bytes_of(uint64_t hash);
std::optional<uint64_t> hash_of_bytes(std::string_view bytes);  // none if it is not 8 bytes

// Arrays as parameters of kInsertGroup: integers in text format, bytea[] in binary format.
std::string integer_array(std::span<const int64_t> values);
std::string bytes_array(std::span<const std::string_view> values);

}  // namespace perpetua::journal::postgres
