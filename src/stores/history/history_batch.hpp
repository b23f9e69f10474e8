// HistoryBatch: what the history keeps of a batch. A compact copy, made on the egress thread: only
// events that leave rows, each with its own text.
#pragma once

#include <string>
#include <vector>

#include "engine/schema/batch.hpp"
#include "stores/views.hpp"

namespace perpetua::stores {

struct HistoryEvent {
  Event event;
  TextSpan text;  // in HistoryBatch::text
};

// What an operator put into the insurance fund of a market: no event says it.
struct FundDeposit {
  MarketId market = kNoMarket;
  Micro amount;
};

struct HistoryBatch {
  BatchNumber number = 0;
  int64_t log_time_ms = 0;
  std::vector<HistoryEvent> events;
  std::vector<FundDeposit> fund_deposits;
  std::vector<ViolationView> violations;
  std::string text;

  // Leaves no row.
  bool is_empty() const { return events.empty() && violations.empty(); }
  std::size_t bytes() const {
    return events.size() * sizeof(HistoryEvent) + violations.size() * sizeof(ViolationView) +
           text.size();
  }
};

enum class HistoryDetail {
  rows,       // what HistoryRows needs
  accounting  // prices, totals of accounts and deposits of funds, too
};

// Whether HistoryRows makes rows of such events.
bool leaves_rows(EventType type);

HistoryBatch make_history_batch(const AppliedBatch& batch,
                                HistoryDetail detail = HistoryDetail::rows);

}  // namespace perpetua::stores
