#include "cluster/batch_publisher.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "cluster/batch_logs.hpp"
#include "cluster/batch_message.hpp"
#include "cluster/batch_scripts.hpp"
#include "cluster/log_extent.hpp"
#include "cluster/publish_queue.hpp"
#include "cluster/streams.hpp"
#include "journal/postgres/table_format.hpp"
#include "stores/redis/client.hpp"

namespace perpetua::cluster {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kLane = 0;

int64_t wall_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

const std::string& error_of(const std::vector<redis::Reply>& replies) {
  return std::ranges::find_if(replies, &redis::Reply::is_error)->text;
}

}  // namespace

// All under one mutex; the client's thread comes back through finished().
struct BatchPublisher::Impl : std::enable_shared_from_this<Impl> {
  enum class Question : uint8_t { check_log, delete_log, publish, beat };
  using Lock = std::unique_lock<std::mutex>;

  Impl(redis::Client& redis_client, const journal::ClusterId& cluster_id,
       const journal::JournalPosition& position, BatchPublisherOptions given)
      : client(redis_client),
        options(std::move(given)),
        crc_seed(journal::record_crc_seed(cluster_id)),
        epoch(position.last_epoch),
        next_batch(position.next_batch),
        last_hash(position.last_hash),
        queue(options.queue_bytes_max, options.queue_batches_max),
        extents(kBatchTags, LogExtent(options.log_bytes_max, options.log_messages_max)) {
    status.last_published = position.next_batch - 1;
  }

  void run_beats();
  void pump();
  void submit(Question question, redis::Request request);
  void finished(Question question, const std::vector<redis::Reply>& replies);
  bool take_answer(Question question, const std::vector<redis::Reply>& replies, std::string& told);
  void count(const PublishQueue::Sent& sent);
  void failed();
  void check_log();
  void delete_log();
  void publish();
  void beat();
  MessageHeader header_of(BatchNumber last_batch, uint32_t records) const;
  const char* publish_command() const { return options.is_cluster ? "SPUBLISH" : "PUBLISH"; }

  redis::Client& client;
  const BatchPublisherOptions options;
  const uint32_t crc_seed;
  const uint64_t epoch;

  std::mutex mutex;
  std::condition_variable changed;
  BatchNumber next_batch;  // written by on_batch alone, as is last_hash
  uint64_t last_hash;
  PublishQueue queue;
  std::vector<LogExtent> extents;
  BatchPublisherStatus status;
  bool is_log_checked = false;  // of the tag in use
  bool is_in_flight = false;
  bool is_open = false;  // messages may be sent
  bool is_stopping = false;
  uint32_t failures_in_row = 0;
  Clock::time_point last_sent{};
  std::thread beats;
};

MessageHeader BatchPublisher::Impl::header_of(BatchNumber last_batch, uint32_t records) const {
  MessageHeader header;
  header.record_count = records;
  header.epoch = epoch;
  header.last_batch = last_batch;
  header.sent_at_ms = wall_clock_ms();
  return header;
}

// The next message, unless one is in flight or every tag has failed since the last beat.
void BatchPublisher::Impl::pump() {
  if (!is_open || is_in_flight || queue.empty() || failures_in_row >= kBatchTags) return;
  if (is_log_checked) {
    publish();
  } else {
    check_log();
  }
}

void BatchPublisher::Impl::check_log() { submit(Question::check_log, ask_newest(status.tag)); }

void BatchPublisher::Impl::delete_log() {
  if (!is_open) return;
  const std::string key = batch_log_key(status.tag);
  submit(Question::delete_log, redis::Request(key, {"DEL", key, batch_last_key(status.tag)}));
}

void BatchPublisher::Impl::publish() {
  std::string message(sizeof(MessageHeader), '\0');
  const PublishQueue::Sent sent = queue.send(message);
  const BatchNumber last = sent.last_batch;
  seal_message(header_of(last, sent.batches), crc_seed, message);
  const BatchNumber oldest = extents[status.tag].add(last, message.size());
  redis::Request request;
  request.add_script(
      publish_script(),
      {batch_log_key(status.tag), batch_last_key(status.tag), batch_channel(status.tag)},
      {message, std::to_string(last), std::to_string(oldest), publish_command()});
  submit(Question::publish, std::move(request));
}

void BatchPublisher::Impl::beat() {
  std::string message(sizeof(MessageHeader), '\0');
  seal_message(header_of(status.last_published, 0), crc_seed, message);
  redis::Request request;
  request.add_script(beat_script(), {batch_last_key(status.tag), batch_channel(status.tag)},
                     {message, std::to_string(status.last_published), publish_command()});
  submit(Question::beat, std::move(request));
}

void BatchPublisher::Impl::submit(Question question, redis::Request request) {
  is_in_flight = true;
  last_sent = Clock::now();
  redis::CallOptions call;
  call.timeout_ms = options.timeout_ms;
  call.lane = kLane;
  const redis::Submit submitted =
      client.submit(std::move(request), call,
                    [self = shared_from_this(), question](std::vector<redis::Reply>&& replies) {
                      self->finished(question, replies);
                    });
  if (submitted == redis::Submit::accepted) return;
  is_in_flight = false;
  failed();
  failures_in_row = kBatchTags;  // the client itself refuses: the next tag would not help
}

