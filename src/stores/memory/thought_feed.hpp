// ThoughtFeed: the newest messages of all agents, and a chain through each agent's own.
//
// Thread-safe: one lock, held while a page is copied. Bounded: the number of rows it was made with;
// older ones are in the history.
#pragma once

#include <mutex>
#include <vector>

#include "stores/memory/hot_store.hpp"
#include "stores/memory/recent_log.hpp"

namespace perpetua::stores {

class ThoughtFeed {
 public:
  explicit ThoughtFeed(std::size_t rows_max) : log_(rows_max) {}

  // `owner`: in whose chain it is.
  void add(AgentId owner, ThoughtView thought) {
    const std::lock_guard guard(mutex_);
    if (heads_.size() <= owner) heads_.resize(owner + std::size_t{1});
    log_.push(heads_[owner], std::move(thought));
  }

  std::vector<ThoughtView> newest(MessageKinds kinds, uint64_t before_id,
                                  std::size_t limit) const {
    std::vector<ThoughtView> rows;
    const std::lock_guard guard(mutex_);
    log_.visit_all([&](const ThoughtView& row) {
      if ((message_bit(row.kind) & kinds) == 0) return true;
      return take(row, before_id, limit, rows);
    });
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
  Log log_;
  std::vector<Log::Head> heads_;  // by agent id
};

}  // namespace perpetua::stores
