#include "stores/memory/health_watch.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "engine/test_support.hpp"

namespace perpetua::stores {
namespace {

const MarketRules rules(perpetua::test::make_spec());

Position make_position(int64_t base, int64_t price, int64_t leverage) {
  const Lots size(base < 0 ? -base : base);
  const Micro value = notional(Price(price), size, rules);
  return {Lots(base), value, initial_margin(value, static_cast<uint32_t>(leverage))};
}

TEST(Health, the_warn_price_is_where_the_exact_test_changes) {
  std::mt19937_64 random(5);
  const auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  int inside = 0;
  for (int i = 0; i < 20'000; ++i) {
    const int64_t base = pick(100, 20'000'000) * (pick(0, 1) == 0 ? 1 : -1);
    Position position = make_position(base, pick(20'000, 90'000), pick(1, 20));
    position.margin = Micro(position.margin.value * pick(50, 150) / 100);
    const Price price = warn_price(position, rules);
    if (price == Price(0) || price > rules.price_max) continue;
    ++inside;
    const Price worse = price - Price(position.is_long() ? 1 : -1);
    ASSERT_EQ(health_of(position, price, rules), Health::healthy) << i;
    if (worse > Price(0) && worse <= rules.price_max) {
      ASSERT_NE(health_of(position, worse, rules), Health::healthy) << i;
    }
  }
  EXPECT_GT(inside, 15'000);
}

TEST(Health, a_position_is_warned_of_before_it_is_liquidatable) {
  const Position position = make_position(1'000'000, 60'000, 20);
  const Price warn = warn_price(position, rules);
  const Price liquidation = liquidation_price(position, rules);
  EXPECT_GT(warn, liquidation);
  EXPECT_EQ(health_of(position, warn - Price(1), rules), Health::warning);
  EXPECT_EQ(health_of(position, liquidation, rules), Health::warning);
  EXPECT_EQ(health_of(position, liquidation - Price(1), rules), Health::liquidatable);
}

TEST(HealthWatch, a_crossing_is_reported_once_until_the_position_is_healthy_again) {
  HealthWatch watch(rules);
  watch.set(7, make_position(1'000'000, 60'000, 20));
  watch.set(9, make_position(-1'000'000, 60'000, 20));
  EXPECT_TRUE(watch.on_mark(Price(60'000)).empty());
  EXPECT_EQ(watch.on_mark(Price(59'000)), std::vector<AgentId>{7});
  EXPECT_TRUE(watch.on_mark(Price(58'900)).empty()) << "still the same crossing";
  EXPECT_TRUE(watch.on_mark(Price(60'000)).empty());
  EXPECT_EQ(watch.on_mark(Price(61'000)), std::vector<AgentId>{9});
  EXPECT_EQ(watch.on_mark(Price(59'000)), std::vector<AgentId>{7}) << "again, after it was healthy";
}

TEST(HealthWatch, follows_positions_that_change_and_go) {
  HealthWatch watch(rules);
  watch.set(7, make_position(1'000'000, 60'000, 20));
  watch.set(8, make_position(2'000'000, 60'000, 20));
  watch.set(9, make_position(3'000'000, 60'000, 20));
  watch.set(7, Position{});
  watch.set(8, make_position(2'000'000, 60'000, 2));  // more margin: far away now
  EXPECT_EQ(watch.size(), 2u);
  EXPECT_EQ(watch.on_mark(Price(59'000)), std::vector<AgentId>{9});
  watch.set(7, make_position(1'000'000, 60'000, 20));
  EXPECT_EQ(watch.on_mark(Price(59'000)), std::vector<AgentId>{7});
  for (int i = 0; i < 10'000; ++i) {
    watch.set(11, make_position(1'000'000, 60'000, 20));
    watch.set(11, Position{});
  }
  EXPECT_EQ(watch.size(), 3u);
}

TEST(HealthWatch, of_ten_thousand_positions_each_is_told_once_and_only_on_the_losing_side) {
  HealthWatch watch(rules);
  for (AgentId agent = 1; agent <= 10'000; ++agent) {
    const int64_t base = 10'000 + agent * 7;
    watch.set(agent, make_position(agent % 2 == 0 ? base : -base, 60'000, 10));
  }
  EXPECT_TRUE(watch.on_mark(Price(60'000)).empty());
  std::set<AgentId> told;
  for (int64_t mark = 60'000; mark >= 50'000; mark -= 10) {
    for (const AgentId agent : watch.on_mark(Price(mark))) {
      EXPECT_EQ(agent % 2, 0u);
      EXPECT_TRUE(told.insert(agent).second) << agent;
    }
  }
  EXPECT_EQ(told.size(), 5'000u);
}

}  // namespace
}  // namespace perpetua::stores
