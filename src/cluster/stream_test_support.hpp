// Shared by the tests of the batch stream: a leader over a journal in memory, followers of it, each
// with a witness, and hands on the wire: messages made of the journal's records. Test code only.
#pragma once

#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cluster/batch_feed.hpp"
#include "cluster/batch_message.hpp"
#include "cluster/batch_publisher.hpp"
#include "cluster/streams.hpp"
#include "runtime/follower_test_support.hpp"
#include "stores/redis/client_test_support.hpp"

namespace perpetua::cluster::testing_support {

using redis::comes_true;
using redis::one;
using redis::Request;
using redis::StartedClient;
using runtime::Follower;
using runtime::Runtime;
using runtime::testing_support::Record;
using runtime::testing_support::Witness;

// A journal of somebody else's that can be away, and counts how often it is read.
class GatedJournal final : public journal::Journal {
 public:
  explicit GatedJournal(journal::Journal& inner) : inner_(inner) {}

  std::atomic<bool> is_away{false};
  std::atomic<int> readings{0};

  journal::Status attach(const journal::DataDirectory& directory) override {
    return inner_.attach(directory);
  }
  std::unique_ptr<journal::BatchLogReader> read(BatchNumber from, BatchNumber floor) override {
    ++readings;
    if (is_away) return std::make_unique<Away>();
    return inner_.read(from, floor);
  }
  journal::Status finish_reading(const journal::JournalEnd& end) override {
    return inner_.finish_reading(end);
  }
  journal::Status open_log(const journal::JournalPosition& position,
                           std::unique_ptr<journal::BatchLog>& log) override {
    return inner_.open_log(position, log);
  }
  bool needs_opening_batch() const override { return true; }
  std::string name() const override { return inner_.name(); }

 private:
  class Away final : public journal::BatchLogReader {
   public:
    Away() { end_.error = ENOTCONN, end_.message = "away"; }
    journal::ReadStatus next(journal::StoredBatch&) override {
      return journal::ReadStatus::corrupt;
    }
    const journal::JournalEnd& end() const override { return end_; }
    std::string place_of(const journal::StoredBatch&) const override { return {}; }
    std::string part_of(const journal::StoredBatch&) const override { return {}; }

   private:
    journal::JournalEnd end_;
  };
  journal::Journal& inner_;
};

// Lines told by any thread.
class Lines {
 public:
  std::function<void(const std::string&)> taker() {
    return [this](const std::string& line) {
      const std::lock_guard lock(mutex_);
      lines_.push_back(line);
    };
  }
  bool hold(const std::string& part) const {
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(
        lines_, [&](const std::string& line) { return line.find(part) != std::string::npos; });
  }
  std::string all() const {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const std::string& line : lines_) text += line + "\n";
    return text;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

// A process that follows: replica, feed, and what its listeners saw.
struct Node {
  Node(journal::Journal& inner, redis::Client* redis_client, runtime::FollowerOptions options,
       BatchFeedOptions feeding)
      : journal(inner), client(redis_client) {
    options.journal = &journal;
    follower = std::make_unique<Follower>(std::move(options));
    const journal::RecoveryResult recovered = follower->recover(0, nullptr);
    EXPECT_TRUE(recovered.status.ok()) << recovered.status.message;
    start = follower->last_batch();
    follower->add_listener(witness);
    feeding.on_notice = notices.taker();
    feed = std::make_unique<BatchFeed>(client, *follower, std::move(feeding));
    journal.readings = 0;
  }
  BatchFeedStatus status() const { return feed->status(); }
  bool reaches(BatchNumber batch) const {
    return comes_true([&] { return follower->last_batch() >= batch; });
  }
  bool is_subscribed() const {
    return comes_true([&] { return feed->status().is_subscribed; });
  }

  GatedJournal journal;
  redis::Client* client;
  std::unique_ptr<Follower> follower;
  BatchNumber start = 0;
  Witness witness;
  Lines notices;
  std::unique_ptr<BatchFeed> feed;
};

class StreamTest : public runtime::testing_support::FollowerTest {
 protected:
  using Nodes = std::vector<std::unique_ptr<Node>>;

