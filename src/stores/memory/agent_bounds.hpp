// AgentBounds: what binds one agent beside its collateral: risk limits, the day its losses count
// from, payments. A fold of its private events; part of AgentShard, whose lock guards it.
//
// Trading result: collateral less paid_in, as of the last account_changed. Until the engine names
// the start of an agent's day (only for those with a limit on daily losses), a day starts with the
// result before its first change; after a restart, with the result then.
#pragma once

#include "engine/schema/event.hpp"
#include "stores/limit_views.hpp"

namespace perpetua::stores {

struct AgentBounds {
  static constexpr int64_t kDayMs = 86'400'000;

  RiskLimits limits;
  Micro paid_in;
  int64_t faucet_window_start_ms = 0;
  Micro faucet_claimed;
  int64_t onchain_withdrawn_at_ms = 0;
  Micro result;
  int64_t day = -1;
  Micro day_start;
  bool is_day_counted = false;  // the engine has named its start

  void on_entry(const LedgerEntry& entry, int64_t time_ms) {
    const bool comes_in = entry.kind == LedgerEntryKind::deposit ||
                          entry.kind == LedgerEntryKind::faucet ||
                          entry.kind == LedgerEntryKind::transfer_in;
    paid_in += comes_in ? entry.amount : -entry.amount;
    if (entry.kind == LedgerEntryKind::faucet) {
      faucet_window_start_ms = entry.faucet_window_start_ms;
      faucet_claimed = entry.faucet_claimed;
    }
    if (entry.kind == LedgerEntryKind::withdrawal && entry.is_onchain != 0) {
      onchain_withdrawn_at_ms = time_ms;
    }
  }
  void on_collateral(Micro collateral, int64_t time_ms) {
    const int64_t today = time_ms / kDayMs;
    if (day < today) {
      day = today;
      day_start = result;
      is_day_counted = false;
    }
    result = collateral - paid_in;
  }
  void on_described(const AccountDescribed& described, Micro collateral) {
    paid_in = described.paid_in;
    faucet_window_start_ms = described.faucet_window_start_ms;
    faucet_claimed = described.faucet_claimed;
    onchain_withdrawn_at_ms = described.onchain_withdrawn_at_ms;
    result = collateral - paid_in;
    day = -1;
    is_day_counted = false;
  }
  void on_day(const RiskDayStarted& started) {
    day = started.day;
    day_start = started.start;
    is_day_counted = true;
  }
  void on_limits(const RiskLimits& changed) {
    limits = changed;
    if (limits == RiskLimits{}) is_day_counted = false;
  }
  Micro daily_pnl(int64_t now_ms) const {
    return day == now_ms / kDayMs ? result - day_start : Micro(0);
  }
  // What the engine would hold against daily_loss_max. Until the agent's first order of a day: 0.
  Micro counted_loss(int64_t now_ms) const {
    return is_day_counted ? -daily_pnl(now_ms) : Micro(0);
  }
};

}  // namespace perpetua::stores
