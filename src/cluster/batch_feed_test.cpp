// A follower's end of the batch stream: what it does with messages as they come.
#include "cluster/batch_feed.hpp"

#include <gtest/gtest.h>

#include <random>

#include "cluster/stream_test_support.hpp"

namespace perpetua::cluster {
namespace {

using namespace testing_support;

// A stream played by hand from a journal that is written before.
class BatchFeedTest : public StreamTest {
 protected:
  static constexpr BatchNumber kStart = 3;

  // `commands` batches in the journal; what a follower has to come to.
  void write_journal(uint64_t commands) {
    redis::TestServer unused;
    StartedClient client(unused.client_options());
    start_leader(client);
    trade(commands);
    stop_leader();
  }
  // Patient enough that nothing but what the test does makes it look for batches.
  static BatchFeedOptions unmoved() {
    BatchFeedOptions options;
    options.gap_wait_ms = 100'000;
    options.silence_ms = 100'000;
    options.unpublished_ms = 100'000;
    options.ask_timeout_ms = 60'000;
    return options;
  }
  // Subscribed, has looked once, and hears the leader.
  void start(Node& node) {
    node.feed->start();
    ASSERT_TRUE(node.is_subscribed());
    publish(client_, beat(kStart));
    ASSERT_TRUE(comes_true([&] { return !node.status().is_silent; }));
    ASSERT_EQ(node.follower->last_batch(), kStart);
    node.journal.readings = 0;
  }

