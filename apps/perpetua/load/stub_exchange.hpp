// StubExchange: a test double of the exchange's HTTP and WebSocket interface on a free loopback
// port. Registers, funds, lists one market, and answers orders as the test tells it to. One thread
// per connection; for a handful of connections.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace perpetua::load {

class StubExchange {
 public:
  struct Answer {
    unsigned status = 200;
    std::string body;
  };
  // Order number (0, 1, ...) -> answer; nothing: the connection is closed without one.
  using Orders = std::function<std::optional<Answer>(uint64_t number)>;
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  // True: it has answered, or with nothing closes the connection. Set before the first request.
  using Handler = std::function<bool(const Request& request, std::optional<Answer>& answer)>;
  // Messages for one that came; nothing: the socket is closed.
  using SocketHandler =
      std::function<std::optional<std::vector<std::string>>(const std::string& text)>;

  explicit StubExchange(Orders orders)
      : orders_(std::move(orders)),
        acceptor_(io_, {boost::asio::ip::make_address("127.0.0.1"), 0}),
        accepting_([this] { accept(); }) {}

  ~StubExchange() {
    is_stopping_ = true;
    Socket wake(io_);
    boost::system::error_code ignored;
    wake.connect(acceptor_.local_endpoint(), ignored);
    accepting_.join();
    {
      const std::lock_guard lock(mutex_);
      for (Socket* socket : open_) socket->shutdown(Socket::shutdown_both, ignored);
    }
    for (std::thread& thread : threads_) thread.join();
  }

  boost::asio::ip::tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(endpoint().port()); }

  Handler handler;
  SocketHandler socket_handler;
  std::atomic<uint32_t> registered{0};
  std::atomic<uint32_t> rate_limited{0};  // so many registrations are answered 429 first

 private:
  using Socket = boost::asio::ip::tcp::socket;

  void accept() {
    while (true) {
      Socket socket(io_);
      boost::system::error_code error;
      acceptor_.accept(socket, error);
      if (error || is_stopping_) return;
      threads_.emplace_back([this, s = std::move(socket)]() mutable { serve(s); });
    }
  }

  void serve(Socket& socket) {
    {
      const std::lock_guard lock(mutex_);
      open_.push_back(&socket);
    }
    boost::beast::flat_buffer buffer;
    while (serve_one(socket, buffer)) {
    }
    const std::lock_guard lock(mutex_);
    open_.remove(&socket);
    boost::system::error_code ignored;
    socket.close(ignored);
  }

  bool serve_one(Socket& socket, boost::beast::flat_buffer& buffer) {
    namespace http = boost::beast::http;
    Request request;
    boost::system::error_code error;
    http::read(socket, buffer, request, error);
    if (error) return false;
    if (boost::beast::websocket::is_upgrade(request)) {
      serve_websocket(socket, request);
      return false;
    }
    const std::optional<Answer> answer = answer_http(request);
    if (!answer) return false;
    http::response<http::string_body> response(static_cast<http::status>(answer->status), 11);
    if (answer->status == 429) response.set(http::field::retry_after, "0");
    response.body() = answer->body;
    response.prepare_payload();
    http::write(socket, response, error);
    return !error;
  }

  std::optional<Answer> answer_http(const Request& request) {
    const std::string target(request.target());
    std::optional<Answer> own;
    if (handler && handler(request, own)) return own;
    if (target == "/api/v1/markets") {
      return Answer{200, R"({"items":[{"market":"BTC-PERP","tick_size":"0.1","lot_size":"0.00001",)"
                         R"("min_notional":"1","mark_price":"68000"}]})"};
    }
    if (target == "/api/v1/agents") {
      if (rate_limited > 0) {
        --rate_limited;
        return Answer{429, R"({"code":"rate_limited"})"};
      }
      const std::string id = std::to_string(++registered);
      return Answer{200, R"({"agent_id":")" + id + R"(","api_key":"th_)" + id + R"("})"};
    }
    if (target.starts_with("/api/v1/orders")) return orders_(number_++);
    return Answer{200, "{}"};
  }

  void serve_websocket(Socket& socket, const Request& request) {
    boost::beast::websocket::stream<Socket&> stream(socket);
    boost::system::error_code error;
    stream.accept(request, error);
    boost::beast::flat_buffer buffer;
    while (!error) {
      buffer.clear();
      stream.read(buffer, error);
      if (error) return;
      const std::string text = boost::beast::buffers_to_string(buffer.data());
      if (socket_handler) {
        const auto messages = socket_handler(text);
        if (!messages) return;
        for (const std::string& message : *messages) {
          stream.write(boost::asio::buffer(message), error);
        }
        continue;
      }
      const std::size_t at = text.find("\"id\":") + 5;
      const std::string id = text.substr(at, text.find(',', at) - at);
      std::string reply = R"({"type":"authenticated","id":)" + id + '}';
      if (text.find("\"auth\"") == std::string::npos) {
        const std::optional<Answer> answer = orders_(number_++);
        if (!answer) return;
        reply = R"({"type":"reply","id":)" + id + ',' + answer->body.substr(1);
      }
      stream.write(boost::asio::buffer(reply), error);
    }
  }

  Orders orders_;
  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::atomic<bool> is_stopping_{false};
  std::atomic<uint64_t> number_{0};
  std::mutex mutex_;
  std::list<Socket*> open_;
  std::list<std::thread> threads_;
  std::thread accepting_;
};

}  // namespace perpetua::load
