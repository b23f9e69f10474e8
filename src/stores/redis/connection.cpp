#include "stores/redis/connection.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

namespace perpetua::redis {
namespace {

namespace asio = boost::asio;
using asio::awaitable;

constexpr std::string_view kAsking = "*1\r\n$6\r\nASKING\r\n";
constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";
constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kSteadyNs = 1'000'000'000;  // a link that lived so long starts the back-off anew
constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

Connection::Connection(const LinkSetup& setup, ConnectionOwner& owner, Endpoint endpoint)
    : setup_(setup),
      owner_(&owner),
      endpoint_(std::move(endpoint)),
      pause_timer_(setup.io),
      watch_timer_(setup.io),
      backoff_(setup.options.backoff_min_ms, setup.options.backoff_max_ms) {}

void Connection::start() { asio::co_spawn(setup_.io, keep(shared_from_this()), asio::detached); }

awaitable<void> Connection::keep(std::shared_ptr<Connection> self) { co_await self->run(); }

awaitable<void> Connection::run() {
  while (!is_retired_) {
    state_ = State::connecting;
    link_ = std::make_shared<Link>(setup_);
    std::string error = co_await link_->open(endpoint_);
    if (error.empty() && !is_retired_) {
      become_ready();
      Link::ReplyHandler on_reply = [this](Reply&& reply) { return take_reply(std::move(reply)); };
      error = co_await link_->read(std::move(on_reply));
    }
    become_away(error);
    if (!is_retired_) co_await pause();
  }
}

awaitable<void> Connection::pause() {
  pause_timer_.expires_after(std::chrono::milliseconds(backoff_.next_ms(owner_->random())));
  co_await pause_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
}

void Connection::become_ready() {
  state_ = State::ready;
  last_error_.clear();
  ready_since_ns_ = monotonic_ns();
  setup_.counters.connects.fetch_add(1, kRelaxed);
  for (Slice& slice : std::exchange(waiting_, {})) {
    owed_ -= slice.entries.size();
    append(std::move(slice));
  }
  arm_watch();
  owner_->connection_ready(*this);
}

// What comes back here may be sent again at once, to this connection, too: it must be away by then.
void Connection::become_away(const std::string& error) {
  const bool was_ready = state_ == State::ready;
  state_ = State::away;
  last_error_ = to_string(endpoint_) + ": " + error;
  link_->close();
  watch_timer_.cancel();
  if (was_ready && monotonic_ns() - ready_since_ns_ >= kSteadyNs) backoff_.reset();
  auto& counters = setup_.counters;
  (was_ready ? counters.disconnects : counters.connect_failures).fetch_add(1, kRelaxed);
  owed_ = 0;
  const auto in_flight = std::exchange(in_flight_, {});
  const auto waiting = std::exchange(waiting_, {});
  for (const InFlight& entry : in_flight) {
    if (entry.slice.batch == nullptr) continue;
    const bool is_sent = entry.begin_offset < link_->started_bytes();
    for (std::size_t at = entry.answered; at < entry.slice.entries.size(); ++at) {
      const uint32_t command = entry.slice.entries[at].command;
      if (is_sent) {
        entry.slice.batch->on_lost(command, last_error_);
      } else {
        entry.slice.batch->on_not_sent(command, last_error_);
      }
    }
  }
  for (const Slice& slice : waiting) give_back(slice);
  if (owner_ != nullptr && !is_retired_) owner_->connection_lost(*this, was_ready);
}

void Connection::give_back(const Slice& slice) {
  for (const Slice::Entry& entry : slice.entries) {
    slice.batch->on_not_sent(entry.command, last_error_);
  }
}

void Connection::send(Slice slice) {
  if (state_ == State::away || is_retired_) return give_back(slice);
  if (state_ == State::ready) return append(std::move(slice));
  owed_ += slice.entries.size();
  waiting_.push_back(std::move(slice));
}

void Connection::append(Slice slice) {
  if (slice.batch->is_finished()) return;
  InFlight entry;
  entry.begin_offset = link_->queued_bytes();
  entry.since_ns = monotonic_ns();
  std::string& out = link_->out();
  for (const Slice::Entry& command : slice.entries) {
    if (command.is_asking) out += kAsking;
    slice.batch->append_wire(command.command, out);
  }
  owed_ += slice.entries.size();
  entry.slice = std::move(slice);
  in_flight_.push_back(std::move(entry));
  schedule_flush();
}

// After whatever else is ready to run: what many callers submit together leaves in one write.
void Connection::schedule_flush() {
  if (is_flush_scheduled_) return;
  is_flush_scheduled_ = true;
  asio::post(setup_.io, [self = shared_from_this()] {
    self->is_flush_scheduled_ = false;
    self->link_->flush();
  });
}

void Connection::arm_watch() {
  watch_timer_.expires_after(std::chrono::milliseconds(setup_.options.stall_timeout_ms / 2));
  watch_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& code) {
    const auto self = weak.lock();
    if (!code && self != nullptr && self->state_ == State::ready) self->watch();
  });
}

