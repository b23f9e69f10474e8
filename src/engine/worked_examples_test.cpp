// Worked examples of units, index, margin, fees and triggers, through the whole engine where it
// decides. Those of mark, funding, liquidation price, ladder, fund and ranking stand beside their
// functions in market/ and schema/, and in tests/scenarios/.

#include <gtest/gtest.h>

#include "engine/ledger/accounts.hpp"
#include "engine/schema/margin.hpp"
#include "engine/test_support.hpp"

namespace perpetua {
namespace {

using namespace test;

constexpr Micro usdc(int64_t amount) { return Micro(amount * 1'000'000); }

class WorkedExamples : public ::testing::Test {
 protected:
  WorkedExamples() {
    rig.open_market(make_spec(), Price(60'000));
    trader = rig.add_agent(usdc(10'000));
    maker = rig.add_agent(usdc(1'000'000));
  }
  Outcome place_at(Side side, int64_t price, uint16_t leverage) {
    Command command = limit(trader, side, price, 1'000);
    command.place.leverage = leverage;
    command.place.time_in_force = TimeInForce::ioc;
    return rig.run_one(command);
  }
  const Event& last(EventType type, AgentId agent) {
    const Event* found = nullptr;
    for (const Event& event : rig.output.events) {
      if (event.header.type == type && event.header.agent == agent) found = &event;
    }
    PERPETUA_ASSERT(found != nullptr);
    return *found;
  }

  Rig rig;
  AgentId trader = 0, maker = 0;
};

TEST_F(WorkedExamples, a_budget_of_1000_usdc_buys_16666_lots_and_returns_the_rest) {
  ASSERT_EQ(rig.run_one(limit(maker, Side::sell, 60'000, 1'000'000)).code, ResultCode::ok);
  Command command = limit(trader, Side::buy, 60'000, 0);
  command.place.budget = usdc(1'000);
  command.place.leverage = 5;
  const Outcome outcome = rig.run_one(command);
  ASSERT_EQ(outcome.code, ResultCode::ok);
  EXPECT_EQ(outcome.values[0], 16'666);
  EXPECT_EQ(outcome.values[1], 999'960'000);  // 999.96 USDC
  const Fill& fill = last(EventType::fill, trader).fill;
  EXPECT_EQ(fill.fee, Micro(499'980));
  EXPECT_EQ(fill.position_margin, Micro(199'992'000));
  const AccountChanged& account = last(EventType::account_changed, trader).account_changed;
  EXPECT_EQ(account.reserved, Micro(0));  // of 200.00 + 0.50 the rest, 0.00802, is back
  EXPECT_EQ(account.free, usdc(10'000) - Micro(199'992'000) - Micro(499'980));
  const MarketRules rules(make_spec());
  EXPECT_EQ(required_for(usdc(1'000), 5, rules), usdc(200) + Micro(500'000));
}

TEST_F(WorkedExamples, the_index_takes_two_updates_from_59000_to_60000) {
  Rig other;
  other.open_market(make_spec(), Price(59'000));
  EXPECT_EQ(other.set_price(0, Price(60'000)).values[0], 59'590);
  EXPECT_EQ(other.set_price(0, Price(60'000)).values[0], 60'000);
}

// Collateral 10,000, in use 7,900: a reservation of 200 would use 8,100 of at most 8,000.
TEST(WorkedExamplesOfAccounts, at_most_four_fifths_of_the_collateral_are_in_use) {
  Accounts accounts;
  const AgentId agent = accounts.add();
  accounts.begin_round();
  accounts.deposit(agent, usdc(10'000));
  accounts.reserve(agent, usdc(7'900));
  EXPECT_EQ(accounts.available(agent), usdc(100));
}

// At 20x a long may pay up to 2.63 % more than the mark, a short get down to 2.38 % less:
// p / 20 - (p - P) >= P / 40 and p / 20 - (P - p) >= P / 40.
TEST_F(WorkedExamples, nobody_is_born_liquidatable) {
  EXPECT_EQ(place_at(Side::buy, 61'578, 20).code, ResultCode::ok);
  EXPECT_EQ(place_at(Side::buy, 61'579, 20).code, ResultCode::price_out_of_band);
  EXPECT_EQ(place_at(Side::sell, 58'572, 20).code, ResultCode::ok);
  EXPECT_EQ(place_at(Side::sell, 58'571, 20).code, ResultCode::price_out_of_band);
}

TEST(WorkedExamplesOfRates, fees_on_12345_678901_usdc) {
  const Micro value(12'345'678'901);
  EXPECT_EQ(fee_of(value, 500), Micro(6'172'840));
  EXPECT_EQ(fee_of(value, 200), Micro(2'469'136));
  EXPECT_EQ(fee_of(value, 5'000), Micro(61'728'395));
}

// A stop that fires at 53,900 with 50 bps may sell down to ceil(53,630.5).
TEST(WorkedExamplesOfRates, the_bound_of_a_fired_stop) {
  EXPECT_EQ(slippage_bound(Price(53'900), Side::sell, 5'000, make_spec()), Price(53'631));
}

}  // namespace
}  // namespace perpetua
