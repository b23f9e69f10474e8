#include "gateway/hub/last_seen.hpp"

#include <utility>

#include "base/limits.hpp"

namespace perpetua::gateway::hub {
namespace {

// Later than before; returns what was there before.
uint32_t raise(std::atomic<uint32_t>& time, uint32_t to) {
  uint32_t before = time.load(std::memory_order_relaxed);
  while (before < to && !time.compare_exchange_weak(before, to, std::memory_order_relaxed)) {
  }
  return before;
}

}  // namespace

LastSeen::LastSeen(bool is_shared)
    : is_shared_(is_shared),
      keys_(std::make_unique<std::atomic<uint32_t>[]>(limits::kKeysTotalMax + 1)),
      agents_(std::make_unique<std::atomic<uint32_t>[]>(limits::kAgentsMax + 1)) {}

void LastSeen::note(AgentId agent, uint32_t key_id, int64_t now_ms) {
  if (key_id > limits::kKeysTotalMax || agent > limits::kAgentsMax) return;
  const auto now_s = static_cast<uint32_t>(now_ms / 1'000);
  const uint32_t of_agent = raise(agents_[agent], now_s);
  const uint32_t before = key_id == 0 ? of_agent : raise(keys_[key_id], now_s);
  // Each has its own second to be told in, so that not all are told at once.
  const uint32_t shift = (key_id == 0 ? agent : key_id) % kSightingGapS;
  const bool is_told = (before + shift) / kSightingGapS >= (now_s + shift) / kSightingGapS;
  if (!is_shared_ || is_told) return;
  const std::lock_guard lock(mutex_);
  if (untold_.size() < kSightingsWaitingMax) untold_.push_back({agent, key_id, now_s});
}

int64_t LastSeen::key_ms(uint32_t key_id) const {
  if (key_id > limits::kKeysTotalMax) return 0;
  return int64_t{1'000} * keys_[key_id].load(std::memory_order_relaxed);
}

int64_t LastSeen::agent_ms(AgentId agent) const {
  if (agent > limits::kAgentsMax) return 0;
  return int64_t{1'000} * agents_[agent].load(std::memory_order_relaxed);
}

std::vector<Sighting> LastSeen::take_untold() {
  const std::lock_guard lock(mutex_);
  return std::exchange(untold_, {});
}

void LastSeen::learn(std::span<const Sighting> sightings) {
  for (const Sighting& sighting : sightings) {
    if (sighting.key_id > limits::kKeysTotalMax || sighting.agent > limits::kAgentsMax) continue;
    raise(agents_[sighting.agent], sighting.time_s);
    if (sighting.key_id != 0) raise(keys_[sighting.key_id], sighting.time_s);
  }
}

}  // namespace perpetua::gateway::hub
