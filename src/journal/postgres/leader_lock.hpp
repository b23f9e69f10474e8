// The lock that says who leads the journal table: taking it, seeing who holds it, and ending a
// server process that holds it without a sign of life.
//
// The lock belongs to the session of one connection and goes with it. Thread-safety: as the
// connection.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/pg/connection.hpp"
#include "journal/status.hpp"

namespace perpetua::journal::postgres {

enum class LockResult { taken, held, failed };

// `failure` says why it failed.
LockResult try_leader_lock(pg::Connection& connection, Status& failure);

// The server's process of this connection: pid and start, so that a later one with the same pid is
// not taken for it.
Status server_process_of(pg::Connection& connection, std::string& process);

// Ends a server process if it is still the one that is meant. Empty, or why it was refused.
std::string end_server_process(pg::Connection& connection, const std::string& process);

// For an engine that waits for the lock: looks at the holder, and ends its server process once it
// has shown neither beat nor batch for `silence_ms`. That is safe whatever the holder believes:
// without that connection it can write nothing.
class HolderWatch {
 public:
  using Log = std::function<void(const std::string& line)>;

  HolderWatch(int64_t silence_ms, Log log) : silence_ms_(silence_ms), log_(std::move(log)) {}

  void look(pg::Connection& connection);  // silence_ms 0: does nothing

 private:
  const int64_t silence_ms_;
  Log log_;
  std::string shown_;  // by the holder, last
  std::chrono::steady_clock::time_point shown_since_{};
};

}  // namespace perpetua::journal::postgres
