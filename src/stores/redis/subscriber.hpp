// Subscriber: pub/sub on connections of its own, subscribed again after every reconnect.
//
// In a Cluster, channels and patterns are heard on any node, shard channels (SSUBSCRIBE) on the
// owner of their slot, which is followed when slots move. Pub/sub delivers at most once: between
// on_lost and the next on_subscribed messages may have been missed, and the handlers say so.
// Thread-safety: subscribe and unsubscribe by any thread; handlers run on the client's thread and
// must not block. Destroyed before the client; no handler runs after the destructor returns.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "stores/redis/client.hpp"

namespace perpetua::redis {

enum class ChannelKind : uint8_t { channel, pattern, shard };

struct Message {
  ChannelKind kind = ChannelKind::channel;
  std::string_view subscription;  // as subscribed: the pattern, or the channel
  std::string_view channel;
  std::string_view payload;
};

struct SubscriberHandlers {
  std::function<void(const Message&)> on_message;
  // In force from here on. is_again: it was before, and messages since may be missing.
  std::function<void(ChannelKind, const std::string& name, bool is_again)> on_subscribed;
  std::function<void(ChannelKind, const std::string& name)> on_lost;
};

class SubscriberCore;

class Subscriber {
 public:
  Subscriber(Client& client, SubscriberHandlers handlers);
  ~Subscriber();
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  void subscribe(ChannelKind kind, std::string name);
  void unsubscribe(ChannelKind kind, const std::string& name);

  bool is_in_force() const;  // every subscription is

 private:
  std::shared_ptr<SubscriberCore> core_;
};

}  // namespace perpetua::redis
