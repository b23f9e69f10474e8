// The leader's end of the batch stream, against a real Redis.
#include "cluster/batch_publisher.hpp"

#include <gtest/gtest.h>

#include "cluster/stream_test_support.hpp"
#include "stores/redis/subscriber.hpp"

namespace perpetua::cluster {
namespace {

using namespace testing_support;

// All messages of all tags, as they came.
class Listener {
 public:
  explicit Listener(redis::Client& client) {
    redis::SubscriberHandlers handlers;
    handlers.on_message = [this](const redis::Message& message) {
      const std::lock_guard lock(mutex_);
      messages_.emplace_back(message.payload);
    };
    subscriber_.emplace(client, std::move(handlers));
    for (unsigned tag = 0; tag < kBatchTags; ++tag) {
      subscriber_->subscribe(redis::ChannelKind::channel, batch_channel(tag));
    }
    EXPECT_TRUE(comes_true([&] { return subscriber_->is_in_force(); }));
  }
  std::vector<std::string> messages() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> messages_;
  std::optional<redis::Subscriber> subscriber_;
};

class BatchPublisherTest : public StreamTest {
 protected:
  // The records of these messages, one after the other; beats have none.
  std::string records_of(const std::vector<std::string>& messages) const {
    std::string all;
    for (const std::string& bytes : messages) {
      BatchMessage message;
      EXPECT_EQ(check_message(bytes, journal_.seed(), message), MessageCheck::ok);
      all += message.records;
    }
    return all;
  }
  // Those of the journal behind batch `after`.
  std::string journal_behind(BatchNumber after) const {
    std::string all;
    const std::vector<Record> records = journal_.records();
    for (std::size_t i = after; i < records.size(); ++i) {
      all.append(reinterpret_cast<const char*>(records[i].data()), records[i].size());
    }
    return all;
  }
  static std::vector<std::string> log_of(redis::Client& client, unsigned tag) {
    const std::string key = batch_log_key(tag);
    const redis::Reply entries = one(client, Request(key, {"XRANGE", key, "-", "+"}));
    std::vector<std::string> messages;
    for (const redis::Reply& entry : entries.elements) {
      messages.push_back(entry.elements[1].elements[1].text);
    }
    return messages;
  }
  static BatchNumber last_of(redis::Client& client, unsigned tag) {
    const std::string text = get(client, batch_last_key(tag)).text;
    return text.empty() ? 0 : std::stoull(text);
  }
  bool has_published(BatchNumber batch) const {
    return comes_true([&] { return publisher_->status().last_published >= batch; });
  }
  static BatchPublisherOptions patient() {
    BatchPublisherOptions options;
    options.timeout_ms = 60'000;
    return options;
  }

