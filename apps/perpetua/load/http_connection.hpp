// HttpConnection: one keep-alive connection to the exchange, one request at a time.
//
// Connects when it has to: at first, after an error, after the server closed (also while it was
// idle, as nginx does on a reload), and when it has been idle so long that the server may be about
// to close it. The handler is called exactly once per
// request, from the io_context's thread, and may start the next request.
// Thread-safety: one thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace perpetua::load {

struct HttpResponse {
  bool is_complete = false;  // false: no connection, or it broke, or the request was given up
  unsigned status = 0;
  int64_t retry_after_s = 0;
  std::string body;
};

class HttpConnection {
 public:
  using Handler = std::function<void(HttpResponse)>;

  // `source`: local address to connect from, unspecified for any.
  HttpConnection(boost::asio::io_context& io, boost::asio::ip::tcp::endpoint server,
                 boost::asio::ip::address source);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // REQUIRES: !is_busy().
  void request(std::string text, Handler handler);
  bool is_busy() const;

  // Gives up the request in flight; its handler is called with is_complete false.
  void abort();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace perpetua::load
