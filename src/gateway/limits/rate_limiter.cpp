#include "gateway/limits/rate_limiter.hpp"

#include <openssl/rand.h>

#include "base/assert.hpp"
#include "base/hash.hpp"

namespace perpetua::gateway {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

uint64_t random_seed() {
  uint64_t seed = 0;
  const int filled = RAND_bytes(reinterpret_cast<unsigned char*>(&seed), sizeof seed);
  PERPETUA_ASSERT(filled == 1);
  return seed;
}

LimitDecision take_one(std::atomic<int64_t>& word, const BucketRate& rate, std::string_view name,
                       int64_t now_ns) {
  LimitDecision decision;
  if (!rate.is_limited()) return decision;
  const BucketState state = take_token(word, rate, now_ns);
  decision.is_limited = true;
  decision.is_allowed = state.is_allowed;
  decision.name = name;
  decision.limit = rate.burst;
  decision.remaining = state.remaining;
  decision.reset_s = (state.full_in_ns + kSecondNs - 1) / kSecondNs;
  if (!state.is_allowed) decision.retry_after_s = (state.retry_in_ns + kSecondNs - 1) / kSecondNs;
  return decision;
}

}  // namespace

int64_t RateLimiter::AddressEntry::busy_until_ns() const {
  return std::max(reads.load(std::memory_order_relaxed),
                  registrations.load(std::memory_order_relaxed));
}

RateLimiter::RateLimiter(const RateOptions& options, uint32_t agents_max)
    : agent_mutations_(options.agent_mutations),
      agent_cancels_(options.agent_cancels),
      agent_reads_(options.agent_reads),
      address_reads_(options.address_reads),
      address_registrations_(options.address_registrations),
      global_mutations_(options.global_mutations),
      agents_max_(agents_max),
      seed_(random_seed()),
      agents_(std::make_unique<AgentEntry[]>(agents_max + 1)),
      addresses_(std::make_unique<AddressSet[]>(kSets)) {}

LimitDecision RateLimiter::take(LimitClass limit_class, AgentId agent, AddressKey address,
                                int64_t now_ns) {
  if (limit_class == LimitClass::none) return {};
  const bool by_address = agent == 0 || agent > agents_max_;
  if (by_address || limit_class == LimitClass::registration) {
    return take_address(limit_class, address, now_ns);
  }
  return take_agent(limit_class, agent, now_ns);
}

LimitDecision RateLimiter::take_agent(LimitClass limit_class, AgentId agent, int64_t now_ns) {
  AgentEntry& entry = agents_[agent];
  if (limit_class == LimitClass::read) {
    return take_one(entry.reads, agent_reads_, "agent_reads", now_ns);
  }
  if (limit_class == LimitClass::cancel) {
    return take_one(entry.cancels, agent_cancels_, "agent_cancels", now_ns);
  }
  const LimitDecision decision =
      take_one(entry.mutations, agent_mutations_, "agent_mutations", now_ns);
  return take_global(entry.mutations, agent_mutations_, decision, now_ns);
}

LimitDecision RateLimiter::take_global(std::atomic<int64_t>& own, const BucketRate& own_rate,
                                       const LimitDecision& decision, int64_t now_ns) {
  if (!decision.is_allowed) return decision;
  const LimitDecision global = take_one(global_, global_mutations_, "global_mutations", now_ns);
  if (global.is_allowed) return decision.is_limited ? decision : global;
  if (own_rate.is_limited()) return_token(own, own_rate);
  return global;
}

LimitDecision RateLimiter::take_address(LimitClass limit_class, AddressKey address,
                                        int64_t now_ns) {
  const std::size_t index = hash_mix(address, seed_) % kSets;
  const std::lock_guard lock(locks_[index % kLocks]);
  AddressEntry& entry = find_entry(addresses_[index], address);
  if (limit_class != LimitClass::registration) {
    return take_one(entry.reads, address_reads_, "address_reads", now_ns);
  }
  const LimitDecision decision =
      take_one(entry.registrations, address_registrations_, "address_registrations", now_ns);
  return take_global(entry.registrations, address_registrations_, decision, now_ns);
}

RateLimiter::AddressEntry& RateLimiter::find_entry(AddressSet& set, AddressKey address) {
  AddressEntry* oldest = &set[0];
  for (AddressEntry& entry : set) {
    if (entry.address == address) return entry;
    if (entry.busy_until_ns() < oldest->busy_until_ns()) oldest = &entry;
  }
  oldest->address = address;
  oldest->reads.store(0, std::memory_order_relaxed);
  oldest->registrations.store(0, std::memory_order_relaxed);
  return *oldest;
}

}  // namespace perpetua::gateway
