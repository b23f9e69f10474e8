#include "stores/redis/feed.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

namespace perpetua::redis {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kSteadyNs = 1'000'000'000;

// Indexed by ChannelKind.
constexpr std::array<const char*, 3> kSubscribe = {"SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE"};
constexpr std::array<const char*, 3> kUnsubscribe = {"UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"};
constexpr std::array<std::string_view, 3> kMessages = {"message", "pmessage", "smessage"};
constexpr std::array<std::string_view, 3> kBegins = {"subscribe", "psubscribe", "ssubscribe"};
constexpr std::array<std::string_view, 3> kEnds = {"unsubscribe", "punsubscribe", "sunsubscribe"};

std::optional<ChannelKind> kind_in(const std::array<std::string_view, 3>& names,
                                   std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<ChannelKind>(i);
  }
  return std::nullopt;
}

}  // namespace

Feed::Feed(Core& core, FeedOwner& owner, std::optional<Endpoint> endpoint)
    : core_(core),
      owner_(&owner),
      endpoint_(std::move(endpoint)),
      pause_timer_(core.io),
      watch_timer_(core.io),
      backoff_(core.options.backoff_min_ms, core.options.backoff_max_ms) {}

void Feed::start() { asio::co_spawn(core_.io, keep(shared_from_this()), asio::detached); }

awaitable<void> Feed::keep(std::shared_ptr<Feed> self) { co_await self->run(); }

awaitable<void> Feed::run() {
  while (!is_closed_) {
    co_await serve();
    if (is_closed_) break;
    become_away();
    pause_timer_.expires_after(std::chrono::milliseconds(backoff_.next_ms(core_.random())));
    co_await pause_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

awaitable<std::string> Feed::serve() {
  const std::optional<Endpoint> target = endpoint_ ? endpoint_ : core_.some_node();
  if (!target) co_return "no node is known";
  link_ = std::make_shared<Link>(core_.setup());
  std::string error = co_await link_->open(*target);
  if (!error.empty() || is_closed_) co_return error;
  is_ready_ = true;
  for (const auto& [subscription, is_in_force] : wanted_) send(Verb::subscribe, subscription);
  arm_watch();
  const int64_t since_ns = monotonic_ns();
  Link::ReplyHandler on_reply = [this](Reply&& reply) { return take(reply); };
  error = co_await link_->read(std::move(on_reply));
  if (monotonic_ns() - since_ns >= kSteadyNs) backoff_.reset();
  co_return error;
}

void Feed::become_away() {
  if (link_ != nullptr) link_->close();
  is_ready_ = false;
  watch_timer_.cancel();
  unanswered_.clear();
  for (auto& [subscription, is_in_force] : wanted_) {
    if (std::exchange(is_in_force, false)) owner_->lost(subscription);
  }
}

void Feed::want(const Subscription& subscription) {
  const bool is_new = wanted_.emplace(subscription, false).second;
  if (is_new && is_ready_) send(Verb::subscribe, subscription);
}

void Feed::drop(const Subscription& subscription) {
  if (wanted_.erase(subscription) != 0 && is_ready_) send(Verb::unsubscribe, subscription);
}

void Feed::close() {
  is_closed_ = true;
  owner_ = nullptr;
  wanted_.clear();
  pause_timer_.cancel();
  watch_timer_.cancel();
  if (link_ != nullptr) link_->close();
}

void Feed::send(Verb verb, const Subscription& subscription) {
  const auto kind = static_cast<std::size_t>(subscription.first);
  Request request;
  if (verb == Verb::ping) {
    request.add("", {"PING"});
  } else {
    request.add(
        "", {verb == Verb::subscribe ? kSubscribe[kind] : kUnsubscribe[kind], subscription.second});
  }
  unanswered_.push_back({verb, subscription});
  link_->out() += request.wire();
  link_->flush();
}

// Nothing may come for hours on a healthy connection, so it is asked.
void Feed::arm_watch() {
  watch_timer_.expires_after(std::chrono::milliseconds(core_.options.stall_timeout_ms / 2));
  watch_timer_.async_wait([weak = weak_from_this()](const error_code& code) {
    const auto self = weak.lock();
    if (!code && self != nullptr && self->is_ready_) self->watch();
  });
}

void Feed::watch() {
  const int64_t silent_ns = monotonic_ns() - link_->last_read_ns();
  if (silent_ns > core_.options.stall_timeout_ms * kNsPerMs) {
    link_->close("no answer to PING");
    return;
  }
  send(Verb::ping, {});
  arm_watch();
}

bool Feed::take(const Reply& reply) {
  if (is_closed_) return false;
  if (reply.is_error()) {
    take_error();
    return true;
  }
  const bool is_named = reply.is_array() && !reply.elements.empty();
  const std::string_view name = is_named ? reply.elements[0].text : reply.text;
  if (const auto kind = kind_in(kMessages, name)) return take_message(reply, *kind);
  if (unanswered_.empty() && kind_in(kEnds, name) != ChannelKind::shard) return false;
  if (kind_in(kBegins, name)) {
    take_confirmation();
  } else if (const auto ended = kind_in(kEnds, name)) {
    take_end(reply, *ended);
  } else {
    unanswered_.pop_front();  // of a PING
  }
  return true;
}

bool Feed::take_message(const Reply& reply, ChannelKind kind) {
  const bool is_pattern = kind == ChannelKind::pattern;
  if (reply.elements.size() != (is_pattern ? 4u : 3u)) return false;
  Message message;
  message.kind = kind;
  message.subscription = reply.elements[1].text;
  message.channel = reply.elements[is_pattern ? 2 : 1].text;
  message.payload = reply.elements[is_pattern ? 3 : 2].text;
  const auto found = wanted_.find({kind, reply.elements[1].text});
  if (found != wanted_.end()) owner_->message(message);
  return true;
}

void Feed::take_confirmation() {
  const Subscription subscription = std::move(unanswered_.front().subscription);
  unanswered_.pop_front();
  // Ended and wanted again since: the later answer counts.
  const bool is_outdated =
      std::any_of(unanswered_.begin(), unanswered_.end(),
                  [&](const Unanswered& later) { return later.subscription == subscription; });
  if (is_outdated) return;
  const auto found = wanted_.find(subscription);
  if (found == wanted_.end() || std::exchange(found->second, true)) return;
  owner_->in_force(subscription);
}

// The answer to an UNSUBSCRIBE, or the server's own word that a shard channel has left it.
void Feed::take_end(const Reply& reply, ChannelKind kind) {
  const Subscription ended(kind, reply.elements.size() > 1 ? reply.elements[1].text : "");
  if (!unanswered_.empty() && unanswered_.front().verb == Verb::unsubscribe &&
      unanswered_.front().subscription == ended) {
    unanswered_.pop_front();
    return;
  }
  if (wanted_.erase(ended) != 0) owner_->refused(ended);
}

void Feed::take_error() {
  if (unanswered_.empty()) return;
  const Unanswered answered = std::move(unanswered_.front());
  unanswered_.pop_front();
  if (answered.verb == Verb::subscribe && wanted_.erase(answered.subscription) != 0) {
    owner_->refused(answered.subscription);
  }
}

}  // namespace perpetua::redis
