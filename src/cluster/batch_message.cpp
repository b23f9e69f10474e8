#include "cluster/batch_message.hpp"

#include <cstring>

#include "base/assert.hpp"
#include "journal/crc32c.hpp"

namespace perpetua::cluster {
namespace {

constexpr std::size_t kChecked = 8;  // the CRC32C covers [8, 64)

uint32_t header_crc(const MessageHeader& header, uint32_t crc_seed) {
  const auto* bytes = reinterpret_cast<const char*>(&header);
  return journal::crc32c(bytes + kChecked, sizeof header - kChecked, crc_seed);
}

}  // namespace

void seal_message(MessageHeader header, uint32_t crc_seed, std::string& message) {
  PERPETUA_ASSERT(message.size() >= sizeof header);
  header.record_bytes = message.size() - sizeof header;
  header.crc32c = header_crc(header, crc_seed);
  std::memcpy(message.data(), &header, sizeof header);
}

MessageCheck check_message(std::string_view bytes, uint32_t crc_seed, BatchMessage& message) {
  MessageHeader& header = message.header;
  if (bytes.size() < sizeof header) return MessageCheck::foreign;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kMessageMagic || header.crc32c != header_crc(header, crc_seed)) {
    return MessageCheck::foreign;
  }
  if (header.version != kMessageVersion || header.schema_hash != kSchemaHash) {
    return MessageCheck::other_version;
  }
  message.records = bytes.substr(sizeof header);
  const bool is_whole = message.records.size() == header.record_bytes &&
                        (header.record_count == 0) == message.records.empty();
  return is_whole ? MessageCheck::ok : MessageCheck::damaged;
}

const char* to_string(MessageCheck check) {
  switch (check) {
    case MessageCheck::ok:
      return "ok";
    case MessageCheck::foreign:
      return "not a message of this exchange";
    case MessageCheck::other_version:
      return "version or schema hash is not the one of this binary";
    case MessageCheck::damaged:
      return "length of the message";
  }
  return "";
}

bool next_record(std::string_view& records, std::string_view& record, BatchNumber& batch,
                 bool& is_whole) {
  is_whole = true;
  if (records.empty()) return false;
  journal::RecordHeader header;
  is_whole = records.size() >= sizeof header;
  if (is_whole) {
    std::memcpy(&header, records.data(), sizeof header);
    is_whole = header.magic == journal::kRecordMagic && header.length >= sizeof header &&
               header.length <= records.size();
  }
  if (!is_whole) return false;
  record = records.substr(0, header.length);
  records.remove_prefix(header.length);
  batch = header.batch;
  return true;
}

}  // namespace perpetua::cluster
