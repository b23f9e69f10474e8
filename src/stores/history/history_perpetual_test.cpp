// Funding, liquidations, fund and position changes in the history.
#include "stores/history/history_backend_test_support.hpp"
#include "stores/perpetual_test_support.hpp"
#include "stores/warm_start.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

class HistoryPerpetualTest : public ::testing::TestWithParam<DatabaseKind> {
 protected:
  void SetUp() override {
    PERPETUA_SKIP_WITHOUT_DATABASE();
    backend_ = make_backend(GetParam());
    writer_ = &backend_->writer();
  }
  HistoryReader reader() { return backend_->reader(); }

  std::unique_ptr<HistoryBackend> backend_;
  HistoryProjection* writer_ = nullptr;
};

TEST_P(HistoryPerpetualTest, every_step_of_a_collapse_can_be_read_again) {
  Collapse market(writer_);
  market.fall();
  HistoryReader history = reader();
  const auto steps = history.liquidations(0, {"", 10}).rows;
  const auto shown = market.hot.liquidations(0, 10);
  ASSERT_EQ(steps.size(), shown.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    EXPECT_EQ(steps[i].sequence, shown[i].sequence);
    EXPECT_EQ(steps[i].agent, shown[i].agent);
    EXPECT_EQ(std::memcmp(&steps[i].step, &shown[i].step, sizeof shown[i].step), 0);
  }
  const auto own = history.liquidations_of(market.long_agent, kNoMarket, {"", 10}).rows;
  ASSERT_EQ(own.size(), 1u);
  EXPECT_EQ(own[0].step.step, LiquidationStep::taken_over);
  const auto funds = history.fund_changes(0, {"", 10}).rows;
  ASSERT_EQ(funds.size(), market.hot.fund_changes(0, 10).size());
  EXPECT_EQ(funds[0].fund.bad_debt, market.hot.market(0)->fund.bad_debt);
  const auto long_changes = history.position_changes(market.long_agent, 0, {"", 10}).rows;
  ASSERT_EQ(long_changes.size(), 1u);
  EXPECT_EQ(long_changes[0].change.cause, PositionChange::taken_over);
  const auto short_changes = history.position_changes(market.short_agent, 0, {"", 10}).rows;
  ASSERT_EQ(short_changes.size(), 1u);
  EXPECT_EQ(short_changes[0].change.cause, PositionChange::deleveraged);
  EXPECT_EQ(short_changes[0].change.rank, 1u);
  EXPECT_EQ(short_changes[0].change.lots, Lots(market.kCoin));
}

