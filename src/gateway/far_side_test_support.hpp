// For tests: something far away that answers when the test wants it to.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <vector>

#include "gateway/read_barrier.hpp"

namespace perpetua::gateway::test {

// Questions wait here until the test answers them, on its thread.
class Questions {
 public:
  void add(std::function<void()> answer) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(answer));
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }
  void answer() {
    std::vector<std::function<void()>> taken;
    {
      const std::lock_guard lock(mutex_);
      taken.swap(waiting_);
    }
    for (const auto& one : taken) one();
  }
  void drop() {  // as something far away does that ends
    const std::lock_guard lock(mutex_);
    waiting_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<std::function<void()>> waiting_;
};

class FakeBarrier final : public ReadBarrier {
 public:
  bool is_needed() const override { return is_up; }
  void wait(std::function<void()> done) override {
    ++waits;
    if (is_immediate) return done();
    questions.add(std::move(done));
  }
  std::atomic<bool> is_up{true};
  std::atomic<bool> is_immediate{false};
  std::atomic<int> waits{0};
  Questions questions;
};

}  // namespace perpetua::gateway::test
