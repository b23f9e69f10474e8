// LastSeen: when a key and its agent were last seen in a request of the root API. Seconds since
// 1970; memory of fixed size. This process's own requests at once, those of others when they have
// told (SharedNotes::exchange), which each does for a key once in kSightingGapS.
// Thread-safety: any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "engine/schema/types.hpp"
#include "gateway/shared_notes.hpp"

namespace perpetua::gateway::hub {

inline constexpr uint32_t kSightingGapS = 30;
inline constexpr std::size_t kSightingsWaitingMax = 1u << 16;  // to be told; more are not told
inline constexpr int64_t kSightingsPeriodMs = 2'000;           // between two exchanges
// Told that long before the last exchange is asked for again: clocks and networks differ.
inline constexpr uint32_t kSightingsOverlapS = 3;

class LastSeen {
 public:
  // Not shared: nothing is kept to be told.
  explicit LastSeen(bool is_shared);

  void note(AgentId agent, uint32_t key_id, int64_t now_ms);  // key 0: by a token
  int64_t key_ms(uint32_t key_id) const;                      // 0: not seen
  int64_t agent_ms(AgentId agent) const;

  std::vector<Sighting> take_untold();
  void learn(std::span<const Sighting> sightings);

 private:
  const bool is_shared_;
  std::unique_ptr<std::atomic<uint32_t>[]> keys_;
  std::unique_ptr<std::atomic<uint32_t>[]> agents_;
  std::mutex mutex_;
  std::vector<Sighting> untold_;
};

}  // namespace perpetua::gateway::hub
