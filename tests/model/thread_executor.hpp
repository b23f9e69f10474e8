// ThreadExecutor: the plainest MatchExecutor with several threads. It hands out every task through
// one mutex, also the smallest, so that markets really do run side by side in the tests.
// run_all: one thread at a time.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/engine.hpp"

namespace perpetua::model {

class ThreadExecutor final : public MatchExecutor {
 public:
  explicit ThreadExecutor(uint32_t threads) {
    for (uint32_t i = 1; i < threads; ++i) helpers_.emplace_back([this] { help(); });
  }
  ~ThreadExecutor() override {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& helper : helpers_) helper.join();
  }
  ThreadExecutor(const ThreadExecutor&) = delete;
  ThreadExecutor& operator=(const ThreadExecutor&) = delete;

  void run_all(uint32_t count, uint32_t /*work*/, Task task) override {
    std::unique_lock lock(mutex_);
    task_ = task;
    next_ = 0;
    count_ = undone_ = count;
    if (count > 1) wake_.notify_all();
    while (run_one(lock)) continue;
    all_done_.wait(lock, [this] { return undone_ == 0; });
  }
  bool is_inline(uint32_t /*count*/, uint32_t /*work*/) const override { return helpers_.empty(); }

 private:
  // Runs one task with the mutex released; false if none is left to start.
  bool run_one(std::unique_lock<std::mutex>& lock) {
    if (next_ == count_) return false;
    const uint32_t index = next_++;
    const Task task = task_;
    lock.unlock();
    task.run(task.context, index);
    lock.lock();
    if (--undone_ == 0) all_done_.notify_one();
    return true;
  }

  void help() {
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
      if (!run_one(lock)) wake_.wait(lock);
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable all_done_;
  Task task_;
  uint32_t next_ = 0;
  uint32_t count_ = 0;
  uint32_t undone_ = 0;
  bool is_stopping_ = false;
  std::vector<std::thread> helpers_;
};

}  // namespace perpetua::model
