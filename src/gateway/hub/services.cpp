#include "gateway/hub/services.hpp"

#include <openssl/rand.h>

#include <cstdio>

#include "base/assert.hpp"
#include "base/limits.hpp"

namespace perpetua::gateway::hub {

namespace {

uint64_t random_number() {
  uint64_t number = 0;
  const int filled = RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number);
  PERPETUA_ASSERT(filled == 1);
  return number;
}

}  // namespace

RequestIds::RequestIds() : last_(random_number()) {}

LoginCounts::LoginCounts()
    : start_(random_number()),
      counts_(std::make_unique<std::atomic<uint32_t>[]>(limits::kAgentsMax + 1)) {}

uint64_t LoginCounts::of(AgentId agent) const {
  PERPETUA_ASSERT(agent <= limits::kAgentsMax);
  return start_ + counts_[agent].load(std::memory_order_relaxed);
}

bool LoginCounts::spend(AgentId agent, uint64_t count) {
  PERPETUA_ASSERT(agent <= limits::kAgentsMax);
  auto seen = static_cast<uint32_t>(count - start_);
  return counts_[agent].compare_exchange_strong(seen, seen + 1, std::memory_order_relaxed);
}

LastSeen::LastSeen()
    : keys_(std::make_unique<std::atomic<uint32_t>[]>(limits::kKeysTotalMax + 1)),
      agents_(std::make_unique<std::atomic<uint32_t>[]>(limits::kAgentsMax + 1)) {}

void LastSeen::note(AgentId agent, uint32_t key_id, int64_t now_ms) {
  const auto now_s = static_cast<uint32_t>(now_ms / 1'000);
  if (key_id <= limits::kKeysTotalMax) keys_[key_id].store(now_s, std::memory_order_relaxed);
  if (agent <= limits::kAgentsMax) agents_[agent].store(now_s, std::memory_order_relaxed);
}

int64_t LastSeen::key_ms(uint32_t key_id) const {
  if (key_id > limits::kKeysTotalMax) return 0;
  return int64_t{1'000} * keys_[key_id].load(std::memory_order_relaxed);
}

int64_t LastSeen::agent_ms(AgentId agent) const {
  if (agent > limits::kAgentsMax) return 0;
  return int64_t{1'000} * agents_[agent].load(std::memory_order_relaxed);
}

std::string RequestIds::next() {
  const uint64_t number = last_.fetch_add(1, std::memory_order_relaxed);
  char text[24];
  const int size =
      std::snprintf(text, sizeof text, "req_%016llx", static_cast<unsigned long long>(number));
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace perpetua::gateway::hub
