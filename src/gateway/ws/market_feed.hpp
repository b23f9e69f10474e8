// MarketFeed: the public streams of one market, coalesced.
//
// Streams: book (at most one delta per book_interval_ms), ticker, candles of each interval; of the
// event streams (channel.hpp) it only counts the watchers and knows the present. Changes
// are only noted; a stream is serialised when it is due and somebody watches it. The state comes
// from the hot store, which has applied every batch before the feed hears of it.
// Book: `sequence` rises by one with every delta. A snapshot is the published window at its
// sequence, so snapshot n plus delta n + 1 is always right, and one serialisation serves everybody
// who asks before the next delta.
// Thread-safety: none; the hub's mutex guards it. Times: steady milliseconds of the caller.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/schema/event.hpp"
#include "gateway/ws/book_window.hpp"
#include "gateway/ws/mailbox.hpp"
#include "stores/views.hpp"

namespace perpetua::stores {
class HotStore;
}

namespace perpetua::gateway::ws {

struct FeedIntervals {
  int64_t book_ms = 20;
  int64_t ticker_ms = 500;
  int64_t candle_ms = 1'000;
};

// What a new subscriber is sent first. No frame: the topic has no present, only what comes.
struct Snapshot {
  Frame frame;
  uint64_t sequence = 0;
};

inline constexpr std::size_t kTradesPerMessageMax = 256;
inline constexpr int64_t kNeverMs = INT64_MAX;

class MarketFeed {
 public:
  // REQUIRES: the hot store knows the market.
  MarketFeed(const stores::HotStore& hot, MarketId market, const FeedIntervals& intervals);

  void note(const Event& event);

  // Appends what is due; returns when something will be, or kNeverMs.
  int64_t publish_due(int64_t now_ms, std::vector<Delivery>& out);

  // Subscribers of a topic of this market, counted.
  void watch(Topic topic);
  void unwatch(Topic topic);
  Snapshot snapshot(Topic topic);
  bool has_watchers(Channel event_stream) const {
    return event_watchers_[static_cast<std::size_t>(event_stream)] > 0;
  }

 private:
  struct Stream {
    uint32_t watchers = 0;
    bool is_dirty = false;
    int64_t published_at_ms = -1'000'000'000;
  };
  struct CandleStream {
    Stream stream;
    int64_t published_open_ms = 0;  // of the candle sent last; 0 = none
  };

  static int64_t due_at(const Stream& stream, int64_t interval_ms);
  Stream* find_stream(Topic topic);
  void publish_book(std::vector<Delivery>& out);
  void publish_ticker(std::vector<Delivery>& out);
  void publish_candle(stores::CandleInterval interval, std::vector<Delivery>& out);
  void refresh_window();
  bool touches_window(const Event& event) const;
  Frame ticker_frame() const;
  Frame insurance_frame() const;
  Frame candle_frame(stores::CandleInterval interval) const;

  const stores::HotStore& hot_;
  const MarketId market_;
  const FeedIntervals intervals_;
  const MarketSpec spec_;  // for its units, which never change

  Stream book_;
  Stream ticker_;
  std::array<CandleStream, stores::kCandleIntervals> candles_;
  std::array<uint32_t, kChannelNames.size()> event_watchers_{};  // by channel

  uint64_t sequence_ = 0;
  int64_t window_time_ms_ = 0;
  BookWindow window_;      // as published
  Frame book_snapshot_;    // of window_; null until asked for
};

}  // namespace perpetua::gateway::ws
