// RateLimiter: every budget of the gateway. O(1) a request, bounded memory, integers only.
//
//   mutation      per agent, then the whole exchange
//   cancel        per agent, apart from mutations, so that a busy agent can always leave
//   read          per agent, or per address for requests without a key
//   registration  per address, then the whole exchange's mutations
//
// With SharedBudgets the budgets of agents and of the whole exchange are those of all processes
// together (lease_table.hpp); take() never waits for them, ask() does. Addresses count by process.
// Addresses live in a table of fixed size; when a set is full the entry that is closest to idle
// makes room. IPv6 addresses count by their /64.
// Thread-safety: any thread. Time is the monotonic clock, given by the caller.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>

#include "engine/schema/types.hpp"
#include "gateway/limits/lease_table.hpp"
#include "gateway/limits/token_bucket.hpp"

namespace perpetua::gateway {

enum class LimitClass : uint8_t {
  none = 0,
  read = 1,
  mutation = 2,
  cancel = 3,
  registration = 4,
  // Of the root API, each a SharedWindow of its own; not for RateLimiter.
  hub_intent = 5,
  hub_mutation = 6,
};

// An address as the limiter counts it: IPv4, or the first 64 bits of an IPv6 address.
using AddressKey = uint64_t;

struct LimitDecision {
  bool is_allowed = true;
  bool is_limited = false;  // false: no budget applies, the figures below are not set
  std::string_view name;    // "agent_mutations", ...
  uint32_t limit = 0;       // burst size
  uint32_t remaining = 0;
  int64_t reset_s = 0;        // until the budget is whole, rounded up
  int64_t retry_after_s = 0;  // > 0 if refused
};

class RateLimiter {
 public:
  RateLimiter(const RateOptions& options, uint32_t agents_max, SharedBudgets* shared = nullptr);

  // agent 0: the request has no key, the address counts.
  LimitDecision take(LimitClass limit_class, AgentId agent, AddressKey address, int64_t now_ns);

  bool is_shared() const { return leases_ != nullptr; }
  // True: ask() first, if the request may wait. Never for what is not shared.
  bool must_ask(LimitClass limit_class, AgentId agent, int64_t now_ns);
  void ask(LimitClass limit_class, AgentId agent, int64_t now_ns, std::function<void()> done);

 private:
  static constexpr std::size_t kWays = 4;
  static constexpr std::size_t kSets = 1u << 13;
  static constexpr std::size_t kLocks = 64;

  struct AddressEntry {
    AddressKey address = 0;
    std::atomic<int64_t> reads{0};
    std::atomic<int64_t> registrations{0};
    int64_t busy_until_ns() const;
  };
  using AddressSet = std::array<AddressEntry, kWays>;
  struct AgentEntry {
    std::atomic<int64_t> mutations{0};
    std::atomic<int64_t> cancels{0};
    std::atomic<int64_t> reads{0};
  };

  struct AgentBudget {
    BudgetKind kind;
    std::atomic<int64_t>& word;
    const BucketRate& rate;
    std::string_view name;
  };
  AgentBudget budget_of(LimitClass limit_class, AgentId agent);
  LimitDecision take_budget(const AgentBudget& budget, AgentId agent, int64_t now_ns);
  LimitDecision take_agent(LimitClass limit_class, AgentId agent, int64_t now_ns);
  LimitDecision take_address(LimitClass limit_class, AddressKey address, int64_t now_ns);
  LimitDecision take_global(const LimitDecision& decision, int64_t now_ns);
  AddressEntry& find_entry(AddressSet& set, AddressKey address);

  const BucketRate agent_mutations_;
  const BucketRate agent_cancels_;
  const BucketRate agent_reads_;
  const BucketRate address_reads_;
  const BucketRate address_registrations_;
  const BucketRate global_mutations_;
  const uint32_t agents_max_;
  const uint64_t seed_;  // senders must not know which addresses share a set

  std::atomic<int64_t> global_{0};
  std::unique_ptr<AgentEntry[]> agents_;
  std::unique_ptr<AddressSet[]> addresses_;
  std::array<std::mutex, kLocks> locks_;
  std::unique_ptr<LeaseTable> leases_;  // null: nothing is shared
};

}  // namespace perpetua::gateway
