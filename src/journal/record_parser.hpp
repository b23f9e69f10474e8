// One journal record's bytes into a verified batch. Pure: no I/O.
//
// A record is the same wherever it lies, in a segment file or in a row of the journal table.
// ChainState carries what must hold from record to record. Any input is answered without reading
// outside `bytes`. Thread-safe (pure). Views point into the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "journal/format.hpp"

namespace perpetua::journal {

struct StoredBatch {
  BatchInput input;
  uint64_t epoch = 0;
  uint64_t first_event = 0;
  BatchNumber durable_batch = 0;
  BatchNumber group_first = 0;
  uint64_t prev_hash = 0;
  uint64_t record_hash = 0;
  uint64_t segment_number = 0;  // of the file journal; the table has none
  uint64_t offset = 0;          // of the record in its segment
};

// What the next record must continue.
struct ChainState {
  BatchNumber next_batch = 1;
  uint64_t last_hash = 0;
  uint64_t epoch = 0;
  int64_t log_time_ms = 0;
  uint64_t first_event = 0;
  BatchNumber durable_batch = 0;  // highest watermark seen
};

// Everything a record must be by itself, wherever it lies: nullptr, or the reason. `bytes` begins
// with the record and may go on behind it; header.length says how far it reaches.
const char* check_record(std::span<const std::byte> bytes, uint32_t crc_seed, RecordHeader& header);

// Whether it continues the chain; its epoch is for the caller to compare.
const char* check_chain(const RecordHeader& header, const ChainState& chain);

// REQUIRES: both checks passed; `record` is exactly the record and aligned to kRecordAlignment.
// Fills `batch` but for the place, and moves `chain` on.
void take_record(std::span<const std::byte> record, const RecordHeader& header, ChainState& chain,
                 StoredBatch& batch);

bool is_zero(std::span<const std::byte> bytes);

}  // namespace perpetua::journal
