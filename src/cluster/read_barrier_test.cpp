// Reads that wait until this process shows what another one has acknowledged.
#include "cluster/read_barrier.hpp"

#include <gtest/gtest.h>

#include "cluster/stream_test_support.hpp"

namespace perpetua::cluster {
namespace {

using namespace testing_support;

class ReadBarrierTest : public StreamTest {
 protected:
  static ReadBarrierOptions patient() {
    ReadBarrierOptions options;
    options.wait_ms = 60'000;
    return options;
  }
  void start(ReadBarrierOptions options) {
    barrier_ = std::make_unique<ReadBarrier>(
        client_, [this] { return last_.load(); }, options);
    barrier_->start();
  }
  void wait(int count = 1) {
    for (int i = 0; i < count; ++i) barrier_->wait([this] { ++done_; });
  }
  bool are_done(int count) {
    return comes_true([&] { return done_ == count; });
  }
  void name(BatchNumber batch, unsigned tag = 0) {
    ASSERT_TRUE(set(client_, batch_last_key(tag), std::to_string(batch)).is_string());
  }
  void advance(BatchNumber batch) {
    last_ = batch;
    barrier_->advanced(batch);
  }

  redis::TestServer server_;
  StartedClient client_{quick(server_.client_options())};
  std::atomic<BatchNumber> last_{10};
  std::atomic<int> done_{0};
  std::unique_ptr<ReadBarrier> barrier_;  // last: it calls the others
};

TEST_F(ReadBarrierTest, a_process_that_is_up_to_date_waits_for_one_answer) {
  start(patient());
  wait();  // nothing was ever published
  ASSERT_TRUE(are_done(1));
  name(10, 1);
  wait();
  ASSERT_TRUE(are_done(2));
  EXPECT_EQ(barrier_->status().questions, 2u);
  EXPECT_EQ(barrier_->status().late, 0u);
  EXPECT_EQ(barrier_->status().unasked, 0u);
}

TEST_F(ReadBarrierTest, waits_for_the_newest_batch_that_any_tag_names) {
  name(11, 0);
  name(13, 1);
  name(12, 2);
  start(patient());
  wait(3);
  ASSERT_TRUE(comes_true([&] { return barrier_->status().questions >= 1; }));
  ASSERT_TRUE(get(client_, "nothing").is_nil());  // behind the question, on some connection
  advance(12);
  wait();
  EXPECT_EQ(done_, 0);
  advance(13);
  ASSERT_TRUE(are_done(4));
  EXPECT_EQ(barrier_->status().waiting, 0u);
}

TEST_F(ReadBarrierTest, who_comes_while_a_question_is_in_flight_shares_the_next_one) {
  start(patient());
  wait();
  ASSERT_TRUE(are_done(1));
  server_.pause();
  wait(500);  // the first of them asks
  EXPECT_EQ(barrier_->status().questions, 2u);
  server_.resume();
  ASSERT_TRUE(are_done(501));
  EXPECT_EQ(barrier_->status().questions, 3u);
}

TEST_F(ReadBarrierTest, nobody_waits_longer_than_the_deadline) {
  name(11);
  ReadBarrierOptions options;
  options.wait_ms = 20;
  start(options);
  wait(10);
  ASSERT_TRUE(are_done(10));
  EXPECT_GE(barrier_->status().late + barrier_->status().unasked, 10u);
  advance(11);
  wait();
  ASSERT_TRUE(are_done(11));
}

TEST_F(ReadBarrierTest, without_redis_only_the_first_reads_wait) {
  ReadBarrierOptions options;
  options.wait_ms = 20;
  start(options);
  server_.kill();
  wait();
  ASSERT_TRUE(are_done(1));
  // Known to be away: let through at once, on this thread.
  ASSERT_TRUE(comes_true([&] {
    const int before = done_;
    wait();
    return done_ == before + 1 && barrier_->status().unasked > 0;
  }));
  server_.start();
  ASSERT_TRUE(set(client_, batch_last_key(0), "11").is_string());
  // Found out by asking: a read waits for batch 11 again.
  ASSERT_TRUE(comes_true([&] {
    const uint64_t late = barrier_->status().late;
    const int before = done_;
    wait();
    return comes_true([&] { return done_ > before; }) && barrier_->status().late > late;
  }));
  advance(11);
}

TEST_F(ReadBarrierTest, too_many_are_let_through) {
  ReadBarrierOptions options = patient();
  options.waiters_max = 5;
  name(11);
  start(options);
  wait(8);
  EXPECT_EQ(done_, 3);
  EXPECT_EQ(barrier_->status().unasked, 3u);
  advance(11);
  ASSERT_TRUE(are_done(8));
}

TEST_F(ReadBarrierTest, a_stop_lets_everybody_through) {
  name(11);
  start(patient());
  wait(5);
  barrier_->stop();
  EXPECT_EQ(done_, 5);
  wait();
  EXPECT_EQ(done_, 6);
}

// The guarantee: what A has applied, and so can have answered, B shows after its barrier.
TEST_F(ReadBarrierTest, what_one_process_has_shown_another_one_shows_after_its_barrier) {
  // Slow, so that B is behind when it is asked.
  class Slow final : public runtime::EgressListener {
    void on_batch(const AppliedBatch&, std::span<const runtime::ReplyTarget>) override {
      poll(nullptr, 0, 1);
    }
  };
  StartedClient leader_client(quick(server_.client_options()));
  start_leader(leader_client);
  auto a = make_node(&client_);
  std::unique_ptr<Node> b;
  BatchFeedOptions options;
  options.on_progress = [&](BatchNumber batch) { barrier_->advanced(batch); };
  b = make_node(&client_, options);
  Slow slow;
  b->follower->add_listener(slow);
  barrier_ = std::make_unique<ReadBarrier>(
      client_, [&] { return b->follower->last_batch(); }, patient());
  barrier_->start();
  a->feed->start();
  b->feed->start();
  ASSERT_TRUE(a->is_subscribed() && b->is_subscribed());
  int behind = 0;
  for (int round = 0; round < 300; ++round) {
    if (round % 50 == 49) {
      ASSERT_TRUE(one(client_, Request("", {"CLIENT", "KILL", "TYPE", "pubsub"})).is_integer());
    }
    trade(1);
    const BatchNumber batch = newest();
    ASSERT_TRUE(a->reaches(batch));
    behind += b->follower->last_batch() < batch ? 1 : 0;
    std::atomic<BatchNumber> shown{0};
    barrier_->wait([&] { shown = b->follower->last_batch(); });
    ASSERT_TRUE(comes_true([&] { return shown != 0; }));
    ASSERT_GE(shown, batch);
  }
  EXPECT_GT(behind, 0);
  EXPECT_EQ(barrier_->status().late, 0u);
  stop_leader();
  expect_followed(*a);
  expect_followed(*b);
}

}  // namespace
}  // namespace perpetua::cluster
