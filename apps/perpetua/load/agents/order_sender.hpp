// OrderSender: requests over HTTP that are repeated once, under their idempotency key.
//
// A request goes out on the first free keep-alive connection; connections are opened as they are
// needed. Without a reply for retry_ms, after a broken connection, a 5xx or a 429 it is sent once
// more, the same bytes, on another connection; the first one stays open, and the first true outcome
// counts. Both attempts are one request, and it ends in exactly one on_ended: done or refused (its
// true outcome is known), or failed. One thread, the io_context's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "load/http_connection.hpp"

namespace perpetua::load {

struct Ticket {
  uint32_t agent = 0;
  int64_t due_ns = 0;
  uint64_t number = 0;  // of the order; of a cancel: the id of the order it cancels
  bool is_cancel = false;
};

enum class Ending : uint8_t { done, refused, failed };

struct RequestEnd {
  Ending ending = Ending::failed;
  bool is_retried = false;
  bool is_open = false;  // the order rests in the book
  uint64_t order_id = 0;
  int64_t at_ns = 0;  // monotonic
  std::string code;   // of a refusal or failure
};

struct SenderOptions {
  uint32_t connections = 1;
  int64_t retry_ns = 0;
  int64_t retry_pause_ns = 0;
  int64_t give_up_ns = 0;  // after the due time
};

class OrderSender {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void on_sent(const Ticket& ticket, int64_t now_ns) = 0;  // the first attempt
    virtual void on_ended(const Ticket& ticket, const RequestEnd& end) = 0;
  };

  OrderSender(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& server,
              const SenderOptions& options, Sink& sink);
  ~OrderSender();

  // May call on_sent, never on_ended.
  void submit(const Ticket& ticket, std::string text);

  // Drives retries and time-outs; every 20 ms or so.
  void tick(int64_t now_ns);

  // Everything under way fails now.
  void give_up();

  std::size_t under_way() const { return under_way_; }

 private:
  struct Flight;
  struct Lane;
  struct Repeat {
    int64_t at_ns = 0;
    std::shared_ptr<Flight> flight;
  };

  void pump();
  Lane* free_lane();
  void send(Lane& lane, std::shared_ptr<Flight> flight);
  void on_response(Lane& lane, const HttpResponse& response);
  void on_no_outcome(std::shared_ptr<Flight> flight, std::string code);
  void end(Flight& flight, RequestEnd end);
  void fail(Flight& flight, std::string code);

  boost::asio::io_context& io_;
  const boost::asio::ip::tcp::endpoint server_;
  const SenderOptions options_;
  Sink& sink_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<Lane*> free_;  // most recently used last: few requests use few connections
  std::deque<std::shared_ptr<Flight>> waiting_;
  std::deque<Repeat> repeats_;
  std::size_t under_way_ = 0;
  bool is_giving_up_ = false;
};

}  // namespace perpetua::load
