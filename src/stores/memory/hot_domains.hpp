// HotDomains: the parts a hot store is made of. Each locks for itself (see its header); EventFeeder
// writes them from one thread, HotStore's reads take from them on any.
#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <vector>

#include "stores/memory/agent_shard.hpp"
#include "stores/memory/directory.hpp"
#include "stores/memory/hot_store.hpp"
#include "stores/memory/key_days.hpp"
#include "stores/memory/market_table.hpp"
#include "stores/memory/signal_board.hpp"
#include "stores/memory/thought_feed.hpp"
#include "stores/memory/trigger_shard.hpp"

namespace perpetua::stores {

struct HotDomains {
  // Written by the writer alone, read by anyone: relaxed is enough for figures.
  struct Counter {
    std::atomic<uint64_t> value{0};
    void add(int64_t change) {
      value.store(value.load(std::memory_order_relaxed) + static_cast<uint64_t>(change),
                  std::memory_order_relaxed);
    }
    uint64_t get() const { return value.load(std::memory_order_relaxed); }
  };

  Directory directory;
  MarketTable markets;
  std::array<AgentShard, hot_limits::kAgentShards> shards;
  std::array<TriggerShard, hot_limits::kAgentShards> trigger_shards;
  ThoughtFeed thoughts{hot_limits::kThoughtsMax};
  ThoughtFeed messages{hot_limits::kMessagesMax};  // of other kinds, to everybody
  ThoughtFeed private_messages{hot_limits::kPrivateMessagesMax};
  SignalBoard signals;
  KeyDays key_days;

  // The writer's own.
  Int128 collateral = 0;
  MoneyTotals money;
  Micro escrow;                   // of bets
  std::vector<AlertView> alerts;  // of the last batch

  mutable std::mutex solvency_mutex;
  SolvencyView solvency;  // of the last batch

  std::atomic<BatchNumber> applied_batch{0};
  std::atomic<BatchNumber> first_batch{0};
  std::atomic<int64_t> log_time_ms{0};
  Counter agents;
  Counter keys;
  Counter open_orders;
  Counter open_positions;
  Counter orders_accepted;
  Counter trades;
  Counter thoughts_posted;

  AgentShard& shard(AgentId agent) { return shards[agent % hot_limits::kAgentShards]; }
  const AgentShard& shard(AgentId agent) const { return shards[agent % hot_limits::kAgentShards]; }
  ThoughtFeed& feed_of(MessageKind kind) {
    return kind == MessageKind::thought ? thoughts : messages;
  }
  TriggerShard& triggers(AgentId agent) { return trigger_shards[agent % hot_limits::kAgentShards]; }
};

}  // namespace perpetua::stores
