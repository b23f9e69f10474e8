#include "gateway/limits/lease_table.hpp"

#include <algorithm>

namespace perpetua::gateway {

std::string budget_name(BudgetKind kind, AgentId agent) {
  constexpr std::string_view kNames[] = {"mutations", "cancels",     "reads",
                                         "mutations", "hub_intents", "hub_mutations"};
  const bool is_global = kind == BudgetKind::global_mutations;
  std::string name = is_global ? "global" : std::to_string(agent);
  return name.append(":").append(kNames[static_cast<std::size_t>(kind)]);
}

void LeaseTable::expire(Lease& lease, const BucketRate& rate, int64_t now_ns) {
  if (lease.tokens == 0 || now_ns < lease.expires_ns) return;
  if (!rate.is_window) lease.spent -= lease.tokens;
  lease.tokens = 0;
}

// What is leased and not spent counts as left.
BucketState LeaseTable::state_of(const Lease& lease, const BucketRate& rate, int64_t now_ns) {
  BucketState state;
  const int64_t debt_ns = std::max<int64_t>(lease.full_at_ns - now_ns, 0);
  const int64_t own_ns = static_cast<int64_t>(lease.tokens) * rate.interval_ns;
  const int64_t room_ns = std::max<int64_t>(rate.burst_ns - debt_ns, 0) + own_ns;
  state.remaining = std::min(static_cast<uint32_t>(room_ns / rate.interval_ns), rate.burst);
  state.full_in_ns = std::max<int64_t>(debt_ns - own_ns, 0);
  return state;
}

LeaseTable::Answer LeaseTable::take(BudgetKind kind, AgentId agent, const BucketRate& rate,
                                    int64_t now_ns, BucketState& state) {
  Shard& part = shard(id_of(kind, agent));
  const std::lock_guard lock(part.mutex);
  const auto found = part.leases.find(id_of(kind, agent));
  if (found == part.leases.end()) return Answer::no_lease;
  Lease& lease = found->second;
  if (now_ns < lease.away_until_ns) return Answer::away;
  expire(lease, rate, now_ns);
  if (lease.tokens > 0) {
    --lease.tokens;
    state = state_of(lease, rate, now_ns);
    return Answer::allowed;
  }
  if (now_ns >= lease.refused_until_ns) return Answer::no_lease;
  state = state_of(lease, rate, now_ns);
  state.is_allowed = false;
  state.remaining = 0;
  state.retry_in_ns = lease.refused_until_ns - now_ns;
  return Answer::refused;
}

void LeaseTable::borrow(BudgetKind kind, AgentId agent) {
  Shard& part = shard(id_of(kind, agent));
  const std::lock_guard lock(part.mutex);
  ++part.leases[id_of(kind, agent)].spent;
}

void LeaseTable::give_back(BudgetKind kind, AgentId agent) {
  Shard& part = shard(id_of(kind, agent));
  const std::lock_guard lock(part.mutex);
  --part.leases[id_of(kind, agent)].spent;
}

bool LeaseTable::needs_lease(BudgetKind kind, AgentId agent, const BucketRate& rate,
                             int64_t now_ns) {
  if (!rate.is_limited()) return false;
  Shard& part = shard(id_of(kind, agent));
  const std::lock_guard lock(part.mutex);
  const auto found = part.leases.find(id_of(kind, agent));
  if (found == part.leases.end()) return true;
  Lease& lease = found->second;
  expire(lease, rate, now_ns);
  return lease.tokens == 0 && now_ns >= lease.refused_until_ns && now_ns >= lease.away_until_ns;
}

void LeaseTable::ask(BudgetKind kind, AgentId agent, const BucketRate& rate, int64_t now_ns,
                     std::function<void()> done) {
  const uint64_t id = id_of(kind, agent);
  Shard& part = shard(id);
  int64_t spent = 0;
  {
    const std::lock_guard lock(part.mutex);
    if (part.leases.size() >= kLeasesMax / kShards) forget_idle(part, now_ns);
    Lease& lease = part.leases[id];
    if (lease.is_asked) {
      spent = INT64_MAX;
    } else {
      lease.is_asked = true;
      expire(lease, rate, now_ns);
      // While nobody could be asked, the own bucket filled again: it owes one burst at most.
      spent = std::min<int64_t>(lease.spent, rate.burst);
      lease.spent = 0;
    }
  }
  if (spent == INT64_MAX) return done();
  const uint32_t wanted = std::clamp(rate.burst / 8, 1u, kLeaseTokensMax);
  shared_.lease(
      budget_name(kind, agent), rate, wanted, spent,
      [this, id, spent, now_ns, done = std::move(done)](const std::optional<BudgetLease>& granted) {
        {
          Shard& mine = shard(id);
          const std::lock_guard lock(mine.mutex);
          Lease& lease = mine.leases[id];
          lease.is_asked = false;
          if (granted) {
            lease.tokens += granted->granted;
            lease.expires_ns = now_ns + kLeaseLifetimeNs;
            lease.full_at_ns = now_ns + granted->full_in_ns;
            lease.refused_until_ns = now_ns + granted->retry_in_ns;
            lease.away_until_ns = 0;
          } else {
            lease.spent += spent;
            lease.away_until_ns = now_ns + kAwayPauseNs;
          }
        }
        done();
      });
}

void LeaseTable::forget_idle(Shard& shard, int64_t now_ns) {
  boost::unordered::erase_if(shard.leases, [&](const auto& entry) {
    const Lease& lease = entry.second;
    return !lease.is_asked && now_ns >= lease.expires_ns && now_ns >= lease.full_at_ns;
  });
}

}  // namespace perpetua::gateway
