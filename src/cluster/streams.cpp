#include "cluster/streams.hpp"

#include <array>
#include <cstdio>

#include "base/assert.hpp"

namespace perpetua::cluster {
namespace {

// Numbers whose tags lie in the first, second and third third of the slots, away from its ends.
constexpr std::array<char, kSpareStreams> kSpareNames = {'2', '3', '1'};
constexpr std::array<char, kBatchTags> kBatchNames = {'0', '2', '3'};

}  // namespace

std::string stream_key(uint16_t stream, std::string_view symbol) {
  PERPETUA_ASSERT(stream < limits::kStreamsMax);
  std::string key = "{";
  if (stream < kAccountsStream) {
    key += symbol;
  } else if (stream == kAccountsStream) {
    key += "accounts";
  } else {
    key += "spare:";
    key += kSpareNames[stream - kSpareStream];
  }
  return key + "}:commands";
}

std::string writer_key(std::string_view stream_key, uint64_t gateway) {
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(gateway));
  return std::string(stream_key) + ":writer:" + digits.data();
}

std::string batch_channel(unsigned tag) {
  PERPETUA_ASSERT(tag < kBatchTags);
  return std::string("{batches:") + kBatchNames[tag] + "}:live";
}

std::string batch_log_key(unsigned tag) {
  PERPETUA_ASSERT(tag < kBatchTags);
  return std::string("{batches:") + kBatchNames[tag] + "}:log";
}

std::string batch_last_key(unsigned tag) {
  PERPETUA_ASSERT(tag < kBatchTags);
  return std::string("{batches:") + kBatchNames[tag] + "}:last";
}

}  // namespace perpetua::cluster
