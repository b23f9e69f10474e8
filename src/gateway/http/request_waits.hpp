// RequestWaits: the way of one request from Dispatcher::begin to its reply, as far as it waits for
// others: the read barrier, shared budgets and notes, the disk, the history, outcomes of commands.
//
// Included by sources only (Asio). Runs on the session's io thread. What a wait cannot bring is the
// call's error; what a handler throws is thrown here.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>

#include "gateway/http/call.hpp"
#include "gateway/http/dispatcher.hpp"
#include "gateway/http/io_thread.hpp"

namespace perpetua::gateway {

class RequestWaits {
 public:
  RequestWaits(IoThread& io_thread, Call& call) : io_thread_(io_thread), call_(call) {}

  // Waits for what begin() has asked for (`next`), and what follows from that, until call.error or
  // call.reply holds the answer. `request` and `started_ns` are those that begin() had.
  boost::asio::awaitable<void> run(Next next, const Dispatcher::Request& request,
                                   int64_t started_ns);

 private:
  boost::asio::awaitable<void> wait_for_outcomes();
  boost::asio::awaitable<void> run_on_disk(void (*step)(Call&));
  boost::asio::awaitable<void> locate_on_disk();
  boost::asio::awaitable<void> read_account();
  boost::asio::awaitable<void> ask_note();
  void read_history(void (*step)(Call&));

  IoThread& io_thread_;
  Call& call_;
};

}  // namespace perpetua::gateway
