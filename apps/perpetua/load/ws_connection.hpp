// WsConnection: one WebSocket connection of one agent.
//
// Handlers run on the io_context's thread. on_open is called exactly once; afterwards on_message
// for every text message and on_closed at most once (not after close()). Thread-safety: one thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace perpetua::load {

struct WsHandlers {
  std::function<void(bool is_open)> on_open;
  std::function<void(std::string_view text)> on_message;
  std::function<void()> on_closed;
};

class WsConnection {
 public:
  WsConnection(boost::asio::io_context& io, boost::asio::ip::tcp::endpoint server,
               boost::asio::ip::address source, WsHandlers handlers);
  ~WsConnection();
  WsConnection(const WsConnection&) = delete;
  WsConnection& operator=(const WsConnection&) = delete;

  // Opens the connection and upgrades it at `path`.
  void open(const std::string& host, const std::string& path);
  void send(std::string text);  // queued; lost if the connection breaks
  void close();                 // at once, without the closing handshake

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace perpetua::load
