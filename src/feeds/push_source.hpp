// PushSource: index prices that an operator posts.
//
// push() checks what needs no engine state (market, absolute band, age) and keeps the newest price
// per market; poll() hands on what is new. With merge_interval_ms > 0, prices of one market that
// arrive closer together than that are merged into the newest. Times are milliseconds since 1970.
// Thread-safety: push() and the queries from any thread, poll() from one.
#pragma once

#include <mutex>

#include "engine/schema/result_code.hpp"
#include "feeds/price_source.hpp"

namespace perpetua::feeds {

inline constexpr int64_t kSourceTimeAheadMaxMs = 2'000;  // clocks of operator and exchange differ

class PushSource final : public PriceSource {
 public:
  explicit PushSource(std::vector<FeedMarket> markets, int64_t merge_interval_ms = 0);

  std::string_view name() const override { return "push"; }
  void poll(int64_t now_ms, std::vector<PriceQuote>& due) override;

  // ok, market_not_found, price_invalid (<= 0, outside the market's absolute band), price_stale
  // (older than limits::kIndexStaleAfterMs, older than the last one) or invalid_request (in the
  // future). source_time_ms 0 = now.
  ResultCode push(MarketId market, Price price, int64_t source_time_ms, int64_t now_ms);

  // Source time of the newest accepted price; 0 if there is none yet.
  int64_t last_source_time_ms(MarketId market) const;
  bool is_stale(MarketId market, int64_t now_ms) const;

 private:
  struct Entry {
    FeedMarket market;
    PriceQuote newest;
    int64_t sent_at_ms = 0;
    bool has_news = false;
  };

  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  const int64_t merge_interval_ms_;
};

}  // namespace perpetua::feeds