TEST_P(HistoryPerpetualTest, a_liquidation_through_the_book_is_a_fill_without_an_order) {
  Collapse market(writer_);
  const AgentId bidder = market.add_agent(1'000'000);
  market.order(bidder, Side::buy, 58'400, market.kCoin, 1);
  market.fall();
  HistoryReader history = reader();
  const auto fills = history.fills(market.long_agent, 0, {"", 10}).rows;
  ASSERT_EQ(fills.size(), 2u);
  EXPECT_EQ(fills[0].order_id, 0u);
  EXPECT_EQ(fills[0].cause, TradeCause::liquidation);
  EXPECT_EQ(fills, market.hot.fills(market.long_agent, 0, 10));
  EXPECT_EQ(history.trades(0, {"", 10}).rows, market.hot.trades(0, 10));
  EXPECT_EQ(history.trades(0, {"", 1}).rows.at(0).cause, TradeCause::liquidation);
}

TEST_P(HistoryPerpetualTest, payments_carry_the_rate_of_their_hour) {
  PerpetualMarket market(writer_);
  const AgentId bidder = market.add_agent(10'000'000);
  const AgentId asker = market.add_agent(10'000'000);
  market.trade(bidder, asker, market.kIndex, market.kCoin, 10, 10);
  market.order(asker, Side::sell, 60'120, market.kCoin, 10);
  market.order(bidder, Side::buy, 60'060, market.kCoin, 10);
  for (int i = 0; i < 1'440; ++i) {
    market.now_ms += 5'000;
    market.price(market.kIndex);
  }
  HistoryReader history = reader();
  const auto hours = history.fundings(0, {"", 10}).rows;
  const auto paid = history.funding_payments(bidder, kNoMarket, {"", 10}).rows;
  const auto got = history.funding_payments(asker, 0, {"", 10}).rows;
  ASSERT_GE(paid.size(), 1u);
  ASSERT_EQ(paid.size(), got.size());
  EXPECT_EQ(paid[0].hour, hours[0].funding.hour);
  EXPECT_EQ(paid[0].rate_ppb, hours[0].funding.rate_ppb);
  EXPECT_GT(paid[0].rate_ppb, 0);
  EXPECT_EQ(-paid[0].amount, hours[0].funding.due) << "the only long";
  EXPECT_EQ(got[0].amount, hours[0].funding.received);
  EXPECT_TRUE(history.position_changes(bidder, 0, {"", 10}).rows.empty()) << "no other change";
  EXPECT_EQ(history.fundings(0, {"x", 10}).status, PageStatus::invalid_cursor);
}

TEST_P(HistoryPerpetualTest, a_warm_start_knows_the_newest_rows) {
  Collapse market(writer_);
  market.fund(500);
  market.fall();
  HistoryReader history = reader();
  HotStore later;
  market.describe(later);
  ASSERT_TRUE(warm_start(later, history));
  EXPECT_EQ(later.liquidations(0, 10).size(), market.hot.liquidations(0, 10).size());
  EXPECT_EQ(later.fund_changes(0, 10).size(), market.hot.fund_changes(0, 10).size());
  EXPECT_EQ(later.alerts(market.short_agent, 0, 10), market.hot.alerts(market.short_agent, 0, 10));
  const auto alerts = market.hot.alerts(market.long_agent, 0, 10);
  ASSERT_EQ(alerts.size(), 2u);
  EXPECT_EQ(later.alerts(market.long_agent, 0, 10), std::vector<AlertView>{alerts[0]})
      << "all but the warning";
}

// Announces a contract with this taker fee; it holds a minute later.
void announce(PerpetualMarket& market, uint32_t taker_fee_ppm) {
  MarketSpec spec = make_spec();
  spec.taker_fee_ppm = taker_fee_ppm;
  Command command(CommandType::change_market, 0, 0);
  command.change_market = ChangeMarket{};
  command.change_market.effective_at_ms = market.now_ms + 60'000;
  const Outcome outcome = market.run(command, {reinterpret_cast<const char*>(&spec), sizeof spec});
  ASSERT_EQ(outcome.code, ResultCode::ok);
}

TEST_P(HistoryPerpetualTest, the_fees_of_any_time_can_be_told_from_the_changes) {
  PerpetualMarket market(writer_);
  const int64_t start_ms = market.now_ms;
  announce(market, 600);
  market.now_ms += 1'000;
  announce(market, 700);  // takes its place
  ASSERT_TRUE(writer_->flush());
  market.now_ms += 60'000;
  market.run(Command(CommandType::tick));
  announce(market, 800);
  HistoryReader history = reader();
  const auto changes = history.market_changes(0, {"", 10}).rows;
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[2].spec.taker_fee_ppm, 600u);
  EXPECT_EQ(changes[2].applied_at_ms, 0) << "it was replaced";
  EXPECT_EQ(changes[1].spec.taker_fee_ppm, 700u);
  EXPECT_EQ(changes[1].announced_at_ms, start_ms + 1'000);
  EXPECT_EQ(changes[1].effective_at_ms, start_ms + 61'000);
  EXPECT_EQ(changes[1].applied_at_ms, start_ms + 61'000);
  EXPECT_EQ(changes[0].spec.taker_fee_ppm, 800u);
  EXPECT_EQ(changes[0].applied_at_ms, 0) << "it waits";
  EXPECT_TRUE(history.market_changes(1, {"", 10}).rows.empty());
}

TEST_P(HistoryPerpetualTest, a_change_applied_and_the_next_announced_in_one_transaction) {
  PerpetualMarket market(writer_);
  announce(market, 600);
  market.now_ms += 60'000;
  market.run(Command(CommandType::tick));
  announce(market, 700);
  HistoryReader history = reader();
  const auto changes = history.market_changes(0, {"", 10}).rows;
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[1].applied_at_ms, market.now_ms);
  EXPECT_EQ(changes[0].applied_at_ms, 0);
}

INSTANTIATE_TEST_SUITE_P(Databases, HistoryPerpetualTest, kEveryDatabase, kind_name);

}  // namespace
}  // namespace perpetua::stores
