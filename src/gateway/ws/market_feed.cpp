#include "gateway/ws/market_feed.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "gateway/ws/market_messages.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::gateway::ws {
namespace {

constexpr std::size_t kEndedCandlesMax = 100;  // between two messages of one stream

}  // namespace

MarketFeed::MarketFeed(const stores::HotStore& hot, MarketId market,
                       const FeedIntervals& intervals)
    : hot_(hot), market_(market), intervals_(intervals), spec_(*hot.market_spec(market)) {}

void MarketFeed::note(const Event& event) {
  switch (event.header.type) {
    case EventType::fill:
      if (event.fill.is_taker != 0) {
        for (CandleStream& candle : candles_) candle.stream.is_dirty = true;
      }
      [[fallthrough]];
    case EventType::order_accepted:
    case EventType::order_amended:
    case EventType::order_closed:
      book_.is_dirty = book_.is_dirty || touches_window(event);
      ticker_.is_dirty = true;
      break;
    case EventType::price_updated:
    case EventType::market_status:
    case EventType::premium_sampled:
    case EventType::funding_settled:
      ticker_.is_dirty = true;
      break;
    default:
      break;
  }
}

// What happens below a full window leaves it as it is; most orders of a deep book rest there.
bool MarketFeed::touches_window(const Event& event) const {
  const auto shows = [this](Side side, Price price) {
    const std::vector<Level>& levels = side == Side::buy ? window_.bids : window_.asks;
    if (levels.size() < kBookLevels) return true;
    return side == Side::buy ? price >= levels.back().price : price <= levels.back().price;
  };
  switch (event.header.type) {
    case EventType::order_accepted:
      return event.order_accepted.rested.value > 0 &&
             shows(event.order_accepted.side, event.order_accepted.price);
    case EventType::order_amended:
      return shows(event.order_amended.side, event.order_amended.price_before) ||
             shows(event.order_amended.side, event.order_amended.price);
    case EventType::order_closed:
      return event.order_closed.removed_from_book.value > 0 &&
             shows(event.order_closed.side, event.order_closed.price);
    default:
      return true;  // a fill takes from the best level
  }
}

int64_t MarketFeed::due_at(const Stream& stream, int64_t interval_ms) {
  if (!stream.is_dirty || stream.watchers == 0) return kNeverMs;
  return stream.published_at_ms + interval_ms;
}

int64_t MarketFeed::publish_due(int64_t now_ms, std::vector<Delivery>& out) {
  int64_t next_ms = kNeverMs;
  const auto is_due = [&](Stream& stream, int64_t interval_ms) {
    const int64_t due_ms = due_at(stream, interval_ms);
    if (due_ms > now_ms) {
      next_ms = std::min(next_ms, due_ms);
      return false;
    }
    stream.is_dirty = false;
    stream.published_at_ms = now_ms;
    return true;
  };
  if (is_due(book_, intervals_.book_ms)) publish_book(out);
  if (is_due(ticker_, intervals_.ticker_ms)) publish_ticker(out);
  for (const stores::CandleInterval interval : stores::kAllCandleIntervals) {
    Stream& stream = candles_[static_cast<std::size_t>(interval)].stream;
    if (is_due(stream, intervals_.candle_ms)) publish_candle(interval, out);
  }
  return next_ms;
}

void MarketFeed::publish_book(std::vector<Delivery>& out) {
  const BookWindow before = window_;
  const uint64_t sequence_before = sequence_;
  refresh_window();
  if (sequence_ == sequence_before) return;  // the batch left the window as it was
  const BookWindow changes = difference(before, window_);
  const uint32_t checksum = book_checksum(spec_, window_);
  out.push_back({Topic(Channel::book, market_), sequence_,
                 text_frame(book_message(spec_, BookMessage::delta, sequence_, window_time_ms_,
                                         changes, checksum))});
}

void MarketFeed::refresh_window() {
  const auto book = hot_.book(market_, kBookLevels);
  PERPETUA_ASSERT(book.has_value());
  BookWindow window = make_window(*book);
  window_time_ms_ = book->time_ms;
  if (window == window_) return;
  window_ = std::move(window);
  ++sequence_;
  book_snapshot_ = nullptr;
}

