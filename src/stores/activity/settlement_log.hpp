// SettlementLog: money that moved into, out of, or between accounts, of all agents: deposits (the
// faucet's too), withdrawals, transfers.
//
// The newest kSettlementsMax rows, and totals of all ever, as far as the history goes back. One
// writer; any thread reads: one lock, held for one row or while rows are copied.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <mutex>
#include <optional>
#include <vector>

#include "stores/memory/recent_log.hpp"
#include "stores/views.hpp"

namespace perpetua::stores {

namespace activity_limits {
constexpr std::size_t kSettlementsMax = 16'384;
}

enum class SettlementKind : uint8_t { internal = 0, onchain = 1, deposit = 2, withdraw = 3 };

constexpr std::string_view wire_name(SettlementKind kind) {
  constexpr std::string_view names[] = {"internal", "onchain", "deposit", "withdraw"};
  return names[static_cast<std::size_t>(kind)];
}

struct SettlementView {
  uint64_t sequence = 0;  // of its event; of a transfer, of the sender's entry
  SettlementKind kind = SettlementKind::internal;
  AgentId from = 0;  // 0: from outside
  AgentId to = 0;    // 0: to outside
  Micro amount;
  Micro free_after;  // of whose entry it is: the sender's (history tells a recipient 0), of a
                     // deposit the recipient's
  bool is_onchain = false;
  int64_t time_ms = 0;
  bool operator==(const SettlementView&) const = default;
};

struct SettlementTotals {
  struct Sum {
    uint64_t count = 0;
    Micro amount;
  };
  std::array<Sum, 4> by_kind;  // index: SettlementKind
};

// REQUIRES: not the recipient's half of a transfer.
SettlementView make_settlement(const LedgerEntryView& entry);

class SettlementLog {
 public:
  SettlementLog() : log_(activity_limits::kSettlementsMax) {}

  // Writer. The recipient's half of a transfer adds nothing.
  void add(const LedgerEntryView& entry);
  void clear();

  // Newest first; of an agent, on either side, or (0) of all.
  std::vector<SettlementView> newest(AgentId agent, std::size_t limit) const;
  bool has_forgotten() const;  // some are kept no longer
  // The newest transfer of these two that left the sender with so much.
  std::optional<SettlementView> find_transfer(AgentId from, AgentId to, Micro amount,
                                              Micro free_after) const;
  SettlementTotals totals() const;

 private:
  mutable std::mutex mutex_;
  RecentLog<SettlementView> log_;
  // Of both sides: a row hangs in the sender's chain and, as a copy, in the recipient's.
  boost::unordered_flat_map<AgentId, RecentLog<SettlementView>::Head> heads_;
  RecentLog<SettlementView> all_{activity_limits::kSettlementsMax};
  RecentLog<SettlementView>::Head newest_ = 0;
  SettlementTotals totals_;
};

}  // namespace perpetua::stores
