#include "stores/activity/match_log.hpp"

#include <gtest/gtest.h>

namespace perpetua::stores {
namespace {

MatchView match(MarketId market, uint64_t trade_id, uint64_t sequence) {
  MatchView row;
  row.market = market;
  row.trade_id = trade_id;
  row.sequence = sequence;
  return row;
}

TEST(MatchLog, a_match_is_found_by_market_and_trade) {
  MatchLog log;
  log.add(match(0, 5, 10));
  log.add(match(0, 6, 12));
  log.add(match(3, 1, 11));
  EXPECT_EQ(log.find(0, 6)->sequence, 12u);
  EXPECT_EQ(log.find(3, 1)->sequence, 11u);
  EXPECT_FALSE(log.find(0, 4));
  EXPECT_FALSE(log.find(0, 7));
  EXPECT_FALSE(log.find(200, 1));
  EXPECT_EQ(log.range(0, 4, 3).size(), 2u);
}

TEST(MatchLog, the_newest_come_first_whatever_their_market) {
  MatchLog log;
  log.add(match(0, 1, 10));
  log.add(match(1, 1, 11));
  log.add(match(0, 2, 12));
  const auto rows = log.newest(2);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].sequence, 12u);
  EXPECT_EQ(rows[1].sequence, 11u);
  EXPECT_EQ(log.newest(9).size(), 3u);
}

TEST(MatchLog, is_bounded_and_survives_a_gap) {
  MatchLog log;
  for (uint64_t id = 1; id <= activity_limits::kMatchesPerMarketMax + 1; ++id) {
    log.add(match(0, id, id));
    EXPECT_EQ(log.forgotten(), id > activity_limits::kMatchesPerMarketMax ? 1u : 0u);
  }
  EXPECT_FALSE(log.find(0, 1));
  EXPECT_TRUE(log.find(0, 2));
  log.add(match(0, 9'000, 9'000));
  EXPECT_EQ(log.find(0, 9'000)->sequence, 9'000u);
  EXPECT_FALSE(log.find(0, 2));
  EXPECT_EQ(log.forgotten(), activity_limits::kMatchesPerMarketMax + 1);
}

}  // namespace
}  // namespace perpetua::stores
