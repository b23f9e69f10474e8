// BatchPublisher: the leader's end of the batch stream. Every batch that egress releases goes out
// as its journal record, byte for byte as it stands in the table.
//
// on_batch() encodes and queues, bounded; beyond the bounds the oldest waiting batches are dropped
// and counted (followers read them from the table). One message is in flight; all that comes
// meanwhile goes into the next one. A message is one script of Redis: it is added to the log of the
// tag, named as the newest one (batch_last_key) and published, all or nothing, in this order. An id
// that the log refuses as not larger was published before and is no error.
// A publish that fails or is unanswered after `timeout_ms` goes to the next tag, with what was in
// doubt; after a failure on every tag it waits for `beat_ms`. Before a tag is used (again), a log
// that is not of this history is deleted: another exchange's, or one that a restored database has
// lost.
// Without batches a beat goes out every `beat_ms`.
//
// Thread-safety: on_batch by one thread (egress); start and stop by the owner; status by any.
// The client outlives stop().
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "journal/format.hpp"
#include "runtime/api/egress.hpp"

namespace perpetua::redis {
class Client;
}

namespace perpetua::cluster {

inline constexpr std::size_t kPublishQueueBytes = 32u << 20;
inline constexpr std::size_t kPublishQueueBatches = 8'192;
inline constexpr std::size_t kBatchLogBytes = 64u << 20;  // of each tag, about
inline constexpr std::size_t kBatchLogMessages = 8'192;   // of each tag, about
inline constexpr int64_t kPublishTimeoutMs = 100;
inline constexpr int64_t kBeatMs = 100;
inline constexpr int64_t kPublishFlushMs = 1'000;

struct BatchPublisherOptions {
  bool is_cluster = false;  // SPUBLISH
  std::size_t queue_bytes_max = kPublishQueueBytes;
  std::size_t queue_batches_max = kPublishQueueBatches;
  std::size_t log_bytes_max = kBatchLogBytes;
  std::size_t log_messages_max = kBatchLogMessages;
  int64_t timeout_ms = kPublishTimeoutMs;
  int64_t beat_ms = kBeatMs;
  int64_t flush_ms = kPublishFlushMs;  // stop() waits no longer
  // Failures begin, failures end, a log deleted; on the client's thread.
  std::function<void(const std::string&)> on_notice;
};

struct BatchPublisherStatus {
  BatchNumber last_published = 0;
  std::size_t queued_batches = 0;
  std::size_t queued_bytes = 0;
  uint64_t batches = 0;   // published
  uint64_t messages = 0;  // with batches
  uint64_t bytes = 0;     // of these
  uint64_t beats = 0;
  uint64_t repeated = 0;  // messages whose id the log had already
  uint64_t failures = 0;
  uint64_t dropped_batches = 0;
  uint64_t logs_deleted = 0;
  uint32_t tag = 0;  // in use
  bool is_failing = false;
};

class BatchPublisher final : public runtime::EgressListener {
 public:
  // `position`: where the leader's log stands, with its epoch, as Runtime's recover() tells.
  BatchPublisher(redis::Client& client, const journal::ClusterId& cluster_id,
                 const journal::JournalPosition& position, BatchPublisherOptions options = {});
  ~BatchPublisher() override;  // stops
  BatchPublisher(const BatchPublisher&) = delete;
  BatchPublisher& operator=(const BatchPublisher&) = delete;

  void start();
  // Publishes what is queued, for flush_ms at most, for timeout_ms while publishing fails
  // (followers read the rest from the table); later batches are ignored.
  void stop();

  void on_batch(const AppliedBatch& batch, std::span<const runtime::ReplyTarget> targets) override;

  BatchPublisherStatus status() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace perpetua::cluster
