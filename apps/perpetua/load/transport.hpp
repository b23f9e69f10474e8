// OrderTransport: how requests reach the exchange, HTTP or WebSocket, as the runner sees it.
//
// Every submitted request ends in exactly one call of Sink::on_done, with one reply per order.
// Thread-safety: one thread, the io_context's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "load/traffic.hpp"

namespace perpetua::load {

struct LoadAgent {
  std::string agent_id;
  std::string api_key;
  std::string market;  // the only one it trades; "": every market
};

struct Request {
  uint32_t agent = 0;       // index
  int64_t intended_ns = 0;  // when it was due
};

class OrderTransport {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void on_done(const Request& request, std::span<const OrderReply> replies) = 0;
  };

  virtual ~OrderTransport() = default;

  // Connects what has to be connected beforehand; `done` is called once with how many agents can
  // send. Not from inside open().
  virtual void open(std::function<void(uint32_t connected)> done) = 0;

  // The order itself is chosen when the request goes out. May call on_done later, never inside.
  virtual void submit(const Request& request) = 0;

  // Requests whose reply is due before `sent_before_ns` are given up as errors.
  virtual void expire(int64_t sent_before_ns) = 0;

  // Everything still waiting becomes an error.
  virtual void give_up() = 0;

  // How many requests it can have under way at once: the window of a closed loop.
  virtual uint32_t window() const = 0;
};

struct TransportContext {
  boost::asio::io_context& io;
  boost::asio::ip::tcp::endpoint server;
  std::string host;  // Host header
  const std::vector<LoadAgent>& agents;
  Traffic& traffic;
  OrderTransport::Sink& sink;
  uint32_t batch = 1;
  uint32_t connections = 1;
};

std::unique_ptr<OrderTransport> make_http_transport(const TransportContext& context);
std::unique_ptr<OrderTransport> make_ws_transport(const TransportContext& context);

int64_t monotonic_ns();

}  // namespace perpetua::load
