// IoThread: one io_context with one thread, its context and its sessions.
//
// Sessions keep a deadline as a number; one sweep every kSweepEvery closes those that passed it,
// which costs less than arming a timer for each read. Everything but start, stop and join runs on
// the thread itself.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/intrusive/list.hpp>
#include <optional>
#include <thread>

#include "gateway/context.hpp"

namespace perpetua::gateway {

class ClientAddress;
class Dispatcher;

int64_t monotonic_ns();
int64_t wall_clock_ms();

// What the sweep and stop() need to know of a session.
class SessionBase : public boost::intrusive::list_base_hook<> {
 public:
  virtual ~SessionBase() = default;
  virtual void close_now() = 0;      // the deadline has passed
  virtual void close_if_idle() = 0;  // the server stops: no request is being answered

  int64_t deadline_ns = INT64_MAX;
};

class IoThread {
 public:
  struct Shared {
    const ServerOptions& options;
    runtime::CommandPort& commands;
    ReplyRouter& replies;
    const stores::HotStore& hot;
    const MarketDirectory& markets;
    const Authenticator& authenticator;
    RateLimiter& limiter;
    GatewayMetrics& metrics;
    const GatewayServices& services;
    const Dispatcher& dispatcher;
    boost::asio::thread_pool& disk;  // for what may block
    ws::Hub* hub;
    const ClientAddress& clients;
  };
  IoThread(const Shared& shared, unsigned index);
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  void start();
  // Every session ends with its next answer. Returns when it has begun, and those that were started
  // before are counted.
  void begin_drain(int64_t drain_ms);
  void begin_stop();  // sessions answer what they have and close
  void abandon();     // close what is left
  void join();
  // Any thread: sessions that are still open, WebSocket ones too.
  int sessions() const { return session_count_.load(std::memory_order_acquire); }

  void add(SessionBase& session);
  void remove(SessionBase& session);
  void count_session(int change) { session_count_.fetch_add(change, std::memory_order_acq_rel); }

 private:
  // Declared first, destroyed last: the io_context's end destroys sessions, which leave the list.
  boost::intrusive::list<SessionBase> sessions_;
  std::atomic<int> session_count_{0};

 public:
  boost::asio::io_context io{1};
  const Shared shared;
  GatewayContext context;

 private:
  void arm_sweep();
  void sweep();

  boost::asio::steady_timer sweep_timer_{io};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::thread thread_;
};

}  // namespace perpetua::gateway
