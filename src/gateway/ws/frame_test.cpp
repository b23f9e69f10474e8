#include "gateway/ws/frame.hpp"

#include <gtest/gtest.h>

#include "engine/test_support.hpp"
#include "gateway/ws/mailbox.hpp"
#include "gateway/ws/market_messages.hpp"

namespace perpetua::gateway::ws {
namespace {

TEST(FrameTest, the_header_has_the_length_in_the_shortest_form) {
  EXPECT_EQ(*text_frame("hi"), std::string("\x81\x02hi"));
  const std::string middle(126, 'a');
  EXPECT_EQ(text_frame(middle)->substr(0, 4), std::string("\x81\x7e\x00\x7e", 4));
  const std::string large(65'536, 'a');
  EXPECT_EQ(text_frame(large)->substr(0, 10), std::string("\x81\x7f\0\0\0\0\0\x01\0\0", 10));
  EXPECT_EQ(frame_payload(*text_frame(middle)), middle);
  EXPECT_EQ(frame_payload(*text_frame(large)), large);
}

TEST(FrameTest, a_close_frame_is_cut_to_what_the_protocol_allows) {
  EXPECT_EQ(*close_frame(CloseCode::slow_consumer, "x"), std::string("\x88\x03\x0f\xa8x"));
  EXPECT_EQ(close_frame(CloseCode::policy, std::string(300, 'r'))->size(), 2u + 125u);
}

TEST(BookWindowTest, a_difference_turns_the_one_window_into_the_other) {
  const BookWindow before{{{Price(10), Lots(1)}, {Price(9), Lots(2)}, {Price(7), Lots(3)}},
                          {{Price(11), Lots(4)}}};
  const BookWindow after{{{Price(9), Lots(5)}, {Price(8), Lots(6)}, {Price(7), Lots(3)}},
                         {{Price(11), Lots(4)}, {Price(12), Lots(1)}}};
  const BookWindow changes = difference(before, after);
  EXPECT_EQ(changes.bids, (std::vector<Level>{{Price(10), Lots(0)},
                                              {Price(9), Lots(5)},
                                              {Price(8), Lots(6)}}));
  EXPECT_EQ(changes.asks, (std::vector<Level>{{Price(12), Lots(1)}}));
  EXPECT_EQ(difference(after, after), BookWindow());
}

// The figures come from Python's zlib.crc32 over the text in the comment.
TEST(BookWindowTest, the_checksum_is_the_documented_one) {
  const MarketSpec spec = perpetua::test::make_spec();
  // "59990:0.0015:60010:0.002:59980:0.01"
  const BookWindow window{{{Price(59'990), Lots(1'500)}, {Price(59'980), Lots(10'000)}},
                          {{Price(60'010), Lots(2'000)}}};
  EXPECT_EQ(book_checksum(spec, window), 3844542716u);
  EXPECT_EQ(book_checksum(spec, {}), 0u);
}

TEST(MailboxTest, wakes_once_until_taken_and_says_when_something_was_lost) {
  Mailbox mailbox;
  int wakes = 0;
  std::vector<Delivery> taken;
  const std::vector<Delivery> one(1, Delivery{Topic(Channel::book, 1), 5, text_frame("x")});
  mailbox.post(one);  // nobody attached: dropped
  mailbox.attach([&] { ++wakes; });
  mailbox.post(one);
  mailbox.post(one);
  EXPECT_EQ(wakes, 1);
  EXPECT_FALSE(mailbox.take(taken));
  EXPECT_EQ(taken.size(), 2u);
  const std::vector<Delivery> many(kMailboxDeliveriesMax / 2 + 1, one.front());
  mailbox.post(many);
  mailbox.post(many);
  mailbox.post(one);
  EXPECT_EQ(wakes, 2);
  EXPECT_TRUE(mailbox.take(taken));
  EXPECT_EQ(taken.size(), 1u);
  EXPECT_FALSE(mailbox.take(taken));
}

}  // namespace
}  // namespace perpetua::gateway::ws
