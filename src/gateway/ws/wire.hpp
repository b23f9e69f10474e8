// Wire: the socket as Beast's WebSocket stream sees it, so that everything sent goes through one
// queue.
//
// Beast decodes what arrives. What leaves are shared, ready-made frames that the session writes
// itself, many in one call. Beast still wants to write a few bytes of its own (the handshake's
// answer, pongs, the close it echoes): Wire hands them to the session's queue and reports them as
// written, so they never cut into a frame. Included by session.cpp alone.
// Thread-safety: none; one io thread.
#pragma once

#include <boost/asio/buffers_iterator.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/role.hpp>
#include <string>
#include <utility>

namespace perpetua::gateway::ws {

class WireObserver {
 public:
  // Bytes Beast wants to send.
  virtual void on_bytes_to_send(std::string bytes) = 0;
  // Beast asks the socket for more; what it read before was not yet a whole message.
  virtual void on_read_started() = 0;

 protected:
  ~WireObserver() = default;
};

class Wire {
 public:
  using executor_type = boost::asio::ip::tcp::socket::executor_type;

  Wire(boost::asio::ip::tcp::socket socket, WireObserver& observer)
      : socket_(std::move(socket)), observer_(&observer) {}

  executor_type get_executor() { return socket_.get_executor(); }
  boost::asio::ip::tcp::socket& socket() { return socket_; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    observer_->on_read_started();
    return socket_.async_read_some(buffers, std::forward<Token>(token));
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    std::string bytes = boost::beast::buffers_to_string(buffers);
    const std::size_t size = bytes.size();
    observer_->on_bytes_to_send(std::move(bytes));
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this, size](auto handler) {
          boost::asio::post(socket_.get_executor(),
                            boost::beast::bind_front_handler(
                                std::move(handler), boost::system::error_code(), size));
        },
        token);
  }

  // The session ends the connection once its queue is empty, so Beast's own teardown does nothing.
  template <class Handler>
  friend void async_teardown(boost::beast::role_type, Wire& wire, Handler&& handler) {
    boost::asio::post(wire.get_executor(),
                      boost::beast::bind_front_handler(std::forward<Handler>(handler),
                                                       boost::system::error_code()));
  }
  friend void teardown(boost::beast::role_type, Wire&, boost::system::error_code& error) {
    error = {};
  }
  friend void beast_close_socket(Wire& wire) {
    boost::system::error_code ignored;
    wire.socket_.close(ignored);
  }

 private:
  boost::asio::ip::tcp::socket socket_;
  WireObserver* observer_;
};

}  // namespace perpetua::gateway::ws