  // A leader whose batches are published; its epoch is one above that of the one before.
  void start_leader(redis::Client& client, BatchPublisherOptions options = {}) {
    options.on_notice = leader_notices_.taker();
    runtime_ = std::make_unique<Runtime>(leading("/leader"));
    const journal::RecoveryResult recovered = runtime_->recover(0, nullptr);
    ASSERT_TRUE(recovered.status.ok()) << recovered.status.message;
    position_ = recovered.position;
    publisher_ = std::make_unique<BatchPublisher>(client, *journal_.cluster_id(), position_,
                                                  std::move(options));
    runtime_->add_listener(witness_);
    runtime_->add_listener(*publisher_);
    publisher_->start();
    runtime_->start();
  }
  // Ends it cleanly; what followers are to be compared with.
  void stop_leader() {
    EXPECT_TRUE(runtime_->stop());
    publisher_->stop();
    state_hash_ = runtime_->engine().state_hash();
    last_batch_ = runtime_->engine().last_batch();
  }
  // Commands that trade, each a batch of its own.
  void trade(uint64_t commands) {
    for (uint64_t i = 0; i < commands; ++i) {
      const uint64_t before = runtime_->metrics().commands;
      clock_.set(clock_.now_ms() + 1);
      submit(*runtime_, {runtime::testing_support::make_flow(1, flow_++)});
      ASSERT_TRUE(comes_true([&] {
        const runtime::RuntimeMetrics metrics = runtime_->metrics();
        return metrics.commands > before && metrics.released_batch == metrics.applied_batch;
      }));
    }
  }
  BatchNumber newest() const { return runtime_->metrics().released_batch; }

  // Before the first batch that it is to see live, unless it starts from a journal.
  std::unique_ptr<Node> make_node(redis::Client* client, BatchFeedOptions options = {}) {
    return std::make_unique<Node>(
        journal_, client, following("/replica" + std::to_string(++replicas_)), std::move(options));
  }
  // A node that stands behind batch `at` and whose feed has started.
  std::unique_ptr<Node> make_node_at(BatchNumber at, redis::Client* client,
                                     BatchFeedOptions options = {}) {
    const std::vector<Record> all = journal_.records();
    journal_.set_records({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(at)});
    auto node = make_node(client, std::move(options));
    journal_.set_records(all);
    return node;
  }

  // The whole journal is in the node, its listeners saw it once and in order.
  void expect_followed(Node& node) {
    ASSERT_TRUE(node.reaches(last_batch_))
        << node.follower->last_batch() << " of " << last_batch_ << "\n"
        << node.notices.all();
    node.feed->stop();
    expect_same_state(*node.follower);
    ASSERT_EQ(node.witness.numbers.size(), last_batch_ - node.start);
    for (std::size_t i = 0; i < node.witness.numbers.size(); ++i) {
      ASSERT_EQ(node.witness.numbers[i], node.start + i + 1);
    }
    EXPECT_FALSE(node.status().has_failed) << node.status().reason;
  }

  // Batches `first` to `last` of the journal as one message.
  std::string message(BatchNumber first, BatchNumber last, uint64_t epoch = 1) const {
    const std::vector<Record> records = journal_.records();
    std::string bytes(sizeof(MessageHeader), '\0');
    for (BatchNumber batch = first; batch <= last; ++batch) {
      const Record& record = records[batch - 1];
      bytes.append(reinterpret_cast<const char*>(record.data()), record.size());
    }
    return sealed(std::move(bytes), static_cast<uint32_t>(last + 1 - first), last, epoch);
  }
  std::string beat(BatchNumber last, uint64_t epoch = 1) const {
    return sealed(std::string(sizeof(MessageHeader), '\0'), 0, last, epoch);
  }
  std::string sealed(std::string bytes, uint32_t records, BatchNumber last, uint64_t epoch) const {
    MessageHeader header;
    header.record_count = records;
    header.epoch = epoch;
    header.last_batch = last;
    seal_message(header, journal_.seed(), bytes);
    return bytes;
  }
  static void publish(redis::Client& client, const std::string& message, unsigned tag = 0) {
    EXPECT_TRUE(one(client, Request("", {"PUBLISH", batch_channel(tag), message})).is_integer());
  }
  static void log(redis::Client& client, const std::string& message, BatchNumber last,
                  unsigned tag = 0) {
    const std::string key = batch_log_key(tag);
    EXPECT_TRUE(one(client, Request(key, {"XADD", key, std::to_string(last) + "-0", "r", message}))
                    .is_string());
    EXPECT_TRUE(
        one(client, Request(key, {"SET", batch_last_key(tag), std::to_string(last)})).is_string());
  }
  static redis::Options quick(redis::Options options) {
    options.backoff_max_ms = 50;
    return options;
  }

  std::unique_ptr<Runtime> runtime_;
  std::unique_ptr<BatchPublisher> publisher_;
  journal::JournalPosition position_;
  Witness witness_;
  Lines leader_notices_;
  uint64_t flow_ = 0;
  int replicas_ = 0;
};

}  // namespace perpetua::cluster::testing_support
