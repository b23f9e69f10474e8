// SocketFleet: one WebSocket for each agent, kept open, with its private stream audited.
//
// Each socket logs in and subscribes to `private`, the first `market_data` of them also to book,
// trades and ticker of their agent's market. A socket that ends is opened again at once and resumes
// by sequence. Delays count from the log time that a message carries to its arrival; those of
// events that a resumption repeats are left out. One thread, the io_context's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "load/agents/private_stream.hpp"
#include "load/transport.hpp"
#include "load/ws_connection.hpp"

namespace perpetua::load {

struct FleetCounts {
  uint32_t live = 0;  // logged in and subscribed
  uint64_t reconnects = 0;
  uint64_t failed_opens = 0;
  uint64_t private_events = 0;
  uint64_t resumed_events = 0;
  uint64_t public_messages = 0;
  uint64_t gaps = 0;          // of private streams
  uint64_t repeats = 0;       // of private streams
  uint64_t lost_cursors = 0;  // of the gaps: resumptions that the exchange could not do
  uint64_t book_gaps = 0;
  uint64_t tail_lost = 0;        // events that only came when they were asked for at the end
  uint32_t tails_unchecked = 0;  // sockets that did not answer at the end
};

class SocketFleet {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void on_accepted(uint64_t order_number) = 0;
    virtual void on_order_closed(uint32_t agent, uint64_t order_id) = 0;
    virtual void on_delay(bool is_private, int64_t delay_ns) = 0;
  };

  SocketFleet(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& server,
              std::string host, const std::vector<LoadAgent>& agents, uint32_t market_data,
              Sink& sink);
  ~SocketFleet();

  void open();  // ready when is_open()
  bool is_open() const { return counts_.live == sockets_.size(); }

  // Opens what has to be opened, gives up what hangs; every 20 ms or so.
  void tick(int64_t now_ns);

  // Asks each exchange node, at the end, for what it has not sent. Over when are_tails_checked().
  void check_tails();
  bool are_tails_checked() const { return tails_waiting_ == 0; }

  const FleetCounts& counts() const { return counts_; }

 private:
  struct Socket {
    std::unique_ptr<WsConnection> connection;
    PrivateStream stream;
    uint64_t caught_up_to = 0;   // up to here events were resumed
    uint64_t book_sequence = 0;  // 0: a snapshot is due
    int64_t opened_ns = 0;       // when it began to open
    int64_t unsubscribed_ms = 0;
    bool is_opening = false;
    bool is_live = false;
    bool has_been_live = false;
    bool is_tail_due = false;
  };
  struct Later {
    int64_t at_ns = 0;
    uint32_t index = 0;
  };

  void open_more();
  void open_one(uint32_t index);
  void set_live(Socket& socket, bool is_live);
  void on_open(uint32_t index, bool is_open);
  void on_closed(uint32_t index);
  void on_message(uint32_t index, std::string_view text);
  void on_private(uint32_t index, std::string_view type, std::string_view text);
  void on_public(Socket& socket, std::string_view type, std::string_view text);
  void on_subscribed(uint32_t index, std::string_view text);
  void on_unsubscribed(Socket& socket, std::string_view text);
  void on_error(uint32_t index, std::string_view text);
  void subscribe_private(Socket& socket);
  void subscribe_market(Socket& socket, const std::string& market);
  void count_faults(uint32_t index, uint64_t gaps, uint64_t repeats, std::string_view text);
  void end_opening(Socket& socket);
  void end_tail(Socket& socket);

  boost::asio::io_context& io_;
  const boost::asio::ip::tcp::endpoint server_;
  const std::string host_;
  const std::vector<LoadAgent>& agents_;
  const uint32_t market_data_;
  Sink& sink_;
  std::vector<Socket> sockets_;
  std::deque<uint32_t> to_open_;
  std::deque<Later> later_;  // failed: after a pause
  std::size_t next_to_check_ = 0;
  uint32_t opening_ = 0;
  uint32_t tails_waiting_ = 0;
  bool is_checking_tails_ = false;
  FleetCounts counts_;
};

}  // namespace perpetua::load
