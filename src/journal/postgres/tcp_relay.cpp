#include "journal/postgres/tcp_relay.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string_view>

#include "base/assert.hpp"

namespace perpetua::journal::postgres::testing {
namespace {

constexpr std::string_view kGroupStatement = "insert_group";

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void disable_delay(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

TcpRelay::TcpRelay(uint16_t target_port) : target_port_(target_port) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  PERPETUA_ASSERT(bind(listener_, raw, length) == 0 && listen(listener_, 16) == 0);
  PERPETUA_ASSERT(getsockname(listener_, raw, &length) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

TcpRelay::~TcpRelay() {
  is_stopping_ = true;
  thread_.join();
  for (const Link& link : links_) {
    close(link.client);
    close(link.server);
  }
  close(listener_);
}

void TcpRelay::run() {
  while (!is_stopping_) {
    std::vector<pollfd> ready{{listener_, POLLIN, 0}};
    for (const Link& link : links_) {
      ready.push_back({link.client, POLLIN, 0});
      ready.push_back({link.server, POLLIN, 0});
    }
    poll(ready.data(), ready.size(), 20);
    std::vector<Link> kept;
    for (std::size_t i = 0; i < links_.size(); ++i) {
      bool is_open = is_open_;
      if (is_open && ready[1 + 2 * i].revents != 0) is_open = forward(links_[i], true);
      if (is_open && ready[2 + 2 * i].revents != 0) is_open = forward(links_[i], false);
      if (is_open) {
        kept.push_back(links_[i]);
      } else {
        close(links_[i].client);
        close(links_[i].server);
      }
    }
    links_ = std::move(kept);
    if (ready[0].revents != 0) accept_one();
  }
}

void TcpRelay::accept_one() {
  Link link;
  link.client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (link.client < 0) return;
  if (!is_open_) {
    close(link.client);
    return;
  }
  link.server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(target_port_);
  if (connect(link.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(link.client);
    close(link.server);
    return;
  }
  disable_delay(link.client);
  disable_delay(link.server);
  links_.push_back(link);
}

// False: the connection is to be closed.
bool TcpRelay::forward(Link& link, bool from_client) {
  char buffer[65'536];
  const ssize_t got = recv(from_client ? link.client : link.server, buffer, sizeof buffer, 0);
  if (got <= 0) return false;
  const std::string_view bytes(buffer, static_cast<std::size_t>(got));
  if (!from_client) {
    if (!link.loses_reply) return send_all(link.client, bytes);
    ++losses_;
    return false;
  }
  // The statement's name stands in the message that binds its parameters.
  if (plan_ != Plan::none && bytes.find(kGroupStatement) != std::string_view::npos) {
    const Plan plan = plan_.exchange(Plan::none);
    if (plan == Plan::lose_request) {
      ++losses_;
      return false;
    }
    link.loses_reply = true;
  }
  return send_all(link.server, bytes);
}

}  // namespace perpetua::journal::postgres::testing
