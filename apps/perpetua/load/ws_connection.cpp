#include "load/ws_connection.hpp"

#include <boost/asio/connect.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <utility>

#include "load/source_address.hpp"

namespace perpetua::load {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

namespace {

constexpr std::size_t kWriteBufferBytes = 1'024;  // ten thousand of them live at once
constexpr std::size_t kMessageBytesMax = 1u << 20;
constexpr std::size_t kQueuedMax = 1'024;

}  // namespace

class WsConnection::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, asio::ip::tcp::endpoint server, asio::ip::address source,
       WsHandlers handlers)
      : stream_(io), server_(server), source_(source), handlers_(std::move(handlers)) {
    stream_.write_buffer_bytes(kWriteBufferBytes);
    stream_.read_message_max(kMessageBytesMax);
    stream_.auto_fragment(false);
    stream_.secure_prng(false);
    stream_.text(true);
  }

  void open(const std::string& host, const std::string& path) {
    host_ = host;
    path_ = path;
    const error_code error = open_socket(stream_.next_layer(), server_, source_);
    if (error) {
      asio::post(stream_.get_executor(), [self = shared_from_this()] { self->fail(); });
      return;
    }
    stream_.next_layer().async_connect(server_, [self = shared_from_this()](error_code e) {
      if (e) return self->fail();
      self->upgrade();
    });
  }

  void send(std::string text) {
    if (!is_open_ || queue_.size() >= kQueuedMax) return;
    queue_.push_back(std::move(text));
    if (queue_.size() == 1) write();
  }

  void close() {
    handlers_ = {};
    is_open_ = false;
    error_code ignored;
    stream_.next_layer().close(ignored);
  }

 private:
  void upgrade() {
    stream_.async_handshake(host_, path_, [self = shared_from_this()](error_code e) {
      if (e) return self->fail();
      self->is_open_ = true;
      if (self->handlers_.on_open) self->handlers_.on_open(true);
      self->read();
    });
  }

  void read() {
    stream_.async_read(buffer_, [self = shared_from_this()](error_code e, std::size_t) {
      if (e) return self->fail();
      const auto data = self->buffer_.data();
      if (self->handlers_.on_message) {
        self->handlers_.on_message({static_cast<const char*>(data.data()), data.size()});
      }
      self->buffer_.consume(data.size());
      self->read();
    });
  }

  void write() {
    stream_.async_write(asio::buffer(queue_.front()),
                        [self = shared_from_this()](error_code e, std::size_t) {
                          if (e) return self->fail();
                          self->queue_.pop_front();
                          if (!self->queue_.empty()) self->write();
                        });
  }

  void fail() {
    const bool was_open = std::exchange(is_open_, false);
    const WsHandlers handlers = std::exchange(handlers_, {});
    error_code ignored;
    stream_.next_layer().close(ignored);
    if (was_open && handlers.on_closed) handlers.on_closed();
    if (!was_open && handlers.on_open) handlers.on_open(false);
  }

  websocket::stream<asio::ip::tcp::socket, false> stream_;
  const asio::ip::tcp::endpoint server_;
  const asio::ip::address source_;
  WsHandlers handlers_;
  std::string host_;
  std::string path_;
  beast::flat_buffer buffer_;
  std::deque<std::string> queue_;
  bool is_open_ = false;
};

WsConnection::WsConnection(asio::io_context& io, asio::ip::tcp::endpoint server,
                           asio::ip::address source, WsHandlers handlers)
    : impl_(std::make_shared<Impl>(io, server, source, std::move(handlers))) {}

WsConnection::~WsConnection() { impl_->close(); }

void WsConnection::open(const std::string& host, const std::string& path) {
  impl_->open(host, path);
}

void WsConnection::send(std::string text) { impl_->send(std::move(text)); }

void WsConnection::close() { impl_->close(); }

}  // namespace perpetua::load
