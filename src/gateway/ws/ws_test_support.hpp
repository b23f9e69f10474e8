// For tests of /ws: a real engine, hot store, hub and one io thread behind a real loopback socket,
// and a client with deadlines. Batches are run by the test's thread, which plays the egress thread.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include "engine/test_support.hpp"
#include "gateway/auth/authenticator.hpp"
#include "gateway/codec/markets.hpp"
#include "gateway/context.hpp"
#include "gateway/failure_log.hpp"
#include "gateway/limits/rate_limiter.hpp"
#include "gateway/local_notes.hpp"
#include "gateway/metrics.hpp"
#include "gateway/services.hpp"
#include "gateway/ws/hub.hpp"
#include "gateway/ws/session.hpp"
#include "gateway/ws/upgrade.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::gateway::ws::test {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
namespace websocket = beast::websocket;
using net::ip::tcp;

constexpr std::chrono::seconds kDeadline{10};

inline int64_t wall_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Polls until the condition holds; false after the deadline.
inline bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kDeadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

inline std::string text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->get_string().data(), value->get_string().size());
}

inline int64_t number_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  return value != nullptr && value->is_int64() ? value->get_int64() : -1;
}

inline std::string code_of(const json::object& message) {
  const json::value* error = message.if_contains("error");
  return error != nullptr ? text_of(error->get_object(), "code") : std::string();
}

// Keeps what was submitted until the test runs it.
class TestPort final : public runtime::CommandPort {
 public:
  runtime::SubmitResult submit(std::span<runtime::Submission> submissions) override {
    const std::lock_guard lock(mutex_);
    if (is_broken) throw std::runtime_error("broken on purpose");
    if (answer != runtime::SubmitResult::accepted) return answer;
    for (runtime::Submission& submission : submissions) queue_.push_back(std::move(submission));
    return answer;
  }
  std::vector<runtime::Submission> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(queue_, {});
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return queue_.size();
  }
  std::atomic<bool> is_broken{false};  // submit() throws
  std::atomic<runtime::SubmitResult> answer{runtime::SubmitResult::accepted};

 private:
  std::mutex mutex_;
  std::vector<runtime::Submission> queue_;
};

struct TestAgent {
  AgentId id = 0;
  std::string key;
  uint32_t key_id = 0;
};

class TestGateway {
 public:
  // Without a thread the test runs the io_context itself (io().poll()) and nothing is accepted.
  enum class Io { threaded, by_hand };

