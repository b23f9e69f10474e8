#include "gateway/ws/session.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <chrono>
#include <utility>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "gateway/codec/api_error.hpp"
#include "gateway/codec/json_writer.hpp"
#include "gateway/context.hpp"
#include "gateway/hub/format.hpp"
#include "gateway/services.hpp"
#include "gateway/ws/hub.hpp"
#include "gateway/ws/operations.hpp"
#include "gateway/ws/private_messages.hpp"
#include "gateway/ws/shard.hpp"

namespace perpetua::gateway::ws {
namespace {

int64_t wall_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

constexpr Topic kPlainTopic(Channel::plain, kNoMarket);

}  // namespace

Session::Session(Shard& shard) : shard_(shard), received_at_ms_(shard.now_ms()) {}

Session::~Session() = default;

void Session::attach() { shard_.add(shared_from_this()); }

void Session::greet() {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("type").text("connected");
  json.key("message").text("Perpetua; see /docs for channels and operations");
  json.key("timestamp").text(hub::time_text(wall_now_ms()));
  json.key("connections").number(shard_.hub().sockets());
  json.key("session_id").id(shard_.next_session_id());
  json.key("time").number(wall_now_ms());
  json.key("agent_id");
  if (principal_.agent == 0) {
    json.null();
  } else {
    json.id(principal_.agent);
  }
  json.end_object();
  send(out);
  if (principal_.agent != 0 || is_closing_) return;
  shard_.hub().watch(kPlainTopic);
  add_subscription(kPlainTopic, 0);
}

void Session::leave_plain_feed() { remove_subscription(kPlainTopic); }

bool Session::on_text(std::string_view text, bool has_waited) {
  if (is_closing_) return true;
  received_at_ms_ = shard_.now_ms();
  message_started_at_ms_ = 0;
  is_pinged_ = false;
  ApiError error;
  const boost::json::object* message = shard_.json().parse(text, error);
  if (message == nullptr) {
    if (take_operation()) {
      send_error(std::nullopt, error);
    } else {
      close(CloseCode::policy, "too many messages that are not JSON");
    }
    return true;
  }
  if (!has_waited && looks_up(*message) && shard_.context().services.needs_barrier()) return false;
  run_operation(*this, *message);
  return true;
}

void Session::on_control_frame() {
  received_at_ms_ = shard_.now_ms();
  is_pinged_ = false;
  if (++control_frames_ > kControlFramesPerSecondMax) {
    close(CloseCode::policy, "too many control frames");
  }
}

void Session::on_raw_bytes(std::string bytes) {
  if (is_closing_) return;  // our close frame is the last word
  send(std::make_shared<const std::string>(std::move(bytes)), 0);
}

void Session::on_written(bool is_ok) {
  outbox_.written();
  if (!is_ok) {
    is_closing_ = true;
    outbox_.clear();
    abort();
  }
  if (outbox_.is_empty() && has_stale_ && !is_closing_) refresh_stale();
  flush();
  end_sending_if_done();
  finish_if_done();
}

void Session::on_input_ended() {
  end_login();
  if (!is_closing_) abort_at_ms_ = shard_.now_ms() + kCloseGraceMs;
  is_closing_ = true;
  while (!subscriptions_.empty()) unsubscribe(subscriptions_.size() - 1);
  flush();
  end_sending_if_done();
}

void Session::on_read_ended() {
  is_read_ended_ = true;
  outbox_.clear();
  finish_if_done();
}

void Session::end_sending_if_done() {
  if (is_closing_ && !is_read_ended_ && outbox_.is_empty()) end_sending();
}

// The last thing a session does: its shard lets go of it.
void Session::finish_if_done() {
  if (!is_read_ended_ || outbox_.is_writing()) return;
  abort();
  shard_.remove(*this);
}

void Session::offer(Subscription& subscription, const Delivery& delivery) {
  if (is_closing_) return;
  if (delivery.sequence != 0 && delivery.sequence <= subscription.after) return;
  shard_.mark_dirty(*this);
  if (is_private(delivery.topic.channel())) {
    return send(delivery.frame, completed_sequence(delivery.topic.channel(), delivery.sequence));
  }
  if (subscription.is_stale) return;
  shed_.clear();
  if (outbox_.push_public(delivery.frame, delivery.topic, shed_) != Outbox::Push::shed) return;
  for (const Topic topic : shed_) {
    Subscription* lost = find_subscription(topic);
    if (lost == nullptr) continue;
    lost->is_stale = has_present(topic.channel());
    has_stale_ = has_stale_ || lost->is_stale;
  }
}

void Session::flush() {
  if (outbox_.is_writing() || outbox_.is_empty()) return;
  start_write(outbox_.gather());
}

void Session::refresh_stale() {
  has_stale_ = false;
  for (const auto& subscription : subscriptions_) {
    if (!subscription->is_stale) continue;
    subscription->is_stale = false;
    const Snapshot snapshot = shard_.hub().snapshot(subscription->topic);
    subscription->after = snapshot.sequence;
    send_snapshot(snapshot, subscription->topic);
  }
}

void Session::on_key_revoked(uint32_t key_id) {
  if (principal_.agent != 0 && principal_.key_id == key_id) drop_principal("the key was revoked");
}

// No command can come from this socket any more, whatever ended it.
void Session::end_login() {
  if (!std::exchange(cancels_on_disconnect_, false)) return;
  shard_.cancel_orders_of(principal_.agent);
}

void Session::drop_principal(std::string_view why) {
  end_login();
  principal_ = Principal();
  for (std::size_t i = subscriptions_.size(); i-- > 0;) {
    if (is_private(subscriptions_[i]->topic.channel())) unsubscribe(i);
  }
  send_error(std::nullopt,
             ApiError(ResultCode::unauthorized, {}, std::string(why),
                      "private channels and order entry have ended; authenticate again"));
}

void Session::on_events_lost() {
  if (is_closing_) return;
  if (principal_.agent != 0) {
    // A revocation may have been among what was lost, so every authenticated socket goes.
    return close(CloseCode::slow_consumer, "the server fell behind; reconnect and resume");
  }
  for (const auto& subscription : subscriptions_) {
    subscription->is_stale = has_present(subscription->topic.channel());
    has_stale_ = has_stale_ || subscription->is_stale;
  }
  if (outbox_.is_empty() && has_stale_) {
    refresh_stale();
    flush();
  }
}

void Session::sweep(int64_t now_ms, int64_t wall_ms) {
  control_frames_ = 0;
  operations_left_ = std::min(kOperationsBurst, operations_left_ + kOperationsPerSecond);
  if (is_closing_) {
    if (now_ms >= abort_at_ms_) abort();
    return;
  }
  if (principal_.agent != 0 && !shard_.context().authenticator.still_valid(principal_, wall_ms)) {
    drop_principal("the key has expired or was revoked");
  }
  sweep_idle(now_ms);
}

void Session::sweep_idle(int64_t now_ms) {
  if (!is_inside_message()) {
    message_started_at_ms_ = 0;
  } else if (message_started_at_ms_ == 0) {
    message_started_at_ms_ = now_ms;
  } else if (now_ms - message_started_at_ms_ > kMessageDeadlineMs) {
    return close(CloseCode::policy, "a message took too long to arrive");
  }
  const int64_t idle_ms = now_ms - received_at_ms_;
  if (idle_ms > kIdleCloseAfterMs) return close(CloseCode::idle, "no answer to our ping");
  if (!is_pinged_ && idle_ms > ping_after_ms()) {
    is_pinged_ = true;
    send(ping_frame(), 0);
  }
}

// Thousands of sockets that came within a second would all be asked, and answer, within one, too.
int64_t Session::ping_after_ms() const {
  const uint64_t mixed = hash_mix(static_cast<uint64_t>(received_at_ms_), shard_position);
  return kPingAfterMs + static_cast<int64_t>(mixed % (kPingSpreadMs + 1));
}

void Session::close(CloseCode code, std::string_view reason) {
  if (is_closing_) return;
  end_login();
  is_closing_ = true;
  abort_at_ms_ = shard_.now_ms() + kCloseGraceMs;
  const Frame frame = close_frame(code, reason);
  if (code == CloseCode::slow_consumer) outbox_.clear();
  if (outbox_.push_kept(frame, 0) == Outbox::Push::overflow) {
    outbox_.clear();
    const Outbox::Push pushed = outbox_.push_kept(frame, 0);
    PERPETUA_ASSERT(pushed == Outbox::Push::queued);
  }
  flush();
}

void Session::end_soon(CloseCode code) {
  end_code_ = code;
  if (requests_in_flight_ > 0) return;
  close(code, code == CloseCode::going_away
                  ? "the exchange is stopping; reconnect and resume"
                  : "this process is being replaced; reconnect and resume");
}

void Session::send(std::string_view json) { send(text_frame(json), 0); }

void Session::send(Frame frame, uint64_t agent_sequence) {
  if (is_closing_) return;
  if (outbox_.push_kept(std::move(frame), agent_sequence) == Outbox::Push::overflow) {
    const std::string reason =
        "slow consumer; resume_from " + std::to_string(outbox_.last_written_sequence());
    return close(CloseCode::slow_consumer, reason);
  }
  if (!is_dirty) flush();
}

void Session::send_error(std::optional<int64_t> id, const ApiError& error) {
  std::string out = R"({"type":"error","id":)";
  if (id) {
    append_integer(out, *id);
  } else {
    out += "null";
  }
  out += ",\"error\":";
  render_error(out, error);
  out += '}';
  send(out);
}

Subscription* Session::find_subscription(Topic topic) {
  for (const auto& subscription : subscriptions_) {
    if (subscription->topic == topic) return subscription.get();
  }
  return nullptr;
}

void Session::add_subscription(Topic topic, uint64_t after) {
  PERPETUA_ASSERT(has_room_for(1) && find_subscription(topic) == nullptr && !is_read_ended_);
  auto subscription = std::make_unique<Subscription>();
  subscription->session = this;
  subscription->topic = topic;
  subscription->after = after;
  shard_.subscribe(*subscription);
  subscriptions_.push_back(std::move(subscription));
}

bool Session::remove_subscription(Topic topic) {
  for (std::size_t i = 0; i < subscriptions_.size(); ++i) {
    if (subscriptions_[i]->topic != topic) continue;
    unsubscribe(i);
    return true;
  }
  return false;
}

void Session::unsubscribe(std::size_t index) {
  Subscription& subscription = *subscriptions_[index];
  shard_.unsubscribe(subscription);
  const Channel channel = subscription.topic.channel();
  if (is_private(channel) && channel != Channel::position_updates) {
    shard_.hub().unwatch_agent(subscription.topic.agent());
  } else {
    shard_.hub().unwatch(subscription.topic);
  }
  subscriptions_.erase(subscriptions_.begin() + static_cast<std::ptrdiff_t>(index));
}

void Session::send_snapshot(const Snapshot& snapshot, Topic topic) {
  if (snapshot.frame == nullptr || is_closing_) return;
  shed_.clear();
  if (outbox_.push_public(snapshot.frame, topic, shed_) == Outbox::Push::shed) {
    for (const Topic lost : shed_) {
      if (Subscription* subscription = find_subscription(lost)) {
        subscription->is_stale = has_stale_ = true;
      }
    }
  }
  if (!is_dirty) flush();
}

bool Session::take_operation() {
  if (operations_left_ == 0) return false;
  --operations_left_;
  return true;
}

bool Session::begin_request() {
  if (requests_in_flight_ == kRequestsInFlightMax) return false;
  ++requests_in_flight_;
  return true;
}

void Session::end_request() {
  PERPETUA_ASSERT(requests_in_flight_ > 0);
  --requests_in_flight_;
  if (end_code_) end_soon(*end_code_);
}

}  // namespace perpetua::gateway::ws
