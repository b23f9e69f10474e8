#include "gateway/http/io_thread.hpp"

#include <boost/asio/post.hpp>
#include <chrono>
#include <future>

namespace perpetua::gateway {
namespace {

constexpr std::chrono::milliseconds kSweepEvery{250};

}  // namespace

int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int64_t wall_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

IoThread::IoThread(const Shared& s, unsigned index)
    : shared(s),
      context{index,      io,        s.options,       s.commands, s.replies.channel(index),
              s.hot,      s.markets, s.authenticator, s.limiter,  s.metrics,
              s.services, s.hub,     false,           {},         false,
              {}} {}

void IoThread::start() {
  work_.emplace(io.get_executor());
  context.replies.attach([this] { boost::asio::post(io, [this] { context.replies.drain(); }); });
  arm_sweep();
  thread_ = std::thread([this] { io.run(); });
}

void IoThread::begin_drain(int64_t drain_ms) {
  std::promise<void> begun;
  boost::asio::post(io, [&] {
    context.draining = true;
    for (const auto& callback : context.drain_callbacks) callback(drain_ms);
    begun.set_value();
  });
  begun.get_future().wait();
}

void IoThread::begin_stop() {
  boost::asio::post(io, [this] {
    context.stopping = true;
    for (auto session = sessions_.begin(); session != sessions_.end();) {
      (session++)->close_if_idle();
    }
    const auto callbacks = context.stop_callbacks;  // a callback may remove itself
    for (const auto& callback : callbacks) callback();
  });
}

void IoThread::abandon() {
  boost::asio::post(io, [this] {
    for (auto session = sessions_.begin(); session != sessions_.end();) {
      (session++)->close_now();
    }
  });
}

void IoThread::join() {
  if (!thread_.joinable()) return;
  context.replies.detach();
  boost::asio::post(io, [this] {
    context.replies.abandon();
    sweep_timer_.cancel();
    work_.reset();
    io.stop();
  });
  thread_.join();
}

void IoThread::add(SessionBase& session) {
  sessions_.push_back(session);
  count_session(1);
}

void IoThread::remove(SessionBase& session) {
  sessions_.erase(sessions_.iterator_to(session));
  count_session(-1);
}

void IoThread::arm_sweep() {
  sweep_timer_.expires_after(kSweepEvery);
  sweep_timer_.async_wait([this](const boost::system::error_code& code) {
    if (code) return;
    sweep();
    arm_sweep();
  });
}

void IoThread::sweep() {
  const int64_t now_ns = monotonic_ns();
  for (auto session = sessions_.begin(); session != sessions_.end();) {
    SessionBase& current = *session++;
    if (current.deadline_ns < now_ns) current.close_now();
  }
}

}  // namespace perpetua::gateway
