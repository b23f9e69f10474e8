#include "stores/activity/settlement_log.hpp"

namespace perpetua::stores {

SettlementView make_settlement(const LedgerEntryView& entry) {
  SettlementView view;
  view.sequence = entry.sequence;
  view.amount = entry.amount;
  view.free_after = entry.free_after;
  view.is_onchain = entry.is_onchain;
  view.time_ms = entry.time_ms;
  switch (entry.kind) {
    case LedgerEntryKind::transfer_out:
    case LedgerEntryKind::transfer_in:
      view.kind = entry.is_onchain ? SettlementKind::onchain : SettlementKind::internal;
      view.from = entry.agent;
      view.to = entry.counterparty;
      return view;
    case LedgerEntryKind::withdrawal:
      view.kind = SettlementKind::withdraw;
      view.from = entry.agent;
      return view;
    default:
      view.kind = SettlementKind::deposit;
      view.to = entry.agent;
      return view;
  }
}

void SettlementLog::add(const LedgerEntryView& entry) {
  if (entry.kind == LedgerEntryKind::transfer_in) return;
  const SettlementView view = make_settlement(entry);
  const std::lock_guard lock(mutex_);
  if (view.from != 0) log_.push(heads_[view.from], view);
  if (view.to != 0) log_.push(heads_[view.to], view);
  all_.push(newest_, view);
  SettlementTotals::Sum& sum = totals_.by_kind[static_cast<std::size_t>(view.kind)];
  ++sum.count;
  sum.amount += view.amount;
}

void SettlementLog::clear() {
  const std::lock_guard lock(mutex_);
  log_ = RecentLog<SettlementView>(activity_limits::kSettlementsMax);
  all_ = RecentLog<SettlementView>(activity_limits::kSettlementsMax);
  heads_.clear();
  newest_ = 0;
  totals_ = SettlementTotals();
}

std::vector<SettlementView> SettlementLog::newest(AgentId agent, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<SettlementView> rows;
  const auto take = [&](const SettlementView& row) {
    if (rows.size() == limit) return false;
    rows.push_back(row);
    return true;
  };
  if (agent == 0) {
    all_.visit_chain(newest_, take);
  } else if (const auto head = heads_.find(agent); head != heads_.end()) {
    log_.visit_chain(head->second, take);
  }
  return rows;
}

std::optional<SettlementView> SettlementLog::find_transfer(AgentId from, AgentId to, Micro amount,
                                                           Micro free_after) const {
  const std::lock_guard lock(mutex_);
  std::optional<SettlementView> result;
  const auto head = heads_.find(from);
  if (head == heads_.end()) return result;
  log_.visit_chain(head->second, [&](const SettlementView& row) {
    const bool is_it =
        row.from == from && row.to == to && row.amount == amount && row.free_after == free_after;
    if (is_it) result = row;
    return !is_it;
  });
  return result;
}

SettlementTotals SettlementLog::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

bool SettlementLog::has_forgotten() const {
  const std::lock_guard lock(mutex_);
  return log_.next_victim() != nullptr || all_.next_victim() != nullptr;
}

}  // namespace perpetua::stores
