#include "gateway/http/wait.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>

#include "gateway/services.hpp"

namespace perpetua::gateway {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kHistoryPoll{5};

// Owned by the completion alone: if the process ends before the outcome, dropping the completion
// destroys the waiting coroutine; a second owner inside the coroutine would be a cycle.
struct Waiting {
  std::vector<Reply>* replies = nullptr;
  // Set in place: in Boost 1.81 assigning one of these recurses for ever.
  std::optional<asio::any_completion_handler<void()>> handler;
};

}  // namespace

asio::awaitable<runtime::SubmitResult> execute(GatewayContext& context,
                                               std::span<runtime::Submission> submissions,
                                               std::vector<Reply>& replies) {
  auto owner = std::make_shared<Waiting>();
  Waiting* const waiting = owner.get();
  waiting->replies = &replies;
  const runtime::SubmitResult result = context.replies.submit(
      context.commands, submissions, [owner](std::span<const Reply> arrived) {
        owner->replies->assign(arrived.begin(), arrived.end());
        std::move (*owner->handler)();
      });
  owner.reset();
  if (result != runtime::SubmitResult::accepted) co_return result;
  // Outcomes arrive through this thread's queue, so none can come before the handler is in place.
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [waiting](auto handler) { waiting->handler.emplace(std::move(handler)); },
      asio::use_awaitable);
  co_return result;
}

// Polled: the writer commits some twenty times a second and knows nothing of who reads.
asio::awaitable<bool> history_shows(GatewayContext& context, BatchNumber batch) {
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::milliseconds(context.options.history_wait_ms);
  asio::steady_timer pause(context.io);
  while (context.services.history_batch() < batch) {
    if (std::chrono::steady_clock::now() > end) co_return false;
    pause.expires_after(kHistoryPoll);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return true;
}

}  // namespace perpetua::gateway
