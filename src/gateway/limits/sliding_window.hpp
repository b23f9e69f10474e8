// SlidingWindow: at most N requests of one agent in any second, exactly, without burst credit; and
// how many there were in the last second, minute and hour.
//
// Refused requests are counted as violations only. The hour is kept in buckets of five minutes, the
// minute in buckets of five seconds: a figure covers up to one bucket less than its span. An agent
// costs about 200 bytes and eight for each request of its last second; agents that were idle for a
// second make room once a shard holds kAgentsPerShard, which forgets their figures, never their
// limit. Reading creates no state.
// Thread-safety: any thread; one lock a shard. Time is the monotonic clock, given by the caller.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "engine/schema/types.hpp"

namespace perpetua::gateway {

struct WindowUse {
  uint32_t second = 0;
  uint32_t minute = 0;
  uint32_t hour = 0;
  uint64_t violations = 0;  // since the agent was first seen
};

class SlidingWindow {
 public:
  static constexpr std::size_t kShards = 64;
  static constexpr std::size_t kAgentsPerShard = 1'024;

  // per_second 0: no limit; requests are counted for the figures all the same.
  explicit SlidingWindow(uint32_t per_second) : per_second_(per_second) {}

  uint32_t per_second() const { return per_second_; }

  // 0: taken. Else refused, and so many nanoseconds until one would be taken.
  [[nodiscard]] int64_t take(AgentId agent, int64_t now_ns);
  // Somebody else has refused it.
  void count_violation(AgentId agent, int64_t now_ns);
  WindowUse use(AgentId agent, int64_t now_ns) const;

 private:
  static constexpr std::size_t kBuckets = 12;
  struct Buckets {
    std::array<uint32_t, kBuckets> counts{};
    int64_t newest = 0;  // number of the newest bucket since the clock's start
    void add(int64_t bucket);
    uint32_t sum(int64_t bucket) const;
  };
  struct Agent {
    std::deque<int64_t> last_second;  // when one was taken; stays empty without a limit
    Buckets minute;
    Buckets hour;
    int64_t last_ns = 0;
    uint64_t violations = 0;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<AgentId, Agent> agents;
  };

  Agent& agent_of(Shard& shard, AgentId agent, int64_t now_ns) const;

  const uint32_t per_second_;
  std::array<Shard, kShards> shards_;
};

}  // namespace perpetua::gateway
