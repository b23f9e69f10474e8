// SegmentPreparer: a helper thread that keeps the next segment file ready: allocated, zero-written,
// synced, and named <number>.prepared.
//
// It is zero-written under a temporary name and renamed only when whole, so a prepared file holds
// zeros, or a header that a crash kept from being renamed to a segment; the header block is written
// anew in any case. A file that does not fit is removed at once and tried again later.
// Thread-safety: request and take by one thread, state by any.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "journal/data_directory.hpp"

namespace perpetua::journal {

class SegmentPreparer {
 public:
  enum class State { idle, working, ready, no_space, failed };

  SegmentPreparer(const DataDirectory& directory, uint64_t segment_bytes, int64_t retry_ms);
  ~SegmentPreparer();

  void request(uint64_t number);  // REQUIRES: idle

  State state() const;
  // Waits while working. On `ready` gives the file, still under its prepared name, and goes idle.
  State take(std::unique_ptr<File>& file, Status& failure);
  // Waits while working, without taking.
  State wait();

 private:
  void run();
  State prepare(uint64_t number, std::unique_ptr<File>& file, Status& failure);
  State create(const std::string& path, std::unique_ptr<File>& file, Status& failure);

  const DataDirectory& directory_;
  const uint64_t segment_bytes_;
  const int64_t retry_ms_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::idle;
  std::atomic<bool> stop_{false};
  uint64_t number_ = 0;
  std::unique_ptr<File> file_;
  Status failure_;
  std::thread thread_;
};

}  // namespace perpetua::journal
