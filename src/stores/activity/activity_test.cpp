#include "stores/activity/activity_test_support.hpp"
#include "stores/describe_test_support.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

TEST_F(ActivityTest, an_intent_is_told_with_the_position_of_its_own_fill) {
  const OrderId first = place(1, Side::sell, 60'000, 10'000);
  place(1, Side::sell, 60'010, 50'000);
  const Outcome outcome = intend(2, Side::buy, 1'000'000'000, "momentum");
  intend(2, Side::buy, 500'000'000);  // changes the position before anybody asks
  const IntentView intent = *activity().intents().find(outcome.id);
  EXPECT_EQ(intent_state(intent.order), IntentState::filled);
  EXPECT_EQ(intent.order.filled, Lots(16'665));  // 10,000 at 60,000, 6,665 with what is left
  EXPECT_EQ(intent.order.budget, Micro(1'000'000'000));
  EXPECT_EQ(intent.matched_with, first);
  EXPECT_EQ(intent.trades, 2u);
  EXPECT_EQ(intent.slippage_ppm, 10'000u);
  EXPECT_EQ(intent.position.base, Lots(16'665));
  EXPECT_LT(intent.position.margin, open_position(2).margin);
  EXPECT_EQ(intent.position.id, open_position(2).id);
  EXPECT_EQ(activity().matches().range(0, intent.first_trade, 2).size(), 2u);
}

TEST_F(ActivityTest, statistics_count_both_sides_of_every_trade) {
  place(1, Side::sell, 60'000, 10'000);
  intend(2, Side::buy, 600'000'000);
  buy_back(1, 61'000, 10'000);
  close(2, Side::sell);
  const AgentStatistics winner = activity().statistics(2);
  EXPECT_EQ(winner.trades, 2u);
  EXPECT_EQ(winner.volume, Micro(600'000'000 + 610'000'000));
  EXPECT_EQ(winner.realised_pnl, Micro(10'000'000));
  EXPECT_EQ(winner.day_pnl, Micro(10'000'000));
  EXPECT_EQ(winner.fees, Micro(300'000 + 305'000));
  EXPECT_EQ(winner.wins, 1u);
  EXPECT_EQ(winner.reputation_ppm(), 666'666u);
  EXPECT_EQ(winner.intents, 1u);
  const AgentStatistics loser = activity().statistics(1);
  EXPECT_EQ(loser.realised_pnl, Micro(-10'000'000));
  EXPECT_EQ(loser.fees, Micro(120'000 + 122'000));
  EXPECT_EQ(loser.losses, 1u);
  const ExchangeStatistics all = activity().exchange();
  EXPECT_EQ(all.matches, 2u);
  EXPECT_EQ(all.volume, winner.volume);
  EXPECT_EQ(all.taker.total, winner.fees);
  EXPECT_EQ(all.maker.total, loser.fees);
  EXPECT_EQ(all.maker.count, 2u);
  EXPECT_EQ(all.active_agents, 2u);
  EXPECT_EQ(store_.solvency().totals.fees, all.taker.total + all.maker.total);
}

TEST_F(ActivityTest, the_profit_of_yesterday_is_not_todays) {
  place(1, Side::sell, 60'000, 10'000);
  intend(2, Side::buy, 600'000'000);
  buy_back(1, 61'000, 10'000);
  close(2, Side::sell);
  const AgentStatistics row = activity().statistics(2);
  EXPECT_EQ(row.pnl_of_day(now_ms_), Micro(10'000'000));
  EXPECT_EQ(row.pnl_of_day(now_ms_ + 86'400'000), Micro(0));
}

TEST_F(ActivityTest, an_intent_without_a_counterparty_expires) {
  const Outcome outcome = intend(2, Side::buy, 600'000'000);
  const IntentView intent = *activity().intents().find(outcome.id);
  EXPECT_EQ(intent_state(intent.order), IntentState::expired);
  EXPECT_FALSE(intent.is_filled());
  EXPECT_EQ(activity().intents().totals().expired, 1u);
  EXPECT_FALSE(activity().positions().open(2, 0));
  EXPECT_EQ(activity().exchange().taker.count, 0u);
}

TEST_F(ActivityTest, a_stop_is_named_as_what_closed_the_position) {
  place(1, Side::sell, 60'000, 10'000);
  Command command = market_order(2, Side::buy, 10'000);
  command.place.time_in_force = TimeInForce::ioc;
  command.place.stop_loss = 59'500;
  command.place.take_profit = 70'000;
  ASSERT_EQ(run(command).code, ResultCode::ok);
  const uint64_t id = open_position(2).id;
  place(3, Side::buy, 59'400, 10'000);
  set_price(59'450);
  const PositionRecord closed = *activity().positions().find(id);
  EXPECT_EQ(closed.close_reason, PositionCloseReason::stop_loss);
  EXPECT_EQ(closed.stop_loss, Price(59'500));
  EXPECT_EQ(closed.take_profit, Price(70'000));
  EXPECT_EQ(closed.realised_pnl, Micro(-6'000'000));
  EXPECT_EQ(closed.closed_value, Micro(594'000'000));
}

TEST_F(ActivityTest, the_best_by_pnl_counts_open_positions_too) {
  place(1, Side::sell, 60'000, 30'000);
  intend(2, Side::buy, 600'000'000);
  intend(3, Side::buy, 1'200'000'000);
  set_price(60'600);
  const auto best = activity().ranking(Ranking::pnl, 10, now_ms_);
  ASSERT_EQ(best.size(), 4u);
  EXPECT_EQ(best[0].statistics.agent, 3u);
  EXPECT_EQ(best[0].pnl, Micro(12'000'000));
  EXPECT_EQ(best[0].exposure, Micro(1'212'000'000));
  EXPECT_EQ(best[2].statistics.agent, 4u);  // who never traded lost nothing
  EXPECT_EQ(best[3].statistics.agent, 1u);
  EXPECT_EQ(activity().ranking(Ranking::pnl, 1, now_ms_).size(), 1u);
}

TEST_F(ActivityTest, a_note_acknowledges_the_alert_it_names) {
  Command command(CommandType::post_thought, 2);
  command.thought.kind = MessageKind::alert;
  command.thought.to_agent = 2;
  EXPECT_FALSE(activity().acknowledged().contains(2, 77));
  EXPECT_EQ(run(command, "77").code, ResultCode::ok);
  EXPECT_EQ(run(command, "78x").code, ResultCode::ok);
  EXPECT_TRUE(activity().acknowledged().contains(2, 77));
  EXPECT_FALSE(activity().acknowledged().contains(3, 77));
  EXPECT_FALSE(activity().acknowledged().contains(2, 78));
  command.thought.to_agent = 3;
  EXPECT_EQ(run(command, "79").code, ResultCode::ok);
  for (const AgentId agent : {2u, 3u}) {
    EXPECT_FALSE(activity().acknowledged().contains(agent, 79)) << "a message is no note";
    EXPECT_EQ(store_.private_messages(agent, 0, 10).size(), 1u) << "a note is no message";
  }
}

TEST(AcknowledgedAlerts, keeps_the_newest_of_each_agent) {
  AcknowledgedAlerts seen;
  for (std::size_t i = 0; i <= activity_limits::kAcknowledgedPerAgentMax; ++i) {
    seen.note(1, std::to_string(i));
    seen.note(1, std::to_string(i));
  }
  seen.note(2, "0");
  EXPECT_FALSE(seen.contains(1, 0));
  EXPECT_TRUE(seen.contains(1, 1));
  EXPECT_TRUE(seen.contains(2, 0));
}

TEST_F(ActivityTest, a_description_alone_knows_open_intents_and_positions) {
  place(1, Side::sell, 60'000, 30'000);
  intend(2, Side::buy, 600'000'000);
  Command resting = limit(3, Side::buy, 59'000, 10'000);
  resting.place.flags = kIntent;
  const OrderId open = run(resting).id;
  HotStore later;
  bootstrap(later, engine_);
  EXPECT_EQ(intent_state(later.activity().intents().find(open)->order), IntentState::open);
  EXPECT_EQ(later.activity().intents().totals().open, 1u);
  const PositionRecord position = *later.activity().positions().open(2, 0);
  EXPECT_EQ(position.base, Lots(10'000));
  EXPECT_EQ(position.margin, open_position(2).margin);
  EXPECT_NE(position.id & PositionRecord::kUnknownOpening, 0u);
  EXPECT_EQ(later.activity().positions().find(position.id)->agent, 2u);
}

}  // namespace
}  // namespace perpetua::stores
