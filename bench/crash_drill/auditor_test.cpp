// The auditor sees what it is there for: each test forges the events of one wrong batch.

#include "crash_drill/auditor.hpp"

#include <gtest/gtest.h>

namespace perpetua::drill {
namespace {

MarketSpec make_spec() {
  MarketSpec spec;
  spec.symbol[0] = 'X';
  spec.value_per_tick_lot_micro = 1;
  spec.price_max = Price(1'000'000);
  spec.tier_count = 1;
  spec.tiers[0] = {0, 20, 0};
  return spec;
}

struct AuditorTest : ::testing::Test {
  Auditor auditor{make_spec()};
  BatchOutput output;

  Event& add(EventType type, AgentId agent) {
    output.events.emplace_back(type, agent, MarketId{0}, kNoCommand);
    return output.events.back();
  }
  void add_account(AgentId agent, int64_t free, int64_t margin) {
    Event& event = add(EventType::account_changed, agent);
    event.account_changed.free = Micro(free);
    event.account_changed.position_margin = Micro(margin);
  }
  void add_fill(AgentId agent, int64_t base, int64_t entry, int64_t margin) {
    Event& event = add(EventType::fill, agent);
    event.fill.position_base = Lots(base);
    event.fill.position_entry_notional = Micro(entry);
    event.fill.position_margin = Micro(margin);
  }
  void run() {
    auditor.on_batch(output);
    output.events.clear();
  }
  // Agent 1 is long 1,000 lots from 100, agent 2 short; each has 10,000 of margin.
  void open_positions() {
    auditor.add_deposit(Micro(20'000));
    add_fill(1, 1'000, 100'000, 10'000);
    add_fill(2, -1'000, 100'000, 10'000);
    add_account(1, 0, 10'000);
    add_account(2, 0, 10'000);
    add(EventType::price_updated, 0).price_updated.mark = Price(100);
    run();
    ASSERT_EQ(auditor.violations(), 0u);
  }
};

TEST_F(AuditorTest, sees_money_that_nobody_deposited) {
  open_positions();
  add_account(1, 1, 10'000);
  run();
  EXPECT_EQ(auditor.violations(), 1u);
}

TEST_F(AuditorTest, sees_a_position_without_its_other_side) {
  open_positions();
  add_fill(1, 2'000, 100'000, 10'000);
  run();
  EXPECT_EQ(auditor.violations(), 1u);
}

TEST_F(AuditorTest, sees_a_balance_below_zero) {
  add_account(1, -5, 5);
  run();
  EXPECT_EQ(auditor.violations(), 1u);
}

TEST_F(AuditorTest, sees_a_position_worth_less_than_zero) {
  open_positions();
  add(EventType::price_updated, 0).price_updated.mark = Price(90);
  run();
  auditor.check_solvency();
  EXPECT_EQ(auditor.violations(), 0u);
  add(EventType::price_updated, 0).price_updated.mark = Price(89);
  run();
  auditor.check_solvency();
  EXPECT_EQ(auditor.violations(), 1u);
}

TEST_F(AuditorTest, sees_a_healthy_position_liquidated) {
  open_positions();
  Liquidation& step = add(EventType::liquidation, 1).liquidation;
  step.step = LiquidationStep::taken_over;
  step.base = Lots(1'000);
  step.mark = Price(92);  // equity 2,000, maintenance 2,300
  step.equity = Micro(2'000);
  step.maintenance = Micro(2'300);
  run();
  EXPECT_EQ(auditor.violations(), 0u);
  Liquidation& wrong = add(EventType::liquidation, 1).liquidation;
  wrong = {Lots(0),
           Micro(0),
           Micro(0),
           Lots(1'000),
           Micro(2'000),
           Micro(2'300),
           Price(93),
           LiquidationStep::taken_over,
           {}};  // the figures of another mark
  run();
  EXPECT_EQ(auditor.violations(), 1u);
}

TEST_F(AuditorTest, sees_a_flat_account_deleveraged) {
  open_positions();
  PositionChanged& change = add(EventType::position_changed, 3).position_changed;
  change.cause = PositionChange::deleveraged;
  run();
  EXPECT_EQ(auditor.violations(), 1u);
}

TEST_F(AuditorTest, sees_a_deleveraged_position_that_grew) {
  open_positions();
  PositionChanged& change = add(EventType::position_changed, 2).position_changed;
  change.cause = PositionChange::deleveraged;
  change.lots = Lots(500);
  change.base = Lots(-1'500);
  change.entry_notional = Micro(100'000);
  change.margin = Micro(10'000);
  run();
  EXPECT_EQ(auditor.violations(), 2u);  // and base does not sum to zero any more
}

}  // namespace
}  // namespace perpetua::drill
