#include "stores/activity/activity_test_support.hpp"

namespace perpetua::stores {
namespace {

using namespace test;
using IntentLogTest = ActivityTest;

TEST_F(IntentLogTest, intents_are_listed_by_state_and_market) {
  place(1, Side::sell, 60'000, 10'000);
  const OrderId filled = intend(2, Side::buy, 600'000'000).id;
  const OrderId expired = intend(2, Side::buy, 600'000'000).id;
  const OrderId other = intend(3, Side::sell, 600'000'000, {}, 1).id;
  Command command = limit(3, Side::buy, 59'000, 10'000);
  command.place.flags = kIntent;
  const OrderId resting = run(command).id;
  const IntentLog& log = activity().intents();
  const auto ids = [&](IntentQuery query) {
    std::vector<OrderId> result;
    for (const IntentView& row : log.newest(query)) result.push_back(row.order.order_id);
    return result;
  };
  EXPECT_EQ(ids({}), (std::vector<OrderId>{resting, other, expired, filled}));
  EXPECT_EQ(ids({.state = IntentState::open}), std::vector<OrderId>{resting});
  EXPECT_EQ(ids({.state = IntentState::filled}), std::vector<OrderId>{filled});
  EXPECT_EQ(ids({.market = 0, .state = IntentState::expired}), std::vector<OrderId>{expired});
  EXPECT_EQ(ids({.market = 1}), std::vector<OrderId>{other});
  EXPECT_EQ(ids({.limit = 2}).size(), 2u);
  run(cancel(3, resting));
  EXPECT_EQ(intent_state(log.find(resting)->order), IntentState::cancelled);
  const IntentTotals totals = log.totals();
  EXPECT_EQ(totals.total, 4u);
  EXPECT_EQ(totals.open, 0u);
  EXPECT_EQ(totals.filled, 1u);
  EXPECT_EQ(totals.expired, 2u);
  EXPECT_EQ(totals.cancelled, 1u);
  EXPECT_EQ(log.totals_by_market()[1].asked, Micro(600'000'000));
}

// By acceptance, though the oldest closes last and pushes out the newest.
TEST(IntentLog, closed_ones_are_listed_by_acceptance_and_tell_what_was_forgotten) {
  IntentLog log;
  OrderView order;
  order.status = OrderStatus::filled;
  const auto close = [&](uint64_t sequence) {
    order.order_id = order.sequence = sequence;
    log.warm_closed(order);
  };
  constexpr uint64_t kMost = activity_limits::kClosedIntentsMax;
  for (uint64_t sequence = 2; sequence <= kMost; ++sequence) close(sequence);
  close(1);
  const auto newest = log.newest({.market = order.market, .state = {}, .limit = 2});
  ASSERT_EQ(newest.size(), 2u);
  EXPECT_EQ(newest[0].order.sequence, kMost);
  EXPECT_EQ(newest[1].order.sequence, kMost - 1);
  EXPECT_EQ(log.forgotten(), 0u);
  close(kMost + 1);
  close(kMost + 2);
  EXPECT_EQ(log.forgotten(), 3u);
  EXPECT_FALSE(log.find(3));
  EXPECT_TRUE(log.find(1));
}

TEST_F(IntentLogTest, a_reason_is_a_thought_of_its_agent) {
  place(1, Side::sell, 60'000, 30'000);
  intend(2, Side::buy, 600'000'000, "first");
  intend(2, Side::buy, 600'000'000);
  intend(3, Side::buy, 600'000'000, "second");
  const auto all = activity().intents().thoughts(10);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].reason, "second");
  EXPECT_EQ(all[1].size, Micro(600'000'000));
  EXPECT_EQ(all[1].leverage, 5);
  EXPECT_EQ(activity().intents().thoughts_of(2, 10).size(), 1u);
  EXPECT_TRUE(activity().intents().thoughts_of(1, 10).empty());
}

TEST_F(IntentLogTest, an_order_that_is_no_intent_is_not_listed) {
  const OrderId order = place(1, Side::sell, 60'000, 10'000);
  EXPECT_FALSE(activity().intents().find(order));
  EXPECT_FALSE(activity().intents().find(0));
  EXPECT_FALSE(activity().intents().find(UINT64_MAX));
  EXPECT_EQ(activity().intents().totals().total, 0u);
}

TEST_F(IntentLogTest, a_resting_intent_tells_its_match_once_it_fills) {
  Command command = limit(3, Side::buy, 59'000, 20'000);
  command.place.flags = kIntent;
  const OrderId resting = run(command).id;
  const OrderId taker = place(1, Side::sell, 59'000, 5'000);
  const IntentView intent = *activity().intents().find(resting);
  EXPECT_EQ(intent_state(intent.order), IntentState::open);
  EXPECT_EQ(intent.matched_with, taker);
  EXPECT_EQ(intent.trades, 0u);
  EXPECT_EQ(intent.position.base, Lots(5'000));
}

}  // namespace
}  // namespace perpetua::stores
