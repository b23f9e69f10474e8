// What a session's coroutine waits for beside its socket: outcomes of commands, and the disk.
//
// Included by sources only (Asio). Both resume on the session's io thread.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <span>
#include <vector>

#include "gateway/context.hpp"

namespace perpetua::gateway {

// Submits and waits. If accepted, `replies` holds one reply per submission; there is no timeout.
boost::asio::awaitable<runtime::SubmitResult> execute(GatewayContext& context,
                                                      std::span<runtime::Submission> submissions,
                                                      std::vector<Reply>& replies);

// Runs `work` on the pool; false if it threw.
template <class Work>
boost::asio::awaitable<bool> run_on(boost::asio::thread_pool& pool, boost::asio::io_context& io,
                                    Work work) {
  namespace asio = boost::asio;
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(
      [&pool, &io, &work](auto handler) {
        asio::post(pool, [&io, &work, handler = std::move(handler)]() mutable {
          bool is_done = true;
          try {
            work();
          } catch (const std::exception&) {
            is_done = false;
          }
          asio::post(io, [handler = std::move(handler), is_done]() mutable {
            std::move(handler)(is_done);
          });
        });
      },
      asio::use_awaitable);
}

}  // namespace perpetua::gateway
