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

LimitDecision decide(const BucketState& state, const BucketRate& rate, std::string_view name) {
  LimitDecision decision;
  decision.is_limited = true;
  decision.is_allowed = state.is_allowed;
  decision.name = name;
  decision.limit = rate.burst;
  decision.remaining = state.remaining;
  decision.reset_s = (state.full_in_ns + kSecondNs - 1) / kSecondNs;
  if (!state.is_allowed) decision.retry_after_s = (state.retry_in_ns + kSecondNs - 1) / kSecondNs;
  return decision;
}

LimitDecision take_one(std::atomic<int64_t>& word, const BucketRate& rate, std::string_view name,
                       int64_t now_ns) {
  if (!rate.is_limited()) return {};
  return decide(take_token(word, rate, now_ns), rate, name);
}

}  // namespace

int64_t RateLimiter::AddressEntry::busy_until_ns() const {
  return std::max(reads.load(std::memory_order_relaxed),
                  registrations.load(std::memory_order_relaxed));
}

RateLimiter::RateLimiter(const RateOptions& options, uint32_t agents_max,
                         SharedBudgets* shared)
    : agent_mutations_(options.agent_mutations),
      agent_cancels_(options.agent_cancels),
      agent_reads_(options.agent_reads),
      address_reads_(options.address_reads),
      address_registrations_(options.address_registrations),
      global_mutations_(options.global_mutations),
      agents_max_(agents_max),
      seed_(random_seed()),
      agents_(std::make_unique<AgentEntry[]>(agents_max + 1)),
      addresses_(std::make_unique<AddressSet[]>(kSets)),
      leases_(shared == nullptr ? nullptr : std::make_unique<LeaseTable>(*shared)) {}

LimitDecision RateLimiter::take(LimitClass limit_class, AgentId agent, AddressKey address,
                                int64_t now_ns) {
  if (limit_class == LimitClass::none) return {};
  const bool by_address = agent == 0 || agent > agents_max_;
  if (by_address || limit_class == LimitClass::registration) {
    return take_address(limit_class, address, now_ns);
  }
  return take_agent(limit_class, agent, now_ns);
}

RateLimiter::AgentBudget RateLimiter::budget_of(LimitClass limit_class, AgentId agent) {
  AgentEntry& entry = agents_[agent];
  if (limit_class == LimitClass::read) {
    return {BudgetKind::reads, entry.reads, agent_reads_, "agent_reads"};
  }
  if (limit_class == LimitClass::cancel) {
    return {BudgetKind::cancels, entry.cancels, agent_cancels_, "agent_cancels"};
  }
  return {BudgetKind::mutations, entry.mutations, agent_mutations_, "agent_mutations"};
}

LimitDecision RateLimiter::take_budget(const AgentBudget& budget, AgentId agent, int64_t now_ns) {
  if (!budget.rate.is_limited()) return {};
  if (leases_ == nullptr) return take_one(budget.word, budget.rate, budget.name, now_ns);
  BucketState state;
  const auto answer = leases_->take(budget.kind, agent, budget.rate, now_ns, state);
  if (answer == LeaseTable::Answer::allowed || answer == LeaseTable::Answer::refused) {
    return decide(state, budget.rate, budget.name);
  }
  const LimitDecision decision = take_one(budget.word, budget.rate, budget.name, now_ns);
  if (decision.is_allowed) leases_->borrow(budget.kind, agent);
  if (answer == LeaseTable::Answer::no_lease) {
    leases_->ask(budget.kind, agent, budget.rate, now_ns, [] {});
  }
  return decision;
}

LimitDecision RateLimiter::take_agent(LimitClass limit_class, AgentId agent, int64_t now_ns) {
  const AgentBudget budget = budget_of(limit_class, agent);
  const LimitDecision decision = take_budget(budget, agent, now_ns);
  if (budget.kind != BudgetKind::mutations || !decision.is_allowed) return decision;
  const LimitDecision global = take_global(decision, now_ns);
  if (!global.is_allowed && decision.is_limited) {
    if (leases_ != nullptr) {
      leases_->give_back(budget.kind, agent);
    } else {
      return_token(budget.word, budget.rate);
    }
  }
  return global;
}

// The decision on a request that its own budget has allowed.
LimitDecision RateLimiter::take_global(const LimitDecision& decision, int64_t now_ns) {
  const AgentBudget budget{BudgetKind::global_mutations, global_, global_mutations_,
                           "global_mutations"};
  const LimitDecision global = take_budget(budget, 0, now_ns);
  return global.is_allowed && decision.is_limited ? decision : global;
}

bool RateLimiter::must_ask(LimitClass limit_class, AgentId agent, int64_t now_ns) {
  if (leases_ == nullptr || limit_class == LimitClass::none || agent == 0 ||
      agent > agents_max_ || limit_class == LimitClass::registration) {
    return false;
  }
  const AgentBudget budget = budget_of(limit_class, agent);
  return leases_->needs_lease(budget.kind, agent, budget.rate, now_ns) ||
         (budget.kind == BudgetKind::mutations &&
          leases_->needs_lease(BudgetKind::global_mutations, 0, global_mutations_, now_ns));
}

void RateLimiter::ask(LimitClass limit_class, AgentId agent, int64_t now_ns,
                      std::function<void()> done) {
  const AgentBudget budget = budget_of(limit_class, agent);
  auto ask_global = [this, now_ns, done = std::move(done), kind = budget.kind] {
    const auto global = BudgetKind::global_mutations;
    if (kind != BudgetKind::mutations ||
        !leases_->needs_lease(global, 0, global_mutations_, now_ns)) {
      return done();
    }
    leases_->ask(global, 0, global_mutations_, now_ns, done);
  };
  if (!leases_->needs_lease(budget.kind, agent, budget.rate, now_ns)) return ask_global();
  leases_->ask(budget.kind, agent, budget.rate, now_ns, ask_global);
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
  if (!decision.is_allowed) return decision;
  const LimitDecision global = take_global(decision, now_ns);
  if (!global.is_allowed && decision.is_limited) {
    return_token(entry.registrations, address_registrations_);
  }
  return global;
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
