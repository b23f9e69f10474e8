// KeyDirectory: API keys from Redis, with a small cache that hears of every change.
//
//   find: cache  ·  ask: HGETALL key:{sha256} -> cache  ·  pub/sub kKeyChannel drops what changed
//
// The writer of the projection publishes every key it has created, changed or deleted, and a
// heartbeat. A cached key counts only while the last message is younger than kHeardMaxMs: a
// subscription that has silently died, or a writer that has, costs a question for every request but
// never shows a revoked key for longer. An entry lives kKeyLifetimeMs at most. That a key does not
// exist is not cached: a new one works at once.
// Bounds: kCachedKeysMax entries; a full part of the cache begins anew.
// Thread-safety: any thread; `done` on the client's thread, or the caller's if nothing was sent.
#pragma once

#include <array>
#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "base/hash.hpp"
#include "stores/redis/subscriber.hpp"
#include "stores/views.hpp"

namespace perpetua::projection {

inline constexpr std::size_t kCachedKeysMax = 1u << 16;
inline constexpr int64_t kKeyLifetimeMs = 30'000;
inline constexpr int64_t kHeardMaxMs = 800;  // two heartbeats

class KeyDirectory {
 public:
  // nullopt: nobody could be asked; agent 0: there is no such key.
  using Done = std::function<void(std::optional<stores::KeyView>)>;

  KeyDirectory(redis::Client& client, int64_t timeout_ms);

  std::optional<stores::KeyView> find(const Sha256& sha256) const;
  void ask(const Sha256& sha256, Done done);
  // It has changed in Redis: for the writer's own process, which need not wait for the message.
  void drop(const Sha256& sha256);

  std::size_t cached() const;
  bool is_hearing() const;

 private:
  static constexpr std::size_t kParts = 16;
  struct Entry {
    stores::KeyView key;
    int64_t until_ms = 0;
  };
  struct Sha256Hash {
    std::size_t operator()(const Sha256& value) const {
      return hash_bytes(value.data(), value.size(), 0);
    }
  };
  struct Part {
    mutable std::mutex mutex;
    boost::unordered_flat_map<Sha256, Entry, Sha256Hash> entries;
    uint64_t changes = 0;  // an answer from before a change is not kept
  };

  Part& part(const Sha256& sha256) { return parts_[sha256[0] % kParts]; }
  const Part& part(const Sha256& sha256) const { return parts_[sha256[0] % kParts]; }
  void hear(std::string_view message);
  void drop_all();
  void keep(const Sha256& sha256, const stores::KeyView& key, uint64_t asked_at);

  redis::Client& client_;
  const int64_t timeout_ms_;
  std::array<Part, kParts> parts_;
  std::atomic<int64_t> heard_at_ms_{INT64_MIN / 2};
  std::unique_ptr<redis::Subscriber> subscriber_;  // last: no message after it is gone
};

}  // namespace perpetua::projection
