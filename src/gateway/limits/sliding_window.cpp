#include "gateway/limits/sliding_window.hpp"

#include <algorithm>

namespace perpetua::gateway {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kMinuteBucketNs = 5 * kSecondNs;
constexpr int64_t kHourBucketNs = 300 * kSecondNs;

}  // namespace

void SlidingWindow::Buckets::add(int64_t bucket) {
  const int64_t passed = std::min<int64_t>(bucket - newest, kBuckets);
  for (int64_t i = 1; i <= passed; ++i) {
    counts[static_cast<std::size_t>(newest + i) % kBuckets] = 0;
  }
  if (passed == static_cast<int64_t>(kBuckets)) counts.fill(0);
  newest = std::max(newest, bucket);
  ++counts[static_cast<std::size_t>(newest) % kBuckets];
}

uint32_t SlidingWindow::Buckets::sum(int64_t bucket) const {
  uint32_t total = 0;
  for (std::size_t age = 0; age < kBuckets; ++age) {
    const int64_t at = bucket - static_cast<int64_t>(age);
    const bool is_kept = at <= newest && at > newest - static_cast<int64_t>(kBuckets) && at >= 0;
    if (is_kept) total += counts[static_cast<std::size_t>(at) % kBuckets];
  }
  return total;
}

SlidingWindow::Agent& SlidingWindow::agent_of(Shard& shard, AgentId agent, int64_t now_ns) const {
  const auto found = shard.agents.find(agent);
  if (found != shard.agents.end()) return found->second;
  if (shard.agents.size() >= kAgentsPerShard) {
    std::erase_if(shard.agents,
                  [&](const auto& entry) { return now_ns - entry.second.last_ns >= kSecondNs; });
  }
  return shard.agents[agent];
}

int64_t SlidingWindow::take(AgentId agent, int64_t now_ns) {
  Shard& shard = shards_[agent % kShards];
  const std::lock_guard lock(shard.mutex);
  Agent& state = agent_of(shard, agent, now_ns);
  state.last_ns = now_ns;
  if (per_second_ != 0) {
    std::deque<int64_t>& taken = state.last_second;
    while (!taken.empty() && now_ns - taken.front() >= kSecondNs) taken.pop_front();
    if (taken.size() >= per_second_) {
      ++state.violations;
      return std::max<int64_t>(taken.front() + kSecondNs - now_ns, 1);
    }
    taken.push_back(now_ns);
  }
  state.minute.add(now_ns / kMinuteBucketNs);
  state.hour.add(now_ns / kHourBucketNs);
  return 0;
}

void SlidingWindow::count_violation(AgentId agent, int64_t now_ns) {
  Shard& shard = shards_[agent % kShards];
  const std::lock_guard lock(shard.mutex);
  Agent& state = agent_of(shard, agent, now_ns);
  state.last_ns = now_ns;
  ++state.violations;
}

WindowUse SlidingWindow::use(AgentId agent, int64_t now_ns) const {
  const Shard& shard = shards_[agent % kShards];
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.agents.find(agent);
  if (found == shard.agents.end()) return {};
  const Agent& state = found->second;
  WindowUse use;
  for (const int64_t taken_ns : state.last_second) {
    if (now_ns - taken_ns < kSecondNs) ++use.second;
  }
  use.minute = state.minute.sum(now_ns / kMinuteBucketNs);
  use.hour = state.hour.sum(now_ns / kHourBucketNs);
  use.violations = state.violations;
  return use;
}

}  // namespace perpetua::gateway
