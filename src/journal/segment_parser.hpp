// SegmentParser: one segment's bytes into verified batches. Pure: no I/O, so it is what is fuzzed.
//
// ChainState (record_parser.hpp) carries what must hold from record to record and from segment to
// segment. next() compares each record with it before it hands the record out, and moves it on. Any
// input is answered without reading outside `bytes`; a record is handed out only if all of it is
// valid. Thread-safety: one thread. Views point into `bytes`, which must be 16-byte aligned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "journal/record_parser.hpp"

namespace perpetua::journal {

enum class ParseStatus { record, end, bad };

// nullptr if the block is a valid header, else the reason.
const char* check_segment_header(std::span<const std::byte> block, SegmentHeader& header);

class SegmentParser {
 public:
  // REQUIRES: `header` was checked; records of `bytes` start at kBlockBytes.
  SegmentParser(std::span<const std::byte> bytes, const SegmentHeader& header);

  ParseStatus next(ChainState& chain, StoredBatch& batch);

  uint64_t offset() const { return offset_; }     // of the next record, or of the bad bytes
  const char* reason() const { return reason_; }  // after `bad`

  // After `bad`: does anything behind the bad bytes prove that batch chain.next_batch had been
  // durable? Returns the reason, or nullptr if the tail may be torn.
  const char* proof_of_durability(const ChainState& chain) const;

 private:
  ParseStatus bad(const char* reason);
  bool is_zero_between(uint64_t from, uint64_t to) const;

  std::span<const std::byte> bytes_;
  SegmentHeader header_;
  uint32_t crc_seed_;
  uint64_t offset_ = kBlockBytes;
  const char* reason_ = nullptr;
};

}  // namespace perpetua::journal
