#include "cluster/feed_clock.hpp"

#include <gtest/gtest.h>

namespace perpetua::cluster {
namespace {

using std::chrono::milliseconds;

class FeedClockTest : public testing::Test {
 protected:
  static FeedClock::Time at(int64_t ms) { return FeedClock::Time(milliseconds(1'000'000 + ms)); }

  FeedClockTest() {
    clock_.begin(at(0));
    clock_.hear(at(0));
  }
  FeedClock clock_{{milliseconds(5), milliseconds(300), milliseconds(100), milliseconds(1'000)}};
};

TEST_F(FeedClockTest, nothing_is_looked_for_while_the_leader_is_heard_and_nothing_is_missing) {
  EXPECT_FALSE(clock_.is_due(at(300)));
  EXPECT_EQ(clock_.next(at(0)), at(301)) << "the silence";
}

TEST_F(FeedClockTest, a_gap_has_a_while_to_close) {
  clock_.set_gap(true, at(10));
  clock_.set_gap(true, at(14));
  EXPECT_EQ(clock_.next(at(14)), at(15)) << "counted from its beginning";
  EXPECT_FALSE(clock_.is_due(at(14)));
  EXPECT_TRUE(clock_.is_due(at(15)));
  clock_.set_gap(false, at(15));
  EXPECT_FALSE(clock_.is_due(at(20)));
}

TEST_F(FeedClockTest, a_look_that_brought_nothing_waits_for_the_next_poll) {
  clock_.set_gap(true, at(0));
  clock_.begin_look();
  clock_.end_look(true, false, at(20));
  EXPECT_TRUE(clock_.has_gap());
  EXPECT_FALSE(clock_.is_due(at(119)));
  EXPECT_EQ(clock_.next(at(20)), at(120));
  EXPECT_TRUE(clock_.is_due(at(120)));
  clock_.end_look(true, true, at(121));
  EXPECT_TRUE(clock_.is_due(at(121))) << "one that brought something goes on";
  clock_.end_look(false, true, at(122));
  EXPECT_FALSE(clock_.is_due(at(122)));
}

TEST_F(FeedClockTest, what_may_be_missing_or_is_in_doubt_is_looked_for_at_once) {
  clock_.want();
  EXPECT_TRUE(clock_.is_due(at(1)));
  EXPECT_EQ(clock_.next(at(1)), at(1));
  clock_.begin_look();
  EXPECT_FALSE(clock_.take_doubt());
  EXPECT_FALSE(clock_.is_due(at(1)));
  clock_.doubt();
  clock_.begin_look();
  EXPECT_TRUE(clock_.is_due(at(1))) << "until the table has decided";
  EXPECT_TRUE(clock_.take_doubt());
  EXPECT_FALSE(clock_.is_due(at(1)));
}

TEST_F(FeedClockTest, in_silence_every_poll_is_a_look) {
  EXPECT_FALSE(clock_.is_silent(at(300)));
  EXPECT_TRUE(clock_.is_silent(at(301)));
  EXPECT_TRUE(clock_.is_due(at(301)));
  clock_.end_look(false, true, at(310));
  EXPECT_FALSE(clock_.is_due(at(409)));
  EXPECT_EQ(clock_.next(at(310)), at(410));
  EXPECT_TRUE(clock_.is_due(at(410)));
  clock_.hear(at(411));
  EXPECT_FALSE(clock_.is_due(at(411)));
  clock_.lose();
  EXPECT_TRUE(clock_.is_silent(at(411))) << "a lost subscription is silence";
}

TEST_F(FeedClockTest, a_leader_that_names_nothing_newer_may_not_reach_redis) {
  EXPECT_FALSE(clock_.is_unpublished(at(999)));
  EXPECT_TRUE(clock_.is_unpublished(at(1'000)));
  clock_.advance(at(1'000));
  EXPECT_FALSE(clock_.is_unpublished(at(1'999)));
  EXPECT_TRUE(clock_.is_silent(at(1'000))) << "that is no word of the leader";
  clock_.hear(at(2'000));
  EXPECT_FALSE(clock_.is_unpublished(at(2'999)));
}

}  // namespace
}  // namespace perpetua::cluster