  redis::TestServer server_;
  StartedClient client_{quick(server_.client_options())};
};

TEST_F(BatchFeedTest, batches_in_order_need_nothing_but_the_channel) {
  write_journal(30);
  auto node = make_node_at(kStart, &client_, unmoved());
  start(*node);
  node->journal.is_away = true;
  for (BatchNumber batch = kStart + 1; batch <= last_batch_; batch += 2) {
    const BatchNumber end = std::min(batch + 1, last_batch_);
    publish(client_, message(batch, end), static_cast<unsigned>(batch % kBatchTags));
  }
  expect_followed(*node);
  EXPECT_EQ(node->status().source, FeedSource::live);
  EXPECT_EQ(node->status().known_batch, last_batch_);
}

TEST_F(BatchFeedTest, duplicates_change_nothing) {
  write_journal(20);
  auto node = make_node_at(kStart, &client_, unmoved());
  start(*node);
  for (BatchNumber batch = kStart + 1; batch <= last_batch_; ++batch) {
    publish(client_, message(std::max<BatchNumber>(1, batch - 3), batch));
    publish(client_, message(batch, batch), 1);
  }
  expect_followed(*node);
  EXPECT_EQ(node->journal.readings, 0);
  EXPECT_GT(node->status().duplicates, last_batch_ - kStart);
}

TEST_F(BatchFeedTest, batches_out_of_order_wait_for_those_before_them) {
  write_journal(40);
  auto node = make_node_at(kStart, &client_, unmoved());
  start(*node);
  std::vector<BatchNumber> order(last_batch_ - kStart);
  std::iota(order.begin(), order.end(), kStart + 1);
  std::shuffle(order.begin(), order.end(), std::mt19937(7));
  for (const BatchNumber batch : order) publish(client_, message(batch, batch));
  expect_followed(*node);
  EXPECT_EQ(node->journal.readings, 0);
  EXPECT_GT(node->status().reordered, 0u);
  EXPECT_EQ(node->status().gaps, 0u);
}

TEST_F(BatchFeedTest, a_gap_is_closed_from_the_log_of_any_tag) {
  write_journal(20);
  auto node = make_node_at(kStart, &client_);
  node->feed->start();
  ASSERT_TRUE(node->is_subscribed());
  node->journal.is_away = true;
  log(client_, message(kStart + 1, kStart + 4), kStart + 4, 1);
  log(client_, message(kStart + 5, kStart + 9), kStart + 9, 2);
  publish(client_, message(kStart + 10, last_batch_));
  expect_followed(*node);
  EXPECT_EQ(node->status().log_batches, 9u);
  EXPECT_EQ(node->status().table_batches, 0u);
}

TEST_F(BatchFeedTest, a_gap_that_no_log_closes_is_closed_from_the_journal) {
  write_journal(20);
  BatchFeedOptions options = unmoved();
  options.gap_wait_ms = 1;
  auto node = make_node_at(kStart, &client_, options);
  start(*node);
  publish(client_, message(kStart + 5, kStart + 5));
  // No further than is known to be published.
  ASSERT_TRUE(node->reaches(kStart + 5));
  ASSERT_TRUE(comes_true([&] { return node->status().gaps > 0; }));
  EXPECT_EQ(node->follower->last_batch(), kStart + 5);
  EXPECT_EQ(node->status().table_batches, 5u);
  publish(client_, beat(last_batch_));
  expect_followed(*node);
}

TEST_F(BatchFeedTest, a_beat_tells_of_batches_that_never_came) {
  write_journal(20);
  BatchFeedOptions options = unmoved();
  options.gap_wait_ms = 1;
  auto node = make_node_at(kStart, &client_, options);
  start(*node);
  publish(client_, beat(last_batch_));
  expect_followed(*node);
  EXPECT_EQ(node->status().beats, 2u);
}

TEST_F(BatchFeedTest, messages_lost_doubled_and_shuffled_end_in_the_same_state) {
  write_journal(300);
  for (const unsigned seed : {1u, 2u, 3u, 4u, 5u}) {
    std::minstd_rand random(seed);
    ASSERT_TRUE(one(client_, Request("", {"FLUSHALL"})).is_string());
    auto node = make_node_at(kStart, &client_);
    node->feed->start();
    ASSERT_TRUE(node->is_subscribed());
    std::vector<std::pair<unsigned, std::string>> window;  // held back
    for (BatchNumber batch = kStart + 1; batch <= last_batch_;) {
      const BatchNumber end = std::min<BatchNumber>(batch + random() % 4, last_batch_);
      const std::string bytes = message(batch, end);
      const unsigned tag = random() % 20 == 0 ? 1 : 0;
      if (random() % 3 != 0) log(client_, bytes, end, tag);
      for (unsigned copies = random() % 10 == 0 ? 0 : 1 + random() % 2; copies > 0; --copies) {
        window.emplace_back(tag, bytes);
      }
      std::shuffle(window.begin(), window.end(), random);
      while (window.size() > 4) {
        publish(client_, window.back().second, window.back().first);
        window.pop_back();
      }
      batch = end + 1;
    }
    publish(client_, beat(last_batch_));
    expect_followed(*node);
    EXPECT_EQ(node->status().refused, 0u) << seed;
    EXPECT_EQ(node->witness.batches,
              std::vector<std::string>(
                  witness_.batches.end() - static_cast<std::ptrdiff_t>(last_batch_ - kStart),
                  witness_.batches.end()))
        << seed;
  }
}

TEST_F(BatchFeedTest, a_damaged_record_is_told_and_read_from_the_journal) {
  write_journal(10);
  auto node = make_node_at(kStart, &client_, unmoved());
  start(*node);
  std::string bytes = message(kStart + 1, last_batch_);
  bytes[sizeof(MessageHeader) + 100] ^= 1;
  publish(client_, bytes);
  expect_followed(*node);
  EXPECT_TRUE(node->notices.hold("checksum of the record")) << node->notices.all();
  EXPECT_GE(node->status().refused, 1u);
  EXPECT_GE(node->journal.readings, 1);
}

TEST_F(BatchFeedTest, a_message_of_another_exchange_or_version_is_told_and_ignored) {
  write_journal(10);
  auto node = make_node_at(kStart, &client_, unmoved());
  start(*node);
  std::string foreign = message(kStart + 1, kStart + 1);
  foreign[30] ^= 1;
  publish(client_, foreign);
  ASSERT_TRUE(comes_true([&] { return node->notices.hold("not a message of this exchange"); }));
  publish(client_, message(kStart + 1, last_batch_));
  expect_followed(*node);
}

TEST_F(BatchFeedTest, a_record_of_another_history_is_read_from_the_journal_instead) {
  write_journal(10);
  auto node = make_node_at(kStart, &client_, unmoved());
  start(*node);
  const Record record = journal_.records()[kStart];
  journal::RecordHeader header = runtime::testing_support::header_of(record);
  header.prev_hash ^= 1;
  const Record forked = runtime::testing_support::rewritten(record, header, journal_.seed());
  std::string bytes(sizeof(MessageHeader), '\0');
  bytes.append(reinterpret_cast<const char*>(forked.data()), forked.size());
  publish(client_, sealed(std::move(bytes), 1, kStart + 1, 1));
  expect_followed(*node);
  EXPECT_TRUE(node->notices.hold("hash chain")) << node->notices.all();
}

TEST_F(BatchFeedTest, a_journal_of_another_history_ends_the_feed_as_failed) {
  write_journal(10);
  std::atomic<int> failures{0};
  BatchFeedOptions options;
  options.on_failed = [&](const std::string&) { ++failures; };
  auto node = make_node_at(kStart, nullptr, options);
  std::vector<Record> records = journal_.records();
  journal::RecordHeader header = runtime::testing_support::header_of(records[kStart]);
  header.prev_hash ^= 1;
  records[kStart] = runtime::testing_support::rewritten(records[kStart], header, journal_.seed());
  journal_.set_records(records);
  node->feed->start();
  ASSERT_TRUE(comes_true([&] { return node->status().has_failed; }));
  EXPECT_NE(node->status().reason.find("hash chain"), std::string::npos) << node->status().reason;
  EXPECT_EQ(node->follower->last_batch(), kStart);
  node->feed->stop();
  EXPECT_EQ(failures, 1);
}

TEST_F(BatchFeedTest, a_journal_that_is_away_is_asked_again) {
  write_journal(10);
  auto node = make_node_at(kStart, nullptr);
  node->journal.is_away = true;
  node->feed->start();
  ASSERT_TRUE(comes_true([&] { return node->status().table_failures >= 2; }));
  EXPECT_TRUE(node->notices.hold("the journal is away: away"));
  node->journal.is_away = false;
  expect_followed(*node);
  EXPECT_TRUE(node->notices.hold("can be read again"));
}

TEST_F(BatchFeedTest, without_redis_the_journal_alone_is_read) {
  write_journal(20);
  std::atomic<int> ticks{0};
  std::atomic<BatchNumber> progress{0};
  BatchFeedOptions options;
  options.tick_ms = 1;
  options.on_tick = [&] { ++ticks; };
  options.on_progress = [&](BatchNumber batch) { progress = batch; };
  auto node = make_node_at(kStart, nullptr, options);
  node->feed->start();
  ASSERT_TRUE(comes_true([&] { return ticks > 3; }));
  expect_followed(*node);
  EXPECT_EQ(progress, last_batch_);
  EXPECT_TRUE(node->status().is_silent);
  EXPECT_EQ(node->status().source, FeedSource::table);
  EXPECT_EQ(node->status().table_batches, last_batch_ - kStart);
}

TEST_F(BatchFeedTest, while_redis_answers_the_journal_is_read_as_far_as_is_published) {
  write_journal(20);
  BatchFeedOptions options;
  options.silence_ms = 1;  // silent at once
  options.poll_ms = 1;
  options.unpublished_ms = 100'000;
  options.ask_timeout_ms = 60'000;
  auto node = make_node_at(kStart, &client_, options);
  ASSERT_TRUE(set(client_, batch_last_key(2), std::to_string(kStart + 4)).is_string());
  node->feed->start();
  ASSERT_TRUE(node->reaches(kStart + 4));
  const BatchFeedStatus before = node->status();
  // Asks on and on, and reads no further.
  ASSERT_TRUE(comes_true([&] { return client_.counters().replies > 1'000; }));
  EXPECT_EQ(node->follower->last_batch(), kStart + 4);
  EXPECT_EQ(before.table_batches, 4u);
  ASSERT_TRUE(set(client_, batch_last_key(0), std::to_string(last_batch_)).is_string());
  expect_followed(*node);
}

TEST_F(BatchFeedTest, a_leader_that_publishes_nothing_is_followed_through_the_journal) {
  write_journal(20);
  BatchFeedOptions options;
  options.unpublished_ms = 1;
  auto node = make_node_at(kStart, &client_, options);
  node->feed->start();
  expect_followed(*node);
}

TEST_F(BatchFeedTest, a_queue_that_overflows_is_made_good) {
  write_journal(30);
  BatchFeedOptions options = unmoved();
  options.poll_ms = 100'000;
  options.queue_messages_max = 0;
  auto node = make_node_at(kStart, &client_, options);
  log(client_, message(kStart + 1, kStart + 1), kStart + 1);
  node->feed->start();
  ASSERT_TRUE(node->is_subscribed());
  ASSERT_TRUE(node->reaches(kStart + 1));  // the look at the start
  log(client_, message(kStart + 2, last_batch_), last_batch_);
  publish(client_, beat(kStart));
  expect_followed(*node);
  EXPECT_EQ(node->status().overflows, 1u);
  EXPECT_EQ(node->status().messages + node->status().beats, 0u);
  EXPECT_EQ(node->journal.readings, 0);
}

TEST_F(BatchFeedTest, a_deposed_leader_does_not_count_as_life) {
  write_journal(10);
  BatchFeedOptions options = unmoved();
  options.silence_ms = 200;
  auto node = make_node_at(kStart, &client_, options);
  node->feed->start();
  ASSERT_TRUE(node->is_subscribed());
  publish(client_, beat(kStart, 5));
  ASSERT_TRUE(comes_true([&] { return node->status().epoch == 5; }));
  ASSERT_TRUE(comes_true([&] {
    publish(client_, beat(kStart, 4));
    return node->status().is_silent;
  }));
  // What it brings late is durable all the same.
  publish(client_, message(kStart + 1, last_batch_, 4));
  expect_followed(*node);
  EXPECT_EQ(node->status().epoch, 5u);
  EXPECT_EQ(node->status().refused, 0u);
}

}  // namespace
}  // namespace perpetua::cluster
