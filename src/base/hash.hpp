// Deterministic non-cryptographic hashes: the same bytes give the same value on every build.
//
// hash_bytes is the 64-bit state and payload hash (a keyed multiply-fold over 8-byte words);
// Hash128 keys tables whose keys agents choose, so it takes a seed. Not for secrets: those are
// SHA-256 at the gateway. Thread-safe (pure).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/byte_io.hpp"
#include "base/units.hpp"

namespace perpetua {

constexpr uint64_t hash_mix(uint64_t a, uint64_t b) {
  const Uint128 product =
      static_cast<Uint128>(a ^ 0x9E3779B97F4A7C15ull) * (b ^ 0xD6E8FEB86659FD93ull);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t hash_bytes(const void* data, std::size_t size, uint64_t seed);

struct Hash128 {
  uint64_t high = 0;
  uint64_t low = 0;
  bool operator==(const Hash128&) const = default;
  bool is_zero() const { return high == 0 && low == 0; }
};

// Never zero: zero means "no key" in command records.
Hash128 hash128_text(std::string_view text, uint64_t seed);

// Folds everything written to it; the order of writes matters.
class HashSink final : public ByteSink {
 public:
  void write(const void* data, std::size_t size) override {
    value_ = hash_mix(value_, hash_bytes(data, size, value_));
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0x5045525045545541ull;
};

}  // namespace perpetua
