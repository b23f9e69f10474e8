#include "load/agents/socket_fleet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "load/agents/json_scan.hpp"
#include "load/api.hpp"
#include "load/source_address.hpp"

namespace perpetua::load {

namespace {

constexpr uint32_t kOpeningMax = 128;  // connections being opened at once
constexpr int64_t kReopenPauseNs = 100'000'000;
constexpr int64_t kOpeningTimeoutNs = 10'000'000'000;
constexpr std::size_t kTailsAskedPerTick = 100;
constexpr int64_t kTailGraceMs = 1'000;
constexpr uint64_t kPrivateId = 2;
constexpr uint64_t kMarketId = 3;
constexpr uint64_t kFaultsTold = 10;
constexpr std::size_t kFaultTextBytes = 160;
constexpr int64_t kNsPerMs = 1'000'000;

int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int64_t wall_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

SocketFleet::SocketFleet(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& server,
                         std::string host, const std::vector<LoadAgent>& agents,
                         uint32_t market_data, Sink& sink)
    : io_(io),
      server_(server),
      host_(std::move(host)),
      agents_(agents),
      market_data_(market_data),
      sink_(sink),
      sockets_(agents.size()) {}

SocketFleet::~SocketFleet() = default;

void SocketFleet::open() {
  for (uint32_t i = 0; i < sockets_.size(); ++i) to_open_.push_back(i);
  open_more();
}

void SocketFleet::open_more() {
  while (!to_open_.empty() && opening_ < kOpeningMax) {
    const uint32_t index = to_open_.front();
    to_open_.pop_front();
    open_one(index);
  }
}

void SocketFleet::open_one(uint32_t index) {
  Socket& socket = sockets_[index];
  socket.is_opening = true;
  socket.opened_ns = monotonic_ns();
  socket.book_sequence = 0;
  ++opening_;
  WsHandlers handlers;
  handlers.on_open = [this, index](bool is_open) { on_open(index, is_open); };
  handlers.on_message = [this, index](std::string_view text) { on_message(index, text); };
  handlers.on_closed = [this, index] { on_closed(index); };
  socket.connection = std::make_unique<WsConnection>(io_, server_, source_address(server_, index),
                                                     std::move(handlers));
  socket.connection->open(host_, std::string(kWsPath));
}

void SocketFleet::end_opening(Socket& socket) {
  if (!std::exchange(socket.is_opening, false)) return;
  --opening_;
}

void SocketFleet::set_live(Socket& socket, bool is_live) {
  if (socket.is_live == is_live) return;
  socket.is_live = is_live;
  is_live ? ++counts_.live : --counts_.live;
}

void SocketFleet::on_open(uint32_t index, bool is_open) {
  Socket& socket = sockets_[index];
  if (is_open) return socket.connection->send(ws_auth_text(agents_[index].api_key));
  end_opening(socket);
  ++counts_.failed_opens;
  later_.push_back({monotonic_ns() + kReopenPauseNs, index});
  open_more();
}

void SocketFleet::on_closed(uint32_t index) {
  Socket& socket = sockets_[index];
  const bool was_live = socket.is_live;
  end_opening(socket);
  set_live(socket, false);
  socket.stream.on_closed();
  end_tail(socket);
  if (was_live) {
    to_open_.push_back(index);
  } else {
    ++counts_.failed_opens;
    later_.push_back({monotonic_ns() + kReopenPauseNs, index});
  }
  open_more();
}

void SocketFleet::on_message(uint32_t index, std::string_view text) {
  const std::string_view type = scan_field(text, R"("type":)");
  if (type == "orders" || type == "fills" || type == "positions" || type == "account") {
    on_private(index, type, text);
  } else if (type == "book" || type == "trades" || type == "ticker") {
    on_public(sockets_[index], type, text);
  } else if (type == "authenticated") {
    subscribe_private(sockets_[index]);
  } else if (type == "subscribed") {
    on_subscribed(index, text);
  } else if (type == "unsubscribed") {
    on_unsubscribed(sockets_[index], text);
  } else if (type == "error") {
    on_error(index, text);
  }
}

// What the stream has found since; the first ones are told with the message that showed them.
void SocketFleet::count_faults(uint32_t index, uint64_t gaps, uint64_t repeats,
                               std::string_view text) {
  const PrivateStream& stream = sockets_[index].stream;
  if (stream.gaps() == gaps && stream.repeats() == repeats) return;
  counts_.gaps += stream.gaps() - gaps;
  counts_.repeats += stream.repeats() - repeats;
  if (counts_.gaps + counts_.repeats > kFaultsTold) return;
  fmt::print(stderr, "stream of agent {} at {} ms: {}\n", agents_[index].agent_id, wall_ms(),
             text.substr(0, kFaultTextBytes));
}

void SocketFleet::on_private(uint32_t index, std::string_view type, std::string_view text) {
  Socket& socket = sockets_[index];
  const std::string_view event = scan_field(text, R"("event":)");
  const uint64_t sequence = scan_number(text, R"("seq":)").value_or(0);
  const auto time_ms = static_cast<int64_t>(scan_number(text, R"("time":)").value_or(0));
  const bool is_fill = event == "fill";
  const bool is_second = type == "positions" && event == "position";
  const auto message = is_fill     ? PrivateStream::Message::fill
                       : is_second ? PrivateStream::Message::position_of_fill
                                   : PrivateStream::Message::single;
  const uint64_t gaps = socket.stream.gaps();
  const uint64_t repeats = socket.stream.repeats();
  socket.stream.on_event(sequence, message);
  count_faults(index, gaps, repeats, text);
  ++counts_.private_events;
  if (sequence > socket.caught_up_to) {
    sink_.on_delay(true, wall_ns() - time_ms * kNsPerMs);
  } else {
    ++counts_.resumed_events;
    const bool is_tail = socket.unsubscribed_ms != 0;
    if (is_tail && time_ms < socket.unsubscribed_ms - kTailGraceMs) ++counts_.tail_lost;
  }
  const bool is_resumed = sequence <= socket.caught_up_to;
  if (event == "accepted" && !is_resumed) {
    std::string_view client_id = scan_field(text, R"("client_id":)");
    if (client_id.starts_with(kClientIdPrefix)) {
      uint64_t number = 0;
      for (const char digit : client_id.substr(kClientIdPrefix.size())) {
        number = number * 10 + static_cast<uint64_t>(digit - '0');
      }
      sink_.on_accepted(number);
    }
  } else if (event == "closed" || (is_fill && scan_field(text, R"("order_done":)") == "true")) {
    sink_.on_order_closed(index, scan_number(text, R"("order_id":)").value_or(0));
  }
}

void SocketFleet::on_public(Socket& socket, std::string_view type, std::string_view text) {
  ++counts_.public_messages;
  if (type == "book") {
    const uint64_t sequence = scan_number(text, R"("seq":)").value_or(0);
    const bool is_snapshot = scan_field(text, R"("kind":)") == "snapshot";
    if (!is_snapshot && sequence != socket.book_sequence + 1) ++counts_.book_gaps;
    socket.book_sequence = sequence;
    if (is_snapshot) return;  // as old as the last change
  }
  if (type == "ticker") return;  // at most two a second: late on purpose
  const auto time_ms = static_cast<int64_t>(scan_number(text, R"("time":)").value_or(0));
  sink_.on_delay(false, wall_ns() - time_ms * kNsPerMs);
}

void SocketFleet::subscribe_private(Socket& socket) {
  std::string text = R"({"op":"subscribe","channel":"private","id":)" + std::to_string(kPrivateId);
  if (const auto from = socket.stream.resume_from()) {
    text += R"(,"resume_from":)" + std::to_string(*from);
  }
  socket.connection->send(text + '}');
}

void SocketFleet::subscribe_market(Socket& socket, const std::string& market) {
  for (const std::string_view channel : {"book", "trades", "ticker"}) {
    std::string text = R"({"op":"subscribe","channel":")";
    text.append(channel).append(R"(","market":")").append(market).append(R"(","id":)");
    socket.connection->send(text + std::to_string(kMarketId) + '}');
  }
}

void SocketFleet::on_subscribed(uint32_t index, std::string_view text) {
  if (scan_number(text, R"("id":)") != kPrivateId) return;
  Socket& socket = sockets_[index];
  const uint64_t gaps = socket.stream.gaps();
  const uint64_t repeats = socket.stream.repeats();
  socket.stream.on_subscribed(scan_number(text, R"("seq":)").value_or(0));
  count_faults(index, gaps, repeats, text);
  socket.caught_up_to = scan_number(text, R"("last_seq":)").value_or(0);
  end_opening(socket);
  end_tail(socket);
  if (!socket.is_live) {
    set_live(socket, true);
    counts_.reconnects += std::exchange(socket.has_been_live, true) ? 1 : 0;
    if (index < market_data_) subscribe_market(socket, agents_[index].market);
  }
  open_more();
}

void SocketFleet::on_unsubscribed(Socket& socket, std::string_view text) {
  if (scan_number(text, R"("id":)") != kPrivateId) return;
  socket.unsubscribed_ms = wall_ms();
  subscribe_private(socket);
}

void SocketFleet::on_error(uint32_t index, std::string_view text) {
  Socket& socket = sockets_[index];
  const auto id = scan_number(text, R"("id":)");
  if (id == kPrivateId && scan_field(text, R"("code":)") == "invalid_cursor") {
    ++counts_.lost_cursors;
    const uint64_t gaps = socket.stream.gaps();
    const uint64_t after = socket.stream.resume_from().value_or(0);
    socket.stream.restart();
    count_faults(index, gaps, socket.stream.repeats(),
                 "no resumption from " + std::to_string(after));
    return subscribe_private(socket);
  }
  if (id == kMarketId) return;
  // The connection must not go while it is handing out this message.
  socket.opened_ns = monotonic_ns() - kOpeningTimeoutNs;
  if (socket.is_opening) return;
  socket.is_opening = true;
  ++opening_;
  set_live(socket, false);
}

void SocketFleet::tick(int64_t now_ns) {
  for (uint32_t i = 0; i < sockets_.size(); ++i) {
    Socket& socket = sockets_[i];
    if (!socket.is_opening || now_ns - socket.opened_ns < kOpeningTimeoutNs) continue;
    socket.connection.reset();
    socket.stream.on_closed();
    end_opening(socket);
    end_tail(socket);
    ++counts_.failed_opens;
    later_.push_back({now_ns + kReopenPauseNs, i});
  }
  while (!later_.empty() && later_.front().at_ns <= now_ns) {
    to_open_.push_back(later_.front().index);
    later_.pop_front();
  }
  open_more();
  if (!is_checking_tails_) return;
  const std::size_t end = std::min(sockets_.size(), next_to_check_ + kTailsAskedPerTick);
  for (; next_to_check_ < end; ++next_to_check_) {
    Socket& socket = sockets_[next_to_check_];
    if (!socket.is_tail_due || !socket.is_live) continue;
    socket.connection->send(R"({"op":"unsubscribe","channel":"private","id":)" +
                            std::to_string(kPrivateId) + '}');
  }
}

void SocketFleet::check_tails() {
  is_checking_tails_ = true;
  for (Socket& socket : sockets_) {
    socket.is_tail_due = socket.is_live;
    socket.is_live ? ++tails_waiting_ : ++counts_.tails_unchecked;
  }
}

void SocketFleet::end_tail(Socket& socket) {
  if (!std::exchange(socket.is_tail_due, false)) return;
  --tails_waiting_;
  if (!socket.is_live) ++counts_.tails_unchecked;
}

}  // namespace perpetua::load
