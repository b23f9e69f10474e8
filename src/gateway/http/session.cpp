#include "gateway/http/session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <exception>
#include <optional>

#include "gateway/failure_log.hpp"
#include "gateway/http/client_address.hpp"
#include "gateway/http/dispatcher.hpp"
#include "gateway/http/refusals.hpp"
#include "gateway/http/request_waits.hpp"
#include "gateway/http/response.hpp"
#include "gateway/http/wait.hpp"
#include "gateway/hub/cors.hpp"
#include "gateway/metrics.hpp"
#include "gateway/ws/upgrade.hpp"

namespace perpetua::gateway {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::awaitable;
using boost::system::error_code;

constexpr std::size_t kReadBytes = 4 * 1024;
constexpr std::size_t kWriteBatchBytes = 64 * 1024;  // pipelined replies share a write up to here
constexpr std::size_t kDrainBytesMax = 1024 * 1024;  // read and thrown away before a close
constexpr int64_t kDrainMs = 1'000;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

// Held by a WebSocket connection: it counts as long as that lives.
struct WebSocketSlot {
  WebSocketSlot(IoThread& io, ConnectionLimiter::Lease taken)
      : io_thread(io), lease(std::move(taken)) {
    io_thread.count_session(1);
    ++io_thread.shared.metrics.connections;
    ++io_thread.shared.metrics.websockets;
  }
  ~WebSocketSlot() {
    --io_thread.shared.metrics.websockets;
    --io_thread.shared.metrics.connections;
    io_thread.count_session(-1);
  }
  WebSocketSlot(const WebSocketSlot&) = delete;
  WebSocketSlot& operator=(const WebSocketSlot&) = delete;

