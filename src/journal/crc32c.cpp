#include "journal/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace perpetua::journal {
namespace {

using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0x82F63B78u : 0u);
    tables[0][i] = value;
  }
  for (std::size_t table = 1; table < 8; ++table) {
    for (uint32_t i = 0; i < 256; ++i) {
      const uint32_t value = tables[table - 1][i];
      tables[table][i] = value >> 8 ^ tables[0][value & 0xFF];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t crc32c_sse42(const void* data, std::size_t size,
                                                        uint32_t before) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  uint64_t crc = ~before;
  for (; size >= 8; size -= 8, bytes += 8) {
    uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    crc = _mm_crc32_u64(crc, word);
  }
  auto narrow = static_cast<uint32_t>(crc);
  for (; size != 0; --size, ++bytes) narrow = _mm_crc32_u8(narrow, *bytes);
  return ~narrow;
}
#endif

using Function = uint32_t (*)(const void*, std::size_t, uint32_t);

Function choose() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return crc32c_sse42;
#endif
  return crc32c_table;
}

Function chosen() {
  static const Function function = choose();
  return function;
}

}  // namespace

uint32_t crc32c_table(const void* data, std::size_t size, uint32_t before) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  uint32_t crc = ~before;
  for (; size >= 8; size -= 8, bytes += 8) {
    uint32_t words[2];
    std::memcpy(words, bytes, sizeof words);
    words[0] ^= crc;
    crc = 0;
    for (int i = 0; i < 4; ++i) {
      crc ^= kTables[static_cast<std::size_t>(7 - i)][words[0] >> (8 * i) & 0xFF];
      crc ^= kTables[static_cast<std::size_t>(3 - i)][words[1] >> (8 * i) & 0xFF];
    }
  }
  for (; size != 0; --size, ++bytes) crc = crc >> 8 ^ kTables[0][(crc ^ *bytes) & 0xFF];
  return ~crc;
}

uint32_t crc32c(const void* data, std::size_t size, uint32_t before) {
  return chosen()(data, size, before);
}

bool crc32c_is_hardware() { return chosen() != crc32c_table; }

}  // namespace perpetua::journal