  redis::TestServer server_;
  StartedClient client_{server_.client_options()};
};

TEST_F(BatchPublisherTest, what_is_published_and_logged_are_the_bytes_of_the_journal) {
  const Listener listener(client_);
  start_leader(client_, patient());
  trade(40);
  stop_leader();
  const std::string expected = journal_behind(position_.next_batch - 1);
  ASSERT_TRUE(
      comes_true([&] { return records_of(listener.messages()).size() >= expected.size(); }));
  EXPECT_EQ(records_of(listener.messages()), expected);
  EXPECT_EQ(records_of(log_of(client_, 0)), expected);
  EXPECT_EQ(last_of(client_, 0), last_batch_);
  const BatchPublisherStatus status = publisher_->status();
  EXPECT_EQ(status.batches, last_batch_ + 1 - position_.next_batch);
  EXPECT_EQ(status.bytes, expected.size());
  EXPECT_EQ(status.queued_batches, 0u);
  EXPECT_EQ(status.queued_bytes, 0u);
}

TEST_F(BatchPublisherTest, what_waits_for_the_message_in_flight_goes_into_the_next_one) {
  start_leader(client_, patient());
  trade(1);
  ASSERT_TRUE(has_published(newest()));
  const uint64_t before = publisher_->status().messages;
  server_.pause();
  trade(30);
  server_.resume();
  ASSERT_TRUE(has_published(newest()));
  // One in flight when the server stopped (a beat, perhaps), the rest together.
  EXPECT_LE(publisher_->status().messages - before, 2u);
  stop_leader();
  EXPECT_EQ(records_of(log_of(client_, 0)), journal_behind(position_.next_batch - 1));
}

TEST_F(BatchPublisherTest, a_message_stays_within_its_bound) {
  start_leader(client_, patient());
  server_.pause();
  for (int i = 0; i < 60; ++i) {
    const std::string thought(20'000, static_cast<char>('a' + i % 26));
    Command order = runtime::testing_support::make_order(1, 0, Side::buy, 100'000 - i);
    submit(*runtime_, {runtime::testing_support::make_submission(order, thought)});
  }
  ASSERT_TRUE(runtime_->stop());
  server_.resume();
  publisher_->stop();
  const std::vector<std::string> messages = log_of(client_, 0);
  EXPECT_GT(messages.size(), 1u);
  for (const std::string& message : messages) EXPECT_LE(message.size(), kMessageBytesMax);
  EXPECT_EQ(records_of(messages), journal_behind(position_.next_batch - 1));
}

TEST_F(BatchPublisherTest, what_another_has_published_is_not_published_again) {
  start_leader(client_, patient());
  // The same leader twice: a process that was stopped for a while and is late.
  BatchPublisher late(client_, *journal_.cluster_id(), position_, patient());
  late.start();
  ASSERT_TRUE(comes_true([&] { return late.status().beats > 0; }));
  trade(5);
  ASSERT_TRUE(has_published(newest()));
  stop_leader();
  const Listener listener(client_);
  auto follower = follower_at(position_.next_batch - 1);
  follower->add_listener(late);
  take_rest(*follower);
  late.stop();
  EXPECT_EQ(late.status().last_published, last_batch_);
  EXPECT_GT(late.status().repeated, 0u);
  EXPECT_EQ(late.status().failures, 0u);
  EXPECT_EQ(late.status().logs_deleted, 0u);
  EXPECT_EQ(records_of(listener.messages()), "");
  EXPECT_EQ(last_of(client_, 0), last_batch_);
}

TEST_F(BatchPublisherTest, a_redis_that_dies_gets_what_was_in_doubt_and_all_that_waited) {
  start_leader(client_);
  trade(10);
  ASSERT_TRUE(has_published(newest()));
  const BatchNumber before = newest();
  server_.kill();
  trade(10);
  ASSERT_TRUE(comes_true([&] { return publisher_->status().failures >= 2 * kBatchTags; }));
  EXPECT_TRUE(publisher_->status().is_failing);
  server_.start();  // empty: it keeps nothing
  ASSERT_TRUE(has_published(newest()));
  trade(3);
  ASSERT_TRUE(has_published(newest()));
  EXPECT_FALSE(publisher_->status().is_failing);
  EXPECT_TRUE(leader_notices_.hold("batches are not published"));
  EXPECT_TRUE(leader_notices_.hold("batches are published again"));
  stop_leader();
  std::string logged;
  for (unsigned tag = 0; tag < kBatchTags; ++tag) logged += records_of(log_of(client_, tag));
  EXPECT_EQ(logged, journal_behind(before));
  EXPECT_EQ(publisher_->status().dropped_batches, 0u);
}

TEST_F(BatchPublisherTest, a_queue_that_is_full_drops_its_oldest_and_never_waits) {
  server_.kill();
  BatchPublisherOptions options;
  options.queue_batches_max = 8;
  start_leader(client_, options);
  trade(50);  // would hang if egress waited
  ASSERT_TRUE(comes_true([&] { return publisher_->status().failures > 0; }));
  EXPECT_LE(publisher_->status().queued_batches, 16u);
  EXPECT_GE(publisher_->status().dropped_batches, 34u);
  const BatchNumber last = newest();
  server_.start();
  ASSERT_TRUE(has_published(last));
  stop_leader();
  const BatchPublisherStatus status = publisher_->status();
  EXPECT_EQ(status.batches + status.dropped_batches, last_batch_ + 1 - position_.next_batch);
}

TEST_F(BatchPublisherTest, without_batches_it_beats_and_names_the_newest) {
  const Listener listener(client_);
  start_leader(client_);
  ASSERT_TRUE(comes_true([&] { return listener.messages().size() >= 2; }));
  BatchMessage message;
  const std::string bytes = listener.messages().back();
  ASSERT_EQ(check_message(bytes, journal_.seed(), message), MessageCheck::ok);
  EXPECT_EQ(message.header.record_count, 0u);
  EXPECT_EQ(message.header.epoch, position_.last_epoch);
  EXPECT_EQ(message.header.last_batch, position_.next_batch - 1);
  EXPECT_GT(message.header.sent_at_ms, 0);
  EXPECT_EQ(last_of(client_, publisher_->status().tag), position_.next_batch - 1);
  EXPECT_EQ(log_of(client_, 0).size(), 0u);
  stop_leader();
}

TEST_F(BatchPublisherTest, the_log_of_another_history_is_deleted) {
  log(client_, "foreign", 900'000);
  start_leader(client_, patient());
  trade(3);
  stop_leader();
  EXPECT_EQ(publisher_->status().logs_deleted, 1u);
  EXPECT_TRUE(leader_notices_.hold("is of another history"));
  EXPECT_EQ(last_of(client_, 0), last_batch_);
  EXPECT_EQ(records_of(log_of(client_, 0)), journal_behind(position_.next_batch - 1));
}

// Whichever of the two keys tells of it.
TEST_F(BatchPublisherTest, batches_that_a_restored_database_lost_leave_the_log) {
  for (const std::string& deleted : {std::string(), batch_log_key(0), batch_last_key(0)}) {
    start_leader(client_, patient());
    trade(20);
    stop_leader();
    std::vector<Record> records = journal_.records();
    records.resize(records.size() - 10);  // the back-up
    journal_.set_records(records);
    const std::string snapshots = "/leader/snapshots";  // they know more
    std::vector<std::string> names;
    ASSERT_EQ(storage_.list(snapshots, names), 0);
    for (const std::string& name : names) {
      ASSERT_EQ(storage_.remove(std::string(snapshots).append("/").append(name)), 0);
    }
    if (!deleted.empty()) {
      ASSERT_TRUE(one(client_, Request(deleted, {"DEL", deleted})).is_integer());
    }
    start_leader(client_, patient());
    trade(2);
    stop_leader();
    EXPECT_EQ(publisher_->status().logs_deleted, 1u) << deleted;
    EXPECT_EQ(last_of(client_, 0), last_batch_);
    EXPECT_EQ(records_of(log_of(client_, 0)), journal_behind(position_.next_batch - 1));
  }
}

TEST_F(BatchPublisherTest, a_log_keeps_about_as_many_messages_as_it_may) {
  BatchPublisherOptions options = patient();
  options.log_messages_max = 50;
  start_leader(client_, options);
  for (int i = 0; i < 300; ++i) {
    trade(1);
    ASSERT_TRUE(has_published(newest()));
  }
  stop_leader();
  const std::size_t kept = log_of(client_, 0).size();
  EXPECT_GE(kept, 50u);
  EXPECT_LT(kept, 200u);  // Redis trims whole nodes of 100 entries
}

TEST_F(BatchPublisherTest, a_stop_publishes_what_is_queued_and_gives_up_in_time) {
  start_leader(client_, patient());
  server_.pause();
  trade(20);
  server_.resume();
  stop_leader();
  EXPECT_EQ(publisher_->status().last_published, last_batch_);
  BatchPublisherOptions hasty;
  hasty.flush_ms = 10;
  start_leader(client_, hasty);
  server_.kill();
  trade(5);
  stop_leader();  // would hang if it waited for Redis
  EXPECT_GT(publisher_->status().queued_batches, 0u);
}

}  // namespace
}  // namespace perpetua::cluster
