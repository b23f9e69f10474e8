// WaitStrategy: how a consumer thread waits until something that other threads publish is there.
//
//   kind       waits by                                  costs
//   busy_spin  polling                                   one core, always
//   yielding   polling, then giving up its time slice    one core when the machine is idle
//   blocking   a short poll, then a futex (default)      a wake-up; nothing while idle
//
// Contract: the publisher makes its data visible with a sequentially consistent store and then
// calls notify(); ready() reads it with a sequentially consistent load. Then no wake-up is lost: a
// waiter announces itself before it looks a last time, a publisher looks for waiters after it has
// published. notify() with nobody waiting is one load.
//
// Thread-safety: any number of waiters and notifiers. Time is the monotonic clock; a wait without
// deadline uses kForever.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>

#include "runtime/sequence.hpp"

namespace perpetua::runtime {

using MonotonicTime = std::chrono::steady_clock::time_point;
inline constexpr MonotonicTime kForever = MonotonicTime::max();

enum class WaitKind : uint8_t { busy_spin, yielding, blocking };

std::string_view wait_kind_name(WaitKind kind);
std::optional<WaitKind> parse_wait_kind(std::string_view name);

class WaitStrategy {
 public:
  virtual ~WaitStrategy() = default;

  virtual void notify() noexcept = 0;

  // Returns ready() as last seen: true as soon as it is, false once the deadline has passed.
  template <class Ready>
  bool wait_until(MonotonicTime deadline, Ready&& ready) {
    if (ready()) return true;
    using Object = std::remove_reference_t<Ready>;
    const Condition condition{
        [](void* context) { return static_cast<bool>((*static_cast<Object*>(context))()); },
        const_cast<void*>(static_cast<const void*>(&ready))};
    return wait_condition(deadline, condition);
  }

  template <class Ready>
  void wait(Ready&& ready) {
    while (!wait_until(kForever, ready)) {
    }
  }

 protected:
  struct Condition {
    bool (*is_ready)(void* context);
    void* context;
    bool operator()() const { return is_ready(context); }
  };
  virtual bool wait_condition(MonotonicTime deadline, Condition ready) = 0;
};

class BusySpinWaitStrategy final : public WaitStrategy {
 public:
  void notify() noexcept override {}

 protected:
  bool wait_condition(MonotonicTime deadline, Condition ready) override;
};

class YieldingWaitStrategy final : public WaitStrategy {
 public:
  void notify() noexcept override {}

 protected:
  bool wait_condition(MonotonicTime deadline, Condition ready) override;
};

class BlockingWaitStrategy final : public WaitStrategy {
 public:
  // Polls before the first sleep; none where only one processor is usable.
  BlockingWaitStrategy();
  explicit BlockingWaitStrategy(uint32_t spins_max) : spins_max_(spins_max) {}

  void notify() noexcept override {
    if (sleeping_.load(std::memory_order_seq_cst) != 0) wake();
  }

 protected:
  bool wait_condition(MonotonicTime deadline, Condition ready) override;

 private:
  void wake() noexcept;

  // The futex: 1 while somebody may sleep. Only a notifier sets it back to 0, so of many notifiers
  // one pays for the system call, and a waiter that leaves early costs at most one needless call.
  alignas(kCacheLineBytes) std::atomic<uint32_t> sleeping_{0};
  const uint32_t spins_max_;
};

std::unique_ptr<WaitStrategy> make_wait_strategy(WaitKind kind);

}  // namespace perpetua::runtime
