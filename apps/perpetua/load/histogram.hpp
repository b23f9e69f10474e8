// Histogram: latencies in nanoseconds, log-linear buckets, relative error below 1 %.
//
// Values up to 127 have a bucket each; above, every power of two is cut into 128 equal buckets, so
// a bucket is at most 1/128 of its value wide. A percentile is the upper edge of its bucket, never
// above the exact maximum. Fixed memory, no floating point. One thread.
#pragma once

#include <cstdint>
#include <vector>

namespace perpetua::load {

class Histogram {
 public:
  Histogram();

  void record(int64_t value_ns);  // below 0 counts as 0, beyond kValueMax as kValueMax

  // Smallest recorded bucket that covers `ppm` of all values; 0 when empty. 0 < ppm <= 10^6.
  int64_t percentile_ns(int64_t ppm) const;
  int64_t max_ns() const { return max_ns_; }
  uint64_t count() const { return count_; }
  void clear();

  static constexpr int64_t kValueMax = (int64_t{1} << 42) - 1;  // 73 minutes

 private:
  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
  int64_t max_ns_ = 0;
};

}  // namespace perpetua::load
