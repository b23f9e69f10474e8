// ViolationLog: the newest orders that risk limits refused, with a chain through each agent's own.
//
// Thread-safe: one lock, held while a page is copied. Bounded by kViolationsMax; older ones are in
// the history.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <mutex>
#include <vector>

#include "stores/limit_fold.hpp"
#include "stores/memory/hot_store.hpp"
#include "stores/memory/recent_log.hpp"

namespace perpetua::stores {

class ViolationLog {
 public:
  void add(const ViolationView& view) {
    const std::lock_guard guard(mutex_);
    ++last_;
    // A head whose rows are overwritten names none: forgetting all of them now and then bounds
    // the table of heads.
    if (heads_.size() > 4 * hot_limits::kViolationsMax) drop_old_heads();
    log_.push(heads_[view.agent], view);
  }

  std::vector<ViolationView> of(AgentId agent, std::size_t limit) const {
    std::vector<ViolationView> rows;
    const std::lock_guard guard(mutex_);
    const auto head = heads_.find(agent);
    if (head == heads_.end() || limit == 0) return rows;
    log_.visit_chain(head->second, [&](const ViolationView& row) {
      rows.push_back(row);
      return rows.size() < limit;
    });
    return rows;
  }

  // Whether there have been more than are kept.
  bool has_forgotten() const {
    const std::lock_guard guard(mutex_);
    return last_ > hot_limits::kViolationsMax;
  }

 private:
  void drop_old_heads() {
    boost::unordered::erase_if(heads_, [this](const auto& entry) {
      return entry.second + hot_limits::kViolationsMax <= last_;
    });
  }

  mutable std::mutex mutex_;
  uint64_t last_ = 0;  // its number in log_
  RecentLog<ViolationView> log_{hot_limits::kViolationsMax};
  boost::unordered_flat_map<AgentId, RecentLog<ViolationView>::Head> heads_;
};

}  // namespace perpetua::stores
