#include "stores/activity/agent_statistics.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

namespace perpetua::stores {

namespace {

constexpr int64_t kDayMs = 86'400'000;

void add_realised(AgentStatistics& row, Micro pnl, int64_t time_ms) {
  const int64_t day = time_ms / kDayMs;
  if (row.day != day) row.day_pnl = Micro(0);
  row.day = day;
  row.day_pnl += pnl;
  row.realised_pnl += pnl;
}

// Whether a ranks before b.
bool is_better(Ranking ranking, const RankedAgent& a, const RankedAgent& b) {
  const int64_t x = ranking == Ranking::pnl ? a.pnl.value : a.statistics.reputation_ppm();
  const int64_t y = ranking == Ranking::pnl ? b.pnl.value : b.statistics.reputation_ppm();
  if (x != y) return x > y;
  if (a.statistics.volume != b.statistics.volume) return a.statistics.volume > b.statistics.volume;
  return a.statistics.agent < b.statistics.agent;
}

}  // namespace

Micro AgentStatistics::pnl_of_day(int64_t time_ms) const {
  return time_ms / kDayMs == day ? day_pnl : Micro(0);
}

template <class Update>
void AgentTable::update(AgentId agent, Update&& update) {
  Shard& shard = shards_[agent % hot_limits::kAgentShards];
  const std::lock_guard guard(shard.mutex);
  const std::size_t index = agent / hot_limits::kAgentShards;
  if (shard.rows.size() <= index) shard.rows.resize(index + 1);
  AgentStatistics& row = shard.rows[index];
  row.agent = agent;
  if (row.trades == 0) {
    update(row);
    shard.active += row.trades > 0 ? 1 : 0;
  } else {
    update(row);
  }
}

void AgentTable::add(AgentId agent) {
  update(agent, [](AgentStatistics&) {});
}

void AgentTable::fill(const FillView& fill) {
  update(fill.agent, [&](AgentStatistics& row) {
    row.trades += 1;
    row.volume += fill.notional;
    const bool is_forced = fill.is_taker && fill.cause != TradeCause::order;
    if (!is_forced) row.fees += fill.fee;  // what a liquidation costs comes with its event
    if (fill.realised_pnl.value != 0) add_realised(row, fill.realised_pnl, fill.time_ms);
  });
}

void AgentTable::change(const PositionChangeView& view) {
  if (view.change.cause == PositionChange::margin_adjusted) return;
  update(view.agent, [&](AgentStatistics& row) {
    if (view.change.cause == PositionChange::funding) {
      row.funding += view.change.amount;
    } else {
      add_realised(row, view.change.amount, view.time_ms);
    }
  });
}

void AgentTable::liquidation_fee(AgentId agent, Micro fee) {
  update(agent, [&](AgentStatistics& row) { row.fees += fee; });
}

void AgentTable::intent(AgentId agent) {
  update(agent, [](AgentStatistics& row) { row.intents += 1; });
}

void AgentTable::position_ended(AgentId agent, Micro realised_pnl) {
  update(agent, [&](AgentStatistics& row) {
    row.wins += realised_pnl.value > 0 ? 1 : 0;
    row.losses += realised_pnl.value < 0 ? 1 : 0;
  });
}

void AgentTable::clear() {
  for (Shard& shard : shards_) {
    const std::lock_guard guard(shard.mutex);
    for (AgentStatistics& row : shard.rows) {
      const AgentId agent = row.agent;
      row = {};
      row.agent = agent;
    }
    shard.active = 0;
  }
}

AgentStatistics AgentTable::find(AgentId agent) const {
  const Shard& shard = shards_[agent % hot_limits::kAgentShards];
  const std::lock_guard guard(shard.mutex);
  const std::size_t index = agent / hot_limits::kAgentShards;
  AgentStatistics row;
  if (index < shard.rows.size()) row = shard.rows[index];
  row.agent = agent;
  return row;
}

void AgentTable::visit(const std::function<void(const AgentStatistics&)>& visit) const {
  for (const Shard& shard : shards_) {
    const std::lock_guard guard(shard.mutex);
    for (const AgentStatistics& row : shard.rows) {
      if (row.agent != 0) visit(row);
    }
  }
}

uint64_t AgentTable::active_agents() const {
  uint64_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard guard(shard.mutex);
    sum += shard.active;
  }
  return sum;
}

std::vector<RankedAgent> Rankings::top(Ranking ranking, std::size_t limit, int64_t now_ms,
                                       const AgentTable& table, const OpenPnlOf& open_pnl) const {
  const std::lock_guard guard(mutex_);
  Snapshot& snapshot = snapshots_[static_cast<std::size_t>(ranking)];
  if (now_ms - snapshot.made_at_ms >= activity_limits::kRankingIntervalMs) {
    boost::unordered_flat_map<AgentId, OpenPnl> open;
    open_pnl([&](AgentId agent, const OpenPnl& part) {
      OpenPnl& sum = open[agent];
      sum.unrealised += part.unrealised;
      sum.exposure += part.exposure;
      sum.positions += part.positions;
    });
    snapshot.rows.clear();
    table.visit([&](const AgentStatistics& row) {
      RankedAgent agent{row, row.realised_pnl, Micro(0), 0};
      const auto held = open.find(row.agent);
      if (held != open.end()) {
        agent.pnl += held->second.unrealised;
        agent.exposure = held->second.exposure;
        agent.positions = held->second.positions;
      }
      snapshot.rows.push_back(agent);
    });
    const auto better = [&](const RankedAgent& a, const RankedAgent& b) {
      return is_better(ranking, a, b);
    };
    const std::size_t kept = std::min(snapshot.rows.size(), activity_limits::kRankedMax);
    std::partial_sort(snapshot.rows.begin(),
                      snapshot.rows.begin() + static_cast<std::ptrdiff_t>(kept),
                      snapshot.rows.end(), better);
    snapshot.rows.resize(kept);
    snapshot.rows.shrink_to_fit();
    snapshot.made_at_ms = now_ms;
  }
  const std::size_t count = std::min(limit, snapshot.rows.size());
  return {snapshot.rows.begin(), snapshot.rows.begin() + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace perpetua::stores
