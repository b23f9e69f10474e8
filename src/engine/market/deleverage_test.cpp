// The second pass of deleveraging: no sequence of commands leads to it (docs/rules-perpetual.md
// section 17), so its positions are written into the state of a market.

#include <gtest/gtest.h>

#include "engine/market/market.hpp"
#include "engine/test_support.hpp"

namespace perpetua {
namespace {

constexpr int64_t kNowMs = 1'700'000'000'000;

Position position(int64_t lots, int64_t entry_usdc, int64_t margin_usdc) {
  return {Lots(lots), Micro(entry_usdc * 1'000'000), Micro(margin_usdc * 1'000'000)};
}

// A price, alone in a batch.
void update_price(Market& market, int64_t price) {
  Command command(CommandType::update_price, 0, 0);
  command.update_price = {Price(price), kNowMs, {}};
  market.round().clear();
  MarketOperation operation;
  market.round().operations.push_back(operation);
  market.execute({&command, 1}, {}, kNowMs, true);
}

// The market's state with other positions in it.
std::vector<std::byte> with_positions(const Market& market,
                                      const std::vector<Position>& positions) {
  VectorSink head, whole, result;
  std::vector<MarketAccount> accounts(positions.size());
  Int128 signed_entry = 0;
  for (std::size_t agent = 0; agent < positions.size(); ++agent) {
    accounts[agent].position = positions[agent];
    const Int128 entry = positions[agent].entry_notional.value;
    signed_entry += positions[agent].is_long() ? entry : -entry;
  }
  write_value(head, market.index());
  write_value(head, market.mark());
  write_value(head, market.price_time_ms());
  write_value(head, uint64_t{0});
  write_value(head, Int128{0});
  write_value(head, Lots(0));
  write_value(head, market.perpetual());
  write_vector(head, std::vector<SliceTime>{});
  write_vector(head, std::vector<MarketAccount>{});  // nobody has been there
  market.save(whole);
  write_value(result, market.index());
  write_value(result, market.mark());
  write_value(result, market.price_time_ms());
  write_value(result, uint64_t{0});
  write_value(result, signed_entry);
  write_value(result, Lots(0));
  write_value(result, market.perpetual());
  write_vector(result, std::vector<SliceTime>{});
  write_vector(result, accounts);
  const std::size_t tail = head.bytes().size();
  result.write(whole.bytes().data() + tail, whole.bytes().size() - tail);
  return result.bytes();
}

TEST(Deleveraging, what_nobody_can_pay_becomes_bad_debt_and_the_market_cancel_only) {
  const MarketSpec spec = test::make_spec();
  Market empty(0, spec, 0);
  update_price(empty, 60'000);
  ASSERT_EQ(empty.fund().base, Lots(0));
  // Long 1 at 61,000 with 500: bankrupt at 60,500. Of the shorts none can close there; the one at
  // 60,100 can close at the mark of 59,400, the one at 58,000 cannot.
  const std::vector<std::byte> bytes =
      with_positions(empty, {position(0, 0, 0), position(1'000'000, 61'000, 500),
                             position(-600'000, 36'060, 100), position(-400'000, 23'200, 50)});
  Market market(0, spec, 0);
  MemorySource source(bytes.data(), bytes.size());
  ASSERT_TRUE(market.load(source) && source.left() == 0);
  const Int128 before = market.own_money();

  update_price(market, 59'400);
  EXPECT_EQ(market.mark(), Price(59'400));
  EXPECT_EQ(market.perpetual().mode, MarketMode::cancel_only);
  // 60,500 - 59,400 for the whole, and what the second short lacks: 560 - 50.
  EXPECT_EQ(market.perpetual().bad_debt, Micro((1'100 + 510) * 1'000'000ll));
  Int128 credited = 0;
  Micro free[4], margin[4];
  for (const Credit& credit : market.round().credits) {
    free[credit.agent] += credit.free;
    margin[credit.agent] += credit.position_margin;
    credited += (credit.free + credit.reserved + credit.position_margin).value;
  }
  EXPECT_EQ(free[1], Micro(0));
  EXPECT_EQ(free[2], Micro((420 + 100) * 1'000'000));
  EXPECT_EQ(free[3], Micro(0));
  EXPECT_EQ(margin[1], Micro(-500'000'000));
  EXPECT_EQ(margin[3], Micro(-50'000'000));
  EXPECT_EQ(market.own_money() + credited, before);
  EXPECT_EQ(market.base_total(), Lots(0));
  market.check_invariants();
}

}  // namespace
}  // namespace perpetua
