#include <gtest/gtest.h>

#include "stores/activity/agent_statistics.hpp"

namespace perpetua::stores {
namespace {

void no_positions(const std::function<void(AgentId, const OpenPnl&)>&) {}

TEST(Rankings, reputation_puts_proven_winners_first) {
  AgentTable table;
  table.position_ended(1, Micro(5));
  for (int i = 0; i < 3; ++i) table.position_ended(2, Micro(5));
  table.position_ended(3, Micro(-5));
  const Rankings rankings;
  const auto best = rankings.top(Ranking::reputation, 10, 0, table, no_positions);
  ASSERT_EQ(best.size(), 3u);
  EXPECT_EQ(best[0].statistics.agent, 2u);
  EXPECT_EQ(best[0].statistics.reputation_ppm(), 800'000u);
  EXPECT_EQ(best[2].statistics.agent, 3u);
  EXPECT_EQ(table.find(99).reputation_ppm(), 500'000u);
}

TEST(Rankings, a_snapshot_is_made_anew_after_its_interval) {
  AgentTable table;
  table.position_ended(1, Micro(5));
  const Rankings rankings;
  EXPECT_EQ(rankings.top(Ranking::pnl, 10, 0, table, no_positions).size(), 1u);
  table.position_ended(2, Micro(5));
  const int64_t interval_ms = activity_limits::kRankingIntervalMs;
  EXPECT_EQ(rankings.top(Ranking::pnl, 10, interval_ms - 1, table, no_positions).size(), 1u);
  EXPECT_EQ(rankings.top(Ranking::pnl, 10, interval_ms, table, no_positions).size(), 2u);
}

TEST(Rankings, keep_the_best_only) {
  AgentTable table;
  for (AgentId agent = 1; agent <= activity_limits::kRankedMax + 50; ++agent) {
    FillView fill;
    fill.agent = agent;
    fill.realised_pnl = Micro(agent);
    fill.is_taker = true;
    table.fill(fill);
  }
  const Rankings rankings;
  const auto best = rankings.top(Ranking::pnl, SIZE_MAX, 0, table, no_positions);
  ASSERT_EQ(best.size(), activity_limits::kRankedMax);
  EXPECT_EQ(best.front().statistics.agent, activity_limits::kRankedMax + 50);
  EXPECT_EQ(table.active_agents(), activity_limits::kRankedMax + 50);
}

}  // namespace
}  // namespace perpetua::stores
