#include "feeds/liquidity/house.hpp"

#include <gtest/gtest.h>

#include "feeds/liquidity/fake_exchange.hpp"

namespace perpetua::feeds {
namespace {

constexpr int64_t kStartMs = 1'760'000'000'000;

std::vector<FeedMarket> two_markets() {
  return {test_market("BTC-PERP", 0), test_market("ETH-PERP", 1)};
}

void run(LiquidityHouse& house, FakeExchange& exchange, int64_t& now_ms, int ticks) {
  for (int i = 0; i < ticks; ++i) {
    now_ms += 100;
    house.on_tick(now_ms, exchange);
    exchange.deliver(house, now_ms);
  }
}

TEST(LiquidityHouse, members_have_stable_wallets) {
  const LiquidityHouse house(two_markets(), {});
  const auto members = house.members();
  ASSERT_EQ(members.size(), 6u);
  EXPECT_EQ(members[0].wallet, "house-maker-btc-1");
  EXPECT_EQ(members[1].wallet, "house-maker-btc-2");
  EXPECT_EQ(members[2].wallet, "house-taker-btc-1");
  EXPECT_EQ(members[3].wallet, "house-maker-eth-1");
  EXPECT_EQ(members[3].market, 1);
}

TEST(LiquidityHouse, markets_without_a_price_get_no_orders) {
  LiquidityHouse house(two_markets(), {});
  FakeExchange exchange;
  int64_t now_ms = kStartMs;
  exchange.set_price(house, Price(680'000), now_ms, 0);
  run(house, exchange, now_ms, 100);
  EXPECT_EQ(house.agents().size(), 6u);
  for (const Command& command : exchange.sent) {
    if (command.header.type != CommandType::place_order) continue;
    EXPECT_EQ(command.header.market, 0);
  }
  EXPECT_EQ(exchange.orders.size(), 40u);
}

TEST(LiquidityHouse, takers_trade_both_ways_and_the_same_seed_repeats) {
  HouseOptions options;
  options.makers_per_market = 0;
  std::vector<Command> first;
  for (int round = 0; round < 2; ++round) {
    LiquidityHouse house({test_market()}, options);
    FakeExchange exchange;
    int64_t now_ms = kStartMs;
    for (int i = 0; i < 60; ++i) {
      exchange.set_price(house, Price(680'000), now_ms);
      run(house, exchange, now_ms, 10);
    }
    int buys = 0;
    int orders = 0;
    for (const Command& command : exchange.sent) {
      if (command.header.type != CommandType::place_order) continue;
      ++orders;
      buys += command.place.side == Side::buy ? 1 : 0;
      EXPECT_EQ(command.place.kind, OrderKind::market);
      EXPECT_GE(command.place.budget, options.taker.notional_min);
      EXPECT_LE(command.place.budget, options.taker.notional_max);
    }
    EXPECT_GT(orders, 20);  // 60 s at one per 1.5 s on average
    EXPECT_LT(orders, 80);
    EXPECT_GT(buys, orders / 5);
    EXPECT_LT(buys, orders * 4 / 5);
    if (round == 0) {
      first = exchange.sent;
    } else {
      ASSERT_EQ(first.size(), exchange.sent.size());
      for (std::size_t i = 0; i < first.size(); ++i) {
        EXPECT_EQ(0, std::memcmp(first[i].bytes, exchange.sent[i].bytes, sizeof first[i].bytes));
      }
    }
  }
}

TEST(LiquidityHouse, taker_at_its_limit_only_trades_back) {
  HouseOptions options;
  options.makers_per_market = 0;
  LiquidityHouse house({test_market()}, options);
  ExistingAgent taker;
  taker.wallet = "house-taker-btc-1";
  taker.agent = 4;
  taker.free = options.taker_fund;
  taker.leverage = options.leverage;
  taker.netting = true;
  taker.base = Lots(100'000);  // 68,000 USDC, above position_max
  house.adopt(std::span(&taker, 1));
  FakeExchange exchange;
  int64_t now_ms = kStartMs;
  for (int i = 0; i < 30; ++i) {
    exchange.set_price(house, Price(680'000), now_ms);
    run(house, exchange, now_ms, 10);
  }
  ASSERT_GT(exchange.sent.size(), 5u);
  for (const Command& command : exchange.sent) EXPECT_EQ(command.place.side, Side::sell);
}

TEST(LiquidityHouse, takers_follow_a_change_of_their_market_and_of_no_other) {
  HouseOptions options;
  options.makers_per_market = 0;
  LiquidityHouse house(two_markets(), options);
  FakeExchange exchange;
  int64_t now_ms = kStartMs;
  run(house, exchange, now_ms, 10);
  const std::size_t before = exchange.sent.size();
  MarketSpec spec = two_markets()[1].spec;
  spec.tiers[0].max_leverage = 1;
  house.on_market_changed(1, spec);
  house.on_market_changed(7, spec);
  run(house, exchange, now_ms, 10);
  ASSERT_EQ(exchange.sent.size(), before + 1);
  EXPECT_EQ(exchange.sent[before].header.type, CommandType::set_leverage);
  EXPECT_EQ(exchange.sent[before].header.market, 1);
  EXPECT_EQ(exchange.sent[before].set_leverage.leverage, 1);
}

// What the application does after a restart: look members up, pass them on.
TEST(LiquidityHouse, takers_wait_until_a_closed_market_opens) {
  HouseOptions options;
  options.makers_per_market = 0;
  FeedMarket market = test_market();
  market.accepts_orders = false;  // as an earlier run left it
  LiquidityHouse house({market}, options);
  FakeExchange exchange;
  int64_t now_ms = kStartMs;
  const auto orders_in_ten_seconds = [&] {
    const std::size_t before = exchange.count(CommandType::place_order);
    exchange.set_price(house, Price(680'000), now_ms);
    run(house, exchange, now_ms, 100);
    return exchange.count(CommandType::place_order) - before;
  };
  EXPECT_EQ(orders_in_ten_seconds(), 0u);
  exchange.set_status(house, MarketMode::open, false, now_ms);
  EXPECT_GT(orders_in_ten_seconds(), 2u);
  exchange.set_status(house, MarketMode::open, true, now_ms);
  EXPECT_EQ(orders_in_ten_seconds(), 0u);
  house.on_gap();
  EXPECT_LE(orders_in_ten_seconds(), 2u) << "it tries, is refused, and waits";
  EXPECT_GT(exchange.count(CommandType::place_order), 0u);
}

TEST(LiquidityHouse, restarted_house_goes_on_with_its_agents_and_orders) {
  HouseOptions options;
  options.makers_per_market = 1;
  options.takers_per_market = 0;
  FakeExchange exchange;
  int64_t now_ms = kStartMs;
  {
    LiquidityHouse house({test_market()}, options);
    exchange.set_price(house, Price(680'000), now_ms);
    run(house, exchange, now_ms, 50);
  }
  ASSERT_EQ(exchange.orders.size(), 20u);
  ExistingAgent maker;
  maker.wallet = "house-maker-btc-1";
  maker.agent = exchange.wallets.at(maker.wallet);
  maker.free = exchange.money[maker.agent];
  maker.leverage = options.leverage;
  maker.netting = true;
  for (const auto& [id, order] : exchange.orders) {
    maker.orders.push_back({id, order.side, order.price, order.filled, order.remaining, 0});
  }
  const std::size_t before = exchange.sent.size();
  LiquidityHouse house({test_market()}, options);
  house.adopt(std::span(&maker, 1));
  EXPECT_EQ(house.agents(), std::vector<AgentId>{maker.agent});
  exchange.set_price(house, Price(680'000), now_ms);
  run(house, exchange, now_ms, 50);
  EXPECT_EQ(exchange.sent.size(), before);
}

TEST(LiquidityHouse, member_whose_wallet_is_taken_stays_idle) {
  LiquidityHouse house({test_market()}, {});
  FakeExchange exchange;
  exchange.wallets["house-maker-btc-1"] = 1;
  int64_t now_ms = kStartMs;
  exchange.set_price(house, Price(680'000), now_ms);
  run(house, exchange, now_ms, 200);
  EXPECT_EQ(house.agents().size(), 2u);
  std::size_t registrations = exchange.count(CommandType::register_agent);
  EXPECT_EQ(registrations, 3u);
}

}  // namespace
}  // namespace perpetua::feeds
