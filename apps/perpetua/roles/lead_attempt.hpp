// LeadAttempt: waits for the lock of the journal table on a thread of its own, so that a standby
// can follow meanwhile.
//
// Thread-safety: one owner; has_ended() by any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "journal/postgres/table_journal.hpp"

namespace perpetua::app {

class LeadAttempt {
 public:
  // Begins after `delay`; `on_end` is called once, on the attempt's thread, when has_ended().
  LeadAttempt(journal::postgres::TableOptions options, std::chrono::milliseconds delay,
              std::function<void()> on_end);
  ~LeadAttempt();  // gives up

  bool has_ended() const { return has_ended_.load(); }
  std::chrono::steady_clock::time_point ended_at() const { return ended_at_; }

  // The table that is led. REQUIRES: has_ended(). Throws std::runtime_error if it was refused.
  std::unique_ptr<journal::postgres::TableJournal> take();

 private:
  std::unique_ptr<journal::postgres::TableJournal> table_;
  journal::Status led_;
  std::chrono::steady_clock::time_point ended_at_{};
  std::atomic<bool> is_stopping_{false};
  std::atomic<bool> has_ended_{false};
  std::thread thread_;
};

}  // namespace perpetua::app
