// ThoughtFeed: the newest thoughts of all agents, and a chain through each agent's own.
//
// Thread-safe: one lock, held while a page is copied. Bounded: kThoughtsMax rows in all; older ones
// are in the history.
#pragma once

#include <mutex>
#include <vector>

#include "stores/memory/hot_store.hpp"
#include "stores/memory/recent_log.hpp"

namespace perpetua::stores {

class ThoughtFeed {
 public:
  void add(ThoughtView thought) {
    const std::lock_guard guard(mutex_);
    if (heads_.size() <= thought.agent) heads_.resize(thought.agent + std::size_t{1});
    Log::Head& head = heads_[thought.agent];
    log_.push(head, std::move(thought));
  }

  std::vector<ThoughtView> newest(uint64_t before_id, std::size_t limit) const {
    std::vector<ThoughtView> rows;
    const std::lock_guard guard(mutex_);
    log_.visit_all([&](const ThoughtView& row) { return take(row, before_id, limit, rows); });
    return rows;
  }

  std::vector<ThoughtView> newest_of(AgentId agent, uint64_t before_id, std::size_t limit) const {
    std::vector<ThoughtView> rows;
    const std::lock_guard guard(mutex_);
    if (agent >= heads_.size()) return rows;
    log_.visit_chain(heads_[agent],
                     [&](const ThoughtView& row) { return take(row, before_id, limit, rows); });
    return rows;
  }

 private:
  using Log = RecentLog<ThoughtView>;

  static bool take(const ThoughtView& row, uint64_t before_id, std::size_t limit,
                   std::vector<ThoughtView>& rows) {
    if (rows.size() >= limit) return false;
    if (before_id == 0 || row.thought_id < before_id) rows.push_back(row);
    return true;
  }

  mutable std::mutex mutex_;
  Log log_{hot_limits::kThoughtsMax};
  std::vector<Log::Head> heads_;  // by agent id
};

}  // namespace perpetua::stores
