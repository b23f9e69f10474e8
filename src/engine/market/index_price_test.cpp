#include "engine/market/index_price.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace perpetua {
namespace {

constexpr int64_t kNow = 1'000'000;

SourcePrice source(int64_t price, uint32_t weight, int64_t age_ms = 0) {
  return {Price(price), weight, kNow - age_ms};
}

std::vector<SourcePrice> example() {
  return {source(60'010, 3), source(60'000, 2), source(59'990, 2), source(60'030, 1),
          source(59'000, 1)};
}

TEST(IndexPriceTest, the_worked_example_ignores_the_outlier) {
  auto sources = example();
  EXPECT_EQ(weighted_median(sources), Price(60'000));
}

TEST(IndexPriceTest, half_of_the_weight_is_enough) {
  std::vector<SourcePrice> sources{source(200, 2), source(100, 2)};
  EXPECT_EQ(weighted_median(sources), Price(100));
}

TEST(IndexPriceTest, the_order_of_the_sources_changes_nothing) {
  std::mt19937 random(7);
  auto sources = example();
  for (int i = 0; i < 50; ++i) {
    std::shuffle(sources.begin(), sources.end(), random);
    EXPECT_EQ(index_candidate(sources, kNow, 1)->price, Price(60'000));
  }
}

TEST(IndexPriceTest, less_than_half_of_the_weight_cannot_leave_the_range_of_the_honest) {
  std::mt19937 random(11);
  for (int i = 0; i < 2'000; ++i) {
    std::vector<SourcePrice> sources;
    uint32_t honest = 0;
    for (int n = 0; n < 4; ++n) {
      const uint32_t weight = 1 + random() % 5;
      honest += weight;
      sources.push_back(source(1'000 + random() % 10, weight));
    }
    sources.push_back(source(1 + random() % 100'000, honest - 1));
    const Price index = weighted_median(sources);
    EXPECT_GE(index, Price(1'000));
    EXPECT_LE(index, Price(1'009));
  }
}

TEST(IndexPriceTest, a_source_older_than_its_limit_does_not_count) {
  auto sources = example();
  sources[1].time_ms = kNow - limits::kIndexStaleAfterMs;
  EXPECT_EQ(index_candidate(sources, kNow, 1)->price, Price(60'000));
  sources = example();
  sources[1].time_ms = kNow - limits::kIndexStaleAfterMs - 1;
  EXPECT_EQ(index_candidate(sources, kNow, 1)->price, Price(60'010));
}

TEST(IndexPriceTest, fewer_fresh_sources_than_the_quorum_give_no_index) {
  std::vector<SourcePrice> sources{source(100, 1), source(101, 1, 5'000), source(99, 1, 60'000)};
  EXPECT_FALSE(index_candidate(sources, kNow, 3));
  EXPECT_TRUE(index_candidate(sources, kNow, 2));
}

TEST(IndexPriceTest, the_time_is_that_of_the_oldest_which_the_quorum_needs) {
  std::vector<SourcePrice> sources{source(100, 1, 3'000), source(101, 1, 1'000),
                                   source(102, 1, 8'000)};
  EXPECT_EQ(index_candidate(sources, kNow, 1)->time_ms, kNow - 1'000);
  EXPECT_EQ(index_candidate(sources, kNow, 2)->time_ms, kNow - 3'000);
  EXPECT_EQ(index_candidate(sources, kNow, 3)->time_ms, kNow - 8'000);
}

}  // namespace
}  // namespace perpetua
