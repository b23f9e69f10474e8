#include "journal/record_parser.hpp"

#include <cstring>

#include "base/assert.hpp"

namespace perpetua::journal {

bool is_zero(std::span<const std::byte> bytes) {
  if (bytes.empty()) return true;
  return bytes[0] == std::byte{0} &&
         std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

const char* check_record(std::span<const std::byte> bytes, uint32_t crc_seed,
                         RecordHeader& header) {
  if (bytes.size() < sizeof header) return "the record header is cut off";
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kRecordMagic) return "magic number of the record";
  if (header.command_count > limits::kBatchCommandsMax ||
      header.text_length > limits::kBatchTextBytesMax ||
      header.length != record_bytes(header.command_count, header.text_length)) {
    return "length of the record";
  }
  if (header.length > bytes.size()) return "the record is cut off";
  const auto record = bytes.first(header.length);
  if (record_crc(record, crc_seed) != header.crc32c) return "checksum of the record";
  const uint64_t used = sizeof header + header.command_count * kCommandBytes + header.text_length;
  if (header.zero != 0 || !is_zero(record.subspan(used))) {
    return "the record has bytes where zeros belong";
  }
  return nullptr;
}

const char* check_chain(const RecordHeader& header, const ChainState& chain) {
  if (header.batch != chain.next_batch) return "batch number is not the next one";
  if (header.prev_hash != chain.last_hash) return "hash chain is broken";
  if (header.log_time_ms < chain.log_time_ms) return "log time goes backwards";
  if (header.first_event < chain.first_event) return "event sequence goes backwards";
  if (header.durable_batch < chain.durable_batch) return "durable batch goes backwards";
  if (header.group_first > header.batch || header.durable_batch >= header.group_first) {
    return "group and durable batch do not fit";
  }
  return nullptr;
}

void take_record(std::span<const std::byte> record, const RecordHeader& header, ChainState& chain,
                 StoredBatch& batch) {
  PERPETUA_ASSERT(record.size() == header.length);
  PERPETUA_ASSERT(reinterpret_cast<uintptr_t>(record.data()) % alignof(Command) == 0);
  const std::byte* body = record.data() + sizeof header;
  batch.input.number = header.batch;
  batch.input.log_time_ms = header.log_time_ms;
  batch.input.commands = {reinterpret_cast<const Command*>(body), header.command_count};
  batch.input.text = {reinterpret_cast<const char*>(body + header.command_count * kCommandBytes),
                      header.text_length};
  batch.epoch = header.epoch;
  batch.first_event = header.first_event;
  batch.durable_batch = header.durable_batch;
  batch.group_first = header.group_first;
  batch.prev_hash = header.prev_hash;
  batch.record_hash = record_hash(record);
  chain = {header.batch + 1,   batch.record_hash,  header.epoch,
           header.log_time_ms, header.first_event, header.durable_batch};
}

}  // namespace perpetua::journal
