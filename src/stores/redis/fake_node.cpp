#include "stores/redis/fake_node.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <stdexcept>
#include <utility>

namespace perpetua::redis {
namespace {

constexpr std::size_t kReadBytes = 4096;

// "<mark><number>\r\n" at `at`, which moves behind it.
std::optional<std::size_t> take_number(const std::string& bytes, char mark, std::size_t& at) {
  const std::size_t end = bytes.find("\r\n", at);
  if (end == std::string::npos || bytes[at] != mark) return std::nullopt;
  const std::size_t number = std::stoul(bytes.substr(at + 1, end - at - 1));
  at = end + 2;
  return number;
}

// The first whole command, which is taken out of `bytes`; none: not all of it is there.
std::optional<FakeNode::Words> take_command(std::string& bytes) {
  std::size_t at = 0;
  const auto count = take_number(bytes, '*', at);
  if (!count) return std::nullopt;
  FakeNode::Words words;
  for (std::size_t i = 0; i < *count; ++i) {
    const auto length = take_number(bytes, '$', at);
    if (!length || bytes.size() < at + *length + 2) return std::nullopt;
    words.push_back(bytes.substr(at, *length));
    at += *length + 2;
  }
  bytes.erase(0, at);
  return words;
}

}  // namespace

FakeNode::FakeNode(Answer answer) : answer_(std::move(answer)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  if (bind(listener_, name, length) != 0 || listen(listener_, 16) != 0 ||
      getsockname(listener_, name, &length) != 0 || pipe(stop_pipe_) != 0) {
    throw std::runtime_error("no port for a fake node");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

FakeNode::~FakeNode() {
  close(stop_pipe_[1]);
  thread_.join();
  for (const auto& [socket, received] : received_) close(socket);
  close(stop_pipe_[0]);
  close(listener_);
}

void FakeNode::run() {
  for (;;) {
    std::vector<pollfd> waits = {{stop_pipe_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& [socket, received] : received_) waits.push_back({socket, POLLIN, 0});
    poll(waits.data(), waits.size(), -1);
    if (waits[0].revents != 0) return;
    if (waits[1].revents != 0) received_[accept(listener_, nullptr, nullptr)];
    for (std::size_t i = 2; i < waits.size(); ++i) {
      const int socket = waits[i].fd;
      if (waits[i].revents == 0 || serve(socket)) continue;
      close(socket);
      received_.erase(socket);
    }
  }
}

bool FakeNode::serve(int socket) {
  char buffer[kReadBytes];
  const ssize_t size = recv(socket, buffer, sizeof buffer, 0);
  if (size <= 0) return false;
  std::string& bytes = received_[socket];
  bytes.append(buffer, static_cast<std::size_t>(size));
  while (const auto command = take_command(bytes)) {
    const std::string reply = answer_(*command);
    if (send(socket, reply.data(), reply.size(), MSG_NOSIGNAL) < 0) return false;
  }
  return true;
}

}  // namespace perpetua::redis
