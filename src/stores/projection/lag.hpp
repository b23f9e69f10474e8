// LagHistogram: how long batches took, in powers of two of microseconds. Any thread; relaxed.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

namespace perpetua::projection {

class LagHistogram {
 public:
  static constexpr std::size_t kBuckets = 28;  // the last: everything above 67 s

  void add(int64_t duration_us) {
    const auto value = static_cast<uint64_t>(duration_us < 0 ? 0 : duration_us);
    const auto bucket = static_cast<std::size_t>(std::bit_width(value));
    buckets_[bucket < kBuckets ? bucket : kBuckets - 1].fetch_add(1, std::memory_order_relaxed);
    sum_us_.fetch_add(value, std::memory_order_relaxed);
  }
  // Values below 2^bucket us.
  uint64_t count(std::size_t bucket) const {
    return buckets_[bucket].load(std::memory_order_relaxed);
  }
  uint64_t sum_us() const { return sum_us_.load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<uint64_t>, kBuckets> buckets_{};
  std::atomic<uint64_t> sum_us_{0};
};

}  // namespace perpetua::projection
