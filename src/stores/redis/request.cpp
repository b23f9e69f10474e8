#include "stores/redis/request.hpp"

#include <hiredis/hiredis.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.hpp"

namespace perpetua::redis {
namespace {

constexpr std::string_view kEvalSha = "$7\r\nEVALSHA\r\n$40\r\n";
constexpr std::size_t kSha1Digits = 40;

// CRC16-CCITT (XModem), the polynomial of the Cluster specification.
constexpr std::array<uint16_t, 256> make_crc_table() {
  std::array<uint16_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
    table[byte] = static_cast<uint16_t>(crc);
  }
  return table;
}

constexpr auto kCrcTable = make_crc_table();

uint16_t crc16(std::string_view bytes) {
  uint16_t crc = 0;
  for (const char byte : bytes) {
    const auto index = static_cast<uint8_t>(crc >> 8 ^ static_cast<uint8_t>(byte));
    crc = static_cast<uint16_t>(crc << 8 ^ kCrcTable[index]);
  }
  return crc;
}

std::string hex_sha1(const std::string& text) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

void append_command(std::string& wire, Request::Arguments arguments) {
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  texts.reserve(arguments.size());
  lengths.reserve(arguments.size());
  for (const std::string_view argument : arguments) {
    // Never null: the formatter copies from it even when the length is nought.
    texts.push_back(argument.data() == nullptr ? "" : argument.data());
    lengths.push_back(argument.size());
  }
  char* formatted = nullptr;
  const int length = redisFormatCommandArgv(&formatted, static_cast<int>(arguments.size()),
                                            texts.data(), lengths.data());
  PERPETUA_ASSERT(length > 0);
  wire.append(formatted, static_cast<std::size_t>(length));
  redisFreeCommand(formatted);
}

}  // namespace

uint16_t key_slot(std::string_view key) {
  const std::size_t open = key.find('{');
  if (open != std::string_view::npos) {
    const std::size_t close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1) {
      key = key.substr(open + 1, close - open - 1);
    }
  }
  return crc16(key) % kSlots;
}

Script::Script(std::string source)
    : source_(std::make_shared<const std::string>(std::move(source))), sha1_(hex_sha1(*source_)) {}

void Request::add(std::string_view key, Arguments arguments) {
  PERPETUA_ASSERT(!arguments.empty());
  commands_.push_back({wire_.size(), key.empty() ? kAnyNode : key_slot(key)});
  append_command(wire_, arguments);
}

void Request::add_script(const Script& script, Arguments keys, Arguments arguments) {
  const std::string key_count = std::to_string(keys.size());
  std::vector<std::string_view> all = {"EVALSHA", script.sha1(), key_count};
  all.insert(all.end(), keys.begin(), keys.end());
  all.insert(all.end(), arguments.begin(), arguments.end());
  scripts_.push_back({commands_.size(), script});
  add(keys.empty() ? std::string_view() : keys.front(), all);
}

void Request::clear() {
  wire_.clear();
  commands_.clear();
  scripts_.clear();
}

std::string_view Request::wire(std::size_t command) const {
  const std::size_t begin = commands_[command].offset;
  const std::size_t end =
      command + 1 < commands_.size() ? commands_[command + 1].offset : wire_.size();
  return std::string_view(wire_).substr(begin, end - begin);
}

std::string Request::wire_as_eval(std::size_t command) const {
  const Script* const script = script_of(command);
  PERPETUA_ASSERT(script != nullptr);
  const std::string_view encoded = wire(command);
  const std::size_t head = encoded.find('\n') + 1;  // "*count\r\n"
  std::string eval(encoded.substr(0, head));
  eval += "$4\r\nEVAL\r\n$" + std::to_string(script->source().size()) + "\r\n";
  eval += script->source();
  eval += encoded.substr(head + kEvalSha.size() + kSha1Digits);  // from the digits' "\r\n"
  return eval;
}

const Script* Request::script_of(std::size_t command) const {
  const auto found = std::lower_bound(
      scripts_.begin(), scripts_.end(), command,
      [](const ScriptUse& use, std::size_t wanted) { return use.command < wanted; });
  return found != scripts_.end() && found->command == command ? &found->script : nullptr;
}

}  // namespace perpetua::redis
