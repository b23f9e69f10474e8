// What a session's coroutine waits for beside its socket: outcomes of commands, the history's
// writer, and the disk.
//
// Included by sources only (Asio). All resume on the session's io thread.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <span>
#include <vector>

#include "gateway/account_reads.hpp"
#include "gateway/admission.hpp"
#include "gateway/context.hpp"
#include "gateway/shared_notes.hpp"

namespace perpetua::gateway {

// Submits and waits. If accepted, `replies` holds one reply per submission; there is no timeout.
boost::asio::awaitable<runtime::SubmitResult> execute(GatewayContext& context,
                                                      std::span<runtime::Submission> submissions,
                                                      std::vector<Reply>& replies);

// Waits until history shows the batch; false after ServerOptions::history_wait_ms.
boost::asio::awaitable<bool> history_shows(GatewayContext& context, BatchNumber batch);

// Reads an account from where all processes share it; nullopt: it could not be read.
boost::asio::awaitable<std::optional<AccountState>> account_of(GatewayContext& context,
                                                               const AccountQuery& query);

// Waits for the answers that an admission lacks. Without them after all, the request goes on by
// what this process knows itself.
boost::asio::awaitable<void> admit_later(GatewayContext& context, AdmissionAsks& asks);

// Waits for the read barrier. REQUIRES: there is one.
boost::asio::awaitable<void> barrier_passed(GatewayContext& context);

boost::asio::awaitable<NoteAnswer> answer_of(GatewayContext& context, NoteAsk ask);

// Runs `work` on the pool; what it throws is thrown here.
template <class Work>
boost::asio::awaitable<void> run_on(boost::asio::thread_pool& pool, boost::asio::io_context& io,
                                    Work work) {
  namespace asio = boost::asio;
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
      [&pool, &io, &work](auto handler) {
        asio::post(pool, [&io, &work, handler = std::move(handler)]() mutable {
          std::exception_ptr failure;
          try {
            work();
          } catch (...) {
            failure = std::current_exception();
          }
          asio::post(io, [handler = std::move(handler), failure = std::move(failure)]() mutable {
            std::move(handler)(std::move(failure));
          });
        });
      },
      asio::use_awaitable);
}

}  // namespace perpetua::gateway
