// FeedClock: when a follower looks for batches that did not come by themselves: after a gap has
// stayed for a while, at once if there is doubt, and again and again while the leader is silent.
// A look that brought nothing is not repeated before the next poll.
//
// Times are the caller's, so that it is the same for a whole round. Thread-safety: none.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace perpetua::cluster {

class FeedClock {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Milliseconds = std::chrono::milliseconds;

  struct Waits {
    Milliseconds gap;
    Milliseconds silence;
    Milliseconds poll;
    Milliseconds unpublished;
  };
  explicit FeedClock(const Waits& waits) : waits_(waits) {}

  void begin(Time now) { advanced_ = now; }
  void hear(Time now) { heard_ = advanced_ = now; }  // the leader, live
  void advance(Time now) { advanced_ = now; }        // Redis names a newer batch
  void lose() { heard_.reset(); }                    // a subscription
  void want() { must_look_ = true; }                 // batches may be missing without a sign of it
  void doubt() { must_look_ = has_doubt_ = true; }   // a record was refused: the table decides
  // Whether batches are known that are not applied.
  void set_gap(bool has_gap, Time now) {
    if (!has_gap) gap_at_.reset();
    if (has_gap && !gap_at_) gap_at_ = now;
  }

  std::optional<Time> heard() const { return heard_; }
  bool has_gap() const { return gap_at_.has_value(); }
  bool is_silent(Time now) const { return !heard_ || now > *heard_ + waits_.silence; }
  // Nothing newer was named for so long that the leader may not reach Redis.
  bool is_unpublished(Time now) const { return now >= advanced_ + waits_.unpublished; }

  bool is_due(Time now) const {
    const bool is_wanted = must_look_ || has_doubt_ || (gap_at_ && now >= *gap_at_ + waits_.gap);
    return (is_wanted && now >= next_look_) || (is_silent(now) && now >= next_poll_);
  }
  // When a look may be due if nothing happens until then.
  Time next(Time now) const {
    const Time look = must_look_ || has_doubt_ ? now
                      : gap_at_                ? *gap_at_ + waits_.gap
                                               : Time::max();
    const Time watch = is_silent(now) ? next_poll_ : *heard_ + waits_.silence + Milliseconds(1);
    return std::min(std::max(look, next_look_), watch);
  }

  void begin_look() { must_look_ = false; }
  bool take_doubt() { return std::exchange(has_doubt_, false); }
  void end_look(bool has_gap, bool has_brought, Time now) {
    if (!has_gap) gap_at_.reset();
    next_poll_ = now + waits_.poll;
    next_look_ = has_brought ? now : next_poll_;
  }

 private:
  const Waits waits_;
  std::optional<Time> heard_;
  Time advanced_{};
  std::optional<Time> gap_at_;  // since when
  bool must_look_ = false;
  bool has_doubt_ = false;
  Time next_look_{};
  Time next_poll_{};
};

}  // namespace perpetua::cluster
