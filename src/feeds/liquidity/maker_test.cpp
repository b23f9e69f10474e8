#include "feeds/liquidity/maker.hpp"

#include <gtest/gtest.h>

#include <set>

#include "feeds/liquidity/fake_exchange.hpp"

namespace perpetua::feeds {
namespace {

// One maker of BTC-PERP and a clock that ticks as the runner's does.
class MakerTest : public ::testing::Test {
 protected:
  MakerTest() : house_({test_market()}, options()) {}

  static HouseOptions options() {
    HouseOptions options;
    options.makers_per_market = 1;
    options.takers_per_market = 0;
    return options;
  }

  void run(int ticks) {
    for (int i = 0; i < ticks; ++i) {
      now_ms_ += 100;
      house_.on_tick(now_ms_, exchange_);
      exchange_.deliver(house_, now_ms_);
    }
  }

  void price(int64_t ticks) { exchange_.set_price(house_, Price(ticks), now_ms_); }

  std::size_t resting(Side side) const {
    std::size_t count = 0;
    for (const auto& [id, order] : exchange_.orders) count += order.side == side ? 1 : 0;
    return count;
  }

  void start() {
    price(680'000);
    run(50);
    ASSERT_EQ(exchange_.orders.size(), 20u);
  }

  int64_t now_ms_ = 1'760'000'000'000;
  FakeExchange exchange_;
  LiquidityHouse house_;
};

TEST_F(MakerTest, registers_funds_and_sets_up_before_it_quotes) {
  price(680'000);
  run(50);
  ASSERT_GE(exchange_.sent.size(), 5u);
  EXPECT_EQ(exchange_.sent[0].header.type, CommandType::register_agent);
  EXPECT_EQ(exchange_.texts[0].substr(0, 17), "house-maker-btc-1");
  EXPECT_EQ(exchange_.sent[1].header.type, CommandType::deposit);
  EXPECT_EQ(exchange_.sent[1].money.amount, HouseOptions{}.maker_fund);
  EXPECT_EQ(exchange_.sent[2].header.type, CommandType::set_leverage);
  EXPECT_EQ(exchange_.sent[3].header.type, CommandType::set_netting);
  EXPECT_EQ(exchange_.sent[4].header.type, CommandType::place_order);
  EXPECT_EQ(exchange_.sent[4].place.post_only, PostOnly::slide);
  EXPECT_EQ(resting(Side::buy), 10u);
  EXPECT_EQ(resting(Side::sell), 10u);
}

TEST_F(MakerTest, client_ids_are_unique) {
  start();
  std::set<std::string> ids;
  std::size_t places = 0;
  for (const Command& command : exchange_.sent) {
    if (command.header.type != CommandType::place_order) continue;
    ++places;
    ids.insert(std::string(client_id_view(command.place.client_id)));
  }
  EXPECT_EQ(ids.size(), places);
  EXPECT_EQ(ids.count(""), 0u);
}

TEST_F(MakerTest, does_nothing_while_nothing_changes) {
  start();
  const std::size_t before = exchange_.sent.size();
  run(100);
  EXPECT_EQ(exchange_.sent.size(), before);
}

TEST_F(MakerTest, follows_the_index_by_amending) {
  start();
  const std::size_t places = exchange_.count(CommandType::place_order);
  for (int i = 1; i <= 40; ++i) {
    price(680'000 + i * 100);
    run(10);
  }
  EXPECT_EQ(exchange_.count(CommandType::place_order), places);
  EXPECT_EQ(exchange_.count(CommandType::cancel_order), 0u);
  EXPECT_GT(exchange_.count(CommandType::amend_order), 30u);
  for (const auto& [id, order] : exchange_.orders) {
    EXPECT_EQ(order.side == Side::buy, order.price.value < 684'000);
    EXPECT_LT(std::abs(order.price.value - 684'000), 2'500);
  }
}

TEST_F(MakerTest, command_rate_stays_within_its_budget) {
  start();
  const std::size_t before = exchange_.sent.size();
  for (int i = 0; i < 100; ++i) {
    price(i % 2 == 0 ? 690'000 : 680'000);  // the whole ladder moves every tick
    run(1);
  }
  EXPECT_LE(exchange_.sent.size() - before, 20u + 10u * 10u);
}

TEST_F(MakerTest, refills_after_fills) {
  start();
  const auto [id, order] = *exchange_.orders.begin();
  exchange_.trade(house_, id, order.remaining, now_ms_);
  ASSERT_EQ(exchange_.orders.size(), 19u);
  run(20);
  EXPECT_EQ(exchange_.orders.size(), 20u);
}

TEST_F(MakerTest, stops_growing_and_flattens_a_large_position) {
  start();
  const AgentId self = exchange_.wallets.at("house-maker-btc-1");
  // 7,000,000 USDC at 68,000 = position_max, reached by one more fill.
  exchange_.bases[self] = Lots(10'000'000'000'000 / 680'000);
  OrderId buy = 0;
  for (const auto& [id, order] : exchange_.orders) {
    if (order.side == Side::buy) buy = id;
  }
  exchange_.trade(house_, buy, Lots(1), now_ms_);
  run(50);
  EXPECT_EQ(resting(Side::buy), 0u);
  EXPECT_EQ(resting(Side::sell), 10u);
  const Command* clip = nullptr;
  for (const Command& command : exchange_.sent) {
    if (command.header.type == CommandType::place_order &&
        command.place.kind == OrderKind::market) {
      clip = &command;
    }
  }
  ASSERT_NE(clip, nullptr);
  EXPECT_EQ(clip->place.side, Side::sell);
  EXPECT_TRUE(clip->place.flags & kReduceOnly);
}

TEST_F(MakerTest, pulls_its_quotes_when_the_price_is_stale) {
  start();
  run(static_cast<int>(MakerOptions{}.price_stale_after_ms / 100) + 10);
  EXPECT_TRUE(exchange_.orders.empty());
  EXPECT_EQ(exchange_.count(CommandType::cancel_all), 1u);
  price(680'000);
  run(50);
  EXPECT_EQ(exchange_.orders.size(), 20u);
}

TEST_F(MakerTest, leaves_a_market_that_takes_no_orders_and_comes_back) {
  start();
  const std::pair<MarketMode, bool> closed[] = {
      {MarketMode::open, true}, {MarketMode::cancel_only, false}, {MarketMode::halted, false}};
  std::size_t round = 0;
  for (const auto& [mode, is_stale] : closed) {
    exchange_.set_status(house_, mode, is_stale, now_ms_);
    const std::size_t before = exchange_.sent.size();
    run(100);
    EXPECT_TRUE(exchange_.orders.empty());
    EXPECT_EQ(exchange_.sent.size(), before + 1) << "one cancel_all, nothing that is refused";
    EXPECT_EQ(exchange_.count(CommandType::cancel_all), ++round);
    exchange_.set_status(house_, MarketMode::open, false, now_ms_);
    price(680'000);
    run(50);
    EXPECT_EQ(exchange_.orders.size(), 20u);
  }
}

TEST_F(MakerTest, a_large_position_is_not_flattened_while_the_market_is_closed) {
  start();
  for (int i = 0; i < 40; ++i) {
    for (const auto& [id, order] : std::map(exchange_.orders)) {
      if (order.side == Side::buy) exchange_.trade(house_, id, order.remaining, now_ms_);
    }
    run(10);
  }
  exchange_.set_status(house_, MarketMode::halted, false, now_ms_);
  run(1);
  const std::size_t before = exchange_.sent.size();
  run(100);
  EXPECT_LE(exchange_.sent.size(), before + 1) << "at most the cancel_all";
}

TEST_F(MakerTest, refusals_of_a_closed_market_nobody_announced_are_few) {
  start();
  exchange_.refuse_orders = ResultCode::market_closed;  // the event was lost
  price(690'000);
  run(10);
  const std::size_t before = exchange_.sent.size();
  run(40);
  EXPECT_EQ(exchange_.sent.size(), before);
  exchange_.refuse_orders = ResultCode::ok;
  run(60);
  EXPECT_GT(exchange_.sent.size(), before);
}

TEST_F(MakerTest, lost_events_may_have_told_that_the_market_opened) {
  start();
  exchange_.set_status(house_, MarketMode::cancel_only, false, now_ms_);
  run(10);
  exchange_.refuse_orders = ResultCode::ok;
  house_.on_gap();
  run(50);
  EXPECT_EQ(exchange_.orders.size(), 20u);
}

TEST_F(MakerTest, pauses_after_a_rejection_instead_of_hammering) {
  exchange_.refuse_orders = ResultCode::insufficient_margin;
  price(680'000);
  run(6);
  const std::size_t before = exchange_.count(CommandType::place_order);
  run(8);
  EXPECT_EQ(exchange_.count(CommandType::place_order), before);
  exchange_.refuse_orders = ResultCode::ok;
  run(60);
  EXPECT_EQ(exchange_.orders.size(), 20u);
}

TEST_F(MakerTest, tops_up_when_half_of_its_fund_is_gone) {
  start();
  const AgentId self = exchange_.wallets.at("house-maker-btc-1");
  const Micro left(HouseOptions{}.maker_fund.value / 2 - 1);
  exchange_.money[self] = left;
  Event account(EventType::account_changed, self, kNoMarket, 0);
  account.account_changed = {left, {}, {}, {}};
  house_.on_event(account, now_ms_);
  run(5);
  EXPECT_EQ(exchange_.count(CommandType::deposit), 2u);
  EXPECT_EQ(exchange_.money[self], HouseOptions{}.maker_fund);
}

TEST_F(MakerTest, refused_sends_are_tried_again) {
  exchange_.is_full = true;
  price(680'000);
  run(10);
  EXPECT_TRUE(exchange_.sent.empty());
  exchange_.is_full = false;
  run(100);
  EXPECT_EQ(exchange_.orders.size(), 20u);
}

TEST_F(MakerTest, quote_that_slides_is_not_chased_every_tick) {
  exchange_.slide_to = Price(679'100);
  price(680'000);
  run(30);
  const std::size_t before = exchange_.sent.size();
  EXPECT_EQ(exchange_.orders.size(), 20u);
  run(5);
  EXPECT_EQ(exchange_.sent.size(), before);
}

TEST_F(MakerTest, lost_events_end_in_a_clean_ladder) {
  start();
  house_.on_gap();
  run(50);
  EXPECT_EQ(exchange_.count(CommandType::cancel_all), 1u);
  EXPECT_EQ(exchange_.orders.size(), 20u);
}

TEST_F(MakerTest, a_market_with_less_leverage_gets_a_new_ladder_at_that_leverage) {
  start();
  MarketSpec spec = test_market().spec;
  spec.tiers[0].max_leverage = 1;
  exchange_.leverage_max = 1;
  const std::size_t before = exchange_.sent.size();
  house_.on_market_changed(0, spec);
  price(690'000);
  run(50);
  ASSERT_GT(exchange_.sent.size(), before + 1);
  EXPECT_EQ(exchange_.sent[before].header.type, CommandType::set_leverage);
  EXPECT_EQ(exchange_.sent[before].set_leverage.leverage, 1);
  EXPECT_EQ(exchange_.sent[before + 1].header.type, CommandType::cancel_all);
  EXPECT_EQ(exchange_.count(CommandType::cancel_all), 1u);
  EXPECT_EQ(exchange_.orders.size(), 20u);
}

TEST_F(MakerTest, a_market_with_smaller_positions_gets_a_thinner_ladder) {
  start();
  const OrderId bid = exchange_.orders.begin()->first;
  exchange_.trade(house_, bid, Lots(1'000), now_ms_);  // 680 USDC
  MarketSpec spec = test_market().spec;
  spec.position_notional_max = Micro(900'000'000);  // of which a maker uses 7/10
  house_.on_market_changed(0, spec);
  run(50);
  EXPECT_EQ(resting(exchange_.orders.begin()->second.side), 10u);
  EXPECT_GE(exchange_.count(CommandType::cancel_all), 1u);
  EXPECT_LT(exchange_.orders.size(), 20u) << "the side that would grow the position is thinned";
}

}  // namespace
}  // namespace perpetua::feeds