void BatchPublisher::Impl::finished(Question question, const std::vector<redis::Reply>& replies) {
  Lock lock(mutex);
  is_in_flight = false;
  std::string told;
  if (take_answer(question, replies, told)) {
    failures_in_row = 0;
    if (std::exchange(status.is_failing, false)) told = "batches are published again";
  } else {
    if (!status.is_failing) told = "batches are not published: " + error_of(replies);
    failed();
  }
  // The first word on a tag, if there is no batch.
  const bool is_new_tag = question <= Question::delete_log && is_log_checked;
  if (is_open && !is_in_flight && is_new_tag && queue.empty()) beat();
  pump();
  changed.notify_all();
  lock.unlock();
  if (!told.empty() && options.on_notice) options.on_notice(told);
}

bool BatchPublisher::Impl::take_answer(Question question, const std::vector<redis::Reply>& replies,
                                       std::string& told) {
  if (std::ranges::any_of(replies, &redis::Reply::is_error)) return false;
  switch (question) {
    case Question::check_log:
      is_log_checked = may_precede(replies, crc_seed, epoch, next_batch);
      if (is_log_checked) break;
      told = batch_log_key(status.tag) + " is of another history and is deleted";
      delete_log();
      break;
    case Question::delete_log:
      is_log_checked = true;
      ++status.logs_deleted;
      break;
    case Question::publish:
      count(queue.published());
      status.repeated += replies.front().integer == 0 ? 1 : 0;
      break;
    case Question::beat:
      ++status.beats;
      break;
  }
  return true;
}

void BatchPublisher::Impl::count(const PublishQueue::Sent& sent) {
  status.last_published = sent.last_batch;
  status.batches += sent.batches;
  status.bytes += sent.bytes;
  ++status.messages;
}

void BatchPublisher::Impl::failed() {
  ++status.failures;
  ++failures_in_row;
  status.is_failing = true;
  status.tag = (status.tag + 1) % kBatchTags;
  is_log_checked = false;
  queue.put_back();
}

void BatchPublisher::Impl::run_beats() {
  Lock lock(mutex);
  const auto every = std::chrono::milliseconds(options.beat_ms);
  while (is_open) {
    const Clock::time_point due = (is_in_flight ? Clock::now() : last_sent) + every;
    changed.wait_until(lock, due, [&] { return !is_open; });
    if (!is_open || is_in_flight || Clock::now() < last_sent + every) continue;
    failures_in_row = 0;
    if (!queue.empty()) {
      pump();
    } else if (is_log_checked) {
      beat();
    } else {
      check_log();
    }
  }
}

BatchPublisher::BatchPublisher(redis::Client& client, const journal::ClusterId& cluster_id,
                               const journal::JournalPosition& position,
                               BatchPublisherOptions options)
    : impl_(std::make_shared<Impl>(client, cluster_id, position, std::move(options))) {}

BatchPublisher::~BatchPublisher() { stop(); }

void BatchPublisher::start() {
  Impl::Lock lock(impl_->mutex);
  PERPETUA_ASSERT(!impl_->is_open && !impl_->is_stopping);
  impl_->is_open = true;
  impl_->beats = std::thread([impl = impl_.get()] { impl->run_beats(); });
}

void BatchPublisher::stop() {
  Impl::Lock lock(impl_->mutex);
  if (!std::exchange(impl_->is_stopping, true) && impl_->is_open) {
    const BatchPublisherOptions& options = impl_->options;
    const int64_t patience_ms = impl_->status.is_failing ? options.timeout_ms : options.flush_ms;
    impl_->changed.wait_for(lock, std::chrono::milliseconds(patience_ms),
                            [&] { return impl_->queue.empty() && !impl_->is_in_flight; });
  }
  impl_->is_open = false;
  impl_->changed.notify_all();
  lock.unlock();
  if (impl_->beats.joinable()) impl_->beats.join();
}

void BatchPublisher::on_batch(const AppliedBatch& batch, std::span<const runtime::ReplyTarget>) {
  Impl& impl = *impl_;
  PERPETUA_ASSERT(batch.number == impl.next_batch);
  const BatchInput input{batch.number, batch.log_time_ms, batch.commands, batch.text};
  const journal::RecordHeader header =
      journal::postgres::record_header_of(input, batch.first_event, impl.epoch, impl.last_hash);
  std::string record(journal::record_bytes(batch.commands.size(), batch.text.size()), '\0');
  impl.last_hash = journal::encode_record(
      header, input, impl.crc_seed, {reinterpret_cast<std::byte*>(record.data()), record.size()});
  Impl::Lock lock(impl.mutex);
  ++impl.next_batch;
  if (impl.is_stopping) return;
  impl.queue.push(batch.number, std::move(record));
  impl.pump();
}

BatchPublisherStatus BatchPublisher::status() const {
  const std::lock_guard lock(impl_->mutex);
  BatchPublisherStatus status = impl_->status;
  status.queued_batches = impl_->queue.batches();
  status.queued_bytes = impl_->queue.waiting_bytes();
  status.dropped_batches = impl_->queue.dropped();
  return status;
}

}  // namespace perpetua::cluster
