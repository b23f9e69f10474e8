#include "feeds/push_source.hpp"

#include <gtest/gtest.h>

#include "feeds/liquidity/fake_exchange.hpp"

namespace perpetua::feeds {
namespace {

constexpr int64_t kNowMs = 1'760'000'000'000;
const Price kPrice(600'000);

std::vector<PriceQuote> poll(PushSource& source, int64_t now_ms) {
  std::vector<PriceQuote> due;
  source.poll(now_ms, due);
  return due;
}

TEST(PushSource, accepted_price_is_handed_on_once) {
  PushSource source({test_market()});
  EXPECT_EQ(source.push(0, kPrice, 0, kNowMs), ResultCode::ok);
  const auto due = poll(source, kNowMs + 5);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].price, kPrice);
  EXPECT_EQ(due[0].source_time_ms, kNowMs);
  EXPECT_TRUE(poll(source, kNowMs + 10).empty());
}

TEST(PushSource, bad_prices_never_get_in) {
  PushSource source({test_market()});
  EXPECT_EQ(source.push(7, kPrice, 0, kNowMs), ResultCode::market_not_found);
  EXPECT_EQ(source.push(0, Price(0), 0, kNowMs), ResultCode::price_invalid);
  EXPECT_EQ(source.push(0, Price(-5), 0, kNowMs), ResultCode::price_invalid);
  EXPECT_EQ(source.push(0, Price(999), 0, kNowMs), ResultCode::price_invalid);
  EXPECT_EQ(source.push(0, Price(limits::kPriceMaxTicks + 1), 0, kNowMs),
            ResultCode::price_invalid);
  EXPECT_EQ(source.push(0, kPrice, kNowMs - limits::kIndexStaleAfterMs - 1, kNowMs),
            ResultCode::price_stale);
  EXPECT_EQ(source.push(0, kPrice, kNowMs + kSourceTimeAheadMaxMs + 1, kNowMs),
            ResultCode::invalid_request);
  EXPECT_TRUE(poll(source, kNowMs).empty());
}

TEST(PushSource, older_price_than_the_last_is_stale) {
  PushSource source({test_market()});
  EXPECT_EQ(source.push(0, kPrice, kNowMs, kNowMs), ResultCode::ok);
  EXPECT_EQ(source.push(0, Price(1'001), kNowMs - 1, kNowMs), ResultCode::price_stale);
  EXPECT_EQ(poll(source, kNowMs)[0].price, kPrice);
}

TEST(PushSource, prices_closer_than_the_merge_interval_become_one) {
  PushSource source({test_market()}, 2'500);
  source.push(0, Price(1'001), 0, kNowMs);
  EXPECT_EQ(poll(source, kNowMs).size(), 1u);
  source.push(0, Price(1'002), 0, kNowMs + 100);
  source.push(0, Price(1'003), 0, kNowMs + 200);
  EXPECT_TRUE(poll(source, kNowMs + 2'499).empty());
  const auto due = poll(source, kNowMs + 2'500);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].price, Price(1'003));
}

TEST(PushSource, market_is_stale_until_priced_and_after_the_limit) {
  PushSource source({test_market()});
  EXPECT_TRUE(source.is_stale(0, kNowMs));
  source.push(0, kPrice, 0, kNowMs);
  EXPECT_FALSE(source.is_stale(0, kNowMs + limits::kIndexStaleAfterMs));
  EXPECT_TRUE(source.is_stale(0, kNowMs + limits::kIndexStaleAfterMs + 1));
  EXPECT_EQ(source.last_source_time_ms(0), kNowMs);
}

}  // namespace
}  // namespace perpetua::feeds
