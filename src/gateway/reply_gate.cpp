#include "gateway/reply_gate.hpp"

#include <algorithm>

namespace perpetua::gateway {
namespace {

constexpr std::chrono::milliseconds kWatchEvery{20};
constexpr std::chrono::milliseconds kLookWhileOpen{100};

}  // namespace

ReplyGate::ReplyGate(ReplyRouter& router, int64_t write_timeout_ms)
    : router_(router), timeout_(write_timeout_ms) {}

ReplyGate::~ReplyGate() { stop(); }

void ReplyGate::start() {
  thread_ = std::thread([this] { watch(); });
}

void ReplyGate::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    release(UINT64_MAX);
    is_open_.store(true, std::memory_order_release);
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void ReplyGate::on_batch(const AppliedBatch& batch, std::span<const runtime::ReplyTarget> targets) {
  bool wakes = false;
  {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    newest_ = batch.number;
    if (is_open() && probe_ <= acknowledged_) {
      probe_ = batch.number;
      probe_since_ = now;
    }
    if (is_open() || batch.number <= acknowledged_) {
      return router_.on_batch(batch, targets);
    }
    const bool is_awaited = std::any_of(targets.begin(), targets.end(),
                                        [](const auto& target) { return target.channel != 0; });
    if (!is_awaited) return;
    held_.push_back({batch.number,
                     batch.log_time_ms,
                     now,
                     {batch.outcomes.begin(), batch.outcomes.end()},
                     {targets.begin(), targets.end()}});
    held_replies_ += targets.size();
    if (held_replies_ > kGateRepliesMax) open(now);
    wakes = is_watch_idle_;
    is_watch_idle_ = false;
  }
  if (wakes) wake_.notify_one();
}

void ReplyGate::acknowledged(BatchNumber batch) {
  const std::lock_guard lock(mutex_);
  if (batch <= acknowledged_) return;
  const auto now = Clock::now();
  acknowledged_ = batch;
  acknowledged_at_ = now;
  release(batch);
  if (!is_open() || is_stopping_ || probe_ == 0 || probe_ > acknowledged_) return;
  const bool keeps_up = now - probe_since_ <= timeout_ / 2;
  const bool was_open_long = now - opened_at_ >= std::chrono::milliseconds(kGateOpenMinMs);
  if (keeps_up && was_open_long) is_open_.store(false, std::memory_order_release);
}

// Without trade there is no batch to measure by: the next one may find out.
void ReplyGate::close_if_idle(Clock::time_point now) {
  const auto rest = std::chrono::milliseconds(kGateOpenMinMs);
  const bool is_caught_up = acknowledged_ != 0 && acknowledged_ >= newest_;
  if (is_caught_up && now - acknowledged_at_ >= rest && now - opened_at_ >= rest) {
    is_open_.store(false, std::memory_order_release);
  }
}

std::size_t ReplyGate::held() const {
  const std::lock_guard lock(mutex_);
  return held_replies_;
}

void ReplyGate::release(BatchNumber last) {
  while (!held_.empty() && held_.front().batch <= last) {
    const Held& held = held_.front();
    AppliedBatch batch;
    batch.number = held.batch;
    batch.log_time_ms = held.log_time_ms;
    batch.outcomes = held.outcomes;
    router_.on_batch(batch, held.targets);
    held_replies_ -= held.targets.size();
    held_.pop_front();
  }
}

void ReplyGate::open(Clock::time_point now) {
  is_open_.store(true, std::memory_order_release);
  times_opened_.fetch_add(1, std::memory_order_relaxed);
  opened_at_ = now;
  probe_ = 0;
  release(UINT64_MAX);
}

// Looks at the oldest reply now and then: a timer for each batch would cost a wake-up for each.
void ReplyGate::watch() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    if (held_.empty()) {
      const auto is_wanted = [&] { return is_stopping_ || !is_watch_idle_; };
      is_watch_idle_ = true;
      if (is_open()) {
        wake_.wait_for(lock, kLookWhileOpen, is_wanted);
        if (is_open() && !is_stopping_) close_if_idle(Clock::now());
      } else {
        wake_.wait(lock, is_wanted);
      }
      continue;
    }
    wake_.wait_for(lock, kWatchEvery, [&] { return is_stopping_; });
    const auto now = Clock::now();
    if (!held_.empty() && now - held_.front().since > timeout_) open(now);
  }
}

}  // namespace perpetua::gateway
