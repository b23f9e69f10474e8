#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>

#include "gateway/codec/api_error.hpp"
#include "gateway/context.hpp"
#include "gateway/failure_log.hpp"
#include "gateway/http/wait.hpp"
#include "gateway/services.hpp"
#include "gateway/ws/session.hpp"
#include "gateway/ws/shard.hpp"
#include "gateway/ws/upgrade.hpp"
#include "gateway/ws/wire.hpp"

namespace perpetua::gateway::ws {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using Request = http::request<http::empty_body>;

constexpr std::size_t kReadBufferIdleMax = 4'096;  // capacity kept between messages
constexpr int kSendBufferBytes = 128 * 1024;       // what the kernel may hold for a stopped peer

int64_t wall_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string_view field(const RequestHeader& header, std::string_view name) {
  const auto value = header[beast::string_view(name.data(), name.size())];
  return {value.data(), value.size()};
}

// The session's socket: Beast reads through Wire, the session's frames are written as they are.
class Connection final : public Session, public WireObserver {
 public:
  Connection(Shard& shard, net::ip::tcp::socket socket, std::shared_ptr<void> slot)
      : Session(shard),
        slot_(std::move(slot)),
        stream_(std::move(socket), static_cast<WireObserver&>(*this)) {}

  void run(Request request) {
    attach();
    net::co_spawn(
        stream_.get_executor(),
        [self = shared(), request = std::move(request)]() mutable {
          return self->serve_peer(self, std::move(request));
        },
        net::detached);
  }

  void on_bytes_to_send(std::string bytes) override { on_raw_bytes(std::move(bytes)); }

  void on_read_started() override {
    if (++reads_ > kReadsPerMessageMax) {
      close(CloseCode::policy, "a message came in too many pieces");
    }
  }

 protected:
  void start_write(std::span<const Frame> frames) override {
    const auto done = [self = shared()](boost::system::error_code error, std::size_t) {
      self->on_written(!error);
    };
    if (frames.size() == 1) {
      return net::async_write(socket(), net::buffer(*frames.front()), done);
    }
    std::vector<net::const_buffer> buffers;
    buffers.reserve(frames.size());
    for (const Frame& frame : frames) buffers.push_back(net::buffer(*frame));
    net::async_write(socket(), buffers, done);
  }

  void end_sending() override {
    boost::system::error_code ignored;
    socket().shutdown(net::ip::tcp::socket::shutdown_send, ignored);
  }

  void abort() override {
    boost::system::error_code ignored;
    socket().close(ignored);
  }

  bool is_inside_message() const override { return !stream_.is_message_done(); }

 private:
  std::shared_ptr<Connection> shared() {
    return std::static_pointer_cast<Connection>(shared_from_this());
  }
  net::ip::tcp::socket& socket() { return stream_.next_layer().socket(); }

  // `self` keeps the object while the coroutine is suspended.
  net::awaitable<void> serve_peer(std::shared_ptr<Connection> self, Request request) {
    set_options();
    const auto [error] = co_await stream_.async_accept(request, net::as_tuple(net::use_awaitable));
    if (!error) {
      try {
        greet(request);
        co_await read_messages();
      } catch (const std::exception& failure) {
        fail(failure);
      }
    }
    on_input_ended();
    co_await discard_input();
    on_read_ended();
    self.reset();
  }

  void set_options() {
    boost::system::error_code ignored;
    socket().set_option(net::ip::tcp::no_delay(true), ignored);
    socket().set_option(net::socket_base::send_buffer_size(kSendBufferBytes), ignored);
    // Deadlines are the shard's sweep: no timer per connection.
    stream_.set_option(websocket::stream_base::timeout{websocket::stream_base::none(),
                                                       websocket::stream_base::none(), false});
    stream_.read_message_max(kMessageBytesMax);
    stream_.control_callback([this](websocket::frame_type, beast::string_view) {
      reads_ = 0;
      on_control_frame();
    });
  }

  void greet(const Request& request) {
    const std::string_view key =
        presented_key(field(request, "X-API-Key"), field(request, "Authorization"));
    Principal principal;
    const bool is_known =
        !key.empty() &&
        shard().context().authenticator.authenticate(key, wall_now_ms(), principal) &&
        !principal.is_operator;
    if (is_known) set_principal(principal);
    Session::greet();
    if (!key.empty() && !is_known) {
      send_error(std::nullopt, ApiError(ResultCode::unauthorized, "X-API-Key"));
    }
  }

  net::awaitable<void> read_messages() {
    for (;;) {
      const auto [error, size] =
          co_await stream_.async_read(buffer_, net::as_tuple(net::use_awaitable));
      if (error) co_return;
      reads_ = 0;
      if (stream_.got_text()) {
        const std::string_view text(static_cast<const char*>(buffer_.data().data()), size);
        if (!on_text(text)) {
          co_await barrier_passed(shard().context());
          on_text(text, true);
        }
      } else {
        close(CloseCode::unsupported_data, "send JSON in text frames");
      }
      buffer_.clear();
      if (buffer_.capacity() > kReadBufferIdleMax) buffer_.shrink_to_fit();
    }
  }

  void fail(const std::exception& failure) {
    const int64_t now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                               std::chrono::steady_clock::now().time_since_epoch())
                               .count();
    shard().context().services.failures.write("WebSocket", failure.what(), now_ns);
    close(CloseCode::internal_error, "the exchange failed; reconnect and resume");
  }

  // Reads on until the peer has closed its side: closing a socket with unread input would reset the
  // connection and take our last frame with it. The sweep bounds the time.
  net::awaitable<void> discard_input() {
    char bytes[256];
    for (;;) {
      const auto [error, size] =
          co_await socket().async_read_some(net::buffer(bytes), net::as_tuple(net::use_awaitable));
      if (error) co_return;
    }
  }

  std::shared_ptr<void> slot_;
  websocket::stream<Wire, false> stream_;
  beast::flat_buffer buffer_;
  uint32_t reads_ = 0;  // of the socket since the last whole message
};

}  // namespace

bool is_upgrade(const RequestHeader& header) { return websocket::is_upgrade(header); }

void serve(GatewayContext& context, net::ip::tcp::socket socket, const RequestHeader& header,
           std::shared_ptr<void> slot) {
  Shard& shard = Shard::of(context);
  const auto connection = std::make_shared<Connection>(shard, std::move(socket), std::move(slot));
  connection->run(Request(header));
}

}  // namespace perpetua::gateway::ws
