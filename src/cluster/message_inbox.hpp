// MessageInbox: what the Redis client's thread hands to the follower's: messages, bounded, and what
// became of the subscriptions. What does not fit is dropped and told as an overflow.
//
// Thread-safety: every function by any thread; one thread takes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace perpetua::cluster {

class MessageInbox {
 public:
  struct Content {
    std::vector<std::string> messages;
    bool has_lost = false;  // a subscription: messages may be missing from now on
    bool has_overflown = false;
    bool is_stopped = false;
  };

  MessageInbox(std::size_t bytes_max, std::size_t messages_max)
      : bytes_max_(bytes_max), messages_max_(messages_max) {}

  void push(std::string_view message) {
    const std::lock_guard lock(mutex_);
    if (bytes_ + message.size() > bytes_max_ || content_.messages.size() >= messages_max_) {
      content_.has_overflown = true;
    } else {
      bytes_ += message.size();
      content_.messages.emplace_back(message);
    }
    changed_.notify_one();
  }
  void tell_lost() { raise(&Content::has_lost); }
  void stop() { raise(&Content::is_stopped); }

  // Everything there is; waits for something until the deadline.
  Content take(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [&] { return has_something(); });
    bytes_ = 0;
    Content taken = std::exchange(content_, Content());
    content_.is_stopped = taken.is_stopped;
    return taken;
  }

 private:
  void raise(bool Content::*flag) {
    const std::lock_guard lock(mutex_);
    content_.*flag = true;
    changed_.notify_one();
  }
  bool has_something() const {
    return !content_.messages.empty() || content_.has_lost || content_.has_overflown ||
           content_.is_stopped;
  }

  const std::size_t bytes_max_;
  const std::size_t messages_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Content content_;
  std::size_t bytes_ = 0;
};

}  // namespace perpetua::cluster
