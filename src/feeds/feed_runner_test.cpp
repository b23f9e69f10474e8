#include "feeds/feed_runner.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "feeds/liquidity/fake_exchange.hpp"

namespace perpetua::feeds {
namespace {

constexpr int64_t kNowMs = 1'760'000'000'000;

// Yields what it was given, once.
class GivenPrices final : public PriceSource {
 public:
  std::string_view name() const override { return "given"; }
  void poll(int64_t /*now_ms*/, std::vector<PriceQuote>& due) override {
    due.insert(due.end(), given_.begin(), given_.end());
    given_.clear();
  }
  void give(Price price, int64_t source_time_ms) { given_.push_back({0, price, source_time_ms}); }

 private:
  std::vector<PriceQuote> given_;
};

// A maker of an earlier run, ready to quote.
ExistingAgent existing_maker(const HouseOptions& options) {
  ExistingAgent maker;
  maker.wallet = "house-maker-btc-1";
  maker.agent = 3;
  maker.free = options.maker_fund;
  maker.leverage = options.leverage;
  maker.netting = true;
  return maker;
}

Event price_event() {
  Event price(EventType::price_updated, 0, 0, 0);
  price.price_updated = {Price(680'000), Price(680'000), kNowMs, {}};
  return price;
}

TEST(FeedRunner, quotes_become_update_price_commands_of_the_exchange) {
  GivenPrices source;
  FakeExchange exchange;
  FeedRunner runner({&source}, nullptr, exchange, [] { return kNowMs; });
  source.give(Price(680'000), kNowMs - 5);
  runner.tick();
  runner.tick();
  ASSERT_EQ(exchange.sent.size(), 1u);
  EXPECT_EQ(exchange.sent[0].header.type, CommandType::update_price);
  EXPECT_EQ(exchange.sent[0].header.agent, 0u);
  EXPECT_EQ(exchange.sent[0].update_price.price, Price(680'000));
  EXPECT_EQ(exchange.sent[0].update_price.source_time_ms, kNowMs - 5);
  EXPECT_EQ(runner.counters().prices_sent, 1u);
}

TEST(FeedRunner, time_passes_in_the_markets_every_three_seconds) {
  FakeExchange exchange;
  int64_t now_ms = kNowMs;
  FeedRunner runner({}, nullptr, exchange, [&now_ms] { return now_ms; });
  runner.tick();
  runner.tick();
  EXPECT_EQ(exchange.ticks, 1);
  now_ms += kMarketTickMs - 1;
  runner.tick();
  EXPECT_EQ(exchange.ticks, 1);
  now_ms += 1;
  exchange.is_full = true;
  runner.tick();
  EXPECT_EQ(exchange.ticks, 1);
  exchange.is_full = false;
  runner.tick();  // as soon as there is room
  EXPECT_EQ(exchange.ticks, 2);
}

TEST(FeedRunner, refused_and_rejected_prices_are_counted) {
  GivenPrices source;
  FakeExchange exchange;
  exchange.is_full = true;
  FeedRunner runner({&source}, nullptr, exchange, [] { return kNowMs; });
  source.give(Price(680'000), kNowMs);
  runner.tick();
  EXPECT_EQ(runner.counters().prices_refused, 1u);
  exchange.is_full = false;
  source.give(Price(680'000), kNowMs);
  runner.tick();
  ASSERT_EQ(exchange.tokens.size(), 1u);
  const FeedOutcome outcome{exchange.tokens[0], rejected(ResultCode::price_stale)};
  runner.on_batch({}, std::span(&outcome, 1));
  runner.tick();
  EXPECT_EQ(runner.counters().prices_rejected, 1u);
}

TEST(FeedRunner, house_moves_on_with_outcomes_and_its_own_events_only) {
  HouseOptions options;
  options.makers_per_market = 1;
  options.takers_per_market = 0;
  LiquidityHouse house({test_market()}, options);
  FakeExchange exchange;
  FeedRunner runner({}, &house, exchange, [] { return kNowMs; });
  runner.tick();
  ASSERT_EQ(exchange.sent.size(), 1u);
  FeedOutcome registered{exchange.tokens[0], {}};
  registered.outcome.id = 9;
  runner.on_batch({}, std::span(&registered, 1));
  runner.tick();
  ASSERT_EQ(exchange.sent.size(), 2u);
  EXPECT_EQ(exchange.sent[1].header.type, CommandType::deposit);
  EXPECT_EQ(exchange.sent[1].header.agent, 9u);
  Event events[2] = {Event(EventType::account_changed, 8, kNoMarket, 0),
                     Event(EventType::account_changed, 9, kNoMarket, 0)};
  events[0].account_changed = {Micro(1), {}, {}, {}};
  events[1].account_changed = {options.maker_fund, {}, {}, {}};
  const FeedOutcome deposited{exchange.tokens[1], {}};
  runner.on_batch(events, std::span(&deposited, 1));
  runner.tick();
  ASSERT_EQ(exchange.sent.size(), 3u);
  EXPECT_EQ(exchange.sent[2].header.type, CommandType::set_leverage);
}

TEST(FeedRunner, the_house_learns_that_a_market_is_closed) {
  HouseOptions options;
  options.takers_per_market = 0;
  options.makers_per_market = 1;
  LiquidityHouse house({test_market()}, options);
  const ExistingAgent maker = existing_maker(options);
  house.adopt(std::span(&maker, 1));
  FakeExchange exchange;
  FeedRunner runner({}, &house, exchange, [] { return kNowMs; });
  Event events[2] = {price_event(), Event(EventType::market_status, 0, 0, 0)};
  events[1].market_status.mode = MarketMode::cancel_only;
  runner.on_batch(events, {});
  runner.tick();
  EXPECT_TRUE(exchange.sent.empty());
  events[1].market_status.mode = MarketMode::open;
  runner.on_batch(events, {});
  runner.tick();
  EXPECT_FALSE(exchange.sent.empty());
}

TEST(FeedRunner, full_inbox_drops_events_and_the_house_starts_its_quotes_again) {
  HouseOptions options;
  options.takers_per_market = 0;
  options.makers_per_market = 1;
  LiquidityHouse house({test_market()}, options);
  const ExistingAgent maker = existing_maker(options);
  house.adopt(std::span(&maker, 1));
  FakeExchange exchange;
  FeedRunner runner({}, &house, exchange, [] { return kNowMs; });
  const std::vector<Event> events(kInboxMax + 1, price_event());
  runner.on_batch(events, {});
  runner.tick();
  EXPECT_EQ(runner.counters().gaps, 1u);
  ASSERT_EQ(exchange.sent.size(), 1u);
  EXPECT_EQ(exchange.sent[0].header.type, CommandType::cancel_all);
  EXPECT_EQ(exchange.sent[0].header.agent, 3u);
}

TEST(FeedRunner, a_changed_market_reaches_the_house_with_the_next_tick) {
  HouseOptions options;
  options.takers_per_market = 0;
  options.makers_per_market = 1;
  LiquidityHouse house({test_market()}, options);
  const ExistingAgent maker = existing_maker(options);
  house.adopt(std::span(&maker, 1));
  FakeExchange exchange;
  FeedRunner runner({}, &house, exchange, [] { return kNowMs; });
  runner.tick();
  EXPECT_EQ(exchange.sent.size(), 0u);
  MarketSpec spec = test_market().spec;
  spec.tiers[0].max_leverage = 1;
  runner.on_market_changed(0, spec);
  runner.tick();
  ASSERT_EQ(exchange.sent.size(), 1u);
  EXPECT_EQ(exchange.sent[0].header.type, CommandType::set_leverage);
  EXPECT_EQ(exchange.sent[0].set_leverage.leverage, 1);
}

TEST(FeedRunner, thread_sends_until_stopped) {
  GivenPrices source;
  FakeExchange exchange;
  FeedRunner runner({&source}, nullptr, exchange, [] { return kNowMs; });
  source.give(Price(680'000), kNowMs);
  runner.start();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (runner.counters().prices_sent == 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  runner.stop();
  EXPECT_EQ(runner.counters().prices_sent, 1u);
  EXPECT_EQ(exchange.sent.size(), 1u);
}

}  // namespace
}  // namespace perpetua::feeds