  IoThread& io_thread;
  ConnectionLimiter::Lease lease;
};

class Session final : public SessionBase {
 public:
  Session(IoThread& io_thread, asio::ip::tcp::socket socket, ConnectionLimiter::Lease lease)
      : io_thread_(io_thread),
        socket_(std::move(socket)),
        lease_(std::move(lease)),
        call_(io_thread.context) {
    io_thread_.add(*this);
    ++io_thread_.shared.metrics.connections;
  }
  ~Session() override {
    --io_thread_.shared.metrics.connections;
    io_thread_.remove(*this);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  awaitable<void> run();

  void close_now() override {
    error_code ignored;
    socket_.close(ignored);
  }
  void close_if_idle() override {
    if (is_idle_) close_now();
  }

 private:
  enum class Read : uint8_t { request, closed, refused };

  awaitable<Read> read_request();
  awaitable<void> answer();
  awaitable<void> run_request(int64_t started_ns);
  awaitable<void> flush();
  awaitable<void> drain_input();
  awaitable<void> hand_over();

  const ServerOptions& options() const { return io_thread_.shared.options; }
  void set_deadline(int64_t timeout_ms) { deadline_ns = monotonic_ns() + timeout_ms * 1'000'000; }
  void refuse(error_code code);
  void fill_call();
  bool is_upgrade() const;
  bool may_upgrade() const;
  bool is_last() const;

  IoThread& io_thread_;
  asio::ip::tcp::socket socket_;
  ConnectionLimiter::Lease lease_;
  boost::beast::flat_buffer buffer_{kBodyBytesMax + kHeaderBytesMax};
  std::optional<http::request_parser<http::string_body>> parser_;
  Call call_;
  std::string out_;
  bool is_idle_ = false;  // waiting for the first byte of a request
};

awaitable<void> Session::run() {
  for (bool keep_alive = true; keep_alive;) {
    const Read read = co_await read_request();
    if (read == Read::closed) co_return;
    const bool is_head = read == Read::request && parser_->get().method() == http::verb::head;
    if (read == Read::request) {
      if (is_upgrade() && may_upgrade()) {
        co_await hand_over();
        co_return;
      }
      co_await answer();
      const bool has_failed = call_.status == kInternalErrorStatus;
      keep_alive = parser_->get().keep_alive() && !is_last() && !has_failed;
    } else {
      keep_alive = false;
    }
    append_response(out_, call_, keep_alive, is_head);
    if (!keep_alive || out_.size() > kWriteBatchBytes) co_await flush();
  }
  co_await drain_input();
}

// Feeds the parser from what was read; reads more when that is used up.
awaitable<Session::Read> Session::read_request() {
  parser_.emplace();
  parser_->header_limit(kHeaderBytesMax);
  parser_->body_limit(kBodyBytesMax);
  parser_->eager(true);
  bool has_begun = false;
  bool has_continued = false;
  for (;;) {
    if (buffer_.size() > 0) {
      if (!has_begun) set_deadline(options().header_timeout_ms);
      has_begun = true;
      error_code code;
      buffer_.consume(parser_->put(buffer_.data(), code));
      if (code && code != http::error::need_more) {
        refuse(code);
        co_return Read::refused;
      }
      if (parser_->is_done()) {
        deadline_ns = INT64_MAX;
        co_return Read::request;
      }
    }
    if (parser_->is_header_done() && !has_continued &&
        parser_->get()[http::field::expect] == "100-continue") {
      has_continued = true;
      out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    }
    const int64_t request_deadline_ns = deadline_ns;
    co_await flush();
    if (has_begun)
      deadline_ns = request_deadline_ns;
    else
      set_deadline(options().idle_timeout_ms);
    is_idle_ = !has_begun;
    if (is_idle_ && io_thread_.context.stopping) co_return Read::closed;
    const auto [code, size] = co_await socket_.async_read_some(buffer_.prepare(kReadBytes), kTuple);
    is_idle_ = false;
    if (code) co_return Read::closed;
    buffer_.commit(size);
  }
}

void Session::refuse(error_code code) {
  call_.reset();
  call_.now_ms = wall_clock_ms();
  refuse_unreadable(call_, parser_->get(), code);
  finish_reply(call_);
  io_thread_.shared.metrics.count(nullptr, call_.status, 0);
}

void Session::fill_call() {
  const auto& request = parser_->get();
  call_.reset();
  call_.now_ms = wall_clock_ms();
  call_.address = lease_.is_proxy() ? io_thread_.shared.clients.of(lease_.address(), request)
                                    : lease_.address();
  call_.body_text = request.body();
  call_.content_type_in = request[http::field::content_type];
  call_.idempotency_key = request["Idempotency-Key"];
}

awaitable<void> Session::answer() {
  fill_call();
  const int64_t started_ns = monotonic_ns();
  try {
    co_await run_request(started_ns);
    finish_reply(call_);
  } catch (const std::exception& error) {
    const std::string_view name = call_.endpoint == nullptr ? "unknown" : call_.endpoint->name;
    io_thread_.shared.services.failures.write("request " + std::string(name), error.what(),
                                              monotonic_ns());
    fail_internally(call_);
  }
  io_thread_.shared.metrics.count(call_.endpoint, call_.status, monotonic_ns() - started_ns);
}

awaitable<void> Session::run_request(int64_t started_ns) {
  const auto& request = parser_->get();
  const Dispatcher& dispatcher = io_thread_.shared.dispatcher;
  const Dispatcher::Request head = {request.method_string(), request.target(), request["X-API-Key"],
                                    request[http::field::authorization]};
  const hub::Preflight preflight{request[http::field::origin],
                                 request["Access-Control-Request-Method"],
                                 request["Access-Control-Request-Headers"]};
  hub::note_origin(call_, preflight.origin, head.target);
  if (hub::answer_preflight(call_, head.method, preflight)) co_return;
  if (is_upgrade()) {
    call_.is_hub = true;
    call_.fail(io_thread_.context.draining ? ResultCode::shutting_down
                                           : ResultCode::not_served_here);
    co_return;
  }
  const Next next = dispatcher.begin(call_, head, started_ns);
  if (next == Next::done) co_return;
  co_await flush();
  RequestWaits waits(io_thread_, call_);
  co_await waits.run(next, head, started_ns);
}

awaitable<void> Session::flush() {
  if (out_.empty()) co_return;
  set_deadline(options().write_timeout_ms);
  co_await asio::async_write(socket_, asio::buffer(out_), kTuple);
  deadline_ns = INT64_MAX;
  out_.clear();
}

// A close with unread input resets the connection, and the peer loses the reply it has not read.
awaitable<void> Session::drain_input() {
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  set_deadline(kDrainMs);
  buffer_.clear();
  for (std::size_t total = 0; total < kDrainBytesMax;) {
    const auto [code, size] = co_await socket_.async_read_some(buffer_.prepare(kReadBytes), kTuple);
    if (code) co_return;
    total += size;
  }
}

bool Session::is_upgrade() const {
  const auto& request = parser_->get();
  const std::string_view target = request.target();
  const bool is_status = options().served_paths == ServedPaths::status;
  return (is_status || io_thread_.context.hub != nullptr) &&
         target.substr(0, target.find('?')) == "/ws" && ws::is_upgrade(request);
}

bool Session::may_upgrade() const {
  const GatewayContext& context = io_thread_.context;
  return context.hub != nullptr && !context.draining &&
         options().served_paths != ServedPaths::status;
}

// Whether the connection ends with this answer. What was sent behind it is answered first, if the
// server drains.
bool Session::is_last() const {
  const GatewayContext& context = io_thread_.context;
  return context.stopping || (context.draining && buffer_.size() == 0);
}

// What a client sends behind its upgrade request, before the answer, is not WebSocket yet: refused.
awaitable<void> Session::hand_over() {
  co_await flush();
  if (buffer_.size() > 0) co_return;
  if (io_thread_.shared.services.needs_barrier()) co_await barrier_passed(io_thread_.context);
  auto slot = std::make_shared<WebSocketSlot>(io_thread_, std::move(lease_));
  ws::serve(io_thread_.context, std::move(socket_), parser_->get(), std::move(slot));
}

awaitable<void> run_session(IoThread& io_thread, asio::ip::tcp::socket socket,
                            ConnectionLimiter::Lease lease) {
  Session session(io_thread, std::move(socket), std::move(lease));
  try {
    co_await session.run();
  } catch (const std::exception& error) {
    io_thread.shared.services.failures.write("connection", error.what(), monotonic_ns());
  }
}

}  // namespace

void start_session(IoThread& io_thread, asio::ip::tcp::socket socket,
                   ConnectionLimiter::Lease lease) {
  asio::co_spawn(io_thread.io, run_session(io_thread, std::move(socket), std::move(lease)),
                 asio::detached);
}

}  // namespace perpetua::gateway
