// Clock: where log time comes from. The only clock that the state of the exchange ever sees, and it
// sees it through the journal: the sequencer stamps max(previous log time, now).
//
// Milliseconds since 1970. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace perpetua::runtime {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t now_ms() const = 0;
};

class SystemClock final : public Clock {
 public:
  int64_t now_ms() const override {
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
  }
};

// Stands still until it is set: tests, replay, simulation.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t now_ms) : now_ms_(now_ms) {}
  int64_t now_ms() const override { return now_ms_.load(); }
  void set(int64_t now_ms) { now_ms_.store(now_ms); }

 private:
  std::atomic<int64_t> now_ms_;
};

}  // namespace perpetua::runtime
