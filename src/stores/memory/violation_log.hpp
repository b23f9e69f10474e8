// ViolationLog: the newest orders that risk limits refused, with a chain through each agent's own.
//
// Thread-safe: one lock, held while a page is copied. Bounded by kViolationsMax. Refusals leave no
// event, so the log starts empty with the process.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <mutex>
#include <vector>

#include "engine/schema/batch.hpp"
#include "stores/limit_views.hpp"
#include "stores/memory/hot_store.hpp"
#include "stores/memory/recent_log.hpp"

namespace perpetua::stores {

class ViolationLog {
 public:
  void add_refusals(const AppliedBatch& batch) {
    for (std::size_t i = 0; i < batch.commands.size(); ++i) {
      const Outcome& outcome = batch.outcomes[i];
      if (outcome.code != ResultCode::limit_exceeded || outcome.replayed != 0) continue;
      ViolationView view;
      view.agent = batch.commands[i].header.agent;
      view.market = batch.commands[i].header.market;
      view.limit = static_cast<RiskLimit>(outcome.values[0]);
      view.value = outcome.values[1];
      view.allowed = outcome.values[2];
      view.time_ms = batch.log_time_ms;
      const std::lock_guard guard(mutex_);
      view.number = ++last_;
      // A head whose rows are overwritten names none: forgetting all of them now and then bounds
      // the table of heads.
      if (heads_.size() > 4 * hot_limits::kViolationsMax) drop_old_heads();
      log_.push(heads_[view.agent], view);
    }
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

 private:
  void drop_old_heads() {
    boost::unordered::erase_if(heads_, [this](const auto& entry) {
      return entry.second + hot_limits::kViolationsMax <= last_;
    });
  }

  mutable std::mutex mutex_;
  uint64_t last_ = 0;
  RecentLog<ViolationView> log_{hot_limits::kViolationsMax};
  boost::unordered_flat_map<AgentId, RecentLog<ViolationView>::Head> heads_;
};

}  // namespace perpetua::stores
