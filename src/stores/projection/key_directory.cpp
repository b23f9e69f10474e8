#include "stores/projection/key_directory.hpp"

#include <chrono>

#include "stores/projection/key_schema.hpp"
#include "stores/projection/rows.hpp"

namespace perpetua::projection {
namespace {

int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

KeyDirectory::KeyDirectory(redis::Client& client, int64_t timeout_ms)
    : client_(client), timeout_ms_(timeout_ms) {
  redis::SubscriberHandlers handlers;
  handlers.on_message = [this](const redis::Message& message) { hear(message.payload); };
  handlers.on_subscribed = [this](redis::ChannelKind, const std::string&, bool) { drop_all(); };
  handlers.on_lost = [this](redis::ChannelKind, const std::string&) {
    heard_at_ms_ = INT64_MIN / 2;
    drop_all();
  };
  subscriber_ = std::make_unique<redis::Subscriber>(client_, std::move(handlers));
  subscriber_->subscribe(redis::ChannelKind::channel, std::string(kKeyChannel));
}

bool KeyDirectory::is_hearing() const { return steady_ms() - heard_at_ms_ <= kHeardMaxMs; }

std::optional<stores::KeyView> KeyDirectory::find(const Sha256& sha256) const {
  if (!is_hearing()) return std::nullopt;
  const Part& mine = part(sha256);
  const std::lock_guard lock(mine.mutex);
  const auto found = mine.entries.find(sha256);
  if (found == mine.entries.end() || steady_ms() >= found->second.until_ms) return std::nullopt;
  return found->second.key;
}

void KeyDirectory::ask(const Sha256& sha256, Done done) {
  uint64_t changes = 0;
  {
    Part& mine = part(sha256);
    const std::lock_guard lock(mine.mutex);
    changes = mine.changes;
  }
  const std::string key = key_key(sha256);
  redis::CallOptions options;
  options.timeout_ms = timeout_ms_;
  options.is_idempotent = true;
  const auto shared = std::make_shared<Done>(std::move(done));
  const auto submitted =
      client_.submit(redis::Request(key, {"HGETALL", key}), options,
                     [this, sha256, changes, shared](std::vector<redis::Reply>&& replies) {
                       const redis::Reply& reply = replies.front();
                       if (!reply.is_array()) return (*shared)(std::nullopt);
                       if (reply.elements.empty()) return (*shared)(stores::KeyView());
                       std::vector<std::string_view> fields;
                       for (const redis::Reply& element : reply.elements)
                         fields.emplace_back(element.text);
                       const auto view = decode_key(HashFields(std::move(fields)), sha256);
                       if (view) keep(sha256, *view, changes);
                       (*shared)(view);
                     });
  if (submitted != redis::Submit::accepted) (*shared)(std::nullopt);
}

void KeyDirectory::keep(const Sha256& sha256, const stores::KeyView& key, uint64_t asked_at) {
  Part& mine = part(sha256);
  const std::lock_guard lock(mine.mutex);
  if (mine.changes != asked_at) return;
  if (mine.entries.size() >= kCachedKeysMax / kParts) mine.entries.clear();
  mine.entries[sha256] = {key, steady_ms() + kKeyLifetimeMs};
}

void KeyDirectory::hear(std::string_view message) {
  heard_at_ms_ = steady_ms();
  if (message == kKeyHeartbeat) return;
  Sha256 sha256{};
  if (!parse_hex(message, sha256)) return drop_all();
  drop(sha256);
}

void KeyDirectory::drop(const Sha256& sha256) {
  Part& mine = part(sha256);
  const std::lock_guard lock(mine.mutex);
  ++mine.changes;
  mine.entries.erase(sha256);
}

void KeyDirectory::drop_all() {
  for (Part& mine : parts_) {
    const std::lock_guard lock(mine.mutex);
    ++mine.changes;
    mine.entries.clear();
  }
}

std::size_t KeyDirectory::cached() const {
  std::size_t count = 0;
  for (const Part& mine : parts_) {
    const std::lock_guard lock(mine.mutex);
    count += mine.entries.size();
  }
  return count;
}

}  // namespace perpetua::projection
