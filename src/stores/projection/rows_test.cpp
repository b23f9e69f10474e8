// Names and rows: what is written is read back as it was.
#include "stores/projection/rows.hpp"

#include <gtest/gtest.h>

#include "stores/flow_test_support.hpp"
#include "stores/projection/key_schema.hpp"
#include "stores/redis/request.hpp"

namespace perpetua::projection {
namespace {

HashFields hash_of(const Fields& fields) {
  return HashFields(std::vector<std::string_view>(fields.begin(), fields.end()));
}

Fields without(Fields fields, std::string_view name) {
  const auto found = std::find(fields.begin(), fields.end(), name);
  fields.erase(found, found + 2);
  return fields;
}

TEST(RedisKeys, what_belongs_to_one_agent_is_in_one_slot) {
  EXPECT_EQ(agent_key(42), "agent:{42}");
  EXPECT_EQ(intent_key(42, 9), "intent:{42}:9");
  EXPECT_EQ(position_key(42, "BTC-PERP"), "position:{42}:BTC-PERP");
  const uint16_t slot = redis::key_slot(agent_key(42));
  for (const std::string& key : {balance_key(42), agent_intents_key(42), agent_positions_key(42),
                                 intent_key(42, 9), position_key(42, "BTC-PERP")}) {
    EXPECT_EQ(redis::key_slot(key), slot) << key;
  }
  Sha256 sha256{};
  sha256[0] = 0xAB;
  sha256[31] = 0x01;
  EXPECT_EQ(redis::key_slot(apikey_key(sha256)), redis::key_slot(key_key(sha256)));
  Sha256 parsed{};
  ASSERT_TRUE(parse_hex(hex_of(sha256), parsed));
  EXPECT_EQ(parsed, sha256);
  EXPECT_FALSE(parse_hex("ab", parsed));
  EXPECT_FALSE(parse_hex(std::string(64, 'g'), parsed));
}

TEST(RedisKeys, the_tag_of_a_group_is_in_the_group_and_groups_are_equal_parts) {
  const SlotGroups groups(kClusterGroups);
  std::set<std::string> tags;
  for (unsigned group = 0; group < groups.count(); ++group) {
    const std::string marker = groups.marker_key(group);
    EXPECT_EQ(groups.group_of(std::string_view(marker)), group);
    EXPECT_EQ(redis::key_slot(marker), redis::key_slot(groups.key_index_key(group)));
    EXPECT_EQ(redis::key_slot(marker) / (redis::kSlots / kClusterGroups), group);
    tags.insert(groups.tag(group));
  }
  EXPECT_EQ(tags.size(), kClusterGroups);
  EXPECT_EQ(groups.group_of(AgentId{42}), groups.group_of(std::string_view(agent_key(42))));
  EXPECT_EQ(SlotGroups(1).group_of(AgentId{42}), 0u);
}

// Everything that a long mixed flow of commands brings about, through both directions.
TEST(RedisRows, every_row_of_a_trading_exchange_is_read_back_as_it_was) {
  stores::HotStore hot;
  stores::test::Flow flow(11);
  for (int i = 0; i < 400; ++i) hot.apply(flow.next().view());
  std::size_t intents = 0, brackets = 0, positions = 0;
  for (const AgentView& agent : hot.agents(0, 1'000)) {
    AgentRow row{agent, *hot.account(agent.id), 3, {"BTC-PERP", "ETH-PERP"}, 400};
    EXPECT_EQ(decode_agent(hash_of(encode_agent(row))), row);
    for (const PositionView& holding : hot.holdings(agent.id)) {
      const MarketSpec& spec = *hot.market_spec(holding.market);
      auto read = decode_position(hash_of(encode_position(holding, spec)), spec);
      ASSERT_TRUE(read);
      read->market = holding.market;
      EXPECT_EQ(*read, holding);
      EXPECT_EQ(hot.valued(*read), hot.position(agent.id, holding.market));
      ++positions;
    }
    auto orders = hot.open_orders(agent.id, kNoMarket, 0, 1'000);
    const auto closed = hot.closed_orders(agent.id, kNoMarket, 1'000);
    orders.insert(orders.end(), closed.begin(), closed.end());
    for (const OrderView& order : orders) {
      const MarketSpec& spec = *hot.market_spec(order.market);
      EXPECT_EQ(decode_intent(hash_of(encode_intent(order, spec)), order.market, spec), order);
      intents += order.is_intent() ? 1 : 0;
      brackets += order.stop_loss.value != 0 ? 1 : 0;
    }
    for (KeyView key : hot.keys(agent.id)) {
      key.limits = KeyLimits();  // written, not read back
      EXPECT_EQ(decode_key(hash_of(encode_key(key)), key.sha256), key);
    }
  }
  EXPECT_GT(intents, 100u);
  EXPECT_GT(brackets, 20u);
  EXPECT_GT(positions, 10u);
}

TEST(RedisRows, a_row_that_lost_a_field_or_holds_nonsense_is_no_row) {
  stores::HotStore hot;
  stores::test::Flow flow(3);
  for (int i = 0; i < 60; ++i) hot.apply(flow.next().view());
  const MarketSpec& spec = *hot.market_spec(0);
  const PositionView holding = *hot.position(1, 0);
  const Fields position = encode_position(holding, spec);
  for (const char* field : {"market", "agent_id", "size", "entry_notional", "margin",
                            "realised_pnl", "leverage", "netting"}) {
    EXPECT_FALSE(decode_position(hash_of(without(position, field)), spec)) << field;
  }
  AgentRow row{*hot.agent(1), *hot.account(1), 0, {}, 1};
  const Fields agent = encode_agent(row);
  for (std::size_t i = 0; i < agent.size(); i += 2) {
    EXPECT_FALSE(decode_agent(hash_of(without(agent, agent[i])))) << agent[i];
  }
  Fields broken = agent;
  *(std::find(broken.begin(), broken.end(), "free") + 1) = "1e9";
  EXPECT_FALSE(decode_agent(hash_of(broken)));
  *(std::find(broken.begin(), broken.end(), "free") + 1) = "1";
  *(std::find(broken.begin(), broken.end(), "markets") + 1) = "[1";
  EXPECT_FALSE(decode_agent(hash_of(broken)));
  EXPECT_FALSE(decode_agent(HashFields({})));
}

}  // namespace
}  // namespace perpetua::projection
