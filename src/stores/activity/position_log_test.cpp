#include "stores/activity/position_log.hpp"

#include <gtest/gtest.h>

namespace perpetua::stores {
namespace {

// A fill of one lot = 100 micro a tick; sequence and time rise by themselves.
class PositionLogTest : public ::testing::Test {
 protected:
  PositionLog::Step trade(Side side, int64_t lots, int64_t price, int64_t pnl = 0,
                          OrderId order = 9) {
    base_ += Lots(sign(side) * lots);
    FillView fill;
    fill.sequence = ++sequence_;
    fill.trade_id = sequence_;
    fill.agent = 7;
    fill.market = 1;
    fill.side = side;
    fill.lots = Lots(lots);
    fill.notional = Micro(lots * price);
    fill.realised_pnl = Micro(pnl);
    fill.position_base = base_;
    fill.order_id = order;
    fill.time_ms = static_cast<int64_t>(1'000 * sequence_);
    return log_.fill(fill, nullptr);
  }

  PositionLog log_;
  Lots base_;
  uint64_t sequence_ = 40;
};

TEST_F(PositionLogTest, a_position_keeps_its_id_until_it_ends) {
  trade(Side::buy, 10, 100);
  trade(Side::buy, 10, 120);
  trade(Side::sell, 5, 130, 100);
  const PositionRecord open = *log_.open(7, 1);
  EXPECT_EQ(open.id, 41u);
  EXPECT_EQ(open.base, Lots(15));
  EXPECT_EQ(open.entry_notional, Micro(1'650));  // three quarters of 2,200
  EXPECT_EQ(open.opened_at_ms, 41'000);
  EXPECT_EQ(open.last_trade, 43u);
  const PositionLog::Step step = trade(Side::sell, 15, 130, 300, 77);
  ASSERT_NE(step.ended, nullptr);
  EXPECT_EQ(step.current, nullptr);
  EXPECT_FALSE(log_.open(7, 1));
  const PositionRecord closed = *log_.find(41);
  EXPECT_EQ(closed.base, Lots(15));
  EXPECT_EQ(closed.closed_lots, Lots(20));
  EXPECT_EQ(closed.closed_value, Micro(2'600));
  EXPECT_EQ(closed.realised_pnl, Micro(400));
  EXPECT_EQ(closed.closing_order, 77u);
  EXPECT_EQ(closed.close_reason, PositionCloseReason::manual);
  EXPECT_EQ(closed.closed_at_ms, 44'000);
}

TEST_F(PositionLogTest, a_change_of_sides_ends_one_position_and_opens_another) {
  trade(Side::buy, 10, 100);
  const PositionLog::Step step = trade(Side::sell, 25, 110, 100);
  EXPECT_EQ(step.ended->id, 41u);
  EXPECT_EQ(step.ended->closed_value, Micro(1'100));
  EXPECT_EQ(step.current->id, 42u);
  EXPECT_EQ(step.current->base, Lots(-15));
  EXPECT_EQ(step.current->entry_notional, Micro(1'650));
  EXPECT_EQ(log_.closed(7, 10).size(), 1u);
  EXPECT_EQ(log_.find(42)->agent, 7u);
}

TEST_F(PositionLogTest, funding_and_forced_ends_are_part_of_it) {
  trade(Side::buy, 10, 100);
  PositionChangeView change;
  change.agent = 7;
  change.market = 1;
  change.change.cause = PositionChange::funding;
  change.change.amount = Micro(-3);
  change.change.margin = Micro(97);
  log_.change(change);
  EXPECT_EQ(log_.open(7, 1)->funding, Micro(-3));
  EXPECT_EQ(log_.open(7, 1)->margin, Micro(97));
  change.change = {};
  change.change.cause = PositionChange::taken_over;
  change.change.lots = Lots(10);
  change.change.value = Micro(900);
  change.change.amount = Micro(-100);
  const PositionLog::Step step = log_.change(change);
  ASSERT_NE(step.ended, nullptr);
  EXPECT_EQ(step.ended->close_reason, PositionCloseReason::liquidation);
  EXPECT_EQ(step.ended->realised_pnl, Micro(-100));
  EXPECT_EQ(step.ended->margin, Micro(97));
}

TEST_F(PositionLogTest, a_fill_without_an_order_liquidates) {
  trade(Side::buy, 10, 100);
  const PositionLog::Step step = trade(Side::sell, 10, 90, -100, 0);
  EXPECT_EQ(step.ended->close_reason, PositionCloseReason::liquidation);
}

TEST_F(PositionLogTest, what_a_description_lacks_does_not_stay_open) {
  trade(Side::buy, 10, 100);
  log_.adopt({{8, 1, {Lots(-4), Micro(400), Micro(40)}}});
  EXPECT_FALSE(log_.open(7, 1));
  EXPECT_FALSE(log_.find(41));
  EXPECT_EQ(log_.open(8, 1)->id & PositionRecord::kUnknownOpening, PositionRecord::kUnknownOpening);
  EXPECT_EQ(log_.open(8, 1)->opened_at_ms, 0);
}

TEST_F(PositionLogTest, a_described_position_keeps_the_record_of_its_opening) {
  trade(Side::buy, 10, 100);
  log_.adopt({{7, 1, {Lots(10), Micro(1'000), Micro(200)}}});
  EXPECT_EQ(log_.find(41)->margin, Micro(200));
  EXPECT_EQ(log_.find(41)->opened_at_ms, 41'000);
}

TEST_F(PositionLogTest, the_oldest_closed_position_makes_room) {
  for (std::size_t i = 0; i <= activity_limits::kClosedPositionsMax; ++i) {
    trade(Side::buy, 1, 100);
    trade(Side::sell, 1, 100);
  }
  EXPECT_FALSE(log_.find(41));
  EXPECT_TRUE(log_.find(43));
  EXPECT_EQ(log_.closed(7, SIZE_MAX).size(), activity_limits::kClosedPositionsPerAgentMax);
}

TEST_F(PositionLogTest, a_guard_tells_on_positions_of_its_batch_alone) {
  trade(Side::buy, 10, 100);
  trade(Side::sell, 10, 90, -100, 55);
  TriggerView trigger;
  trigger.agent = 7;
  trigger.market = 1;
  trigger.reason = CloseReason::triggered;
  trigger.trigger.is_protective = 1;
  trigger.trigger.kind = TriggerKind::take_profit;
  trigger.trigger.at = Price(90);
  trigger.trigger.order_id = 55;
  log_.guard(trigger);
  EXPECT_EQ(log_.find(41)->close_reason, PositionCloseReason::take_profit);
  EXPECT_EQ(log_.find(41)->take_profit, Price(90));
  log_.start_batch();
  trigger.trigger.at = Price(80);
  log_.guard(trigger);
  EXPECT_EQ(log_.find(41)->take_profit, Price(90));
}

}  // namespace
}  // namespace perpetua::stores
