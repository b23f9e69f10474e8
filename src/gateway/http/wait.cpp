#include "gateway/http/wait.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>

#include "gateway/auth/authenticator.hpp"
#include "gateway/hub/services.hpp"
#include "gateway/limits/rate_limiter.hpp"
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

void ask_budget(GatewayContext& context, const AdmissionAsks& asks, std::function<void()> done) {
  const auto limit_class = static_cast<LimitClass>(asks.limit_class);
  SharedWindow* window = context.services.hub->window_of(limit_class);
  if (window != nullptr) return window->ask(asks.agent, asks.now_ns, std::move(done));
  context.limiter.ask(limit_class, asks.agent, asks.now_ns, std::move(done));
}

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
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(context.options.history_wait_ms);
  asio::steady_timer pause(context.io);
  while (context.services.history_batch() < batch) {
    if (std::chrono::steady_clock::now() > end) co_return false;
    pause.expires_after(kHistoryPoll);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return true;
}

// The far side's thread hands the answer over to the session's. Callbacks are copied on their way
// (std::function), a handler cannot be: hence the shared owner.
asio::awaitable<std::optional<AccountState>> account_of(GatewayContext& context,
                                                        const AccountQuery& query) {
  using State = std::optional<AccountState>;
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(State)>(
      [&context, &query](auto handler) {
        auto owner = std::make_shared<decltype(handler)>(std::move(handler));
        context.services.account_reads->read(query, [&io = context.io, owner](State state) {
          asio::post(io, [owner, state = std::move(state)]() mutable {
            std::move (*owner)(std::move(state));
          });
        });
      },
      asio::use_awaitable);
}

asio::awaitable<void> barrier_passed(GatewayContext& context) {
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [&context](auto handler) {
        auto owner = std::make_shared<decltype(handler)>(std::move(handler));
        context.services.read_barrier->wait([&io = context.io, owner] {
          asio::post(io, [owner]() mutable { std::move (*owner)(); });
        });
      },
      asio::use_awaitable);
}

asio::awaitable<NoteAnswer> answer_of(GatewayContext& context, NoteAsk ask) {
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(NoteAnswer)>(
      [&context, &ask](auto handler) {
        auto owner = std::make_shared<decltype(handler)>(std::move(handler));
        context.services.notes.ask(std::move(ask), [&io = context.io, owner](NoteAnswer answer) {
          asio::post(io, [owner, answer = std::move(answer)]() mutable {
            std::move (*owner)(std::move(answer));
          });
        });
      },
      asio::use_awaitable);
}

asio::awaitable<void> admit_later(GatewayContext& context, AdmissionAsks& asks) {
  using Key = std::optional<stores::KeyView>;
  if (asks.key) {
    const Sha256 sha256 = *asks.key;
    asks.key.reset();
    asks.found_key = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Key)>(
        [&context, &sha256](auto handler) {
          auto owner = std::make_shared<decltype(handler)>(std::move(handler));
          context.authenticator.ask(sha256, [&io = context.io, owner](const Key& key) {
            asio::post(io, [owner, key]() mutable { std::move (*owner)(key); });
          });
        },
        asio::use_awaitable);
  }
  if (!asks.needs_budget) co_return;
  asks.needs_budget = false;
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [&context, &asks](auto handler) {
        auto owner = std::make_shared<decltype(handler)>(std::move(handler));
        ask_budget(context, asks, [&io = context.io, owner] {
          asio::post(io, [owner]() mutable { std::move (*owner)(); });
        });
      },
      asio::use_awaitable);
}

}  // namespace perpetua::gateway
