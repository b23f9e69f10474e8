// Activity: what agents did, beside what there is: statistics, rankings, matches, intents and
// positions with ids. A part of the hot store, fed by the same events in the same order.
//
// Writing and reading as HotStore: one writer, any thread reads, each part locks for itself.
// After a restart: a description tells open orders and positions; the history tells the rest
// (begin_warm, the rows oldest first, finish_warm). What nothing tells: the margin and the guards
// of positions that closed before, the slippage of old intents. Without a history statistics begin
// at the restart.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "engine/schema/batch.hpp"
#include "stores/activity/acknowledged_alerts.hpp"
#include "stores/activity/agent_statistics.hpp"
#include "stores/activity/intent_log.hpp"
#include "stores/activity/match_log.hpp"
#include "stores/activity/position_log.hpp"
#include "stores/activity/settlement_log.hpp"
#include "stores/memory/violation_log.hpp"

namespace perpetua::stores {

class HotStore;

class Activity {
 public:
  explicit Activity(const HotStore& hot) : hot_(hot) {}

  // Writer. After the hot store has applied the batch's events, before it says so.
  void apply(const AppliedBatch& batch);
  void describe(const Event& event, std::string_view text);
  void finish_description();  // statistics start here

  // From the history, after finish_description and before the first batch.
  void begin_warm();
  void warm_fill(const FillView& fill);  // a maker's follows its taker's
  void warm_change(const PositionChangeView& change);
  void warm_liquidation(const LiquidationView& step);
  void warm_funding(const FundingSettled& funding);
  void warm_intent(const OrderView& order);
  void warm_ledger(const LedgerEntryView& entry);
  void warm_violation(const ViolationView& violation) { violations_.add(violation); }
  void warm_note(const MessageView& note) { acknowledged_.note(note.agent, note.text); }
  void finish_warm();

  // Readers.
  const MatchLog& matches() const { return matches_; }
  const IntentLog& intents() const { return intents_; }
  const PositionLog& positions() const { return positions_; }
  const SettlementLog& settlements() const { return settlements_; }
  AgentStatistics statistics(AgentId agent) const { return agents_.find(agent); }
  ExchangeStatistics exchange() const;
  std::vector<RankedAgent> ranking(Ranking ranking, std::size_t limit, int64_t now_ms) const;

  const ViolationLog& violations() const { return violations_; }
  const AcknowledgedAlerts& acknowledged() const { return acknowledged_; }

 private:
  void apply_event(const AppliedBatch& batch, std::size_t index);
  void apply_order(const AppliedBatch& batch, const Event& event);
  void apply_fill(const AppliedBatch& batch, std::size_t index);
  void apply_change(const PositionChangeView& view);
  void note_guard(const Event& event);
  void note_message(const PrivateMessage& message, const AppliedBatch& batch);
  void note_fill(const FillView& fill, const PositionLog::Step& step);
  void count_fees(const FillView& fill);
  void count_liquidation(AgentId agent, Micro fee);
  void count_funding(const FundingSettled& funding);

  const HotStore& hot_;
  AgentTable agents_;
  MatchLog matches_;
  IntentLog intents_;
  PositionLog positions_;
  SettlementLog settlements_;
  ViolationLog violations_;
  AcknowledgedAlerts acknowledged_;
  Rankings rankings_;

  std::vector<DescribedPosition> described_;  // until the first batch
  std::vector<std::pair<OrderView, uint32_t>> described_intents_;
  MatchView warm_match_;  // whose maker's fill comes next

  mutable std::mutex totals_mutex_;
  ExchangeStatistics totals_;  // fees, matches, volume
};

}  // namespace perpetua::stores
