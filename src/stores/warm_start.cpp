#include "stores/warm_start.hpp"

#include <algorithm>

#include "stores/activity/activity.hpp"
#include "stores/history/history_reader.hpp"
#include "stores/memory/hot_store.hpp"
#include "stores/perpetual_fold.hpp"

namespace perpetua::stores {

namespace {

// The newest `count` rows of a list, oldest first.
template <class Row, class Read>
std::vector<Row> newest_rows(std::size_t count, Read&& read) {
  std::vector<Row> rows;
  std::string cursor;
  while (rows.size() < count) {
    Page<Row> page =
        read(PageRequest{cursor, std::min(count - rows.size(), history_limits::kHistoryPageMax)});
    rows.insert(rows.end(), page.rows.begin(), page.rows.end());
    cursor = page.next_cursor;
    if (cursor.empty()) break;
  }
  std::reverse(rows.begin(), rows.end());
  return rows;
}

// What was done to positions, in the order in which it was done.
void warm_alerts(HotStore& hot, HistoryReader& history) {
  std::vector<AlertView> alerts;
  for (const MarketView& market : hot.markets()) {
    for (const LiquidationView& step :
         hot.liquidations(market.id, hot_limits::kLiquidationsPerMarketMax)) {
      if (step.agent != 0) alerts.push_back(make_alert(step));
    }
  }
  for (const PositionChangeView& row : newest_rows<PositionChangeView>(
           hot_limits::kLiquidationsPerMarketMax,
           [&](const PageRequest& page) { return history.deleveragings(page); })) {
    alerts.push_back(make_alert(row));
  }
  std::sort(alerts.begin(), alerts.end(),
            [](const AlertView& a, const AlertView& b) { return a.sequence < b.sequence; });
  hot.warm_alerts(alerts);
}

void warm_market(HotStore& hot, HistoryReader& history, MarketId market) {
  hot.warm_trades(
      market, newest_rows<TradeView>(hot_limits::kTradesPerMarketMax, [&](const PageRequest& page) {
        return history.trades(market, page);
      }));
  hot.warm_fundings(newest_rows<FundingView>(
      hot_limits::kFundingsPerMarketMax,
      [&](const PageRequest& page) { return history.fundings(market, page); }));
  hot.warm_liquidations(newest_rows<LiquidationView>(
      hot_limits::kLiquidationsPerMarketMax,
      [&](const PageRequest& page) { return history.liquidations(market, page); }));
  hot.warm_fund_changes(newest_rows<FundChangeView>(
      hot_limits::kFundChangesPerMarketMax,
      [&](const PageRequest& page) { return history.fund_changes(market, page); }));
  for (const CandleInterval interval : kAllCandleIntervals) {
    hot.warm_candles(
        market, interval,
        history.candles(market, interval, 0, INT64_MAX, hot_limits::kCandlesPerSeriesMax));
  }
}

bool warm_activity(Activity& activity, HistoryReader& history) {
  activity.begin_warm();
  const bool is_whole =
      history.replay_activity({[&](const FillView& row) { activity.warm_fill(row); },
                               [&](const PositionChangeView& row) { activity.warm_change(row); },
                               [&](const LiquidationView& row) { activity.warm_liquidation(row); },
                               [&](const FundingView& row) { activity.warm_funding(row.funding); },
                               [&](const OrderView& row) { activity.warm_intent(row); },
                               [&](const LedgerEntryView& row) { activity.warm_ledger(row); }});
  activity.finish_warm();
  return is_whole;
}

void warm_closed_triggers(HotStore& hot, HistoryReader& history) {
  for (const TriggerView& row : newest_rows<TriggerView>(
           hot_limits::kAgentShards * hot_limits::kClosedTriggersPerShardMax,
           [&](const PageRequest& page) { return history.closed_triggers(0, kNoMarket, page); })) {
    hot.warm_trigger(row);
  }
}

bool warm_limits(Activity& activity, HistoryReader& history) {
  for (const ViolationView& row : newest_rows<ViolationView>(
           hot_limits::kViolationsMax,
           [&](const PageRequest& page) { return history.violations(0, page); })) {
    activity.warm_violation(row);
  }
  return history.notes([&](const MessageView& note) { activity.warm_note(note); });
}

}  // namespace

bool warm_start(HotStore& hot, HistoryReader& history) {
  for (const MarketView& market : hot.markets()) warm_market(hot, history, market.id);
  warm_alerts(hot, history);
  hot.warm_thoughts(newest_rows<ThoughtView>(
      hot_limits::kThoughtsMax,
      [&](const PageRequest& page) { return history.thoughts(std::nullopt, page); }));
  hot.warm_messages(
      newest_rows<MessageView>(hot_limits::kMessagesMax + hot_limits::kPrivateMessagesMax,
                               [&](const PageRequest& page) { return history.messages(page); }));
  hot.warm_signals(newest_rows<SignalView>(
      hot_limits::kClosedSignalsMax,
      [&](const PageRequest& page) { return history.closed_signals(kNoMarket, page); }));
  if (!warm_activity(hot.activity(), history)) return false;
  warm_closed_triggers(hot, history);
  if (!warm_limits(hot.activity(), history)) return false;
  const bool has_triggers =
      history.live_triggers([&](const TriggerView& trigger) { hot.warm_trigger(trigger); });
  if (!has_triggers) return false;
  return history.open_orders([&](const OrderView& order) { hot.warm_order(order); });
}

}  // namespace perpetua::stores
