// FakeNode: a server for tests that speaks Redis's protocol and answers what the test wants, for
// what no real server can be brought to say at a given moment.
//
// Listens on a free port of 127.0.0.1; ends with the object. `answer` is called on its own thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "stores/redis/options.hpp"

namespace perpetua::redis {

class FakeNode {
 public:
  using Words = std::vector<std::string>;
  using Answer = std::function<std::string(const Words& command)>;  // as it goes over the wire

  explicit FakeNode(Answer answer);
  ~FakeNode();
  FakeNode(const FakeNode&) = delete;
  FakeNode& operator=(const FakeNode&) = delete;

  Endpoint endpoint() const { return {"127.0.0.1", port_}; }

 private:
  void run();
  bool serve(int socket);  // false: the connection has ended

  const Answer answer_;
  int listener_ = -1;
  int stop_pipe_[2] = {-1, -1};
  uint16_t port_ = 0;
  std::map<int, std::string> received_;  // of each connection, not yet answered
  std::thread thread_;
};

}  // namespace perpetua::redis
