// Random: the differential test's generator of choices. The same seed gives the same stream on
// every machine and build. Not thread-safe, not for secrets. Source: SplitMix64 (Steele et al.).
#pragma once

#include <cstdint>
#include <initializer_list>

namespace perpetua::model {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  // REQUIRES: count > 0.
  uint64_t below(uint64_t count) { return next() % count; }
  // Both ends included; REQUIRES: low <= high.
  int64_t between(int64_t low, int64_t high) {
    const uint64_t span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
    return static_cast<int64_t>(static_cast<uint64_t>(low) + (span == 0 ? next() : below(span)));
  }
  bool chance(uint32_t percent) { return below(100) < percent; }
  bool per_mille(uint32_t parts) { return below(1000) < parts; }

  template <class T>
  T pick(std::initializer_list<T> values) {
    return *(values.begin() + below(values.size()));
  }
  // From 1 to `most`, each order of magnitude about as likely; REQUIRES: most >= 1.
  int64_t spread(int64_t most) {
    int64_t top = 1;
    while (top < most && !chance(25)) top = top > most / 3 ? most : top * 3;
    return between(1, top);
  }

 private:
  uint64_t state_;
};

}  // namespace perpetua::model
