// UnheardLeader: what a standby does about a leader that holds the lock of the journal and is not
// heard through Redis, because it is cut off from there: nobody's commands reach it. The leader is
// asked to hand over, as an operator would (`perpetua engine handover`).
//
// Only who reaches Redis itself may ask. When Redis is away for all, nobody asks; the engine that
// handed over does not reach it, and so does not ask back.
// Thread-safety: one thread. look() blocks for up to kUnheardDeadlineMs when it asks.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "cluster/feed_status.hpp"

namespace perpetua::redis {
class Client;
}

namespace perpetua::app {

inline constexpr int64_t kUnheardMs = 1'000;          // of a leader that beats every 100 ms
inline constexpr int64_t kUnheardPauseMs = 5'000;     // between two requests of one standby
inline constexpr int64_t kUnheardPingMs = 200;        // each master of Redis must answer within
inline constexpr int64_t kUnheardDeadlineMs = 2'000;  // of each step in the database

// Whether what this standby sees says that the leader is cut off. `following_ms`: for how long it
// has followed; a leader that it has never heard counts from there.
bool is_unheard(const cluster::BatchFeedStatus& seen, int64_t following_ms);

class UnheardLeader {
 public:
  using Clock = std::chrono::steady_clock;

  // Made when the standby begins to follow. `client` outlives it.
  UnheardLeader(redis::Client& client, std::string journal_url);

  void look(const cluster::BatchFeedStatus& seen);

 private:
  bool reaches_redis();
  void ask();

  redis::Client& client_;
  const std::string journal_url_;
  const Clock::time_point following_since_ = Clock::now();
  std::optional<Clock::time_point> asked_at_;
};

}  // namespace perpetua::app
