// For tests of /ws: a WebSocket client over a real socket, every wait with a deadline.
#pragma once

#include <optional>
#include <stdexcept>

#include "gateway/ws/ws_test_support.hpp"

namespace perpetua::gateway::ws::test {

class TestClient {
 public:
  explicit TestClient(uint16_t port, const std::string& key = {}, int receive_buffer = 0)
      : stream_(io_) {
    tcp::socket& socket = stream_.next_layer();
    socket.open(tcp::v4());
    if (receive_buffer > 0) {
      socket.set_option(net::socket_base::receive_buffer_size(receive_buffer));
    }
    socket.connect({net::ip::address_v4::loopback(), port});
    if (!key.empty()) {
      stream_.set_option(websocket::stream_base::decorator(
          [key](websocket::request_type& request) { request.set("X-API-Key", key); }));
    }
    stream_.control_callback([this](websocket::frame_type, beast::string_view) { ++controls; });
    await([&](auto done) { stream_.async_handshake("localhost", "/ws", done); });
  }

  void send(std::string_view text) {
    await([&](auto done) {
      stream_.async_write(net::buffer(text), [done](boost::system::error_code error, std::size_t) {
        done(error);
      });
    });
  }

  // The next message; throws once the socket has closed or nothing comes.
  json::object next() {
    beast::flat_buffer buffer;
    await([&](auto done) {
      stream_.async_read(buffer, [done](boost::system::error_code error, std::size_t) {
        done(error);
      });
    });
    ++messages;
    return json::parse(beast::buffers_to_string(buffer.data())).as_object();
  }

  json::object next_of(std::string_view type) {
    for (;;) {
      json::object message = next();
      if (text_of(message, "type") == type) return message;
    }
  }

  // Sends an operation and returns the first message that carries its id.
  json::object ask(const std::string& operation, int64_t id) {
    send(operation);
    for (;;) {
      json::object message = next();
      if (number_of(message, "id") == id) return message;
    }
  }

  // The code of the close frame, 0 if the connection ended without one.
  unsigned wait_closed() {
    try {
      for (;;) next();
    } catch (const boost::system::system_error& error) {
      if (error.code() != websocket::error::closed) return 0;
    }
    return stream_.reason().code;
  }
  std::string close_reason() const {
    return std::string(stream_.reason().reason.data(), stream_.reason().reason.size());
  }

  websocket::stream<tcp::socket>& stream() { return stream_; }

  template <class Start>
  void await(Start start) {
    std::optional<boost::system::error_code> result;
    start([&result](boost::system::error_code error) { result = error; });
    io_.restart();
    const auto end = std::chrono::steady_clock::now() + kDeadline;
    while (!result && std::chrono::steady_clock::now() < end) {
      io_.run_one_until(end);
    }
    if (!result) {
      boost::system::error_code ignored;
      stream_.next_layer().close(ignored);
      io_.restart();
      io_.run();
      throw std::runtime_error("nothing came within the deadline");
    }
    if (*result) throw boost::system::system_error(*result);
  }

  int controls = 0;
  int messages = 0;

 private:
  net::io_context io_;
  websocket::stream<tcp::socket> stream_;
};

inline std::string subscribe(std::string_view channel, std::string_view rest = "") {
  return R"({"op":"subscribe","id":7,"channel":")" + std::string(channel) + "\"" +
         std::string(rest) + "}";
}

}  // namespace perpetua::gateway::ws::test
