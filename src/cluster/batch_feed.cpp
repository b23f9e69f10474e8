#include "cluster/batch_feed.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "base/assert.hpp"
#include "cluster/batch_logs.hpp"
#include "cluster/batch_message.hpp"
#include "cluster/feed_clock.hpp"
#include "cluster/message_inbox.hpp"
#include "cluster/reorder_buffer.hpp"
#include "cluster/streams.hpp"
#include "stores/redis/subscriber.hpp"

namespace perpetua::cluster {
namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

std::chrono::milliseconds ms(int64_t value) { return std::chrono::milliseconds(value); }

}  // namespace

// Everything on the follower's thread but the inbox and `shown`.
struct BatchFeed::Impl {
  Impl(redis::Client* redis_client, runtime::Follower& replica, BatchFeedOptions given)
      : client(redis_client),
        follower(replica),
        options(std::move(given)),
        inbox(options.queue_bytes_max, options.queue_messages_max),
        reorder(kReorderBytes, kReorderBatches),
        clock({ms(options.gap_wait_ms), ms(options.silence_ms), ms(options.poll_ms),
               ms(options.unpublished_ms)}) {
    if (client != nullptr) logs.emplace(*client, options.ask_timeout_ms);
  }

  void subscribe();
  void run();
  Time deadline() const;
  void heed(const MessageInbox::Content& content);
  void take_message(std::string_view bytes, FeedSource source);
  void hear(const MessageHeader& header);
  void take_record(std::string_view record, FeedSource source);
  void take_waiting();
  void settle();
  void heal();
  bool read_logs();
  void read_table(BatchNumber at_most);
  void refuse(const std::string& why, FeedSource source);
  void fail(const std::string& reason);
  void tell_progress();
  void tick();
  void show();
  void notice(const std::string& text) const {
    if (options.on_notice) options.on_notice(text);
  }
  BatchNumber last() const { return follower.last_batch(); }

  redis::Client* const client;
  runtime::Follower& follower;
  const BatchFeedOptions options;
  MessageInbox inbox;
  ReorderBuffer reorder;
  FeedClock clock;
  std::optional<BatchLogs> logs;
  std::optional<redis::Subscriber> subscriber;
  std::thread thread;

  uint32_t crc_seed = 0;
  BatchFeedStatus status;  // what show() makes visible
  Time now{};              // of this round
  Time next_tick{};
  BatchNumber told = 0;  // to on_progress
  bool is_table_away = false;

  ShownFeedStatus shown;
};

void BatchFeed::Impl::subscribe() {
  redis::SubscriberHandlers handlers;
  handlers.on_message = [this](const redis::Message& message) { inbox.push(message.payload); };
  handlers.on_lost = [this](redis::ChannelKind, const std::string&) { inbox.tell_lost(); };
  subscriber.emplace(*client, std::move(handlers));
  const auto kind = options.is_cluster ? redis::ChannelKind::shard : redis::ChannelKind::channel;
  for (unsigned tag = 0; tag < kBatchTags; ++tag) subscriber->subscribe(kind, batch_channel(tag));
}

void BatchFeed::Impl::run() {
  crc_seed = journal::record_crc_seed(follower.cluster_id());
  status.known_batch = told = last();
  now = next_tick = Clock::now();
  clock.begin(now);
  for (;;) {
    const MessageInbox::Content content = inbox.take(deadline());
    if (content.is_stopped) break;
    now = Clock::now();
    if (!status.has_failed) {
      heed(content);
      for (const std::string& message : content.messages) {
        take_message(message, FeedSource::live);
        tell_progress();
      }
      settle();
    }
    tick();
    show();
  }
  show();
}

Time BatchFeed::Impl::deadline() const {
  return status.has_failed ? next_tick : std::min(next_tick, clock.next(now));
}

void BatchFeed::Impl::heed(const MessageInbox::Content& content) {
  if (content.has_lost) clock.lose();
  if (!content.has_overflown) return;
  ++status.overflows;
  clock.want();
}

// A message of the newest leader, live.
void BatchFeed::Impl::hear(const MessageHeader& header) {
  ++(header.record_count == 0 ? status.beats : status.messages);
  if (header.epoch < status.epoch) return;  // of a leader that is deposed: late, or about to learn
  status.epoch = header.epoch;
  clock.hear(now);
}

void BatchFeed::Impl::take_message(std::string_view bytes, FeedSource source) {
  BatchMessage message;
  const MessageCheck check = check_message(bytes, crc_seed, message);
  if (check != MessageCheck::ok) return refuse(to_string(check), source);
  if (source == FeedSource::live) hear(message.header);
  status.known_batch = std::max(status.known_batch, message.header.last_batch);
  std::string_view record;
  BatchNumber batch = 0;
  bool is_whole = true;
  while (next_record(message.records, record, batch, is_whole)) {
    if (batch <= last() + 1) {
      take_record(record, source);
      take_waiting();
    } else if (reorder.put(batch, record)) {
      ++status.reordered;
    }
  }
  if (!is_whole) refuse("a message with bytes that are no record", source);
}

