#include "gateway/http/request_waits.hpp"

#include <optional>

#include "gateway/http/wait.hpp"
#include "stores/history/history_source.hpp"

namespace perpetua::gateway {

using boost::asio::awaitable;

awaitable<void> RequestWaits::run(Next next, const Dispatcher::Request& request,
                                  int64_t started_ns) {
  const Dispatcher& dispatcher = io_thread_.shared.dispatcher;
  while (next == Next::barrier || next == Next::admission || next == Next::locating) {
    if (next == Next::locating) {
      co_await locate_on_disk();
      if (call_.error.is_error()) co_return;
    } else if (next == Next::barrier) {
      co_await barrier_passed(io_thread_.context);
      call_.has_passed_barrier = true;
    } else {
      co_await admit_later(io_thread_.context, call_.asks);
    }
    next = dispatcher.begin(call_, request, started_ns);
  }
  while (next == Next::note) {
    co_await ask_note();
    next = dispatcher.handle(call_);
  }
  if (next == Next::account) {
    co_await read_account();
    next = Dispatcher::respond(call_);
  }
  if (next == Next::blocking) co_await run_on_disk(call_.endpoint->respond);
  while (next == Next::submit) {
    co_await wait_for_outcomes();
    next = call_.error.is_error() ? Next::done : dispatcher.finish(call_);
  }
}

awaitable<void> RequestWaits::wait_for_outcomes() {
  const runtime::SubmitResult result =
      co_await execute(io_thread_.context, call_.submissions, call_.replies);
  if (result == runtime::SubmitResult::overloaded) call_.fail(ResultCode::overloaded);
  if (result == runtime::SubmitResult::shutting_down) call_.fail(ResultCode::shutting_down);
  if (result == runtime::SubmitResult::unavailable) {
    call_.fail(ResultCode::exchange_unavailable, {}, "the journal has no space left");
  }
}

// On a thread of the pool.
void RequestWaits::read_history(void (*step)(Call&)) {
  try {
    step(call_);
  } catch (const stores::HistoryUnavailable&) {  // its source counts and tells it
    call_.awaited_batch = 0;
    call_.fail(ResultCode::exchange_unavailable, {}, "the history cannot be read now");
  }
}

awaitable<void> RequestWaits::run_on_disk(void (*step)(Call&)) {
  call_.may_block = true;
  call_.wants_disk = false;
  for (;;) {
    co_await run_on(io_thread_.shared.disk, io_thread_.io, [=, this] { read_history(step); });
    if (call_.awaited_batch == 0) co_return;
    // A statement of its own: GCC 12 loses a co_await in a loop's condition.
    const bool has_come = co_await history_shows(io_thread_.context, call_.awaited_batch);
    if (!has_come) {
      call_.fail(ResultCode::exchange_unavailable, {}, "the history is behind the exchange");
      co_return;
    }
    call_.awaited_batch = 0;
  }
}

// What was found is noted in the call, which begins anew.
awaitable<void> RequestWaits::locate_on_disk() {
  void (*const locate)(Call&) = [](Call& call) { call.endpoint->rules.locate(call); };
  co_await run_on_disk(locate);
  call_.may_block = false;
}

awaitable<void> RequestWaits::read_account() {
  std::optional<AccountState> shared = co_await account_of(io_thread_.context, call_.account_query);
  call_.take_account(std::move(shared));
}

awaitable<void> RequestWaits::ask_note() {
  NoteAsk ask = std::move(*call_.note_ask);
  NoteAnswer answer = co_await answer_of(io_thread_.context, std::move(ask));
  call_.note_answers.push_back(std::move(answer));
}

}  // namespace perpetua::gateway
