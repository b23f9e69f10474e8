#include "runtime/wait_strategy.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>

#include "base/assert.hpp"
#include "runtime/processors.hpp"

namespace perpetua::runtime {
namespace {

// Polls between two looks at the clock, and before a yielding waiter gives up its time slice.
constexpr uint32_t kSpinsPerRound = 256;

// About 5 us on current machines: longer than a stage needs for a small batch, far shorter than
// a sleep and a wake-up.
constexpr uint32_t kSpinsBeforeSleep = 128;

constexpr std::string_view kNames[] = {"busy_spin", "yielding", "blocking"};

void pause_processor() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

bool has_passed(MonotonicTime deadline) {
  return deadline != kForever && std::chrono::steady_clock::now() >= deadline;
}

// Sleeps while the word holds 1. Errors (interrupted, changed, timed out) all mean: look again.
void futex_wait(std::atomic<uint32_t>& word, MonotonicTime deadline) {
  timespec timeout{};
  timespec* timeout_or_null = nullptr;
  if (deadline != kForever) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    timeout.tv_sec = static_cast<time_t>(left.count() / 1'000'000'000);
    timeout.tv_nsec = static_cast<long>(left.count() % 1'000'000'000);
    timeout_or_null = &timeout;
  }
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1u, timeout_or_null, nullptr, 0);
}

}  // namespace

std::string_view wait_kind_name(WaitKind kind) {
  PERPETUA_ASSERT(kind <= WaitKind::blocking);
  return kNames[static_cast<int>(kind)];
}

std::optional<WaitKind> parse_wait_kind(std::string_view name) {
  for (const WaitKind kind : {WaitKind::busy_spin, WaitKind::yielding, WaitKind::blocking}) {
    if (wait_kind_name(kind) == name) return kind;
  }
  return std::nullopt;
}

bool BusySpinWaitStrategy::wait_condition(MonotonicTime deadline, Condition ready) {
  for (;;) {
    for (uint32_t spin = 0; spin < kSpinsPerRound; ++spin) {
      if (ready()) return true;
      pause_processor();
    }
    if (has_passed(deadline)) return ready();
  }
}

bool YieldingWaitStrategy::wait_condition(MonotonicTime deadline, Condition ready) {
  for (uint32_t spin = 0; spin < kSpinsPerRound; ++spin) {
    if (ready()) return true;
    pause_processor();
  }
  for (;;) {
    if (ready()) return true;
    if (has_passed(deadline)) return ready();
    sched_yield();
  }
}

BlockingWaitStrategy::BlockingWaitStrategy()
    : spins_max_(usable_processors() > 1 ? kSpinsBeforeSleep : 0) {}

bool BlockingWaitStrategy::wait_condition(MonotonicTime deadline, Condition ready) {
  for (uint32_t spin = 0; spin < spins_max_; ++spin) {
    if (ready()) return true;
    pause_processor();
  }
  for (;;) {
    sleeping_.store(1, std::memory_order_seq_cst);
    if (ready()) return true;
    if (has_passed(deadline)) return false;
    futex_wait(sleeping_, deadline);
    if (ready()) return true;
  }
}

void BlockingWaitStrategy::wake() noexcept {
  if (sleeping_.exchange(0, std::memory_order_seq_cst) == 0) return;
  syscall(SYS_futex, &sleeping_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

std::unique_ptr<WaitStrategy> make_wait_strategy(WaitKind kind) {
  switch (kind) {
    case WaitKind::busy_spin:
      return std::make_unique<BusySpinWaitStrategy>();
    case WaitKind::yielding:
      return std::make_unique<YieldingWaitStrategy>();
    case WaitKind::blocking:
      break;
  }
  return std::make_unique<BlockingWaitStrategy>();
}

}  // namespace perpetua::runtime
