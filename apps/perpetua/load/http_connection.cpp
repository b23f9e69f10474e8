#include "load/http_connection.hpp"

#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <utility>

#include "base/assert.hpp"
#include "load/source_address.hpp"

namespace perpetua::load {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds kIdleReconnect{15};
constexpr std::size_t kBodyBytesMax = 4u << 20;

}  // namespace

class HttpConnection::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, asio::ip::tcp::endpoint server, asio::ip::address source)
      : socket_(io), server_(server), source_(source) {}

  bool is_busy() const { return static_cast<bool>(handler_); }

  void request(std::string text, Handler handler) {
    PERPETUA_ASSERT(!handler_);
    text_ = std::move(text);
    handler_ = std::move(handler);
    const auto now = std::chrono::steady_clock::now();
    if (socket_.is_open() && now - used_at_ < kIdleReconnect && is_silent()) return write();
    connect();
  }

  void abort() {
    close();
    finish({});
  }

  void close() {
    error_code ignored;
    socket_.close(ignored);
    ++generation_;
    buffer_.clear();
  }

 private:
  // Completions of an abandoned connection are recognised by their generation.
  bool is_current(uint64_t generation) const { return generation == generation_; }

  // An idle connection that can be read has ended, or is of no use.
  bool is_silent() {
    char byte = 0;
    return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  void connect() {
    close();
    error_code error = open_socket(socket_, server_, source_);
    if (error) return fail_later();
    socket_.async_connect(server_, [self = shared_from_this(), g = generation_](error_code e) {
      if (!self->is_current(g)) return;
      if (e) return self->fail();
      self->write();
    });
  }

  void write() {
    asio::async_write(socket_, asio::buffer(text_),
                      [self = shared_from_this(), g = generation_](error_code e, std::size_t) {
                        if (!self->is_current(g)) return;
                        if (e) return self->fail();
                        self->read();
                      });
  }

  void read() {
    parser_.emplace();
    parser_->body_limit(kBodyBytesMax);
    http::async_read(socket_, buffer_, *parser_,
                     [self = shared_from_this(), g = generation_](error_code e, std::size_t) {
                       if (!self->is_current(g)) return;
                       if (e) return self->fail();
                       self->on_response();
                     });
  }

  void on_response() {
    auto message = parser_->release();
    used_at_ = std::chrono::steady_clock::now();
    if (!message.keep_alive()) close();
    HttpResponse response;
    response.is_complete = true;
    response.status = message.result_int();
    const auto retry = message[http::field::retry_after];
    std::from_chars(retry.data(), retry.data() + retry.size(), response.retry_after_s);
    response.body = std::move(message.body());
    finish(std::move(response));
  }

  void fail() {
    close();
    finish({});
  }

  // The handler must not run inside request().
  void fail_later() {
    asio::post(socket_.get_executor(), [self = shared_from_this(), g = generation_] {
      if (self->is_current(g)) self->fail();
    });
  }

  void finish(HttpResponse response) {
    if (!handler_) return;
    const Handler handler = std::exchange(handler_, nullptr);
    handler(std::move(response));
  }

  asio::ip::tcp::socket socket_;
  const asio::ip::tcp::endpoint server_;
  const asio::ip::address source_;
  boost::beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::string_body>> parser_;
  std::string text_;
  Handler handler_;
  std::chrono::steady_clock::time_point used_at_;
  uint64_t generation_ = 0;
};

HttpConnection::HttpConnection(asio::io_context& io, asio::ip::tcp::endpoint server,
                               asio::ip::address source)
    : impl_(std::make_shared<Impl>(io, server, source)) {}

HttpConnection::~HttpConnection() { impl_->close(); }

void HttpConnection::request(std::string text, Handler handler) {
  impl_->request(std::move(text), std::move(handler));
}

bool HttpConnection::is_busy() const { return impl_->is_busy(); }

void HttpConnection::abort() { impl_->abort(); }

}  // namespace perpetua::load
