// AgentTable: the statistics of every agent, kept with each fill, and who is best.
//
// A ranking is a snapshot, made by whoever asks when the last one is older than
// kRankingIntervalMs: no request scans the agents more often than that, whatever their number.
// One writer; any thread reads. Sharded by agent as the hot store; a lock is held for one event or
// one shard's scan.
#pragma once

#include <array>
#include <functional>
#include <mutex>
#include <vector>

#include "stores/activity/activity_views.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::stores {

namespace activity_limits {
constexpr std::size_t kRankedMax = 200;  // agents of a ranking
constexpr int64_t kRankingIntervalMs = 1'000;
}  // namespace activity_limits

class AgentTable {
 public:
  // Writer. REQUIRES: agent != 0.
  void add(AgentId agent);  // registered
  void fill(const FillView& fill);
  void change(const PositionChangeView& view);
  void liquidation_fee(AgentId agent, Micro fee);
  void intent(AgentId agent);
  void position_ended(AgentId agent, Micro realised_pnl);
  void clear();  // keeps who there is

  AgentStatistics find(AgentId agent) const;  // all zero where nothing is known
  void visit(const std::function<void(const AgentStatistics&)>& visit) const;
  uint64_t active_agents() const;  // who ever traded

 private:
  struct Shard {
    mutable std::mutex mutex;
    std::vector<AgentStatistics> rows;  // index: agent / kAgentShards
    uint64_t active = 0;
  };

  template <class Update>
  void update(AgentId agent, Update&& update);

  std::array<Shard, hot_limits::kAgentShards> shards_;
};

struct RankedAgent {
  AgentStatistics statistics;
  Micro pnl;       // realised and, of open positions, at the mark
  Micro exposure;  // open positions at the mark
  uint32_t positions = 0;
};

// What an agent's open positions are worth, all markets together.
struct OpenPnl {
  Micro unrealised;
  Micro exposure;
  uint32_t positions = 0;
};

enum class Ranking : uint8_t { reputation = 0, pnl = 1 };

class Rankings {
 public:
  using OpenPnlOf = std::function<void(const std::function<void(AgentId, const OpenPnl&)>&)>;

  // `open_pnl` visits every agent that has a position. Best first, at most kRankedMax.
  std::vector<RankedAgent> top(Ranking ranking, std::size_t limit, int64_t now_ms,
                               const AgentTable& table, const OpenPnlOf& open_pnl) const;

 private:
  struct Snapshot {
    int64_t made_at_ms = INT64_MIN / 2;
    std::vector<RankedAgent> rows;
  };

  mutable std::mutex mutex_;
  mutable std::array<Snapshot, 2> snapshots_;
};

}  // namespace perpetua::stores
