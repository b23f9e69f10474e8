// LeaseTable: this process's part of the budgets that processes share.
//
// A lease is a few tokens of the shared bucket, taken from it in one round trip and spent here
// without one. What is left of a lease after kLeaseLifetimeNs goes back with the next one. Whoever
// may not wait and finds no lease takes from this process's own bucket; that is charged to the
// shared one with the next lease, so both sides together never give more than the budget and the
// own buckets' bursts; after a long absence of the far side it is charged one burst at most. An
// agent that was refused is refused here until the next token is due.
// Of a window (BucketRate::is_window) a lease counts for the second after it was taken; what is not
// spent by then lapses, on both sides.
// Bounds: kLeasesMax budgets; beyond, the idle ones are forgotten.
// Thread-safety: any thread; one lock for a 64th of the budgets. Time is the monotonic clock.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <mutex>
#include <string>

#include "gateway/admission.hpp"

namespace perpetua::gateway {

inline constexpr std::size_t kLeasesMax = 1u << 18;
inline constexpr uint32_t kLeaseTokensMax = 1'024;
inline constexpr int64_t kLeaseLifetimeNs = 1'000'000'000;
inline constexpr int64_t kAwayPauseNs = 1'000'000'000;  // own buckets alone after a failure

enum class BudgetKind : uint8_t {
  mutations = 0,
  cancels = 1,
  reads = 2,
  global_mutations = 3,
  hub_intents = 4,
  hub_mutations = 5,
};

// "7:mutations", "global:mutations": how all processes call it.
std::string budget_name(BudgetKind kind, AgentId agent);

class LeaseTable {
 public:
  explicit LeaseTable(SharedBudgets& shared) : shared_(shared) {}

  enum class Answer : uint8_t { allowed, refused, no_lease, away };
  // Spends one token. The state is set if allowed or refused.
  Answer take(BudgetKind kind, AgentId agent, const BucketRate& rate, int64_t now_ns,
              BucketState& state);
  // A token was taken from the own bucket instead, or one that was taken is given back.
  void borrow(BudgetKind kind, AgentId agent);
  void give_back(BudgetKind kind, AgentId agent);

  // Whether take() would say no_lease.
  bool needs_lease(BudgetKind kind, AgentId agent, const BucketRate& rate, int64_t now_ns);
  // Asks for the next lease; `done` once it is there or cannot be had. One that is being asked for
  // already is not asked for twice: its `done` comes at once.
  void ask(BudgetKind kind, AgentId agent, const BucketRate& rate, int64_t now_ns,
           std::function<void()> done);

 private:
  static constexpr std::size_t kShards = 64;
  struct Lease {
    uint32_t tokens = 0;
    int64_t expires_ns = 0;
    int64_t spent = 0;       // to be charged with the next lease; below 0: to be given back
    int64_t full_at_ns = 0;  // of the shared bucket, as last heard
    int64_t refused_until_ns = 0;
    int64_t away_until_ns = 0;
    bool is_asked = false;
  };
  struct Shard {
    std::mutex mutex;
    boost::unordered_flat_map<uint64_t, Lease> leases;
  };

  static uint64_t id_of(BudgetKind kind, AgentId agent) {
    return static_cast<uint64_t>(agent) << 8 | static_cast<uint8_t>(kind);
  }
  Shard& shard(uint64_t id) { return shards_[id * 0x9E37'79B9'7F4A'7C15u >> 58]; }
  static void expire(Lease& lease, const BucketRate& rate, int64_t now_ns);
  static BucketState state_of(const Lease& lease, const BucketRate& rate, int64_t now_ns);
  static void forget_idle(Shard& shard, int64_t now_ns);

  SharedBudgets& shared_;
  std::array<Shard, kShards> shards_;
};

}  // namespace perpetua::gateway
