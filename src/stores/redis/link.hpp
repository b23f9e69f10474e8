// Link: one connection to one server, from its opening to its end; never opened twice.
//
// Opening is resolving, TCP, TLS, AUTH, CLIENT SETNAME, SELECT and PING within one time-out. Then
// commands are appended to out() and leave with flush(), while read() hands over the replies.
// Bytes of a write that has begun count as sent, whether or not they arrive.
// Owned by shared_ptr: a coroutine in open() or read() must hold one. On the client's thread.
// Included by sources only (Asio).
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stores/redis/health.hpp"
#include "stores/redis/options.hpp"
#include "stores/redis/reply_parser.hpp"
#include "stores/redis/request.hpp"

namespace perpetua::redis {

int64_t monotonic_ns();

// What all links of a client share.
struct LinkSetup {
  boost::asio::io_context& io;
  boost::asio::ssl::context* tls;  // null: none
  const Options& options;
  Counters& counters;
};

class Link : public std::enable_shared_from_this<Link> {
 public:
  using Tcp = boost::asio::ip::tcp;
  // False ends the link.
  using ReplyHandler = std::function<bool(Reply&&)>;

  explicit Link(const LinkSetup& setup);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Both return why it failed; open() an empty text if it did not.
  boost::asio::awaitable<std::string> open(Endpoint endpoint);
  boost::asio::awaitable<std::string> read(ReplyHandler on_reply);

  std::string& out() { return out_; }
  void flush();
  void close(std::string why = {});  // `why`: what open() or read() then return

  uint64_t queued_bytes() const { return started_bytes_ + out_.size(); }  // since it was opened
  uint64_t started_bytes() const { return started_bytes_; }
  int64_t last_read_ns() const { return last_read_ns_; }

 private:
  static constexpr std::size_t kReadBytes = 64 * 1024;

  boost::asio::awaitable<std::string> open_steps(const Endpoint& endpoint);
  boost::asio::awaitable<std::string> connect(const Endpoint& endpoint);
  boost::asio::awaitable<std::string> handshake(const std::string& host);
  boost::asio::awaitable<std::string> greet();
  boost::asio::awaitable<std::string> read_once();
  bool take(std::string_view bytes, const ReplyHandler& on_reply, std::string& error);
  void written(const boost::system::error_code& code, std::size_t size);

  const LinkSetup setup_;
  Tcp::socket socket_;
  Tcp::resolver resolver_;
  std::optional<boost::asio::ssl::stream<Tcp::socket&>> tls_;
  ReplyParser parser_;
  std::array<char, kReadBytes> buffer_;
  std::size_t buffered_ = 0;
  std::string out_;      // not yet being written
  std::string writing_;  // being written
  uint64_t started_bytes_ = 0;
  int64_t last_read_ns_ = 0;
  bool is_writing_ = false;
  bool is_open_ = false;
  bool is_closed_ = false;
  std::string close_reason_;
};

}  // namespace perpetua::redis
