// TcpRelay: between an engine and its database, to lose what a test wants to be lost. For tests.
//
// Forwards every connection to the target. lose_request() closes the next connection that asks for
// the insertion of a group, without forwarding it: the server never sees it. lose_reply() forwards
// that request, waits for the server's answer, and closes the connection without handing it back.
// set_open(false) closes all connections and every new one.
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace perpetua::journal::postgres::testing {

class TcpRelay {
 public:
  explicit TcpRelay(uint16_t target_port);
  ~TcpRelay();
  TcpRelay(const TcpRelay&) = delete;
  TcpRelay& operator=(const TcpRelay&) = delete;

  uint16_t port() const { return port_; }
  void lose_request() { plan_ = Plan::lose_request; }
  void lose_reply() { plan_ = Plan::lose_reply; }
  uint32_t losses() const { return losses_; }
  void set_open(bool is_open) { is_open_ = is_open; }

 private:
  enum class Plan { none, lose_request, lose_reply };
  struct Link {
    int client = -1;
    int server = -1;
    bool loses_reply = false;
  };

  void run();
  void accept_one();
  bool forward(Link& link, bool from_client);

  const uint16_t target_port_;
  uint16_t port_ = 0;
  int listener_ = -1;
  std::vector<Link> links_;
  std::atomic<Plan> plan_{Plan::none};
  std::atomic<uint32_t> losses_{0};
  std::atomic<bool> is_open_{true};
  std::atomic<bool> is_stopping_{false};
  std::thread thread_;
};

}  // namespace perpetua::journal::postgres::testing
