#include "engine/market/deleverage_ranking.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace perpetua {
namespace {

using Scores = std::map<AgentId, int64_t>;  // of the candidates

std::vector<AgentId> sorted(const Scores& scores) {
  std::vector<Ranked> all;
  for (const auto& [agent, score] : scores) all.push_back({score, agent});
  std::sort(all.begin(), all.end());
  std::vector<AgentId> agents;
  for (const Ranked& ranked : all) agents.push_back(ranked.agent);
  return agents;
}

std::vector<AgentId> walked(DeleverageRanking& ranking, std::size_t most) {
  std::vector<AgentId> agents;
  DeleverageRanking::Walk walk(ranking);
  for (Ranked ranked; agents.size() < most && walk.next(ranked);) agents.push_back(ranked.agent);
  return agents;
}

TEST(DeleverageRanking, highest_score_first_and_ties_by_agent) {
  const Scores scores{{4, 10}, {2, 30}, {7, 10}, {5, -1}};
  DeleverageRanking ranking;
  ranking.build(8, [&](AgentId agent, Int128& score) {
    const auto found = scores.find(agent);
    if (found == scores.end()) return false;
    score = found->second;
    return true;
  });
  EXPECT_EQ(walked(ranking, 10), (std::vector<AgentId>{2, 4, 7, 5}));
}

// Built once and kept true by refresh(), it is at every moment what sorting anew would give.
TEST(DeleverageRanking, stays_what_sorting_everybody_anew_would_give) {
  constexpr AgentId kAgents = 60;
  for (uint32_t seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    Scores scores;
    const auto draw = [&](AgentId agent) {
      scores.erase(agent);
      if (random() % 4 != 0) scores[agent] = static_cast<int64_t>(random() % 20);
    };
    for (AgentId agent = 0; agent < kAgents; ++agent) draw(agent);
    const auto score_of = [&](AgentId agent, Int128& score) {
      const auto found = scores.find(agent);
      if (found == scores.end()) return false;
      score = found->second;
      return true;
    };
    DeleverageRanking ranking;
    ranking.build(kAgents, score_of);
    for (int round = 0; round < 40; ++round) {
      for (uint32_t changes = random() % 6; changes > 0; --changes) {
        const AgentId agent = random() % (kAgents + 5);  // some appear later
        draw(agent);
        ranking.mark_changed(agent);
      }
      ranking.refresh(score_of);
      std::vector<AgentId> expected = sorted(scores);
      const std::size_t most = random() % (expected.size() + 2);
      expected.resize(std::min(most, expected.size()));
      ASSERT_EQ(walked(ranking, most), expected) << "seed " << seed << " round " << round;
    }
  }
}

TEST(DeleverageRanking, a_change_during_a_walk_moves_nobody) {
  Scores scores{{1, 3}, {2, 2}, {3, 1}};
  const auto score_of = [&](AgentId agent, Int128& score) {
    if (!scores.contains(agent)) return false;
    score = scores[agent];
    return true;
  };
  DeleverageRanking ranking;
  ranking.build(4, score_of);
  DeleverageRanking::Walk walk(ranking);
  Ranked ranked;
  ASSERT_TRUE(walk.next(ranked));
  scores[3] = 9;
  ranking.mark_changed(3);
  ASSERT_TRUE(walk.next(ranked));
  EXPECT_EQ(ranked.agent, 2u);
  ranking.refresh(score_of);
  EXPECT_EQ(walked(ranking, 1), std::vector<AgentId>{3});
}

}  // namespace
}  // namespace perpetua
