#include "journal/segment_parser.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "journal/crc32c.hpp"

namespace perpetua::journal {

const char* check_segment_header(std::span<const std::byte> block, SegmentHeader& header) {
  if (block.size() < kBlockBytes) return "the segment header is cut off";
  std::memcpy(&header, block.data(), sizeof header);
  if (header.magic != kSegmentMagic) return "not a journal segment (magic number)";
  // The block with the CRC field as zero, without copying it.
  constexpr uint32_t kZero = 0;
  constexpr std::size_t kField = offsetof(SegmentHeader, crc32c);
  uint32_t crc = crc32c(block.data(), kField);
  crc = crc32c(&kZero, sizeof kZero, crc);
  const std::size_t rest = kField + sizeof kZero;
  crc = crc32c(block.data() + rest, kBlockBytes - rest, crc);
  if (crc != header.crc32c) return "checksum of the segment header";
  if (header.version != kFormatVersion) return "format version is not the one of this binary";
  if (header.schema_hash != kSchemaHash) return "schema hash is not the one of this binary";
  return nullptr;
}

SegmentParser::SegmentParser(std::span<const std::byte> bytes, const SegmentHeader& header)
    : bytes_(bytes), header_(header), crc_seed_(record_crc_seed(header.cluster_id)) {
  PERPETUA_ASSERT(reinterpret_cast<uintptr_t>(bytes.data()) % kRecordAlignment == 0);
  PERPETUA_ASSERT(bytes.size() >= kBlockBytes);
}

ParseStatus SegmentParser::bad(const char* reason) {
  reason_ = reason;
  return ParseStatus::bad;
}

bool SegmentParser::is_zero_between(uint64_t from, uint64_t to) const {
  to = std::min<uint64_t>(to, bytes_.size());
  return from >= to || is_zero(bytes_.subspan(from, to - from));
}

ParseStatus SegmentParser::next(ChainState& chain, StoredBatch& batch) {
  const uint64_t block_end = round_up(offset_, kBlockBytes);
  const uint64_t probe_end = std::min<uint64_t>(offset_ + kRecordAlignment, bytes_.size());
  if (offset_ != block_end && is_zero_between(offset_, probe_end)) {
    if (!is_zero_between(offset_, block_end)) return bad("bytes in the padding of a group");
    offset_ = std::min<uint64_t>(block_end, bytes_.size());
  }
  if (offset_ % kBlockBytes == 0 && is_zero_between(offset_, offset_ + kRecordAlignment)) {
    if (is_zero_between(offset_, bytes_.size())) return ParseStatus::end;
    return bad("bytes behind the end of the journal");
  }
  if (offset_ == bytes_.size()) return ParseStatus::end;
  RecordHeader header;
  if (const char* reason = check_record(bytes_.subspan(offset_), crc_seed_, header)) {
    return bad(reason);
  }
  if (const char* reason = check_chain(header, chain)) return bad(reason);
  if (header.epoch != header_.epoch) return bad("epoch is not the one of the segment");
  take_record(bytes_.subspan(offset_, header.length), header, chain, batch);
  batch.segment_number = header_.segment_number;
  batch.offset = offset_;
  offset_ += header.length;
  return ParseStatus::record;
}

const char* SegmentParser::proof_of_durability(const ChainState& chain) const {
  PERPETUA_ASSERT(reason_ != nullptr);
  const uint64_t reach = round_up(offset_ + kGroupBytesMax, kBlockBytes);
  if (!is_zero_between(reach, bytes_.size())) return "bytes further behind than one group reaches";
  for (uint64_t at = round_up(offset_, kRecordAlignment); at < bytes_.size();
       at += kRecordAlignment) {
    RecordHeader header;
    if (check_record(bytes_.subspan(at), crc_seed_, header) != nullptr ||
        header.batch < chain.next_batch)
      continue;
    if (header.durable_batch >= chain.next_batch) {
      return "a record behind it says that it had been durable";
    }
    if (header.batch == chain.next_batch) return "the valid next record follows";
    // A group starts on a block boundary; bad bytes elsewhere belong to the group before it.
    const bool may_be_its_group =
        header.group_first < chain.next_batch ||
        (header.group_first == chain.next_batch && offset_ % kBlockBytes == 0);
    if (!may_be_its_group) return "a valid record of a later group follows";
  }
  return nullptr;
}

}  // namespace perpetua::journal