void Connection::watch() {
  const int64_t now_ns = monotonic_ns();
  const int64_t stall_ns = setup_.options.stall_timeout_ms * kNsPerMs;
  if (close_if_stalled(now_ns - stall_ns)) return;
  const bool is_idle = in_flight_.empty() && link_->last_read_ns() <= now_ns - stall_ns / 2;
  if (is_idle && !is_retired_) ping();
  arm_watch();
}

void Connection::ping() {
  InFlight entry;
  entry.slice.entries.resize(1);
  entry.begin_offset = link_->queued_bytes();
  entry.since_ns = monotonic_ns();
  link_->out() += kPing;
  ++owed_;
  in_flight_.push_back(std::move(entry));
  setup_.counters.pings.fetch_add(1, kRelaxed);
  schedule_flush();
}

bool Connection::take_reply(Reply&& reply) {
  if (in_flight_.empty()) return false;
  InFlight& front = in_flight_.front();
  const Slice::Entry entry = front.slice.entries[front.answered];
  if (entry.is_asking && !front.has_asked) {
    front.has_asked = true;
    return true;
  }
  front.has_asked = false;
  --owed_;
  if (++front.answered < front.slice.entries.size()) {
    front.slice.batch->on_reply(entry.command, endpoint_, std::move(reply));
    return true;
  }
  // Out of the queue first: the reply may end a round and bring the batch's next slice.
  const std::shared_ptr<Batch> batch = std::move(front.slice.batch);
  in_flight_.pop_front();
  if (batch != nullptr) batch->on_reply(entry.command, endpoint_, std::move(reply));
  end_if_drained();
  return true;
}

void Connection::retire() {
  is_retired_ = true;
  owner_ = nullptr;
  pause_timer_.cancel();
  const auto waiting = std::exchange(waiting_, {});
  for (const Slice& slice : waiting) {
    owed_ -= slice.entries.size();
    give_back(slice);
  }
  end_if_drained();
}

void Connection::end_if_drained() {
  if (is_retired_ && in_flight_.empty() && link_ != nullptr) link_->close();
}

void Connection::close() {
  is_retired_ = true;
  owner_ = nullptr;
  pause_timer_.cancel();
  watch_timer_.cancel();
  if (link_ != nullptr) link_->close();
}

bool Connection::close_if_stalled(int64_t before_ns) {
  if (state_ != State::ready || in_flight_.empty()) return false;
  if (std::max(in_flight_.front().since_ns, link_->last_read_ns()) >= before_ns) return false;
  setup_.counters.stalls.fetch_add(1, kRelaxed);
  link_->close("no reply for " + std::to_string(setup_.options.stall_timeout_ms) + " ms");
  return true;
}

}  // namespace perpetua::redis
