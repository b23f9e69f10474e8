#include "gateway/server.hpp"

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <future>
#include <stdexcept>

#include "base/limits.hpp"
#include "gateway/auth/authenticator.hpp"
#include "gateway/codec/markets.hpp"
#include "gateway/failure_log.hpp"
#include "gateway/http/client_address.hpp"
#include "gateway/http/dispatcher.hpp"
#include "gateway/http/openapi.hpp"
#include "gateway/http/session.hpp"
#include "gateway/hub/services.hpp"
#include "gateway/local_notes.hpp"
#include "gateway/metrics.hpp"
#include "gateway/services.hpp"

namespace perpetua::gateway {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kDiskThreads = 2;
constexpr int kBacklog = 4'096;
constexpr std::chrono::milliseconds kAcceptPause{50};  // out of file descriptors: let some close
constexpr std::chrono::milliseconds kStopPoll{2};
constexpr std::chrono::milliseconds kAbandonWait{500};

}  // namespace

struct Server::Impl {
  Impl(const ServerOptions& o, const ServerDependencies& d)
      : options(o),
        dependencies(d),
        markets(d.hot),
        authenticator(d.hot, o.operator_key, d.shared_keys),
        limiter(o.rates, limits::kAgentsMax, d.shared_budgets),
        failures(d.on_failure),
        services{d.history,
                 d.history_batch,
                 failures,
                 d.shared_notes != nullptr ? *d.shared_notes : local_notes,
                 ApiKeySource(o.key_secret),
                 d.is_ready,
                 d.collectables,
                 make_openapi(all_endpoints(), o.version),
                 std::make_shared<hub::HubServices>(o, d.shared_budgets, d.shared_notes),
                 d.degraded,
                 d.applied_batch,
                 d.account_reads,
                 d.read_barrier},
        dispatcher(served_endpoints()),
        clients(o.trusted_proxies),
        connections(o.connections_max, o.connections_per_address_max) {
    PERPETUA_ASSERT(d.replies.channels() == o.io_threads && o.io_threads > 0);
    PERPETUA_ASSERT(d.history == nullptr || d.history_batch != nullptr);
    services.collectables.push_back(&metrics);
    const IoThread::Shared shared{options,       d.commands, d.replies, d.hot,    markets,
                                  authenticator, limiter,    metrics,   services, dispatcher,
                                  disk,          d.hub,      clients};
    for (unsigned i = 0; i < options.io_threads; ++i) {
      threads.push_back(std::make_unique<IoThread>(shared, i));
    }
    acceptor.emplace(threads.front()->io);
    listen();
  }

  void listen();
  asio::awaitable<void> accept_loop();
  asio::awaitable<void> share_sightings(SharedNotes& notes);
  void take_in(tcp::socket socket, IoThread& io_thread);
  void take_backlog();
  void close_acceptor();
  bool wait_for_sessions(std::chrono::milliseconds timeout) const;

  const ServerOptions options;
  const ServerDependencies dependencies;
  const HotMarketDirectory markets;
  const Authenticator authenticator;
  RateLimiter limiter;
  FailureLog failures;
  LocalNotes local_notes;
  GatewayMetrics metrics{failures};
  GatewayServices services;
  const Dispatcher dispatcher;
  const ClientAddress clients;
  ConnectionLimiter connections;
  asio::thread_pool disk{kDiskThreads};
  std::vector<std::unique_ptr<IoThread>> threads;
  std::optional<tcp::acceptor> acceptor;  // on the first io thread, which hands sockets out
  uint16_t port = 0;
  bool is_running = false;
};

void Server::Impl::listen() {
  error_code code;
  std::string_view host = options.listen_address;  // "[::1]" is the same as "::1"
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  const auto address = asio::ip::make_address(host, code);
  const tcp::endpoint endpoint(address, options.port);
  if (!code) acceptor->open(endpoint.protocol(), code);
  if (!code) acceptor->set_option(tcp::acceptor::reuse_address(true), code);
  if (!code) acceptor->bind(endpoint, code);
  if (!code) acceptor->listen(kBacklog, code);
  if (code) {
    throw std::runtime_error("cannot listen on " + options.listen_address + ":" +
                             std::to_string(options.port) + ": " + code.message());
  }
  port = acceptor->local_endpoint().port();
}

