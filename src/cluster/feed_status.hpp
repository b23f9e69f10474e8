// BatchFeedStatus: what a batch feed tells of itself, and where it lies for those who ask.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "engine/schema/types.hpp"

namespace perpetua::cluster {

enum class FeedSource : uint8_t { live, log, table };
const char* to_string(FeedSource source);

struct BatchFeedStatus {
  BatchNumber last_batch = 0;             // applied
  BatchNumber known_batch = 0;            // newest one heard of; the lag is known - last
  uint64_t epoch = 0;                     // newest leader heard of on the stream
  FeedSource source = FeedSource::table;  // where the newest batch came from, or is looked for
  bool is_silent = true;                  // no leader heard for silence_ms
  bool is_subscribed = false;             // to every tag
  bool has_failed = false;
  std::string reason;         // of has_failed
  int64_t heard_ms_ago = -1;  // last message or beat of the leader; -1: never
  uint64_t messages = 0;
  uint64_t beats = 0;
  uint64_t duplicates = 0;      // batches
  uint64_t reordered = 0;       // batches that waited for one before them
  uint64_t gaps = 0;            // attempts to close one that stayed
  uint64_t log_batches = 0;     // applied from the logs
  uint64_t table_batches = 0;   // applied from the journal
  uint64_t refused = 0;         // messages and records
  uint64_t overflows = 0;       // of the queue
  uint64_t table_failures = 0;  // the table could not be read
};

// The newest status. Thread-safety: every function by any thread.
class ShownFeedStatus {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `heard`: when the leader was, last.
  void show(const BatchFeedStatus& status, std::optional<Time> heard) {
    const std::lock_guard lock(mutex_);
    status_ = status;
    heard_ = heard;
  }
  // heard_ms_ago as of `now`.
  BatchFeedStatus get(Time now) const {
    const std::lock_guard lock(mutex_);
    BatchFeedStatus status = status_;
    if (heard_) {
      const auto ago = std::chrono::duration_cast<std::chrono::milliseconds>(now - *heard_);
      status.heard_ms_ago = ago.count();
    }
    return status;
  }

 private:
  mutable std::mutex mutex_;
  BatchFeedStatus status_;
  std::optional<Time> heard_;
};

}  // namespace perpetua::cluster
