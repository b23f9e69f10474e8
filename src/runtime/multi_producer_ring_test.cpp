#include "runtime/multi_producer_ring.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "runtime/wait_strategy.hpp"

namespace perpetua::runtime {
namespace {

Submission make(CommandType type, AgentId agent, uint64_t token, std::string text = {}) {
  Submission submission;
  submission.command = Command(type, agent);
  submission.text = std::move(text);
  submission.target.token = token;
  return submission;
}

std::vector<Submission> make_many(CommandType type, uint32_t count) {
  std::vector<Submission> submissions;
  for (uint32_t i = 0; i < count; ++i) submissions.push_back(make(type, 1, i));
  return submissions;
}

std::vector<uint64_t> take_tokens(MultiProducerRing& ring, uint32_t count_max = 1'000'000) {
  std::vector<uint64_t> tokens;
  ring.take(count_max, [&](const Submission& submission) {
    tokens.push_back(submission.target.token);
    return true;
  });
  return tokens;
}

TEST(MultiProducerRingTest, delivers_in_order_with_text_and_target) {
  MultiProducerRing ring(16, 4);
  auto three = make_many(CommandType::place_order, 3);
  three[1].text = "a reason that is too long for the small string buffer";
  ASSERT_EQ(ring.try_push(three), PushResult::pushed);
  std::vector<std::string> texts;
  EXPECT_EQ(ring.take(10, [&](const Submission& s) { return texts.push_back(s.text), true; }), 3u);
  EXPECT_EQ(texts, (std::vector<std::string>{
                       "", "a reason that is too long for the small string buffer", ""}));
  EXPECT_EQ(ring.depth(), 0u);
}

TEST(MultiProducerRingTest, a_request_that_does_not_fit_is_refused_whole) {
  MultiProducerRing ring(16, 4);
  auto ten = make_many(CommandType::place_order, 10);
  ASSERT_EQ(ring.try_push(ten), PushResult::pushed);
  auto three = make_many(CommandType::place_order, 3);
  three[0].text = "kept";
  EXPECT_EQ(ring.try_push(three), PushResult::full);
  EXPECT_EQ(three[0].text, "kept");
  EXPECT_EQ(ring.depth(), 10u);
  auto two = make_many(CommandType::place_order, 2);
  EXPECT_EQ(ring.try_push(two), PushResult::pushed);
}

TEST(MultiProducerRingTest, the_reserve_is_for_requests_of_cancels_only) {
  MultiProducerRing ring(16, 4);
  auto twelve = make_many(CommandType::place_order, 12);
  ASSERT_EQ(ring.try_push(twelve), PushResult::pushed);
  auto mixed = make_many(CommandType::cancel_order, 2);
  mixed[1].command.header.type = CommandType::place_order;
  EXPECT_EQ(ring.try_push(mixed), PushResult::full);
  auto cancels = make_many(CommandType::cancel_order, 2);
  EXPECT_EQ(ring.try_push(cancels), PushResult::pushed);
  auto dead_man = make_many(CommandType::cancel_all_after, 1);
  EXPECT_EQ(ring.try_push(dead_man), PushResult::pushed);
  auto cancel_all = make_many(CommandType::cancel_all, 1);
  EXPECT_EQ(ring.try_push(cancel_all), PushResult::pushed);
  EXPECT_EQ(ring.try_push(cancel_all), PushResult::full);
}

TEST(MultiProducerRingTest, a_marker_does_not_keep_cancels_out_of_the_reserve) {
  MultiProducerRing ring(256, 128);
  auto orders = make_many(CommandType::place_order, limits::kSubmissionsMax);
  ASSERT_EQ(ring.try_push(orders), PushResult::pushed);
  auto more = make_many(CommandType::place_order, limits::kOrdersPerRequestMax);
  more[0].command.header.type = CommandType::consume_stream;
  EXPECT_EQ(ring.try_push(more), PushResult::full);
  auto cancels = make_many(CommandType::cancel_order, limits::kSubmissionsMax);
  cancels[0].command.header.type = CommandType::consume_stream;
  EXPECT_EQ(ring.try_push(cancels), PushResult::pushed);
}

TEST(MultiProducerRingTest, taken_slots_are_free_again_for_ever) {
  MultiProducerRing ring(8, 2);
  uint64_t next = 0;
  for (int lap = 0; lap < 1'000; ++lap) {
    auto five = make_many(CommandType::place_order, 5);
    for (Submission& submission : five) submission.target.token = next++;
    ASSERT_EQ(ring.try_push(five), PushResult::pushed);
    const auto tokens = take_tokens(ring);
    ASSERT_EQ(tokens.size(), 5u);
    ASSERT_EQ(tokens.back(), next - 1);
  }
}

TEST(MultiProducerRingTest, what_the_visitor_declines_stays) {
  MultiProducerRing ring(16, 4);
  auto four = make_many(CommandType::place_order, 4);
  ASSERT_EQ(ring.try_push(four), PushResult::pushed);
  EXPECT_EQ(ring.take(10, [](const Submission& s) { return s.target.token < 2; }), 2u);
  EXPECT_EQ(take_tokens(ring), (std::vector<uint64_t>{2, 3}));
}

TEST(MultiProducerRingTest, close_refuses_later_requests_and_delivers_earlier_ones) {
  MultiProducerRing ring(16, 4);
  auto two = make_many(CommandType::place_order, 2);
  ASSERT_EQ(ring.try_push(two), PushResult::pushed);
  ring.close();
  EXPECT_FALSE(ring.is_drained());
  EXPECT_EQ(ring.try_push(two), PushResult::closed);
  EXPECT_EQ(take_tokens(ring).size(), 2u);
  EXPECT_TRUE(ring.is_drained());
  EXPECT_EQ(ring.depth(), 0u);
}

// Producers push requests of changing size; the consumer checks that each request arrives whole,
// next to each other, and that each producer's requests keep their order.
TEST(MultiProducerRingTest, many_producers_keep_their_order_and_their_requests_together) {
  constexpr uint32_t kProducers = 4;
  constexpr uint64_t kRequests = 5'000;
  MultiProducerRing ring(256, 16);
  BlockingWaitStrategy wait;
  std::vector<std::thread> producers;
  for (uint32_t producer = 1; producer <= kProducers; ++producer) {
    producers.emplace_back([&ring, &wait, producer] {
      for (uint64_t request = 0; request < kRequests; ++request) {
        const uint32_t size = 1 + request % 7;
        std::vector<Submission> submissions;
        for (uint32_t i = 0; i < size; ++i) {
          submissions.push_back(
              make(CommandType::place_order, producer, request, std::string(i, 'x')));
          submissions.back().target.channel = i;
        }
        while (ring.try_push(submissions) != PushResult::pushed) std::this_thread::yield();
        wait.notify();
      }
    });
  }
  uint64_t expected_request[kProducers + 1] = {};
  uint32_t done = 0;
  uint32_t part = 0;
  AgentId agent = 0;
  while (done < kProducers) {
    wait.wait([&] { return ring.is_ready(); });
    ring.take(100, [&](const Submission& submission) {
      const AgentId from = submission.command.header.agent;
      EXPECT_TRUE(part == 0 || from == agent);
      EXPECT_EQ(submission.target.token, expected_request[from]);
      EXPECT_EQ(submission.target.channel, part);
      EXPECT_EQ(submission.text.size(), part);
      agent = from;
      if (++part == 1 + submission.target.token % 7) {
        part = 0;
        if (++expected_request[from] == kRequests) ++done;
      }
      return true;
    });
  }
  for (std::thread& producer : producers) producer.join();
  EXPECT_EQ(part, 0u);
  EXPECT_EQ(ring.depth(), 0u);
}

// Claims race with close(): every pushed request is delivered, none after the ring is drained.
TEST(MultiProducerRingTest, nothing_accepted_is_lost_when_closing_under_load) {
  for (int round = 0; round < 50; ++round) {
    MultiProducerRing ring(64, 4);
    std::atomic<uint64_t> pushed{0};
    std::vector<std::thread> producers;
    for (int i = 0; i < 3; ++i) {
      producers.emplace_back([&] {
        for (;;) {
          auto one = make_many(CommandType::place_order, 1);
          const PushResult result = ring.try_push(one);
          if (result == PushResult::closed) return;
          if (result == PushResult::pushed) pushed.fetch_add(1);
        }
      });
    }
    uint64_t taken = 0;
    while (taken < 200) taken += take_tokens(ring, 8).size();
    ring.close();
    while (!ring.is_drained()) taken += take_tokens(ring, 8).size();
    for (std::thread& producer : producers) producer.join();
    ASSERT_EQ(taken, pushed.load());
  }
}

}  // namespace
}  // namespace perpetua::runtime
