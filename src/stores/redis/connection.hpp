// Connection: one pipelined place in a node's pool; reconnects for as long as it is not retired.
//
// Commands go out in the order of send(); replies come in that order. While the first bytes of a
// link are not through, commands wait; while the server is away they are given back at once
// (on_not_sent). When a link breaks, commands whose write had begun are lost, the others given
// back. A link that is idle for half of stall_timeout_ms is asked with one PING, so that a server
// which vanished without a word is found without a command.
// Owned by shared_ptr; on the client's thread. Included by sources only (Asio).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "stores/redis/backoff.hpp"
#include "stores/redis/batch.hpp"
#include "stores/redis/link.hpp"

namespace perpetua::redis {

class Connection;

class ConnectionOwner {
 public:
  virtual void connection_ready(Connection& connection) = 0;
  // `was_ready` false: an attempt failed.
  virtual void connection_lost(Connection& connection, bool was_ready) = 0;
  virtual std::minstd_rand& random() = 0;

 protected:
  ~ConnectionOwner() = default;
};

// Commands of one batch for one connection.
struct Slice {
  struct Entry {
    uint32_t command = 0;
    bool is_asking = false;  // ASKING goes before it
  };
  std::shared_ptr<Batch> batch;
  std::vector<Entry> entries;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  enum class State : uint8_t { connecting, ready, away };

  Connection(const LinkSetup& setup, ConnectionOwner& owner, Endpoint endpoint);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  void send(Slice slice);
  // Ends when nothing is owed any more; hears and tells no owner from here on.
  void retire();
  void close();  // now; nobody is told anything
  // Closes a link that owes replies and has brought none since `before_ns`.
  bool close_if_stalled(int64_t before_ns);

  State state() const { return state_; }
  const Endpoint& endpoint() const { return endpoint_; }
  std::size_t owed() const { return owed_; }  // replies, and commands that wait for the link
  bool has_in_flight() const { return !in_flight_.empty(); }
  const std::string& last_error() const { return last_error_; }

 private:
  struct InFlight {
    Slice slice;  // without a batch: one PING of the connection itself
    std::size_t answered = 0;
    bool has_asked = false;     // the reply to the next entry's ASKING has come
    uint64_t begin_offset = 0;  // of its bytes in the link
    int64_t since_ns = 0;
  };

  static boost::asio::awaitable<void> keep(std::shared_ptr<Connection> self);
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<void> pause();
  void become_ready();
  void become_away(const std::string& error);
  void append(Slice slice);
  void schedule_flush();
  void arm_watch();
  void watch();
  void ping();
  bool take_reply(Reply&& reply);
  void give_back(const Slice& slice);
  void end_if_drained();

  const LinkSetup setup_;
  ConnectionOwner* owner_;
  const Endpoint endpoint_;
  State state_ = State::connecting;
  std::shared_ptr<Link> link_;
  boost::asio::steady_timer pause_timer_;
  boost::asio::steady_timer watch_timer_;
  Backoff backoff_;
  int64_t ready_since_ns_ = 0;
  std::deque<InFlight> in_flight_;
  std::vector<Slice> waiting_;  // for the link
  std::size_t owed_ = 0;
  std::string last_error_;
  bool is_flush_scheduled_ = false;
  bool is_retired_ = false;
};

}  // namespace perpetua::redis
