// Shared by the tests of the whole pipeline: a small exchange, a listener that remembers what left
// it, and a gate that holds the disk back.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "journal/memory_storage.hpp"
#include "runtime/runtime.hpp"
#include "runtime/sample_flow.hpp"

namespace perpetua::runtime::testing_support {

inline constexpr uint64_t kSmallSegmentBytes = 1u << 20;

// Polls; false if it is not so after two minutes: a full ring takes its time under a sanitizer.
inline bool becomes_true(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

// A listener that keeps, per channel, the tokens in the order in which their outcomes left.
class Recorder final : public EgressListener {
 public:
  void on_batch(const AppliedBatch& batch, std::span<const ReplyTarget> targets) override {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(targets.size(), batch.outcomes.size());
    EXPECT_TRUE(last_batch_ == 0 || batch.number == last_batch_ + 1);
    EXPECT_GE(batch.log_time_ms, last_log_time_ms_);
    EXPECT_TRUE(next_event_ == 0 || batch.first_event == next_event_);
    next_event_ = batch.first_event + batch.events.size();
    last_batch_ = batch.number;
    last_log_time_ms_ = batch.log_time_ms;
    for (const ReplyTarget& target : targets) tokens_[target.channel].push_back(target.token);
    replies_ += targets.size();
    events_.insert(events_.end(), batch.events.begin(), batch.events.end());
  }

  uint64_t replies() const { return locked(replies_); }
  BatchNumber last_batch() const { return locked(last_batch_); }
  int64_t last_log_time_ms() const { return locked(last_log_time_ms_); }
  std::vector<Event> events() const { return locked(events_); }
  std::vector<uint64_t> tokens(uint32_t channel) const {
    const std::lock_guard lock(mutex_);
    const auto found = tokens_.find(channel);
    return found == tokens_.end() ? std::vector<uint64_t>{} : found->second;
  }

 private:
  template <class T>
  T locked(const T& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }

  mutable std::mutex mutex_;
  std::map<uint32_t, std::vector<uint64_t>> tokens_;
  std::vector<Event> events_;
  uint64_t replies_ = 0;
  uint64_t next_event_ = 0;
  BatchNumber last_batch_ = 0;
  int64_t last_log_time_ms_ = 0;
};

// While closed, every sync of file data waits. close() gives a guard that opens the gate; declared
// after the runtime it goes first, so that a failing test still ends.
class SyncGate {
 public:
  struct Opener {
    explicit Opener(SyncGate& closed) : gate(closed) {}
    ~Opener() { gate.open(); }
    Opener(const Opener&) = delete;
    Opener& operator=(const Opener&) = delete;
    SyncGate& gate;
  };

  journal::Faults faults() {
    journal::Faults faults;
    faults.on_sync = [this] { pass(); };
    return faults;
  }
  [[nodiscard]] Opener close() {
    set(false);
    return Opener(*this);
  }
  void open() { set(true); }
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_open_; });
  }

 private:
  void set(bool is_open) {
    const std::lock_guard lock(mutex_);
    is_open_ = is_open;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = true;
};

// One exchange over a storage that outlives it, so that a test can start the next one.
class RuntimeTest : public ::testing::Test {
 protected:
  RuntimeOptions make_options() {
    RuntimeOptions options;
    options.data_dir = "/exchange";
    options.snapshot_every_commands = 0;
    options.segment_bytes = kSmallSegmentBytes;
    options.genesis = make_genesis();
    options.clock = &clock_;
    options.storage = &storage_;
    return options;
  }

  std::unique_ptr<Runtime> make_running(RuntimeOptions options, EgressListener& listener) {
    auto runtime = std::make_unique<Runtime>(std::move(options));
    const journal::RecoveryResult recovered = runtime->recover(0, nullptr);
    EXPECT_TRUE(recovered.status.ok()) << recovered.status.message;
    runtime->add_listener(listener);
    runtime->start();
    return runtime;
  }

  // Until the ring has room.
  static void submit(Runtime& runtime, std::vector<Submission> submissions) {
    SubmitResult result = SubmitResult::overloaded;
    while (result == SubmitResult::overloaded) {
      result = runtime.submit(submissions);
      if (result == SubmitResult::overloaded) std::this_thread::yield();
    }
    EXPECT_EQ(result, SubmitResult::accepted);
  }

  static void submit_flow(Runtime& runtime, uint32_t producer, uint64_t first, uint64_t count) {
    for (uint64_t number = first; number < first + count; ++number) {
      submit(runtime, {make_flow(producer, number)});
    }
  }

  ManualClock clock_{kStartMs};
  journal::MemoryStorage storage_;
  SyncGate gate_;
};

}  // namespace perpetua::runtime::testing_support
