#include "base/hash.hpp"

#include <cstring>

namespace perpetua {

uint64_t hash_bytes(const void* data, std::size_t size, uint64_t seed) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  uint64_t hash = hash_mix(seed, size);
  std::size_t left = size;
  while (left >= 16) {
    uint64_t words[2];
    std::memcpy(words, bytes, sizeof words);
    hash = hash_mix(hash ^ words[0], words[1] + left);
    bytes += 16;
    left -= 16;
  }
  uint64_t tail[2] = {0, 0};
  if (left != 0) std::memcpy(tail, bytes, left);
  return hash_mix(hash ^ tail[0], tail[1] ^ hash_mix(left, hash));
}

Hash128 hash128_text(std::string_view text, uint64_t seed) {
  Hash128 hash{hash_bytes(text.data(), text.size(), seed),
               hash_bytes(text.data(), text.size(), hash_mix(seed, 0x6B65795F74776F00ull))};
  if (hash.is_zero()) hash.low = 1;
  return hash;
}

}  // namespace perpetua
