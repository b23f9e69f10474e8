#include "cluster/remote_port.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/assert.hpp"
#include "cluster/entry_format.hpp"
#include "cluster/origin.hpp"
#include "cluster/remote_state.hpp"
#include "cluster/streams.hpp"

namespace perpetua::cluster {
namespace {

constexpr std::chrono::milliseconds kTickEvery{20};
constexpr int64_t kNsPerMs = 1'000'000;

int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool is_marker(const Command& command) {
  return command.header.type == CommandType::consume_stream;
}

}  // namespace

class RemotePort::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(redis::Client& client, RemotePortOptions options, OnEnded on_ended)
      : client_(client),
        options_(std::move(options)),
        on_ended_(std::move(on_ended)),
        state_(options_) {}

  void start() {
    thread_ = std::thread([this] { run(); });
  }
  runtime::SubmitResult submit(std::span<runtime::Submission> submissions);
  void close();
  void stop();
  void fill_targets(const BatchInput& batch, std::vector<runtime::ReplyTarget>& targets);
  RemotePortCounters counters() const;

 private:
  RemoteRequest make_request(std::span<runtime::Submission> submissions, std::string& symbol);
  bool has_spares() const { return client_.masters().size() > 1; }
  void run();
  void send_all();
  void send(RemoteState::Append append);
  void append_done(uint16_t stream, std::size_t entries, const redis::Reply& reply);

  redis::Client& client_;
  const RemotePortOptions options_;
  const OnEnded on_ended_;
  const runtime::SystemClock system_clock_;
  std::atomic<uint64_t> tokens_{0};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  RemoteState state_;  // guarded, with the flags
  bool is_closed_ = false;
  bool is_stopped_ = false;
  std::thread thread_;
};

RemoteRequest RemotePort::Impl::make_request(std::span<runtime::Submission> submissions,
                                             std::string& symbol) {
  const runtime::Clock& clock = options_.clock != nullptr ? *options_.clock : system_clock_;
  const int64_t latest_ms = clock.now_ms() + options_.command_timeout_ms;
  RemoteRequest request;
  for (runtime::Submission& submission : submissions) {
    int64_t& valid_until_ms = submission.command.header.valid_until_ms;
    valid_until_ms = valid_until_ms == 0 ? latest_ms : std::min(valid_until_ms, latest_ms);
    request.commands.push_back(submission.command);
    request.targets.push_back(submission.target);
  }
  request.token = tokens_.fetch_add(1) + 1;
  request.payload = encode_entry(options_.gateway, request.token, submissions);
  request.deadline_ns = monotonic_ns() + options_.command_timeout_ms * kNsPerMs;
  const CommandHeader& first = submissions.front().command.header;
  request.agent = first.agent;
  request.stream = kAccountsStream;
  if (first.market < limits::kMarketsMax && options_.symbol) symbol = options_.symbol(first.market);
  if (!symbol.empty()) request.stream = first.market;
  request.is_repeatable = is_repeatable(submissions);
  request.only_cancels = std::ranges::all_of(submissions, [](const auto& submission) {
    return is_cancel(submission.command.header.type);
  });
  return request;
}

runtime::SubmitResult RemotePort::Impl::submit(std::span<runtime::Submission> submissions) {
  PERPETUA_ASSERT(!submissions.empty() && submissions.size() <= limits::kOrdersPerRequestMax);
  std::size_t text_bytes = 0;
  for (const runtime::Submission& submission : submissions) text_bytes += submission.text.size();
  if (text_bytes > kEntryTextBytesMax) return runtime::SubmitResult::overloaded;
  std::string symbol;
  RemoteRequest request = make_request(submissions, symbol);
  const std::lock_guard lock(mutex_);
  if (is_closed_) return runtime::SubmitResult::shutting_down;
  const bool was_idle = state_.is_idle();
  const bool is_away = state_.counters().streams_away > 0;
  const auto result =
      state_.admit(std::move(request), symbol, is_away && has_spares(), monotonic_ns());
  if (result != runtime::SubmitResult::accepted) return result;
  send_all();
  if (was_idle) changed_.notify_all();
  return result;
}

