#include "load/agents/private_stream.hpp"

#include <gtest/gtest.h>

namespace perpetua::load {
namespace {

using Message = PrivateStream::Message;

PrivateStream begun(uint64_t after) {
  PrivateStream stream;
  EXPECT_TRUE(stream.on_subscribed(after));
  return stream;
}

TEST(PrivateStream, numbers_in_a_row_are_right_and_a_fill_has_two_messages) {
  PrivateStream stream = begun(7);
  EXPECT_TRUE(stream.on_event(8, Message::single));
  EXPECT_TRUE(stream.on_event(9, Message::fill));
  EXPECT_TRUE(stream.on_event(9, Message::position_of_fill));
  EXPECT_TRUE(stream.on_event(10, Message::single));
  EXPECT_EQ(stream.resume_from(), 10u);
  EXPECT_EQ(stream.gaps() + stream.repeats(), 0u);
}

TEST(PrivateStream, missing_numbers_are_gaps_and_old_ones_repeats) {
  PrivateStream stream = begun(7);
  EXPECT_FALSE(stream.on_event(9, Message::single));
  EXPECT_EQ(stream.gaps(), 1u);
  EXPECT_FALSE(stream.on_event(9, Message::single));
  EXPECT_EQ(stream.repeats(), 1u);
  EXPECT_TRUE(stream.on_event(10, Message::single));
}

TEST(PrivateStream, half_of_a_fill_is_a_gap) {
  PrivateStream first = begun(0);
  EXPECT_TRUE(first.on_event(1, Message::fill));
  EXPECT_FALSE(first.on_event(2, Message::single));
  EXPECT_EQ(first.gaps(), 1u);
  EXPECT_EQ(first.resume_from(), 2u);
  PrivateStream second = begun(0);
  EXPECT_FALSE(second.on_event(1, Message::position_of_fill));
  EXPECT_EQ(second.gaps(), 1u);
}

TEST(PrivateStream, resumes_before_a_fill_whose_second_message_was_lost) {
  PrivateStream stream = begun(4);
  EXPECT_TRUE(stream.on_event(5, Message::fill));
  stream.on_closed();
  EXPECT_EQ(stream.resume_from(), 4u);
  EXPECT_TRUE(stream.on_subscribed(4));
  EXPECT_TRUE(stream.on_event(5, Message::fill));
  EXPECT_TRUE(stream.on_event(5, Message::position_of_fill));
  EXPECT_EQ(stream.gaps() + stream.repeats(), 0u);
}

TEST(PrivateStream, resumption_elsewhere_is_a_fault) {
  PrivateStream ahead = begun(4);
  EXPECT_FALSE(ahead.on_subscribed(6));
  EXPECT_EQ(ahead.gaps(), 1u);
  PrivateStream behind = begun(4);
  EXPECT_FALSE(behind.on_subscribed(3));
  EXPECT_EQ(behind.repeats(), 1u);
}

TEST(PrivateStream, stream_that_cannot_resume_begins_anew_with_a_gap) {
  PrivateStream stream = begun(4);
  stream.restart();
  EXPECT_EQ(stream.gaps(), 1u);
  EXPECT_FALSE(stream.resume_from());
  EXPECT_TRUE(stream.on_subscribed(900));
}

}  // namespace
}  // namespace perpetua::load
