#include "stores/redis/link.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>

namespace perpetua::redis {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using asio::awaitable;
using boost::system::error_code;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kKeptBytesMax = 1u << 20;  // of a write buffer after a burst

std::string broken(const error_code& code) {
  return code == asio::error::eof ? "closed by the server" : code.message();
}

bool is_address(const std::string& host) {
  error_code code;
  asio::ip::make_address(host, code);
  return !code;
}

}  // namespace

int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Link::Link(const LinkSetup& setup)
    : setup_(setup),
      socket_(setup.io),
      resolver_(setup.io),
      parser_(setup.options.reply_bytes_max) {}

awaitable<std::string> Link::open(Endpoint endpoint) {
  asio::steady_timer timer(setup_.io);
  timer.expires_after(std::chrono::milliseconds(setup_.options.connect_timeout_ms));
  timer.async_wait([weak = weak_from_this()](const error_code& code) {
    const auto self = weak.lock();
    if (code || self == nullptr || self->is_open_) return;
    const auto timeout_ms = self->setup_.options.connect_timeout_ms;
    self->close("no connection within " + std::to_string(timeout_ms) + " ms");
  });
  std::string error = co_await open_steps(endpoint);
  is_open_ = error.empty();
  timer.cancel();
  if (!close_reason_.empty()) error = close_reason_;
  if (!error.empty()) close();
  co_return error;
}

awaitable<std::string> Link::open_steps(const Endpoint& endpoint) {
  std::string error = co_await connect(endpoint);
  if (!error.empty()) co_return error;
  if (setup_.tls != nullptr) {
    error = co_await handshake(endpoint.host);
    if (!error.empty()) co_return error;
  }
  error = co_await greet();
  co_return error;
}

awaitable<std::string> Link::connect(const Endpoint& endpoint) {
  std::vector<Tcp::endpoint> targets;
  error_code failed;
  const auto address = asio::ip::make_address(endpoint.host, failed);
  if (!failed) {
    targets.emplace_back(address, endpoint.port);
  } else {
    const std::string port = std::to_string(endpoint.port);
    const auto [code, found] = co_await resolver_.async_resolve(endpoint.host, port, kTuple);
    if (code) co_return endpoint.host + ": " + code.message();
    targets.assign(found.begin(), found.end());
  }
  const auto [code, target] = co_await asio::async_connect(socket_, targets, kTuple);
  if (code) co_return code.message();
  socket_.set_option(Tcp::no_delay(true), failed);
  socket_.set_option(asio::socket_base::keep_alive(true), failed);
  co_return std::string();
}

awaitable<std::string> Link::handshake(const std::string& host) {
  tls_.emplace(socket_, *setup_.tls);
  error_code failed;
  if (setup_.options.verify_peer) {
    tls_->set_verify_callback(ssl::host_name_verification(host), failed);
    if (failed) co_return "TLS: " + failed.message();
  }
  if (!is_address(host)) SSL_set_tlsext_host_name(tls_->native_handle(), host.c_str());
  const auto [code] = co_await tls_->async_handshake(ssl::stream_base::client, kTuple);
  if (code) co_return "TLS: " + code.message();
  co_return std::string();
}

// PING shows what a server says to everything: NOAUTH, LOADING. A user who may not use one of the
// commands (NOPERM) can do without name and answer.
awaitable<std::string> Link::greet() {
  const Options& options = setup_.options;
  Request request;
  if (!options.password.empty()) {
    if (options.user.empty()) {
      request.add("", {"AUTH", options.password});
    } else {
      request.add("", {"AUTH", options.user, options.password});
    }
  }
  if (options.database != 0) request.add("", {"SELECT", std::to_string(options.database)});
  request.add("", {"CLIENT", "SETNAME", options.client_name});
  request.add("", {"PING"});
  out_ += request.wire();
  flush();
  std::string error;
  std::size_t owed = request.size();
  const ReplyHandler on_reply = [&error, &owed](Reply&& reply) {
    if (reply.is_error() && reply.text.rfind("NOPERM", 0) != 0 && error.empty()) error = reply.text;
    return owed-- > 0;
  };
  while (owed > 0 && error.empty()) {
    std::string failed = co_await read_once();
    if (failed.empty()) take({buffer_.data(), buffered_}, on_reply, failed);
    if (!failed.empty()) co_return failed;
  }
  co_return error;
}

awaitable<std::string> Link::read(ReplyHandler on_reply) {
  for (;;) {
    std::string error = co_await read_once();
    if (!error.empty()) co_return error;
    if (!take({buffer_.data(), buffered_}, on_reply, error)) co_return error;
  }
}

awaitable<std::string> Link::read_once() {
  error_code code;
  std::size_t size = 0;
  if (tls_) {
    const auto result = co_await tls_->async_read_some(asio::buffer(buffer_), kTuple);
    code = std::get<0>(result);
    size = std::get<1>(result);
  } else {
    const auto result = co_await socket_.async_read_some(asio::buffer(buffer_), kTuple);
    code = std::get<0>(result);
    size = std::get<1>(result);
  }
  buffered_ = size;
  last_read_ns_ = monotonic_ns();
  setup_.counters.bytes_received.fetch_add(size, std::memory_order_relaxed);
  if (!code) co_return std::string();
  if (close_reason_.empty()) co_return broken(code);
  co_return close_reason_;
}

bool Link::take(std::string_view bytes, const ReplyHandler& on_reply, std::string& error) {
  while (!bytes.empty()) {
    const std::string_view chunk = bytes.substr(0, ReplyParser::kFeedBytesMax);
    bytes.remove_prefix(chunk.size());
    parser_.feed(chunk);
    for (;;) {
      Reply reply;
      const ReplyParser::Status status = parser_.next(reply);
      if (status == ReplyParser::Status::more) break;
      if (status == ReplyParser::Status::bad) {
        error = "not understood: " + parser_.error();
        return false;
      }
      if (!on_reply(std::move(reply))) {
        error = "a reply that was not asked for";
        return false;
      }
    }
  }
  return true;
}

void Link::flush() {
  if (is_writing_ || is_closed_ || out_.empty()) return;
  writing_.swap(out_);
  out_.clear();
  started_bytes_ += writing_.size();
  is_writing_ = true;
  auto on_written = [self = shared_from_this()](const error_code& code, std::size_t size) {
    self->written(code, size);
  };
  if (tls_) {
    asio::async_write(*tls_, asio::buffer(writing_), std::move(on_written));
  } else {
    asio::async_write(socket_, asio::buffer(writing_), std::move(on_written));
  }
}

void Link::written(const error_code& code, std::size_t size) {
  is_writing_ = false;
  setup_.counters.bytes_sent.fetch_add(size, std::memory_order_relaxed);
  if (writing_.capacity() > kKeptBytesMax) std::string().swap(writing_);
  if (code) {
    close();  // read() ends and tells
  } else {
    flush();
  }
}

void Link::close(std::string why) {
  if (!is_closed_) close_reason_ = std::move(why);
  is_closed_ = true;
  error_code ignored;
  resolver_.cancel();
  socket_.close(ignored);
}

}  // namespace perpetua::redis
