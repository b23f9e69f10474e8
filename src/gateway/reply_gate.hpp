// ReplyGate: holds replies back until somebody else shows what they say.
//
//   egress thread --on_batch--> gate --(acknowledged)--> ReplyRouter
//
// With a projection that answers reads, a reply may leave when the projection of its batch is
// written: whoever has the reply then reads its effect. Projections are not the truth, so they may
// not hold up the exchange: when one has not acknowledged a batch within write_timeout_ms, or
// kGateRepliesMax replies wait, the gate opens, everything leaves, and nothing waits until the
// projection keeps up again (a batch acknowledged within half of that time, or nothing left to
// acknowledge and no batch, at the earliest kGateOpenMinMs later). It starts open. No reply is ever
// lost: it waits here or has left.
// Thread-safety: on_batch by the egress thread, acknowledged by any, start and stop by one owner.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "gateway/reply_router.hpp"

namespace perpetua::gateway {

inline constexpr std::size_t kGateRepliesMax = 1u << 16;
inline constexpr int64_t kGateOpenMinMs = 1'000;

class ReplyGate final : public runtime::EgressListener {
 public:
  ReplyGate(ReplyRouter& router, int64_t write_timeout_ms);
  ~ReplyGate() override;  // stops

  void start();
  void stop();  // what waits leaves, and nothing waits from then on

  void on_batch(const AppliedBatch& batch, std::span<const runtime::ReplyTarget> targets) override;
  void acknowledged(BatchNumber batch);  // it and all before it

  bool is_open() const { return is_open_.load(std::memory_order_acquire); }
  uint64_t times_opened() const { return times_opened_.load(std::memory_order_relaxed); }
  std::size_t held() const;  // replies that wait

 private:
  using Clock = std::chrono::steady_clock;

  struct Held {
    BatchNumber batch = 0;
    int64_t log_time_ms = 0;
    Clock::time_point since;
    std::vector<Outcome> outcomes;
    std::vector<runtime::ReplyTarget> targets;
  };

  void release(BatchNumber last);
  void open(Clock::time_point now);
  void close_if_idle(Clock::time_point now);
  void watch();

  ReplyRouter& router_;
  const std::chrono::milliseconds timeout_;

  mutable std::mutex mutex_;  // also over calls of the router
  std::condition_variable wake_;
  std::deque<Held> held_;
  std::size_t held_replies_ = 0;
  BatchNumber newest_ = 0;  // that came
  BatchNumber acknowledged_ = 0;
  Clock::time_point acknowledged_at_{};
  // While open: the batch whose acknowledgement will tell whether the projection keeps up.
  BatchNumber probe_ = 0;
  Clock::time_point probe_since_;
  Clock::time_point opened_at_{};
  bool is_watch_idle_ = false;
  bool is_stopping_ = false;
  std::atomic<bool> is_open_{true};
  std::atomic<uint64_t> times_opened_{0};
  std::thread thread_;
};

}  // namespace perpetua::gateway