void MarketFeed::publish_ticker(std::vector<Delivery>& out) {
  out.push_back({Topic(Channel::ticker, market_), 0, ticker_frame()});
}

void MarketFeed::publish_candle(stores::CandleInterval interval, std::vector<Delivery>& out) {
  const auto candle = hot_.last_candle(market_, interval);
  if (!candle) return;
  const Topic topic(Channel::candles, market_, static_cast<uint8_t>(interval));
  int64_t& sent_ms = candles_[static_cast<std::size_t>(interval)].published_open_ms;
  if (sent_ms != 0 && sent_ms != candle->open_time_ms) {
    // The candle sent before has ended since: its last state, for good.
    for (const stores::CandleView& ended :
         hot_.candles(market_, interval, sent_ms, candle->open_time_ms, kEndedCandlesMax)) {
      out.push_back({topic, 0, text_frame(candle_message(spec_, interval, ended, true))});
    }
  }
  sent_ms = candle->open_time_ms;
  out.push_back({topic, 0, text_frame(candle_message(spec_, interval, *candle, false))});
}

MarketFeed::Stream* MarketFeed::find_stream(Topic topic) {
  switch (topic.channel()) {
    case Channel::book:
      return &book_;
    case Channel::ticker:
      return &ticker_;
    case Channel::candles:
      return &candles_[topic.interval()].stream;
    default:
      return nullptr;
  }
}

void MarketFeed::watch(Topic topic) {
  if (is_event_stream(topic.channel())) {
    ++event_watchers_[static_cast<std::size_t>(topic.channel())];
    return;
  }
  Stream* stream = find_stream(topic);
  PERPETUA_ASSERT(stream != nullptr);
  if (stream->watchers++ > 0) return;
  // Nobody watched, so nothing was published: start from now.
  stream->is_dirty = false;
  if (topic.channel() == Channel::book) refresh_window();
  if (topic.channel() == Channel::candles) candles_[topic.interval()].published_open_ms = 0;
}

void MarketFeed::unwatch(Topic topic) {
  if (is_event_stream(topic.channel())) {
    PERPETUA_ASSERT(has_watchers(topic.channel()));
    --event_watchers_[static_cast<std::size_t>(topic.channel())];
    return;
  }
  Stream* stream = find_stream(topic);
  PERPETUA_ASSERT(stream != nullptr && stream->watchers > 0);
  --stream->watchers;
}

Snapshot MarketFeed::snapshot(Topic topic) {
  switch (topic.channel()) {
    case Channel::book:
      if (book_snapshot_ == nullptr) {
        book_snapshot_ = text_frame(book_message(spec_, BookMessage::snapshot, sequence_,
                                                 window_time_ms_, window_,
                                                 book_checksum(spec_, window_)));
      }
      return {book_snapshot_, sequence_};
    case Channel::ticker:
      return {ticker_frame(), 0};
    case Channel::candles:
      return {candle_frame(static_cast<stores::CandleInterval>(topic.interval())), 0};
    case Channel::status:
      return {text_frame(status_message(*hot_.market(market_), hot_.log_time_ms())), 0};
    case Channel::funding:
      return {text_frame(funding_message(*hot_.market(market_), hot_.log_time_ms())), 0};
    case Channel::insurance:
      return {insurance_frame(), 0};
    default:
      return {};
  }
}

Frame MarketFeed::insurance_frame() const {
  auto changes = hot_.fund_changes(market_, 1);
  if (changes.empty()) changes.push_back({0, market_, hot_.market(market_)->fund, 0});
  return text_frame(fund_message(spec_, changes.front()));
}

Frame MarketFeed::ticker_frame() const {
  const auto market = hot_.market(market_);
  PERPETUA_ASSERT(market.has_value());
  return text_frame(ticker_message(*market, hot_.log_time_ms()));
}

Frame MarketFeed::candle_frame(stores::CandleInterval interval) const {
  const auto candle = hot_.last_candle(market_, interval);
  return candle ? text_frame(candle_message(spec_, interval, *candle, false)) : nullptr;
}

}  // namespace perpetua::gateway::ws