  explicit TestGateway(const FeedIntervals& intervals = {0, 0, 0},
                       const RateOptions& rates = no_limits(), Io io = Io::threaded,
                       ReadBarrier* barrier = nullptr)
      : limiter_(rates, limits::kAgentsMax),
        hub(hot, 1, intervals),
        services_{.failures = failures_, .notes = notes_, .read_barrier = barrier},
        acceptor_(io_) {
    for (const char* symbol : {"BTC-PERP", "ETH-PERP"}) {
      const MarketSpec spec = perpetua::test::make_spec(symbol);
      run(Command(CommandType::create_market),
          std::string_view(reinterpret_cast<const char*>(&spec), sizeof spec));
    }
    set_price(0, 60'000);
    set_price(1, 3'000);
    if (io == Io::by_hand) return;
    acceptor_.open(tcp::v4());
    acceptor_.bind({net::ip::address_v4::loopback(), 0});
    acceptor_.listen();
    router_.channel(0).attach([this] { net::post(io_, [this] { router_.channel(0).drain(); }); });
    net::co_spawn(io_, accept(), net::detached);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~TestGateway() {
    if (!thread_.joinable()) return;
    stop();
    router_.channel(0).detach();
    io_.stop();
    thread_.join();
  }

  static RateOptions no_limits() {
    RateOptions rates;
    rates.agent_mutations = rates.agent_cancels = rates.agent_reads = rates.address_reads =
        rates.address_registrations = rates.global_mutations = Budget{};
    return rates;
  }

  uint16_t port() const { return acceptor_.local_endpoint().port(); }

  // As the server does it.
  void drain(int64_t drain_ms) {
    net::post(io_, [this, drain_ms] {
      context_.draining = true;
      for (const auto& callback : context_.drain_callbacks) callback(drain_ms);
    });
  }

  // As the server's stop does it; returns when the close frames are queued.
  void stop() {
    std::promise<void> done;
    net::post(io_, [&] {
      context_.stopping = true;
      for (const auto& callback : context_.stop_callbacks) callback();
      done.set_value();
    });
    done.get_future().wait();
  }

  Outcome run(const Command& command, std::string_view text = {}) {
    add(command, text);
    run_added({});
    return output_.outcomes.back();
  }
  void run_all(const std::vector<Command>& commands) {
    for (const Command& command : commands) add(command, {});
    run_added({});
  }
  // What the sockets submitted, once it is `count` commands, as one batch.
  bool run_submitted(std::size_t count) {
    if (!eventually([&] { return port_.size() >= count; })) return false;
    std::vector<runtime::ReplyTarget> targets;
    for (const runtime::Submission& submission : port_.take()) {
      add(submission.command, submission.text);
      targets.push_back(submission.target);
    }
    run_added(std::move(targets));
    return true;
  }

  // What the sockets submitted, once it is `count` commands, is never answered.
  bool give_up_submitted(std::size_t count) {
    if (!eventually([&] { return port_.size() >= count; })) return false;
    std::vector<runtime::ReplyTarget> targets;
    for (const runtime::Submission& submission : port_.take()) targets.push_back(submission.target);
    router_.give_up(targets);
    return true;
  }

  // Log time of the next batch is at least that far ahead of the last one's.
  void pass_ms(int64_t ms) { now_ms_ += ms; }

  void set_price(MarketId market, int64_t ticks) {
    Command command(CommandType::update_price, 0, market);
    command.update_price.price = Price(ticks);
    command.update_price.source_time_ms = wall_now_ms();
    run(command);
  }

  // Log time goes on by so much, and every market with it.
  void advance(int64_t duration_ms) {
    now_ms_ = std::max(now_ms_, wall_now_ms()) + duration_ms;
    run(Command(CommandType::tick));
  }

  TestAgent add_agent(uint8_t scopes = kScopesAll, int64_t expires_at_ms = 0) {
    TestAgent agent;
    agent.key = "th_key-of-agent-" + std::to_string(++agents_);
    const std::string wallet = "wallet-" + std::to_string(agents_);
    Command command(CommandType::register_agent);
    command.register_agent = RegisterAgent{};
    command.register_agent.wallet_length = static_cast<uint16_t>(wallet.size());
    command.register_agent.start_balance_micro = 1'000'000'000'000;
    command.register_agent.key_sha256 = sha256_of(agent.key);
    command.register_agent.key_expires_at_ms = expires_at_ms;
    command.register_agent.scopes = scopes;
    const Outcome outcome = run(command, wallet);
    agent.id = static_cast<AgentId>(outcome.id);
    agent.key_id = static_cast<uint32_t>(outcome.values[0]);
    return agent;
  }

  void revoke(const TestAgent& agent) {
    Command command(CommandType::revoke_key, agent.id);
    command.revoke_key = RevokeKey{};
    command.revoke_key.key_id = agent.key_id;
    run(command);
  }

  TestPort& port_of_commands() { return port_; }
  net::io_context& io() { return io_; }
  GatewayContext& context() { return context_; }
  int64_t open_sockets() const { return open_.load(); }
  std::vector<std::string> failure_lines() {
    const std::lock_guard lock(failure_mutex_);
    return failure_lines_;
  }

 private:
  void add(const Command& command, std::string_view text) {
    commands_.push_back(command);
    commands_.back().header.text_offset = static_cast<uint32_t>(text_.size());
    commands_.back().header.text_length = static_cast<uint16_t>(text.size());
    text_.append(text);
  }

  void run_added(std::vector<runtime::ReplyTarget> targets) {
    const std::vector<Command> commands = std::exchange(commands_, {});
    const std::string text = std::exchange(text_, {});
    const BatchNumber number = engine_.last_batch() + 1;
    now_ms_ = std::max(now_ms_, wall_now_ms());
    InlineExecutor executor;
    engine_.apply({number, now_ms_, commands, text}, executor, output_);
    const AppliedBatch batch{
        number, now_ms_, output_.first_event, commands, output_.outcomes, output_.events, text};
    targets.resize(commands.size());
    hot.apply(batch);
    router_.on_batch(batch, targets);
    hub.on_batch(batch, targets);
  }

  net::awaitable<void> accept() {
    for (;;) {
      tcp::socket socket = co_await acceptor_.async_accept(net::use_awaitable);
      beast::flat_buffer buffer;
      http::request<http::empty_body> request;
      co_await http::async_read(socket, buffer, request, net::use_awaitable);
      ++open_;
      std::shared_ptr<void> slot(nullptr, [this](void*) { --open_; });
      serve(context_, std::move(socket), request.base(), std::move(slot));
    }
  }

  Engine engine_;
  BatchOutput output_;
  std::vector<Command> commands_;
  std::string text_;
  int64_t now_ms_ = 0;
  uint64_t agents_ = 0;
  TestPort port_;
  ReplyRouter router_{1};
  RateLimiter limiter_;

 public:
  stores::HotStore hot;
  Hub hub;

 private:
  HotMarketDirectory markets_{hot};
  Authenticator authenticator_{hot, "the-operator-key-of-these-tests-is-long"};
  std::mutex failure_mutex_;
  std::vector<std::string> failure_lines_;
  FailureLog failures_{[this](const std::string& line) {
    const std::lock_guard lock(failure_mutex_);
    failure_lines_.push_back(line);
  }};
  GatewayMetrics metrics_{failures_, std::span<const Endpoint>()};
  LocalNotes notes_;
  GatewayServices services_;
  ServerOptions options_;
  std::atomic<int64_t> open_{0};
  net::io_context io_{1};
  GatewayContext context_{0,         io_,      options_,       port_,    router_.channel(0),
                          hot,       markets_, authenticator_, limiter_, metrics_,
                          services_, &hub,     false,          {},       false,
                          {}};
  tcp::acceptor acceptor_;
  std::thread thread_;
};

}  // namespace perpetua::gateway::ws::test
