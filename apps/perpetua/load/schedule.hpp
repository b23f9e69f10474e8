// Schedule: when each request of an open-loop run is due.
//
// Request k is due k / rate seconds after the start, computed from k each time, so nothing drifts
// and a late request never moves the ones after it. A latency counts from due_ns: if the generator
// or the exchange falls behind, the wait is part of the measurement. Pure; integers only.
#pragma once

#include <cstdint>

#include "base/units.hpp"

namespace perpetua::load {

class Schedule {
 public:
  // REQUIRES: rate_milli > 0 (requests per 1,000 seconds), duration_ns >= 0.
  Schedule(int64_t rate_milli, int64_t duration_ns)
      : rate_milli_(rate_milli),
        count_(static_cast<uint64_t>(mul_div_ceil(duration_ns, rate_milli, kNsPerKilosecond))) {
    PERPETUA_ASSERT(rate_milli > 0 && duration_ns >= 0);
  }

  uint64_t count() const { return count_; }

  // Nanoseconds after the start; below the duration for every k < count().
  int64_t due_ns(uint64_t k) const {
    return mul_div_floor(static_cast<int64_t>(k), kNsPerKilosecond, rate_milli_);
  }

 private:
  static constexpr int64_t kNsPerKilosecond = 1'000'000'000'000;
  int64_t rate_milli_;
  uint64_t count_;
};

}  // namespace perpetua::load
