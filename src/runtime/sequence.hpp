// Sequence: one counter of a pipeline stage, alone on its cache line.
//
// Written by one thread, read by any. Reads and writes are sequentially consistent, because stages
// decide "do I have to wake the other one?" by writing their own counter and then reading the
// other's: whichever writes last sees both. Both are plain loads on x86; a write is one exchange.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace perpetua::runtime {

inline constexpr std::size_t kCacheLineBytes = 64;

class alignas(kCacheLineBytes) Sequence {
 public:
  explicit Sequence(uint64_t value = 0) : value_(value) {}
  Sequence(const Sequence&) = delete;
  Sequence& operator=(const Sequence&) = delete;

  uint64_t get() const noexcept { return value_.load(std::memory_order_seq_cst); }
  void set(uint64_t value) noexcept { value_.store(value, std::memory_order_seq_cst); }

 private:
  std::atomic<uint64_t> value_;
};
static_assert(sizeof(Sequence) == kCacheLineBytes);

}  // namespace perpetua::runtime
