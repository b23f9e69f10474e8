// Session: one HTTP connection, from accept to close. A coroutine on its io thread.
//
//   read request -> Dispatcher::begin -> (wait for outcomes or disk) -> finish -> write reply
//
// Replies are written in the order of the requests; pipelined requests share one write as long as
// none has to be waited for. Deadlines: header_timeout from a request's first byte to its end, idle
// between requests, write_timeout for a reply. A request that was submitted is always waited for.
// An exception while a request is answered is logged and answered 500 `internal_error`, then the
// connection closes; one elsewhere is logged and closes it.
// An Upgrade at /ws hands the socket to gateway::ws::serve.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include "gateway/http/connection_limiter.hpp"
#include "gateway/http/io_thread.hpp"

namespace perpetua::gateway {

// Starts the session on the io thread; any thread may call.
void start_session(IoThread& io_thread, boost::asio::ip::tcp::socket socket,
                   ConnectionLimiter::Lease lease);

}  // namespace perpetua::gateway
