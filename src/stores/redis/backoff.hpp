// Backoff: how long to wait before the next try; full jitter, U(0, min(max, min × 2^attempt)).
//
// Jitter over the whole span, so that many clients that lost one server do not come back together.
// Thread-safety: none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

namespace perpetua::redis {

class Backoff {
 public:
  Backoff(int64_t min_ms, int64_t max_ms) : min_ms_(min_ms), max_ms_(max_ms) {}

  int64_t next_ms(std::minstd_rand& random) {
    const int64_t span_ms = std::min(max_ms_, min_ms_ << std::min(attempt_, kShiftMax));
    ++attempt_;
    return std::uniform_int_distribution<int64_t>(0, span_ms)(random);
  }
  void reset() { attempt_ = 0; }

 private:
  static constexpr int kShiftMax = 20;

  const int64_t min_ms_;
  const int64_t max_ms_;
  int attempt_ = 0;
};

}  // namespace perpetua::redis
