// MatcherPool: runs the match phase of a batch on several threads, one market per task.
//
// The calling thread always works too, so `matchers` threads are matchers - 1 helpers; 0 and 1 mean
// inline. Small work runs inline as well: waking a helper costs more than it saves below
// kInlineWorkMax operations (about 10 us measured, against 40 ns an operation and thread).
//
// Thread-safety: run_all from one thread. Everything the caller wrote before is visible to the
// tasks, everything the tasks wrote is visible to the caller when run_all returns; no helper
// touches the task after that.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "engine/engine.hpp"
#include "runtime/wait_strategy.hpp"

namespace perpetua::runtime {

inline constexpr uint32_t kMatchersMax = 64;
inline constexpr uint32_t kInlineWorkMax = 512;

class MatcherPool final : public MatchExecutor {
 public:
  explicit MatcherPool(uint32_t matchers, WaitKind wait = WaitKind::blocking,
                       uint32_t inline_work_max = kInlineWorkMax);
  ~MatcherPool() override;
  MatcherPool(const MatcherPool&) = delete;
  MatcherPool& operator=(const MatcherPool&) = delete;

  void run_all(uint32_t count, uint32_t work, Task task) override;
  bool is_inline(uint32_t count, uint32_t work) const override {
    return helpers_.empty() || count < 2 || work <= inline_work_max_;
  }

 private:
  // One word holds what a helper needs to claim an index of the job that is running now:
  //   generation:32 | count:16 | next index:16
  // A successful claim proves that the job cannot end before this index is done.
  static uint64_t pack(uint32_t generation, uint32_t count) {
    return static_cast<uint64_t>(generation) << 32 | static_cast<uint64_t>(count) << 16;
  }
  static bool has_index_left(uint64_t ticket) {
    return (ticket & 0xFFFF) < (ticket >> 16 & 0xFFFF);
  }

  void work_on_tickets();
  void run_helper();

  const uint32_t inline_work_max_;
  Task task_;
  uint32_t generation_ = 0;
  alignas(kCacheLineBytes) std::atomic<uint64_t> ticket_{0};
  alignas(kCacheLineBytes) std::atomic<uint32_t> undone_{0};
  std::atomic<bool> stopping_{false};
  std::unique_ptr<WaitStrategy> helper_wait_;
  std::unique_ptr<WaitStrategy> caller_wait_;
  std::vector<std::thread> helpers_;
};

}  // namespace perpetua::runtime
