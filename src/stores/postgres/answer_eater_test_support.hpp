// For tests: stands between a client and PostgreSQL, and once it is armed cuts the connection when
// the next COMMIT has been done, before the client hears of it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>

namespace perpetua::stores::test {

// One connection at a time, as a writer has.
class AnswerEater {
 public:
  explicit AnswerEater(uint16_t server_port) : server_port_(server_port) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    const bool is_bound =
        bind(listener_, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
        listen(listener_, 8) == 0 &&
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) == 0;
    port_ = is_bound ? ntohs(address.sin_port) : 0;
    thread_ = std::thread([this] { run(); });
  }
  ~AnswerEater() {
    stopping_ = true;
    thread_.join();
    close(listener_);
  }
  AnswerEater(const AnswerEater&) = delete;
  AnswerEater& operator=(const AnswerEater&) = delete;

  uint16_t port() const { return port_; }
  void arm() { armed_ = true; }
  int eaten() const { return eaten_; }

 private:
  static sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  void run() {
    while (!stopping_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (poll(&waiting, 1, 50) <= 0) continue;
      const int client = accept(listener_, nullptr, nullptr);
      const int server = socket(AF_INET, SOCK_STREAM, 0);
      const sockaddr_in address = loopback(server_port_);
      if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        serve(client, server);
      }
      close(client);
      close(server);
    }
  }

  void serve(int client, int server) {
    bool is_committing = false;
    while (!stopping_) {
      pollfd ends[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
      if (poll(ends, 2, 50) <= 0) continue;
      if (ends[0].revents != 0) {
        const std::string sent = receive(client);
        if (sent.empty()) return;
        if (armed_ && sent.find("COMMIT") != std::string::npos) is_committing = true;
        send_all(server, sent);
      }
      if (ends[1].revents != 0) {
        const std::string answer = receive(server);
        if (answer.empty()) return;
        if (is_committing) {
          armed_ = false;
          ++eaten_;
          return;
        }
        send_all(client, answer);
      }
    }
  }

  static std::string receive(int from) {
    std::string bytes(65'536, '\0');
    const ssize_t size = recv(from, bytes.data(), bytes.size(), 0);
    bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return bytes;
  }
  static void send_all(int to, const std::string& bytes) {
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t size = send(to, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (size <= 0) return;
      done += static_cast<std::size_t>(size);
    }
  }

  const uint16_t server_port_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> armed_{false};
  std::atomic<int> eaten_{0};
  std::thread thread_;
};

}  // namespace perpetua::stores::test
