#include "stores/redis/client.hpp"

#include <future>
#include <utility>

#include "base/assert.hpp"
#include "stores/redis/core.hpp"

namespace perpetua::redis {

const char* to_string(Failure failure) {
  switch (failure) {
    case Failure::none:
      return "none";
    case Failure::overloaded:
      return "overloaded";
    case Failure::unavailable:
      return "unavailable";
    case Failure::unknown:
      return "unknown";
    case Failure::stopped:
      return "stopped";
  }
  return "";
}

const char* to_string(Health::State state) {
  switch (state) {
    case Health::State::stopped:
      return "stopped";
    case Health::State::connecting:
      return "connecting";
    case Health::State::ready:
      return "ready";
    case Health::State::degraded:
      return "degraded";
    case Health::State::down:
      return "down";
  }
  return "";
}

std::vector<Reply> refusal(Submit submit, std::size_t commands) {
  const bool is_stopped = submit == Submit::stopped;
  return {commands, is_stopped
                        ? Reply::failed(Failure::stopped, "the client is stopped")
                        : Reply::failed(Failure::overloaded, "too many commands are waiting")};
}

Client::Client(Options options) : core_(std::make_shared<Core>(std::move(options))) {}

Client::~Client() { core_->stop(); }

bool Client::start(std::string& error, std::function<void(const Notice&)> on_notice) {
  return core_->start(error, std::move(on_notice));
}

void Client::stop() { core_->stop(); }

Submit Client::submit(Request request, const CallOptions& options, Callback callback) {
  return core_->submit(std::move(request), options, std::move(callback));
}

std::vector<Reply> Client::call(Request request, const CallOptions& options) {
  PERPETUA_ASSERT(!core_->is_own_thread());
  const std::size_t commands = request.size();
  // Shared: this function may return while the client's thread is still inside set_value().
  const auto promise = std::make_shared<std::promise<std::vector<Reply>>>();
  auto replies = promise->get_future();
  const Submit result =
      submit(std::move(request), options,
             [promise](std::vector<Reply>&& arrived) { promise->set_value(std::move(arrived)); });
  return result == Submit::accepted ? replies.get() : refusal(result, commands);
}

Health Client::health() const { return core_->health(); }

const Counters& Client::counters() const { return core_->counters; }

std::vector<Endpoint> Client::masters() const { return core_->masters(); }

}  // namespace perpetua::redis
