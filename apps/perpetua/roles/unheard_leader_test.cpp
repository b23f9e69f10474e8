// When a standby takes a leader for cut off. That it then takes over: partition_drill.py.
#include "roles/unheard_leader.hpp"

#include <gtest/gtest.h>

namespace perpetua::app {
namespace {

constexpr int64_t kLongMs = 60'000;

cluster::BatchFeedStatus heard(int64_t ms_ago) {
  cluster::BatchFeedStatus seen;
  seen.is_subscribed = true;
  seen.heard_ms_ago = ms_ago;
  return seen;
}

TEST(UnheardLeaderTest, a_leader_that_was_heard_lately_is_left_alone) {
  EXPECT_FALSE(is_unheard(heard(0), kLongMs));
  EXPECT_FALSE(is_unheard(heard(kUnheardMs - 1), kLongMs));
}

TEST(UnheardLeaderTest, a_leader_that_falls_silent_is_unheard) {
  EXPECT_TRUE(is_unheard(heard(kUnheardMs), kLongMs));
}

TEST(UnheardLeaderTest, a_leader_that_was_never_heard_counts_from_the_beginning) {
  EXPECT_FALSE(is_unheard(heard(-1), kUnheardMs - 1));
  EXPECT_TRUE(is_unheard(heard(-1), kUnheardMs));
}

TEST(UnheardLeaderTest, who_has_just_begun_to_follow_waits) {
  EXPECT_FALSE(is_unheard(heard(kLongMs), kUnheardMs - 1));
}

TEST(UnheardLeaderTest, who_hears_nobody_at_all_blames_nobody) {
  cluster::BatchFeedStatus cut = heard(kLongMs);
  cut.is_subscribed = false;
  EXPECT_FALSE(is_unheard(cut, kLongMs));
  cluster::BatchFeedStatus failed = heard(kLongMs);
  failed.has_failed = true;
  EXPECT_FALSE(is_unheard(failed, kLongMs));
}

}  // namespace
}  // namespace perpetua::app
