#include "feeds/liquidity/agent_view.hpp"

#include <gtest/gtest.h>

namespace perpetua::feeds {
namespace {

constexpr AgentId kSelf = 7;

Event own(EventType type, MarketId market = 2) { return Event(type, kSelf, market, 0); }

Event accepted(OrderId id, int64_t lots, int64_t rested) {
  Event event = own(EventType::order_accepted);
  event.order_accepted = OrderAccepted{};
  event.order_accepted.order_id = id;
  event.order_accepted.price = Price(100);
  event.order_accepted.lots = Lots(lots);
  event.order_accepted.rested = Lots(rested);
  return event;
}

Event fill(OrderId id, int64_t lots, int64_t remaining, int64_t base, bool is_taker = false) {
  Event event = own(EventType::fill);
  event.fill = Fill{};
  event.fill.order_id = id;
  event.fill.lots = Lots(lots);
  event.fill.remaining = Lots(remaining);
  event.fill.position_base = Lots(base);
  event.fill.is_taker = is_taker;
  event.fill.order_done = remaining == 0;
  return event;
}

AgentView view_of_self() {
  AgentView view(2);
  view.set_agent(kSelf);
  return view;
}

TEST(AgentView, resting_order_follows_its_fills_to_the_end) {
  AgentView view = view_of_self();
  view.on_event(accepted(11, 10, 10));
  ASSERT_EQ(view.orders().size(), 1u);
  view.on_event(fill(11, 4, 6, 4));
  EXPECT_EQ(view.orders()[0].remaining, Lots(6));
  EXPECT_EQ(view.orders()[0].filled, Lots(4));
  EXPECT_EQ(view.base(), Lots(4));
  view.on_event(fill(11, 6, 0, 10));
  EXPECT_TRUE(view.orders().empty());
  EXPECT_EQ(view.base(), Lots(10));
}

TEST(AgentView, what_a_taker_filled_at_once_is_not_counted_twice) {
  AgentView view = view_of_self();
  view.on_event(accepted(11, 10, 6));
  view.on_event(fill(11, 4, 6, 4, true));
  ASSERT_EQ(view.orders().size(), 1u);
  EXPECT_EQ(view.orders()[0].filled, Lots(4));
  EXPECT_EQ(view.orders()[0].remaining, Lots(6));
  view.on_event(accepted(12, 5, 0));
  EXPECT_EQ(view.orders().size(), 1u);
}

TEST(AgentView, a_position_that_others_changed_is_the_position) {
  AgentView view = view_of_self();
  view.on_event(accepted(11, 10, 10));
  view.on_event(fill(11, 10, 0, 10));
  Event changed = own(EventType::position_changed);
  changed.position_changed.base = Lots(4);
  changed.position_changed.cause = PositionChange::deleveraged;
  view.on_event(changed);
  EXPECT_EQ(view.base(), Lots(4));
  changed.position_changed.base = Lots(0);
  changed.position_changed.cause = PositionChange::settled;
  view.on_event(changed);
  EXPECT_EQ(view.base(), Lots(0));
}

TEST(AgentView, amended_and_closed_orders_change_and_leave) {
  AgentView view = view_of_self();
  view.on_event(accepted(11, 10, 10));
  Event amended = own(EventType::order_amended);
  amended.order_amended = OrderAmended{};
  amended.order_amended.order_id = 11;
  amended.order_amended.price = Price(90);
  amended.order_amended.rested = Lots(3);
  amended.order_amended.lots = Lots(5);
  view.on_event(amended);
  EXPECT_EQ(view.orders()[0].price, Price(90));
  EXPECT_EQ(view.orders()[0].remaining, Lots(3));
  EXPECT_EQ(view.orders()[0].filled, Lots(2));
  Event closed = own(EventType::order_closed);
  closed.order_closed = OrderClosed{};
  closed.order_closed.order_id = 11;
  view.on_event(closed);
  EXPECT_TRUE(view.orders().empty());
}

TEST(AgentView, events_of_others_and_other_markets_are_ignored) {
  AgentView view = view_of_self();
  Event foreign = accepted(11, 10, 10);
  foreign.header.agent = kSelf + 1;
  view.on_event(foreign);
  Event elsewhere = accepted(12, 10, 10);
  elsewhere.header.market = 1;
  view.on_event(elsewhere);
  EXPECT_TRUE(view.orders().empty());
}

TEST(AgentView, account_counts_free_reserved_and_margin) {
  AgentView view = view_of_self();
  Event account = own(EventType::account_changed, kNoMarket);
  account.account_changed = {Micro(5), Micro(6), Micro(7), {}};
  view.on_event(account);
  EXPECT_EQ(view.collateral(), Micro(18));
}

TEST(AgentView, adopts_what_an_earlier_run_left) {
  AgentView view(2);
  ExistingAgent existing;
  existing.agent = kSelf;
  existing.free = Micro(9);
  existing.base = Lots(-3);
  existing.leverage = 2;
  existing.netting = true;
  existing.orders = {{21, Side::sell, Price(101), Lots(0), Lots(5), 0},
                     {22, Side::sell, Price(102), Lots(5), Lots(0), 0}};
  view.adopt(existing);
  EXPECT_EQ(view.agent(), kSelf);
  EXPECT_EQ(view.base(), Lots(-3));
  EXPECT_TRUE(view.netting());
  ASSERT_EQ(view.orders().size(), 1u);
  EXPECT_EQ(view.orders()[0].id, 21u);
}

}  // namespace
}  // namespace perpetua::feeds
