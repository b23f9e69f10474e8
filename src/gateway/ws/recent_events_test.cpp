#include "gateway/ws/recent_events.hpp"

#include <gtest/gtest.h>

namespace perpetua::gateway::ws {
namespace {

Event event(AgentId agent, uint64_t agent_sequence) {
  Event made(EventType::account_changed, agent, kNoMarket, 0);
  made.header.agent_sequence = agent_sequence;
  return made;
}

std::vector<uint64_t> after(const RecentEvents& recent, AgentId agent, uint64_t sequence) {
  std::vector<RecentEvent> found;
  if (!recent.collect_after(agent, sequence, found)) return {0};
  std::vector<uint64_t> sequences;
  for (const RecentEvent& one : found) sequences.push_back(one.event.header.agent_sequence);
  return sequences;
}

TEST(RecentEventsTest, an_agent_gets_its_own_events_after_a_sequence_in_order) {
  RecentEvents recent(100);
  for (uint64_t i = 1; i <= 5; ++i) {
    recent.add(event(1, i), 0);
    recent.add(event(2, 10 + i), 0);
  }
  EXPECT_EQ(after(recent, 1, 2), (std::vector<uint64_t>{3, 4, 5}));
  EXPECT_EQ(after(recent, 2, 14), (std::vector<uint64_t>{15}));
  EXPECT_EQ(after(recent, 1, 5), std::vector<uint64_t>{});
  EXPECT_EQ(recent.last_sequence(2), 15u);
}

TEST(RecentEventsTest, what_the_ring_has_lost_cannot_be_resumed) {
  RecentEvents recent(4);
  for (uint64_t i = 1; i <= 6; ++i) recent.add(event(1, i), 0);
  EXPECT_EQ(after(recent, 1, 2), (std::vector<uint64_t>{3, 4, 5, 6}));
  EXPECT_EQ(after(recent, 1, 1), std::vector<uint64_t>{0});
  for (uint64_t i = 1; i <= 4; ++i) recent.add(event(2, i), 0);
  EXPECT_EQ(after(recent, 1, 5), std::vector<uint64_t>{0});
  EXPECT_EQ(after(recent, 1, 6), std::vector<uint64_t>{});
}

TEST(RecentEventsTest, a_described_agent_resumes_only_from_where_it_stands) {
  RecentEvents recent(10);
  recent.set_last_sequence(3, 40);
  EXPECT_EQ(recent.last_sequence(3), 40u);
  EXPECT_EQ(after(recent, 3, 40), std::vector<uint64_t>{});
  EXPECT_EQ(after(recent, 3, 39), std::vector<uint64_t>{0});
  recent.add(event(3, 41), 0);
  EXPECT_EQ(after(recent, 3, 40), std::vector<uint64_t>{41});
  EXPECT_EQ(after(recent, 3, 39), std::vector<uint64_t>{0});
}

TEST(RecentEventsTest, a_description_of_what_was_added_changes_nothing_another_one_ends_it) {
  RecentEvents recent(10);
  for (uint64_t i = 7; i <= 9; ++i) recent.add(event(3, i), 0);
  recent.set_last_sequence(3, 9);
  EXPECT_EQ(after(recent, 3, 6), (std::vector<uint64_t>{7, 8, 9}));
  EXPECT_EQ(after(recent, 3, 5), std::vector<uint64_t>{0});
  recent.set_last_sequence(3, 12);
  EXPECT_EQ(after(recent, 3, 8), std::vector<uint64_t>{0});
  recent.add(event(3, 13), 0);
  EXPECT_EQ(after(recent, 3, 12), std::vector<uint64_t>{13});
  EXPECT_EQ(after(recent, 3, 11), std::vector<uint64_t>{0});
}

TEST(RecentEventsTest, the_future_and_too_much_are_refused) {
  RecentEvents recent(kResumeEventsMax * 2);
  for (uint64_t i = 1; i <= kResumeEventsMax + 1; ++i) recent.add(event(1, i), 0);
  EXPECT_EQ(after(recent, 1, kResumeEventsMax + 2), std::vector<uint64_t>{0});
  EXPECT_EQ(after(recent, 1, 0), std::vector<uint64_t>{0});
  EXPECT_EQ(after(recent, 1, 1).size(), kResumeEventsMax);
  EXPECT_EQ(after(recent, 9, 0), std::vector<uint64_t>{});
}

}  // namespace
}  // namespace perpetua::gateway::ws
