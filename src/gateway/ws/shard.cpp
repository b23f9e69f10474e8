#include "gateway/ws/shard.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

#include "base/assert.hpp"
#include "gateway/context.hpp"
#include "gateway/ws/hub.hpp"

namespace perpetua::gateway::ws {
namespace {

namespace net = boost::asio;

constexpr std::chrono::milliseconds kSweepInterval{1'000};
constexpr std::chrono::milliseconds kDrainInterval{50};
constexpr std::size_t kDeliveriesIdleMax = 1'024;  // capacity kept between rounds

int64_t steady_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int64_t wall_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

struct Shard::Timers {
  explicit Timers(net::io_context& io) : sweep(io), tick(io), drain(io) {}
  net::steady_timer sweep;
  net::steady_timer tick;
  net::steady_timer drain;
};

Shard& Shard::of(GatewayContext& context) {
  PERPETUA_ASSERT(context.hub != nullptr);
  std::weak_ptr<Shard>& slot = context.hub->shard(context.io_index);
  if (const auto shard = slot.lock()) return *shard;
  const auto shard = std::make_shared<Shard>(context);
  slot = shard;
  context.stop_callbacks.push_back([shard] { shard->stop(); });
  context.drain_callbacks.push_back([shard](int64_t drain_ms) { shard->drain_sockets(drain_ms); });
  shard->start();
  return *shard;
}

Shard::Shard(GatewayContext& context)
    : context_(context),
      hub_(*context.hub),
      timers_(std::make_unique<Timers>(context.io)),
      now_ms_(steady_now_ms()) {}

Shard::~Shard() = default;

void Shard::start() {
  const std::weak_ptr<Shard> weak = weak_from_this();
  net::io_context& io = context_.io;
  hub_.mailbox(context_.io_index).attach([weak, &io] {
    net::post(io, [weak] {
      if (const auto shard = weak.lock()) shard->drain();
    });
  });
  hub_.on_due(context_.io_index, [weak, &io](int64_t delay_ms) {
    net::post(io, [weak, delay_ms] {
      if (const auto shard = weak.lock()) shard->arm_tick(delay_ms);
    });
  });
  arm_sweep();
}

// Over a half of the time there is, so that the clients do not all come back elsewhere at once.
void Shard::drain_sockets(int64_t drain_ms) {
  undrained_.assign(sessions_.begin(), sessions_.end());
  const auto steps =
      static_cast<std::size_t>(std::max<int64_t>(1, drain_ms / 2 / kDrainInterval.count()));
  drain_next((undrained_.size() + steps - 1) / steps);
}

void Shard::drain_next(std::size_t count) {
  for (std::size_t i = 0; i < count && !undrained_.empty(); ++i) {
    if (const auto session = undrained_.back().lock()) session->drain();
    undrained_.pop_back();
  }
  if (undrained_.empty() || is_stopping_) return;
  timers_->drain.expires_after(kDrainInterval);
  timers_->drain.async_wait([weak = weak_from_this(), count](boost::system::error_code error) {
    const auto shard = weak.lock();
    if (!error && shard) shard->drain_next(count);
  });
}

void Shard::stop() {
  is_stopping_ = true;
  timers_->drain.cancel();
  hub_.mailbox(context_.io_index).detach();
  hub_.on_due(context_.io_index, nullptr);
  timers_->tick.cancel();
  for (const auto& session : sessions_) session->stop();
  if (sessions_.empty()) timers_->sweep.cancel();
}

uint64_t Shard::next_session_id() {
  return (static_cast<uint64_t>(context_.io_index) + 1) << 40 | ++sessions_opened_;
}

void Shard::add(std::shared_ptr<Session> session) {
  session->shard_position = static_cast<uint32_t>(sessions_.size());
  sessions_.push_back(std::move(session));
  hub_.count_socket(1);
}

void Shard::remove(Session& session) {
  const uint32_t position = session.shard_position;
  PERPETUA_ASSERT(position < sessions_.size() && sessions_[position].get() == &session);
  PERPETUA_ASSERT(!session.is_dirty);
  std::swap(sessions_[position], sessions_.back());
  sessions_[position]->shard_position = position;
  sessions_.pop_back();
  hub_.count_socket(-1);
  if (is_stopping_ && sessions_.empty()) timers_->sweep.cancel();
}

void Shard::cancel_orders_of(AgentId agent) {
  runtime::Submission submission;
  submission.command = Command(CommandType::cancel_all, agent);
  submission.command.cancel_all = CancelAll();
  const runtime::SubmitResult result = context_.commands.submit({&submission, 1});
  const bool may_pass_later =
      result == runtime::SubmitResult::overloaded || result == runtime::SubmitResult::unavailable;
  const bool is_known =
      std::find(uncancelled_.begin(), uncancelled_.end(), agent) != uncancelled_.end();
  if (may_pass_later && !is_known) uncancelled_.push_back(agent);
}

void Shard::subscribe(Subscription& subscription) {
  std::vector<Subscription*>& list = topics_[subscription.topic.value];
  subscription.position = static_cast<uint32_t>(list.size());
  list.push_back(&subscription);
}

void Shard::unsubscribe(Subscription& subscription) {
  const auto topic = topics_.find(subscription.topic.value);
  PERPETUA_ASSERT(topic != topics_.end());
  std::vector<Subscription*>& list = topic->second;
  PERPETUA_ASSERT(list[subscription.position] == &subscription);
  list[subscription.position] = list.back();
  list[subscription.position]->position = subscription.position;
  list.pop_back();
  if (list.empty()) topics_.erase(topic);
}

void Shard::mark_dirty(Session& session) {
  if (session.is_dirty) return;
  session.is_dirty = true;
  dirty_.push_back(&session);
}

void Shard::drain() {
  const bool is_lost = hub_.mailbox(context_.io_index).take(deliveries_);
  if (is_lost) {
    for (const auto& session : sessions_) session->on_events_lost();
  }
  for (const Delivery& delivery : deliveries_) deliver(delivery);
  for (Session* session : dirty_) {
    session->is_dirty = false;
    session->flush();
  }
  dirty_.clear();
  if (deliveries_.capacity() > kDeliveriesIdleMax) std::vector<Delivery>().swap(deliveries_);
  deliveries_.clear();
}

void Shard::deliver(const Delivery& delivery) {
  if (delivery.frame == nullptr) {
    for (const auto& session : sessions_) session->on_key_revoked(delivery.revoked_key_id);
    return;
  }
  const auto topic = topics_.find(delivery.topic.value);
  if (topic == topics_.end()) return;
  for (Subscription* subscription : topic->second) {
    subscription->session->offer(*subscription, delivery);
  }
}

void Shard::sweep() {
  now_ms_ = steady_now_ms();
  const int64_t wall_ms = wall_now_ms();
  for (const auto& session : sessions_) session->sweep(now_ms_, wall_ms);
  for (const AgentId agent : std::exchange(uncancelled_, {})) cancel_orders_of(agent);
}

void Shard::arm_sweep() {
  timers_->sweep.expires_after(kSweepInterval);
  timers_->sweep.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto shard = weak.lock();
    if (error || !shard) return;
    shard->sweep();
    if (!shard->is_stopping_ || !shard->sessions_.empty()) shard->arm_sweep();
  });
}

void Shard::arm_tick(int64_t delay_ms) {
  if (is_stopping_) return;
  timers_->tick.expires_after(std::chrono::milliseconds(delay_ms));
  timers_->tick.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto shard = weak.lock();
    if (error || !shard || shard->is_stopping_) return;
    if (const auto next_ms = shard->hub_.tick()) shard->arm_tick(*next_ms);
  });
}

}  // namespace perpetua::gateway::ws
