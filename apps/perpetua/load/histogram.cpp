#include "load/histogram.hpp"

#include <algorithm>
#include <bit>

#include "base/assert.hpp"

namespace perpetua::load {

namespace {

constexpr unsigned kSubBits = 7;
constexpr uint64_t kSubBuckets = 1u << kSubBits;

std::size_t bucket_of(uint64_t value) {
  if (value < kSubBuckets) return value;
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kSubBits - 1;
  return (shift + 1) * kSubBuckets + ((value >> shift) - kSubBuckets);
}

int64_t upper_edge(std::size_t bucket) {
  if (bucket < kSubBuckets) return static_cast<int64_t>(bucket);
  const uint64_t shift = bucket / kSubBuckets - 1;
  const uint64_t mantissa = kSubBuckets + bucket % kSubBuckets;
  return static_cast<int64_t>(((mantissa + 1) << shift) - 1);
}

}  // namespace

Histogram::Histogram() : buckets_(bucket_of(kValueMax) + 1) {}

void Histogram::record(int64_t value_ns) {
  const int64_t value = std::clamp<int64_t>(value_ns, 0, kValueMax);
  ++buckets_[bucket_of(static_cast<uint64_t>(value))];
  ++count_;
  max_ns_ = std::max(max_ns_, value);
}

int64_t Histogram::percentile_ns(int64_t ppm) const {
  PERPETUA_ASSERT(ppm > 0 && ppm <= 1'000'000);
  if (count_ == 0) return 0;
  const uint64_t rank = (count_ * static_cast<uint64_t>(ppm) + 999'999) / 1'000'000;
  uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::min(upper_edge(i), max_ns_);
  }
  return max_ns_;
}

void Histogram::clear() {
  std::fill(buckets_.begin(), buckets_.end(), 0);
  count_ = 0;
  max_ns_ = 0;
}

}  // namespace perpetua::load
