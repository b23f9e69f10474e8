// BatchFeed: a follower's end of the batch stream. Owns the follower's thread and brings it every
// batch, in order, from wherever it can be had.
//
//   live    messages of all tags; the next batch is applied, an older one dropped, a later one
//           kept for kGapWaitMs in case the ones before it are on their way
//   log     a gap that stays, or a subscription that is new: the logs of the tags (batch_log_key)
//   table   what the logs do not have, and everything while the leader is silent (no message or
//           beat for silence_ms), a subscription was lost or Redis is away: the journal, read every
//           poll_ms until live messages come again
//
// While Redis answers, the table is read only as far as Redis says that batches are published
// (unless nothing is published for kUnpublishedMs: the leader cannot reach Redis), so that what
// this process shows can be found by the read barrier of another (read_barrier.hpp).
// A damaged or foreign record is counted, told and read from the table instead. If the table itself
// does not continue what this follower has applied, the feed ends as `failed`. A table that is away
// is asked again.
// Without a client the table alone is read.
//
// Thread-safety: start and stop by one owner; status, last_batch by any thread. The callbacks run
// on the follower's thread. REQUIRES: recover() of the follower before start(); nobody else uses
// the follower between start() and stop(), but for what it allows to any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "cluster/feed_status.hpp"
#include "runtime/follower.hpp"

namespace perpetua::redis {
class Client;
}

namespace perpetua::cluster {

inline constexpr std::size_t kFeedQueueBytes = 32u << 20;
inline constexpr std::size_t kFeedQueueMessages = 16'384;
inline constexpr std::size_t kReorderBytes = 16u << 20;
inline constexpr std::size_t kReorderBatches = 4'096;
inline constexpr int64_t kGapWaitMs = 5;
inline constexpr int64_t kSilenceMs = 300;
inline constexpr int64_t kTablePollMs = 100;
inline constexpr int64_t kUnpublishedMs = 1'000;
inline constexpr int64_t kFeedAskMs = 100;  // of one question to the logs

struct BatchFeedOptions {
  bool is_cluster = false;  // SSUBSCRIBE
  int64_t gap_wait_ms = kGapWaitMs;
  int64_t silence_ms = kSilenceMs;
  int64_t poll_ms = kTablePollMs;
  int64_t unpublished_ms = kUnpublishedMs;
  int64_t ask_timeout_ms = kFeedAskMs;
  int64_t tick_ms = 100;
  std::size_t queue_bytes_max = kFeedQueueBytes;
  std::size_t queue_messages_max = kFeedQueueMessages;
  std::function<void()> on_tick;                      // every tick_ms, about
  std::function<void(BatchNumber)> on_progress;       // follower.last_batch() has grown
  std::function<void(const std::string&)> on_notice;  // refused records, the table away, ...
  std::function<void(const std::string&)> on_failed;  // once; the reason
};

class BatchFeed {
 public:
  // `client` may be null. Both outlive stop().
  BatchFeed(redis::Client* client, runtime::Follower& follower, BatchFeedOptions options = {});
  ~BatchFeed();  // stops
  BatchFeed(const BatchFeed&) = delete;
  BatchFeed& operator=(const BatchFeed&) = delete;

  void start();
  // After it the follower belongs to the caller again. Not from a callback.
  void stop();

  BatchFeedStatus status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace perpetua::cluster
