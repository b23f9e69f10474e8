#include "stores/redis/subscriber.hpp"

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <utility>

#include "stores/redis/core.hpp"
#include "stores/redis/feed.hpp"

namespace perpetua::redis {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::milliseconds kPlaceAgainEvery{100};

}  // namespace

// Which subscription is on which feed. On the client's thread, but for missing_.
class SubscriberCore final : private FeedOwner,
                             public std::enable_shared_from_this<SubscriberCore> {
 public:
  SubscriberCore(Core& core, SubscriberHandlers handlers)
      : core_(core), handlers_(std::move(handlers)), timer_(core.io) {}

  void open() {
    listener_ = core_.listen([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->place_all();
    });
  }

  void close() {
    is_closed_ = true;
    core_.forget(listener_);
    timer_.cancel();
    if (common_ != nullptr) common_->close();
    for (const auto& [endpoint, feed] : shard_feeds_) feed->close();
    shard_feeds_.clear();
    handlers_ = {};
  }

  void subscribe(Subscription subscription);
  void unsubscribe(const Subscription& subscription);

  Core& core() { return core_; }
  std::atomic<int64_t> missing{0};  // subscriptions asked for and not in force

 private:
  struct Entry {
    std::shared_ptr<Feed> feed;  // null: no node known for it yet
    bool is_in_force = false;
    bool has_been_in_force = false;
  };

  void message(const Message& message) override {
    if (handlers_.on_message) handlers_.on_message(message);
  }
  void in_force(const Subscription& subscription) override;
  void lost(const Subscription& subscription) override;
  void refused(const Subscription& subscription) override;

  void place(const Subscription& subscription, Entry& entry);
  void place_all();
  void place_again_later();
  std::shared_ptr<Feed> feed_for(const Subscription& subscription);
  void end_force(const Subscription& subscription, Entry& entry);

  Core& core_;
  SubscriberHandlers handlers_;
  asio::steady_timer timer_;
  uint64_t listener_ = 0;
  std::map<Subscription, Entry> entries_;
  std::shared_ptr<Feed> common_;  // channels and patterns
  std::map<Endpoint, std::shared_ptr<Feed>> shard_feeds_;
  bool is_timer_armed_ = false;
  bool is_closed_ = false;
};

void SubscriberCore::subscribe(Subscription subscription) {
  if (is_closed_) return;
  const auto [found, is_new] = entries_.try_emplace(std::move(subscription));
  if (!is_new) {
    missing.fetch_sub(1);
    return;
  }
  place(found->first, found->second);
}

void SubscriberCore::unsubscribe(const Subscription& subscription) {
  const auto found = entries_.find(subscription);
  if (is_closed_ || found == entries_.end()) return;
  if (!found->second.is_in_force) missing.fetch_sub(1);
  if (found->second.feed != nullptr) found->second.feed->drop(subscription);
  entries_.erase(found);
}

std::shared_ptr<Feed> SubscriberCore::feed_for(const Subscription& subscription) {
  FeedOwner& self = *this;
  if (subscription.first != ChannelKind::shard) {
    if (common_ == nullptr) {
      common_ = std::make_shared<Feed>(core_, self, std::nullopt);
      common_->start();
    }
    return common_;
  }
  const auto owner = core_.master_of(key_slot(subscription.second));
  if (!owner) return nullptr;
  auto& feed = shard_feeds_[*owner];
  if (feed == nullptr) {
    feed = std::make_shared<Feed>(core_, self, owner);
    feed->start();
  }
  return feed;
}

void SubscriberCore::place(const Subscription& subscription, Entry& entry) {
  const std::shared_ptr<Feed> feed = feed_for(subscription);
  if (feed == entry.feed && feed != nullptr) return;
  if (entry.feed != nullptr) {
    entry.feed->drop(subscription);
    end_force(subscription, entry);
  }
  entry.feed = feed;
  if (feed != nullptr) {
    feed->want(subscription);
  } else {
    core_.refresh_soon();
    place_again_later();
  }
}

void SubscriberCore::place_all() {
  if (is_closed_) return;
  for (auto& [subscription, entry] : entries_) {
    const bool is_shard = subscription.first == ChannelKind::shard;
    if (is_shard || entry.feed == nullptr) place(subscription, entry);
  }
  for (auto feed = shard_feeds_.begin(); feed != shard_feeds_.end();) {
    if (!feed->second->empty()) {
      ++feed;
      continue;
    }
    feed->second->close();
    feed = shard_feeds_.erase(feed);
  }
}

void SubscriberCore::place_again_later() {
  if (std::exchange(is_timer_armed_, true)) return;
  timer_.expires_after(kPlaceAgainEvery);
  timer_.async_wait([weak = weak_from_this()](const error_code& code) {
    const auto self = weak.lock();
    if (code || self == nullptr) return;
    self->is_timer_armed_ = false;
    self->place_all();
  });
}

void SubscriberCore::in_force(const Subscription& subscription) {
  Entry& entry = entries_.at(subscription);
  entry.is_in_force = true;
  missing.fetch_sub(1);
  const bool is_again = std::exchange(entry.has_been_in_force, true);
  if (handlers_.on_subscribed) {
    handlers_.on_subscribed(subscription.first, subscription.second, is_again);
  }
}

void SubscriberCore::lost(const Subscription& subscription) {
  end_force(subscription, entries_.at(subscription));
}

// A shard channel whose slot is leaving; a plain one only if the user may not (ACL), which a later
// reconnect may change.
void SubscriberCore::refused(const Subscription& subscription) {
  Entry& entry = entries_.at(subscription);
  end_force(subscription, entry);
  entry.feed = nullptr;
  core_.refresh_soon();
  place_again_later();
}

void SubscriberCore::end_force(const Subscription& subscription, Entry& entry) {
  if (!std::exchange(entry.is_in_force, false)) return;
  missing.fetch_add(1);
  if (handlers_.on_lost) handlers_.on_lost(subscription.first, subscription.second);
}

Subscriber::Subscriber(Client& client, SubscriberHandlers handlers)
    : core_(std::make_shared<SubscriberCore>(*client.core_, std::move(handlers))) {
  asio::post(core_->core().io, [core = core_] { core->open(); });
}

Subscriber::~Subscriber() {
  core_->core().run_inside([this] { core_->close(); });
}

void Subscriber::subscribe(ChannelKind kind, std::string name) {
  core_->missing.fetch_add(1);
  asio::post(core_->core().io, [core = core_, wanted = Subscription(kind, std::move(name))] {
    core->subscribe(wanted);
  });
}

void Subscriber::unsubscribe(ChannelKind kind, const std::string& name) {
  asio::post(core_->core().io,
             [core = core_, ended = Subscription(kind, name)] { core->unsubscribe(ended); });
}

bool Subscriber::is_in_force() const { return core_->missing.load() == 0; }

}  // namespace perpetua::redis
