#include "cluster/publish_queue.hpp"

#include <gtest/gtest.h>

namespace perpetua::cluster {
namespace {

// What goes out next, as published.
std::string next(PublishQueue& queue) {
  std::string message;
  queue.send(message);
  queue.published();
  return message;
}

TEST(PublishQueue, one_message_takes_all_that_waits_in_order) {
  PublishQueue queue(100, 10);
  EXPECT_TRUE(queue.empty());
  queue.push(7, "a");
  queue.push(8, "bcd");
  EXPECT_EQ(queue.waiting_bytes(), 4u);
  std::string message = "header:";
  const PublishQueue::Sent sent = queue.send(message);
  EXPECT_EQ(message, "header:abcd");
  EXPECT_EQ(sent.last_batch, 8u);
  EXPECT_EQ(sent.batches, 2u);
  EXPECT_EQ(sent.bytes, 4u);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.waiting_bytes(), 0u);
  EXPECT_EQ(queue.batches(), 2u) << "those in flight count";
  queue.push(9, "e");
  EXPECT_EQ(queue.published().last_batch, 8u);
  EXPECT_EQ(queue.batches(), 1u);
  EXPECT_EQ(next(queue), "e");
}

TEST(PublishQueue, a_message_is_not_larger_than_its_bound_unless_one_record_is) {
  PublishQueue queue(10 * kMessageBytesMax, 10);
  const std::string half(kMessageBytesMax / 2, 'h');
  const std::string large(kMessageBytesMax + 1, 'l');
  queue.push(1, half);
  queue.push(2, half);
  queue.push(3, "s");
  queue.push(4, large);
  queue.push(5, "t");
  EXPECT_EQ(next(queue), half + half);
  EXPECT_EQ(next(queue), "s");
  EXPECT_EQ(next(queue), large);
  EXPECT_EQ(next(queue), "t");
}

TEST(PublishQueue, what_is_in_doubt_goes_out_again_before_what_came_since) {
  PublishQueue queue(100, 10);
  queue.push(1, "a");
  queue.push(2, "b");
  std::string message;
  queue.send(message);
  queue.push(3, "c");
  queue.put_back();
  EXPECT_EQ(queue.waiting_bytes(), 3u);
  EXPECT_EQ(next(queue), "abc");
  queue.put_back();
  EXPECT_TRUE(queue.empty()) << "nothing was in doubt";
}

TEST(PublishQueue, beyond_its_bounds_the_oldest_are_dropped_and_counted) {
  PublishQueue by_count(100, 2);
  for (const char* record : {"a", "b", "c"}) by_count.push(1, record);
  EXPECT_EQ(by_count.dropped(), 1u);
  EXPECT_EQ(next(by_count), "bc");
  PublishQueue by_bytes(4, 10);
  for (const char* record : {"aa", "bb", "ccc"}) by_bytes.push(1, record);
  EXPECT_EQ(by_bytes.dropped(), 2u);
  EXPECT_EQ(by_bytes.waiting_bytes(), 3u);
  by_bytes.push(1, "larger than all");
  EXPECT_EQ(by_bytes.dropped(), 4u);
  EXPECT_TRUE(by_bytes.empty());
}

TEST(PublishQueue, what_is_put_back_counts_for_the_bounds_again) {
  PublishQueue queue(100, 2);
  queue.push(1, "a");
  queue.push(2, "b");
  std::string message;
  queue.send(message);
  queue.push(3, "c");
  queue.push(4, "d");
  EXPECT_EQ(queue.dropped(), 0u);
  queue.put_back();
  EXPECT_EQ(queue.dropped(), 2u);
  EXPECT_EQ(next(queue), "cd");
}

}  // namespace
}  // namespace perpetua::cluster
