#include "journal/postgres/table_format.hpp"

#include <cstring>

#include "journal/crc32c.hpp"

namespace perpetua::journal::postgres {
namespace {

constexpr int32_t kByteaType = 17;  // its object id, fixed in every PostgreSQL

uint32_t checksum(TableHeader header) {
  header.crc32c = 0;
  return crc32c(&header, sizeof header);
}

void add_big_endian(std::string& out, uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(value >> shift & 0xFF);
  }
}

}  // namespace

// Bodies stay uncompressed: compressing costs the server more than the bytes do.
const char* const kCreateTables = R"(
CREATE TABLE IF NOT EXISTS journal (
  batch_seq bigint PRIMARY KEY,
  epoch bigint NOT NULL,
  first_event bigint NOT NULL,
  command_count integer NOT NULL,
  prev_hash bytea NOT NULL,
  hash bytea NOT NULL,
  schema_hash bytea NOT NULL,
  body bytea NOT NULL,
  written_at timestamptz NOT NULL DEFAULT clock_timestamp());
ALTER TABLE journal ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE TABLE IF NOT EXISTS journal_leader (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  epoch bigint NOT NULL,
  batch_seq bigint NOT NULL,
  beat bigint NOT NULL,
  beat_at timestamptz NOT NULL) WITH (fillfactor = 10);
ALTER TABLE journal_leader ADD COLUMN IF NOT EXISTS handover_epoch bigint NOT NULL DEFAULT 0;
INSERT INTO journal_leader VALUES (true, 0, 0, 0, clock_timestamp(), 0) ON CONFLICT DO NOTHING)";

const char* const kAreTablesMissing =
    "SELECT count(*) < 2 FROM information_schema.columns WHERE table_schema = current_schema() "
    "AND (table_name, column_name) IN (('journal', 'body'), ('journal_leader', 'handover_epoch'))";

const char* const kReadPage =
    "SELECT batch_seq, epoch, first_event, command_count, prev_hash, hash, schema_hash, body "
    "FROM journal WHERE batch_seq >= $1 ORDER BY batch_seq LIMIT $2";

const char* const kReadNewest =
    "SELECT batch_seq, epoch, hash FROM journal ORDER BY batch_seq DESC LIMIT 1";

const char* const kReadRow = "SELECT batch_seq, epoch, hash FROM journal WHERE batch_seq = $1";

const char* const kInsertHeader =
    "INSERT INTO journal (batch_seq, epoch, first_event, command_count, prev_hash, hash, "
    "schema_hash, body) VALUES (0, 0, 0, 0, $3::bytea, $3::bytea, $1::bytea, $2::bytea)";

const char* const kInsertGroup =
    "INSERT INTO journal (batch_seq, epoch, first_event, command_count, prev_hash, hash, "
    "schema_hash, body) "
    "SELECT r.batch_seq, $3::bigint, r.first_event, r.command_count, r.prev_hash, r.hash, "
    "$4::bytea, r.body "
    "FROM unnest($5::bigint[], $6::bigint[], $7::integer[], $8::bytea[], $9::bytea[], "
    "$10::bytea[]) AS r(batch_seq, first_event, command_count, prev_hash, hash, body) "
    "WHERE EXISTS (SELECT 1 FROM journal AS before WHERE before.batch_seq = $1::bigint "
    "AND before.hash = $2::bytea AND before.epoch <= $3::bigint)";

const char* const kBeat =
    "UPDATE journal_leader SET epoch = $1::bigint, batch_seq = $2::bigint, beat = beat + 1, "
    "beat_at = clock_timestamp()";

const char* const kReadHandover = "SELECT handover_epoch FROM journal_leader";

RecordHeader record_header_of(const BatchInput& batch, uint64_t first_event, uint64_t epoch,
                              uint64_t prev_hash) {
  RecordHeader header;
  header.batch = batch.number;
  header.epoch = epoch;
  header.log_time_ms = batch.log_time_ms;
  header.first_event = first_event;
  header.durable_batch = batch.number - 1;
  header.group_first = batch.number;
  header.command_count = static_cast<uint32_t>(batch.commands.size());
  header.text_length = static_cast<uint32_t>(batch.text.size());
  header.prev_hash = prev_hash;
  return header;
}

std::string encode_table_header(const ClusterId& cluster_id) {
  TableHeader header;
  header.cluster_id = cluster_id;
  header.crc32c = checksum(header);
  return {reinterpret_cast<const char*>(&header), sizeof header};
}

const char* check_table_header(std::string_view bytes, TableHeader& header) {
  if (bytes.size() != sizeof header) return "length of the table's header";
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kTableMagic) return "not a journal table (magic number)";
  if (header.crc32c != checksum(header)) return "checksum of the table's header";
  if (header.version != kTableVersion) return "format version is not the one of this binary";
  if (header.schema_hash != kSchemaHash) return "schema hash is not the one of this binary";
  return nullptr;
}

std::string hash_bytes_of(uint64_t hash) {
  std::string bytes;
  add_big_endian(bytes, hash, 8);
  return bytes;
}

std::optional<uint64_t> hash_of_bytes(std::string_view bytes) {
  if (bytes.size() != 8) return std::nullopt;
  uint64_t hash = 0;
  for (const char byte : bytes) hash = hash << 8 | static_cast<unsigned char>(byte);
  return hash;
}

std::string integer_array(std::span<const int64_t> values) {
  std::string text = "{";
  for (const int64_t value : values) {
    if (text.size() > 1) text += ',';
    text += std::to_string(value);
  }
  return text + "}";
}

std::string bytes_array(std::span<const std::string_view> values) {
  std::size_t size = 20;
  for (const std::string_view value : values) size += 4 + value.size();
  std::string out;
  out.reserve(size);
  // Dimensions, no nulls, element type, length, lower bound.
  for (const uint64_t field :
       {uint64_t{1}, uint64_t{0}, uint64_t{kByteaType}, uint64_t{values.size()}, uint64_t{1}}) {
    add_big_endian(out, field, 4);
  }
  for (const std::string_view value : values) {
    add_big_endian(out, value.size(), 4);
    out.append(value);
  }
  return out;
}

}  // namespace perpetua::journal::postgres
