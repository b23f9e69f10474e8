#include "gateway/ws/outbox.hpp"

#include <gtest/gtest.h>

#include <string>

namespace perpetua::gateway::ws {
namespace {

const Topic kBook(Channel::book, 0);
const Topic kTrades(Channel::trades, 0);

Frame frame(std::size_t bytes = 10) { return text_frame(std::string(bytes, 'x')); }

TEST(OutboxTest, frames_leave_in_the_order_they_came_and_several_at_once) {
  Outbox outbox;
  std::vector<Topic> stale;
  const Frame first = frame();
  const Frame second = frame();
  const Frame third = frame();
  ASSERT_EQ(outbox.push_kept(first, 0), Outbox::Push::queued);
  ASSERT_EQ(outbox.push_public(second, kBook, stale), Outbox::Push::queued);
  const auto taken = outbox.gather();
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[0], first);
  EXPECT_EQ(taken[1], second);
  ASSERT_EQ(outbox.push_kept(third, 0), Outbox::Push::queued);
  outbox.written();
  const auto rest = outbox.gather();
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0], third);
}

TEST(OutboxTest, one_write_takes_a_bounded_number_of_frames_and_bytes) {
  Outbox outbox;
  for (std::size_t i = 0; i < kGatherFramesMax + 5; ++i) (void)outbox.push_kept(frame(1), 0);
  EXPECT_EQ(outbox.gather().size(), kGatherFramesMax);
  outbox.written();
  EXPECT_EQ(outbox.gather().size(), 5u);
  outbox.written();
  (void)outbox.push_kept(frame(kGatherBytesMax + 1), 0);
  (void)outbox.push_kept(frame(1), 0);
  EXPECT_EQ(outbox.gather().size(), 1u);  // a frame above the bound still goes, alone
}

TEST(OutboxTest, public_data_of_a_slow_socket_are_shed_and_private_ones_kept) {
  Outbox outbox;
  std::vector<Topic> stale;
  (void)outbox.push_kept(frame(), 1);
  for (std::size_t i = 0; i < kPublicMessagesMax; ++i) {
    const Topic topic = i % 2 == 0 ? kBook : kTrades;
    ASSERT_EQ(outbox.push_public(frame(), topic, stale), Outbox::Push::queued);
  }
  (void)outbox.push_kept(frame(), 2);
  EXPECT_EQ(outbox.push_public(frame(), kBook, stale), Outbox::Push::shed);
  EXPECT_EQ(outbox.size(), 2u);
  EXPECT_EQ(stale, (std::vector<Topic>{kBook, kTrades}));
  EXPECT_EQ(outbox.gather().size(), 2u);
  outbox.written();
  EXPECT_EQ(outbox.last_written_sequence(), 2u);
  EXPECT_EQ(outbox.push_public(frame(), kBook, stale), Outbox::Push::queued);
}

TEST(OutboxTest, public_bytes_are_bounded_as_well) {
  Outbox outbox;
  std::vector<Topic> stale;
  ASSERT_EQ(outbox.push_public(frame(kPublicBytesMax - 100), kBook, stale), Outbox::Push::queued);
  EXPECT_EQ(outbox.push_public(frame(200), kBook, stale), Outbox::Push::shed);
  EXPECT_TRUE(outbox.is_empty());
}

TEST(OutboxTest, a_frame_that_is_being_written_is_never_shed) {
  Outbox outbox;
  std::vector<Topic> stale;
  const Frame written = frame();
  (void)outbox.push_public(written, kBook, stale);
  ASSERT_EQ(outbox.gather().size(), 1u);
  while (outbox.push_public(frame(), kBook, stale) == Outbox::Push::queued) {
  }
  EXPECT_EQ(outbox.size(), 1u);
  outbox.clear();
  EXPECT_EQ(outbox.size(), 1u);
  EXPECT_EQ(written.use_count(), 2);
  outbox.written();
  EXPECT_TRUE(outbox.is_empty());
}

TEST(OutboxTest, kept_messages_overflow_by_number_and_by_bytes) {
  Outbox by_number;
  for (std::size_t i = 0; i < kKeptMessagesMax; ++i) {
    ASSERT_EQ(by_number.push_kept(frame(1), i + 1), Outbox::Push::queued);
  }
  EXPECT_EQ(by_number.push_kept(frame(1), 1), Outbox::Push::overflow);
  EXPECT_EQ(by_number.last_written_sequence(), 0u);
  Outbox by_bytes;
  ASSERT_EQ(by_bytes.push_kept(frame(kKeptBytesMax - 50), 1), Outbox::Push::queued);
  EXPECT_EQ(by_bytes.push_kept(frame(50), 2), Outbox::Push::overflow);
  by_bytes.clear();
  EXPECT_EQ(by_bytes.push_kept(frame(50), 2), Outbox::Push::queued);
}

}  // namespace
}  // namespace perpetua::gateway::ws
