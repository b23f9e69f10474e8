// What a batch touched is enough: applying only that to an old picture gives the new one.
#include "stores/projection/touched_keys.hpp"

#include <gtest/gtest.h>

#include "stores/flow_test_support.hpp"

namespace perpetua::projection {
namespace {

using stores::HotStore;

struct Picture {
  std::map<AgentId, stores::AccountView> accounts;
  std::map<std::pair<AgentId, MarketId>, stores::PositionView> holdings;
  std::map<OrderId, stores::OrderView> intents;
  std::map<Sha256, stores::KeyView> keys;
  bool operator==(const Picture&) const = default;
};

Picture picture_of(const HotStore& hot) {
  Picture picture;
  for (const auto& agent : hot.agents(0, 1'000)) {
    picture.accounts[agent.id] = *hot.account(agent.id);
    for (const auto& row : hot.holdings(agent.id)) picture.holdings[{agent.id, row.market}] = row;
    for (const auto& order : hot.open_orders(agent.id, kNoMarket, 0, 1'000)) {
      if (order.is_intent()) picture.intents[order.order_id] = order;
    }
    for (const auto& key : hot.keys(agent.id)) picture.keys[key.sha256] = key;
  }
  return picture;
}

void update(Picture& picture, const HotStore& hot, const TouchedKeys& touched) {
  for (const AgentId agent : touched.agents) picture.accounts[agent] = *hot.account(agent);
  for (const auto& [agent, market] : touched.holdings) {
    for (const auto& row : hot.holdings(agent)) {
      if (row.market == market) picture.holdings[{agent, market}] = row;
    }
  }
  for (const auto& intent : touched.intents) {
    const auto order = hot.order(intent.agent, intent.order_id);
    picture.intents.erase(intent.order_id);
    if (order && order->is_open()) picture.intents[intent.order_id] = *order;
  }
  for (const auto& name : touched.keys) {
    if (name.sha256 != Sha256{}) picture.keys.erase(name.sha256);
    for (const auto& key : hot.keys(name.agent)) {
      if (key.key_id == name.key_id) picture.keys[key.sha256] = key;
    }
  }
}

TEST(TouchedKeys, writing_what_was_touched_keeps_a_picture_whole) {
  HotStore hot;
  TouchCollector collector;
  TouchedKeys waiting;
  Picture picture;
  stores::test::Flow flow(5);
  std::size_t intents_most = 0;
  for (int i = 1; i <= 600; ++i) {
    const auto batch = flow.next();
    hot.apply(batch.view());
    TouchedKeys touched;
    collector.collect(batch.view(), touched);
    EXPECT_EQ(touched.last_batch, batch.number);
    waiting.merge(touched);
    if (i % 7 != 0) continue;
    waiting.normalise();
    update(picture, hot, waiting);
    waiting.clear();
    ASSERT_EQ(picture, picture_of(hot)) << "batch " << i;
    intents_most = std::max(intents_most, picture.intents.size());
  }
  EXPECT_GT(intents_most, 5u);
}

TEST(TouchedKeys, of_one_intent_one_entry_is_left_which_knows_the_acceptance) {
  TouchedKeys touched;
  touched.intents = {{1, 0, 7}, {1, 55, 7}, {1, 0, 7}, {1, 40, 6}};
  touched.agents = {3, 1, 3};
  touched.normalise();
  ASSERT_EQ(touched.intents.size(), 2u);
  EXPECT_EQ(touched.intents[0].order_id, 6u) << "in the order of acceptance";
  EXPECT_EQ(touched.intents[1].sequence, 55u);
  EXPECT_EQ(touched.agents, (std::vector<AgentId>{1, 3}));
}

TEST(TouchedKeys, more_than_the_bound_stands_for_everything_but_keeps_the_keys) {
  TouchedKeys waiting, more;
  waiting.keys.push_back({1, 2, Sha256{}});
  for (AgentId agent = 0; agent <= kTouchedMax; ++agent) more.agents.push_back(agent);
  waiting.merge(more);
  EXPECT_TRUE(waiting.is_everything);
  EXPECT_TRUE(waiting.agents.empty());
  EXPECT_EQ(waiting.keys.size(), 1u);
  EXPECT_FALSE(waiting.is_empty());
}

}  // namespace
}  // namespace perpetua::projection
