#include "feeds/push_source.hpp"

namespace perpetua::feeds {

namespace {

template <class Entries>
auto* find_entry(Entries& entries, MarketId market) {
  for (auto& entry : entries) {
    if (entry.market.id == market) return &entry;
  }
  return decltype(&entries.front())(nullptr);
}

}  // namespace

PushSource::PushSource(std::vector<FeedMarket> markets, int64_t merge_interval_ms)
    : merge_interval_ms_(merge_interval_ms) {
  PERPETUA_ASSERT(merge_interval_ms >= 0);
  entries_.reserve(markets.size());
  for (FeedMarket& market : markets) entries_.push_back({market, {}, 0, false});
}

void PushSource::poll(int64_t now_ms, std::vector<PriceQuote>& due) {
  const std::lock_guard lock(mutex_);
  for (Entry& entry : entries_) {
    if (!entry.has_news) continue;
    if (entry.sent_at_ms != 0 && now_ms - entry.sent_at_ms < merge_interval_ms_) continue;
    entry.has_news = false;
    entry.sent_at_ms = now_ms;
    due.push_back(entry.newest);
  }
}

ResultCode PushSource::push(MarketId market, Price price, int64_t source_time_ms, int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  Entry* entry = find_entry(entries_, market);
  if (entry == nullptr) return ResultCode::market_not_found;
  const MarketSpec& spec = entry->market.spec;
  if (price < spec.price_min || price > spec.price_max) return ResultCode::price_invalid;
  const int64_t time_ms = source_time_ms == 0 ? now_ms : source_time_ms;
  if (time_ms > now_ms + kSourceTimeAheadMaxMs) return ResultCode::invalid_request;
  if (time_ms < now_ms - limits::kIndexStaleAfterMs) return ResultCode::price_stale;
  if (time_ms < entry->newest.source_time_ms) return ResultCode::price_stale;
  entry->newest = {market, price, time_ms};
  entry->has_news = true;
  return ResultCode::ok;
}

int64_t PushSource::last_source_time_ms(MarketId market) const {
  const std::lock_guard lock(mutex_);
  const Entry* entry = find_entry(entries_, market);
  return entry == nullptr ? 0 : entry->newest.source_time_ms;
}

bool PushSource::is_stale(MarketId market, int64_t now_ms) const {
  return now_ms - last_source_time_ms(market) > limits::kIndexStaleAfterMs;
}

}  // namespace perpetua::feeds