void BatchFeed::Impl::take_waiting() {
  while (const auto record = reorder.take_up_to(last() + 1)) {
    take_record(*record, FeedSource::live);
  }
}

void BatchFeed::Impl::take_record(std::string_view record, FeedSource source) {
  std::string why;
  switch (follower.take(bytes_of(record), why)) {
    case runtime::Follower::Taken::applied:
      status.source = source;
      status.log_batches += source == FeedSource::log ? 1 : 0;
      return;
    case runtime::Follower::Taken::duplicate:
      ++status.duplicates;
      return;
    case runtime::Follower::Taken::gap:
      return;
    case runtime::Follower::Taken::refused:
      return refuse(why, source);
  }
}

// What a log holds is read again and again, so it is told once: when it was live.
void BatchFeed::Impl::refuse(const std::string& why, FeedSource source) {
  ++status.refused;
  if (source == FeedSource::log) return;
  clock.doubt();
  notice("a published batch is refused: " + why);
}

// Decides whether something is missing, and gets it.
void BatchFeed::Impl::settle() {
  clock.set_gap(status.known_batch > last(), now);
  if (clock.is_due(now)) heal();
}

void BatchFeed::Impl::heal() {
  const BatchNumber before = last();
  const bool is_quiet = clock.is_silent(now);
  status.gaps += clock.has_gap() ? 1 : 0;
  clock.begin_look();
  const bool is_redis_there = logs && read_logs();
  // Further than Redis names only if Redis cannot be asked, or the leader does not reach it.
  const bool may_read_on = !is_redis_there || (is_quiet && clock.is_unpublished(now));
  const bool is_in_doubt = clock.take_doubt();
  if (may_read_on || is_in_doubt) {
    read_table(UINT64_MAX);
  } else if (status.known_batch > last()) {
    read_table(status.known_batch);
  }
  take_waiting();
  tell_progress();
  clock.end_look(status.known_batch > last(), last() != before, Clock::now());
}

// What the logs have after the newest batch applied; false if no tag answers.
bool BatchFeed::Impl::read_logs() {
  bool is_answered = false;
  for (;;) {
    const BatchNumber before = last();
    const BatchLogs::Answer answer = logs->read(before);
    is_answered |= answer.is_answered;
    if (answer.last > status.known_batch) {
      status.known_batch = answer.last;
      clock.advance(now);
    }
    for (const std::string& message : answer.messages) take_message(message, FeedSource::log);
    tell_progress();
    if (last() == before) return is_answered;
  }
}

void BatchFeed::Impl::read_table(BatchNumber at_most) {
  uint64_t batches = 0;
  const journal::Status read = follower.catch_up(batches, at_most);
  status.table_batches += batches;
  if (batches != 0) status.source = FeedSource::table;
  if (read.ok()) {
    // The table holds whatever is published; what it does not hold was never there.
    status.known_batch = last();
    if (std::exchange(is_table_away, false)) notice("the journal can be read again");
    return;
  }
  ++status.table_failures;
  if (read.error != ENOTCONN) return fail(read.message);
  if (!std::exchange(is_table_away, true)) notice("the journal is away: " + read.message);
}

void BatchFeed::Impl::fail(const std::string& reason) {
  status.has_failed = true;
  status.reason = reason;
  show();
  if (options.on_failed) options.on_failed(reason);
}

void BatchFeed::Impl::tell_progress() {
  if (told == last()) return;
  told = last();
  if (options.on_progress) options.on_progress(told);
}

void BatchFeed::Impl::tick() {
  if (now < next_tick) return;
  next_tick = now + ms(options.tick_ms);
  if (options.on_tick) options.on_tick();
}

void BatchFeed::Impl::show() {
  status.last_batch = last();
  status.is_silent = clock.is_silent(now);
  status.is_subscribed = subscriber && subscriber->is_in_force();
  if (status.is_silent) status.source = FeedSource::table;
  shown.show(status, clock.heard());
}

BatchFeed::BatchFeed(redis::Client* client, runtime::Follower& follower, BatchFeedOptions options)
    : impl_(std::make_unique<Impl>(client, follower, std::move(options))) {}

BatchFeed::~BatchFeed() { stop(); }

void BatchFeed::start() {
  PERPETUA_ASSERT(!impl_->thread.joinable());
  if (impl_->client != nullptr) impl_->subscribe();
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

void BatchFeed::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->inbox.stop();
  impl_->thread.join();
  impl_->subscriber.reset();
}

BatchFeedStatus BatchFeed::status() const {
  BatchFeedStatus status = impl_->shown.get(Clock::now());
  status.last_batch = impl_->follower.last_batch();
  return status;
}

}  // namespace perpetua::cluster
