// Token bucket in one 64-bit word: the "theoretical arrival time" form (GCRA), integers only.
//
// The word is the monotonic time at which the bucket would be full again. A token costs one
// interval; a request passes if afterwards the bucket is at most `burst` intervals from full. A
// word of 0 is a full bucket, so fresh memory needs no initialisation and an idle bucket no upkeep.
// Thread-safety: lock-free, any number of threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "gateway/options.hpp"

namespace perpetua::gateway {

struct BucketRate {
  int64_t interval_ns = 0;  // one token; 0 = no limit
  int64_t burst_ns = 0;     // interval x burst
  uint32_t burst = 0;
  // Not a bucket: at most `burst` in any second. For what processes share (lease_table.hpp).
  bool is_window = false;

  BucketRate() = default;
  explicit BucketRate(const Budget& budget) {
    if (budget.per_second == 0) return;
    burst = std::max(budget.burst, 1u);
    interval_ns = std::max<int64_t>(1'000'000'000 / budget.per_second, 1);
    burst_ns = interval_ns * burst;
  }
  bool is_limited() const { return interval_ns != 0; }
};

inline BucketRate window_rate(uint32_t per_second) {
  BucketRate rate(Budget{per_second, per_second});
  rate.is_window = true;
  return rate;
}

struct BucketState {
  bool is_allowed = true;
  uint32_t remaining = 0;   // whole tokens left
  int64_t full_in_ns = 0;   // until the bucket is full
  int64_t retry_in_ns = 0;  // until the next token, if refused
};

inline BucketState take_token(std::atomic<int64_t>& word, const BucketRate& rate, int64_t now_ns) {
  int64_t full_at_ns = word.load(std::memory_order_relaxed);
  for (;;) {
    const int64_t next_ns = std::max(full_at_ns, now_ns) + rate.interval_ns;
    const int64_t debt_ns = next_ns - now_ns;
    if (debt_ns > rate.burst_ns) {
      return {false, 0, debt_ns - rate.interval_ns, debt_ns - rate.burst_ns};
    }
    if (word.compare_exchange_weak(full_at_ns, next_ns, std::memory_order_relaxed)) {
      const auto remaining = static_cast<uint32_t>((rate.burst_ns - debt_ns) / rate.interval_ns);
      return {true, remaining, debt_ns, 0};
    }
  }
}

// Gives one token back, because another bucket refused the request.
inline void return_token(std::atomic<int64_t>& word, const BucketRate& rate) {
  word.fetch_sub(rate.interval_ns, std::memory_order_relaxed);
}

}  // namespace perpetua::gateway
