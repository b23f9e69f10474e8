#include "gateway/hub/last_seen.hpp"

#include <gtest/gtest.h>

namespace perpetua::gateway::hub {
namespace {

constexpr AgentId kAgent = 3;
constexpr uint32_t kKey = 30;                  // told at full half minutes
constexpr int64_t kNowMs = 1'800'000'000'000;  // of which this is one
constexpr uint32_t kNowS = kNowMs / 1'000;

TEST(LastSeen, shows_what_it_saw_itself) {
  LastSeen seen(false);
  EXPECT_EQ(seen.key_ms(kKey), 0);
  seen.note(kAgent, kKey, kNowMs + 999);
  EXPECT_EQ(seen.key_ms(kKey), kNowMs);
  EXPECT_EQ(seen.agent_ms(kAgent), kNowMs);
  EXPECT_EQ(seen.agent_ms(kAgent + 1), 0);
  EXPECT_TRUE(seen.take_untold().empty()) << "there is nobody to tell";
}

TEST(LastSeen, tells_of_a_key_once_in_its_time) {
  LastSeen seen(true);
  seen.note(kAgent, kKey, kNowMs);
  seen.note(kAgent, kKey, kNowMs + 29'999);
  auto told = seen.take_untold();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].agent, kAgent);
  EXPECT_EQ(told[0].key_id, kKey);
  EXPECT_EQ(told[0].time_s, kNowS);
  seen.note(kAgent, kKey, kNowMs + 30'000);
  seen.note(kAgent, 0, kNowMs + 31'000);  // by a token
  EXPECT_EQ(seen.take_untold().size(), 1u) << "the agent was told of with its key";
  seen.note(kAgent + 1, 0, kNowMs + 31'000);
  EXPECT_EQ(seen.take_untold().size(), 1u);
}

TEST(LastSeen, learns_what_others_saw_and_forgets_nothing_later) {
  LastSeen seen(true);
  seen.note(kAgent, kKey, kNowMs);
  const Sighting news[] = {{kAgent, kKey, kNowS - 5},
                           {kAgent, kKey + 1, kNowS + 7},
                           {kAgent + 1, 0, kNowS},
                           {UINT32_MAX, UINT32_MAX, kNowS}};
  seen.learn(news);
  EXPECT_EQ(seen.key_ms(kKey), kNowMs);
  EXPECT_EQ(seen.key_ms(kKey + 1), kNowMs + 7'000);
  EXPECT_EQ(seen.agent_ms(kAgent), kNowMs + 7'000);
  EXPECT_EQ(seen.agent_ms(kAgent + 1), kNowMs);
  EXPECT_EQ(seen.key_ms(0), 0);
}

TEST(LastSeen, what_waits_to_be_told_is_bounded) {
  LastSeen seen(true);
  for (uint32_t key = 1; key <= kSightingsWaitingMax + 5; ++key) seen.note(1, key, kNowMs);
  EXPECT_EQ(seen.take_untold().size(), kSightingsWaitingMax);
}

}  // namespace
}  // namespace perpetua::gateway::hub
