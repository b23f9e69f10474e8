// Feed: one pub/sub connection and what is subscribed on it; subscribes again after a reconnect.
//
// Owned by shared_ptr; on the client's thread. Included by sources only (Asio).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "stores/redis/core.hpp"
#include "stores/redis/link.hpp"
#include "stores/redis/subscriber.hpp"

namespace perpetua::redis {

using Subscription = std::pair<ChannelKind, std::string>;

class FeedOwner {
 public:
  virtual void message(const Message& message) = 0;
  virtual void in_force(const Subscription& subscription) = 0;
  virtual void lost(const Subscription& subscription) = 0;  // was in force; the feed tries again
  // The node does not serve it (any more); it is not wanted on this feed now.
  virtual void refused(const Subscription& subscription) = 0;

 protected:
  ~FeedOwner() = default;
};

class Feed : public std::enable_shared_from_this<Feed> {
 public:
  // No endpoint: whichever node is ready.
  Feed(Core& core, FeedOwner& owner, std::optional<Endpoint> endpoint);
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  void start();
  void want(const Subscription& subscription);
  void drop(const Subscription& subscription);  // says nothing to the owner
  void close();                                 // nor this

  bool empty() const { return wanted_.empty(); }

 private:
  enum class Verb : uint8_t { subscribe, unsubscribe, ping };
  struct Unanswered {
    Verb verb = Verb::ping;
    Subscription subscription;
  };

  static boost::asio::awaitable<void> keep(std::shared_ptr<Feed> self);
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<std::string> serve();
  void become_away();
  void send(Verb verb, const Subscription& subscription);
  void arm_watch();
  void watch();
  bool take(const Reply& reply);
  bool take_message(const Reply& reply, ChannelKind kind);
  void take_confirmation();
  void take_end(const Reply& reply, ChannelKind kind);
  void take_error();

  Core& core_;
  FeedOwner* owner_;
  const std::optional<Endpoint> endpoint_;
  std::map<Subscription, bool> wanted_;  // and whether it is in force
  std::deque<Unanswered> unanswered_;
  std::shared_ptr<Link> link_;
  boost::asio::steady_timer pause_timer_;
  boost::asio::steady_timer watch_timer_;
  Backoff backoff_;
  bool is_ready_ = false;
  bool is_closed_ = false;
};

}  // namespace perpetua::redis