asio::awaitable<void> Server::Impl::accept_loop() {
  std::size_t next = 0;
  asio::steady_timer pause(threads.front()->io);
  while (acceptor->is_open()) {
    IoThread& io_thread = *threads[next++ % threads.size()];
    auto [code, socket] =
        co_await acceptor->async_accept(io_thread.io, asio::as_tuple(asio::use_awaitable));
    if (!code) {
      try {
        take_in(std::move(socket), io_thread);
      } catch (const std::exception& error) {
        failures.write("accepting a connection", error.what(), monotonic_ns());
      }
    } else if (acceptor->is_open()) {
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }
}

asio::awaitable<void> Server::Impl::share_sightings(SharedNotes& notes) {
  asio::steady_timer pause(threads.front()->io);
  const auto since_s = std::make_shared<std::atomic<uint32_t>>(0);
  const std::weak_ptr<hub::HubServices> hub = services.hub;  // an answer may come after our end
  for (;;) {
    const auto now_s = static_cast<uint32_t>(wall_clock_ms() / 1'000);
    notes.exchange(services.hub->last_seen.take_untold(), *since_s,
                   [hub, since_s, now_s](const std::optional<SharedNotes::Sightings>& news) {
                     const auto shown = hub.lock();
                     if (!shown || !news) return;
                     shown->last_seen.learn(*news);
                     *since_s = now_s - hub::kSightingsOverlapS;
                   });
    pause.expires_after(std::chrono::milliseconds(hub::kSightingsPeriodMs));
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

void Server::Impl::take_in(tcp::socket socket, IoThread& io_thread) {
  error_code code;
  const tcp::endpoint peer = socket.remote_endpoint(code);
  if (code) return;
  auto lease = connections.take(address_key(peer.address()), clients.is_proxy(peer.address()));
  if (!lease) {
    metrics.connections_refused.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  socket.set_option(tcp::no_delay(true), code);
  start_session(io_thread, std::move(socket), std::move(*lease));
}

// Who is connected already, as far as its side can tell, is served.
void Server::Impl::take_backlog() {
  error_code code;
  acceptor->non_blocking(true, code);
  for (std::size_t next = 0; !code; ++next) {
    IoThread& io_thread = *threads[next % threads.size()];
    tcp::socket socket(io_thread.io);
    acceptor->accept(socket, code);
    if (!code) take_in(std::move(socket), io_thread);
  }
}

void Server::Impl::close_acceptor() {
  std::promise<void> closed;
  asio::post(threads.front()->io, [&] {
    error_code ignored;
    if (options.drain_ms > 0) take_backlog();
    acceptor->close(ignored);
    closed.set_value();
  });
  closed.get_future().wait();
}

bool Server::Impl::wait_for_sessions(std::chrono::milliseconds timeout) const {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    int open = 0;
    for (const auto& thread : threads) open += thread->sessions();
    if (open == 0) return true;
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(kStopPoll);
  }
}

Server::Server(const ServerOptions& options, const ServerDependencies& dependencies)
    : impl_(std::make_unique<Impl>(options, dependencies)) {}

Server::~Server() { stop(); }

void Server::start() {
  PERPETUA_ASSERT(!impl_->is_running);
  impl_->is_running = true;
  for (const auto& thread : impl_->threads) thread->start();
  asio::co_spawn(impl_->threads.front()->io, impl_->accept_loop(), asio::detached);
  SharedNotes* notes = impl_->dependencies.shared_notes;
  if (notes == nullptr) return;
  asio::co_spawn(impl_->threads.front()->io, impl_->share_sightings(*notes), asio::detached);
}

void Server::stop() {
  Impl& impl = *impl_;
  if (!impl.is_running) return;
  impl.is_running = false;
  // Draining begins before the port closes: whoever finds it closed finds /readyz at 503 too.
  if (impl.options.drain_ms > 0) {
    for (const auto& thread : impl.threads) thread->begin_drain(impl.options.drain_ms);
  }
  impl.close_acceptor();
  if (impl.options.drain_ms > 0) {
    impl.wait_for_sessions(std::chrono::milliseconds(impl.options.drain_ms));
  }
  for (const auto& thread : impl.threads) thread->begin_stop();
  if (!impl.wait_for_sessions(std::chrono::milliseconds(impl.options.stop_timeout_ms))) {
    for (const auto& thread : impl.threads) thread->abandon();
    impl.wait_for_sessions(kAbandonWait);
  }
  impl.disk.join();
  for (const auto& thread : impl.threads) thread->join();
}

uint16_t Server::port() const { return impl_->port; }

}  // namespace perpetua::gateway
