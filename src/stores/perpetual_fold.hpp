// Events of the perpetual as views, shared by the hot store and the history, and what events do to
// the money of the exchange. Pure.
#pragma once

#include "engine/market/funding.hpp"
#include "engine/schema/batch.hpp"
#include "stores/perpetual_views.hpp"

namespace perpetua::stores {

inline FundingView make_funding(const Event& event, int64_t time_ms) {
  return {event.header.sequence, event.header.market, event.funding_settled, time_ms};
}

// `hour` is the one in hand; 0: no price yet.
inline FundingEstimate make_funding_estimate(const PremiumSampled& premium, int64_t hour) {
  FundingEstimate estimate;
  if (hour == 0) return estimate;
  estimate.samples = premium.count;
  if (premium.count > 0) {
    estimate.average_premium_ppb = FundingSamples{premium.sum_ppb, premium.count}.average_ppb();
    estimate.predicted_rate_ppb = hourly_rate_ppb(estimate.average_premium_ppb);
  }
  estimate.next_settlement_ms = (hour + 1) * kFundingHourMs;
  return estimate;
}

// `settled` is the hour it belongs to: the last one of this market before the event.
inline FundingPaymentView make_funding_payment(const Event& event, const FundingSettled& settled,
                                               int64_t time_ms) {
  const PositionChanged& change = event.position_changed;
  FundingPaymentView view;
  view.sequence = event.header.sequence;
  view.agent = event.header.agent;
  view.market = event.header.market;
  view.hour = settled.hour;
  view.rate_ppb = settled.rate_ppb;
  view.index = settled.index;
  view.amount = change.amount;
  view.base = change.base;
  view.margin = change.margin;
  view.time_ms = time_ms;
  return view;
}

inline LiquidationView make_liquidation(const Event& event, int64_t time_ms) {
  return {event.header.market, event.header.sequence, event.header.agent, event.liquidation,
          time_ms};
}

inline FundChangeView make_fund_change(const Event& event, int64_t time_ms) {
  return {event.header.sequence, event.header.market, event.fund_changed, time_ms};
}

inline PositionChangeView make_position_change(const Event& event, int64_t time_ms) {
  return {event.header.sequence, event.header.agent, event.header.market, event.position_changed,
          time_ms};
}

// REQUIRES: of an agent.
inline AlertView make_alert(const LiquidationView& view) {
  constexpr AlertKind kinds[] = {AlertKind::liquidated, AlertKind::taken_over,
                                 AlertKind::bankrupt};
  AlertView alert;
  alert.sequence = view.sequence;
  alert.agent = view.agent;
  alert.market = view.market;
  alert.kind = kinds[static_cast<std::size_t>(view.step.step)];
  alert.mark = view.step.mark;
  alert.base = view.step.base;
  alert.lots = view.step.lots;
  alert.value = view.step.value;
  alert.equity = view.step.equity;
  alert.maintenance = view.step.maintenance;
  alert.time_ms = view.time_ms;
  return alert;
}

// REQUIRES: cause deleveraged.
inline AlertView make_alert(const PositionChangeView& view) {
  AlertView alert;
  alert.sequence = view.sequence;
  alert.agent = view.agent;
  alert.market = view.market;
  alert.kind = AlertKind::deleveraged;
  alert.base = view.change.base;
  alert.lots = view.change.lots;
  alert.value = view.change.value;
  alert.time_ms = view.time_ms;
  return alert;
}

inline void count_money(MoneyTotals& totals, const Event& event) {
  if (event.header.type == EventType::ledger_entry) {
    const LedgerEntry& entry = event.ledger_entry;
    const bool comes_in =
        entry.kind == LedgerEntryKind::deposit || entry.kind == LedgerEntryKind::faucet;
    if (comes_in) totals.deposits += entry.amount;
    if (entry.kind == LedgerEntryKind::withdrawal) totals.withdrawals += entry.amount;
  } else if (event.header.type == EventType::fill) {
    const bool is_forced = event.fill.is_taker != 0 && event.fill.cause != TradeCause::order;
    if (!is_forced) totals.fees += event.fill.fee;
  } else if (event.header.type == EventType::signal_closed) {
    totals.fees += event.signal_closed.fee;
  }
}

inline MoneyTotals make_money(const MoneyDescribed& described) {
  return {described.deposits, described.withdrawals, described.fees};
}

// What operators put into insurance funds is no entry of anybody's account.
inline void count_fund_deposits(MoneyTotals& totals, const AppliedBatch& batch) {
  for (std::size_t i = 0; i < batch.commands.size(); ++i) {
    const Outcome& outcome = batch.outcomes[i];
    if (batch.commands[i].header.type == CommandType::fund_insurance &&
        outcome.code == ResultCode::ok && outcome.replayed == 0) {
      totals.deposits += batch.commands[i].fund_insurance.amount;
    }
  }
}

}  // namespace perpetua::stores