void RemotePort::Impl::send_all() {
  while (auto append = state_.next_append(monotonic_ns())) send(std::move(*append));
}

void RemotePort::Impl::send(RemoteState::Append append) {
  const uint16_t stream = append.stream;
  redis::CallOptions call;
  call.timeout_ms = options_.append_timeout_ms;
  const auto submitted = client_.submit(std::move(append.request), call,
                                        [weak = weak_from_this(), stream, entries = append.entries](
                                            std::vector<redis::Reply>&& replies) {
                                          const auto self = weak.lock();
                                          if (self != nullptr)
                                            self->append_done(stream, entries, replies.front());
                                        });
  if (submitted == redis::Submit::accepted) return;
  AppendResult result;
  result.kind = AppendResult::Kind::not_executed;
  state_.append_done(stream, result, has_spares(), monotonic_ns());
}

void RemotePort::Impl::append_done(uint16_t stream, std::size_t entries,
                                   const redis::Reply& reply) {
  const std::lock_guard lock(mutex_);
  if (is_stopped_) return;
  state_.append_done(stream, read_append(reply, entries), has_spares(), monotonic_ns());
  send_all();
  if (state_.has_ended()) changed_.notify_all();
}

void RemotePort::Impl::run() {
  std::unique_lock lock(mutex_);
  while (!is_stopped_) {
    state_.tick(has_spares(), monotonic_ns());
    send_all();
    const std::vector<Ended> ended = state_.take_ended();
    if (!ended.empty()) {
      lock.unlock();
      on_ended_(ended);
      lock.lock();
    } else if (state_.is_idle()) {
      changed_.wait(lock);
    } else {
      changed_.wait_for(lock, kTickEvery);
    }
  }
}

void RemotePort::Impl::fill_targets(const BatchInput& batch,
                                    std::vector<runtime::ReplyTarget>& targets) {
  PERPETUA_ASSERT(targets.size() == batch.commands.size());
  const bool has_markers = std::ranges::any_of(batch.commands, is_marker);
  if (!has_markers) return;
  const std::lock_guard lock(mutex_);
  if (is_stopped_) return;
  for_each_origin(batch, [&](const Origin& origin, std::size_t first) {
    if (origin.gateway != options_.gateway) return;
    const std::vector<runtime::ReplyTarget> found = state_.take(origin.token, origin.count);
    std::ranges::copy(found, targets.begin() + static_cast<std::ptrdiff_t>(first));
  });
  for (const Command& command : batch.commands) {
    if (is_marker(command)) state_.consumed(command.consume.stream, command.consume.last);
  }
  send_all();
  if (state_.has_ended()) changed_.notify_all();
}

void RemotePort::Impl::close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
}

void RemotePort::Impl::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = is_stopped_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

RemotePortCounters RemotePort::Impl::counters() const {
  const std::lock_guard lock(mutex_);
  return state_.counters();
}

RemotePort::RemotePort(redis::Client& client, RemotePortOptions options, OnEnded on_ended)
    : impl_(std::make_shared<Impl>(client, std::move(options), std::move(on_ended))) {
  impl_->start();
}

RemotePort::~RemotePort() { impl_->stop(); }

runtime::SubmitResult RemotePort::submit(std::span<runtime::Submission> submissions) {
  return impl_->submit(submissions);
}

void RemotePort::close() { impl_->close(); }

void RemotePort::stop() { impl_->stop(); }

void RemotePort::fill_targets(const BatchInput& batch, std::vector<runtime::ReplyTarget>& targets) {
  impl_->fill_targets(batch, targets);
}

RemotePortCounters RemotePort::counters() const { return impl_->counters(); }

}  // namespace perpetua::cluster
