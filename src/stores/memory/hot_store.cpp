#include "stores/memory/hot_store.hpp"

#include "stores/activity/activity.hpp"
#include "stores/limit_fold.hpp"
#include "stores/memory/event_feeder.hpp"
#include "stores/order_fold.hpp"
#include "stores/perpetual_fold.hpp"

namespace perpetua::stores {

HotStore::HotStore()
    : domains_(std::make_unique<HotDomains>()), activity_(std::make_unique<Activity>(*this)) {}
HotStore::~HotStore() = default;

void HotStore::apply(const AppliedBatch& batch) {
  PERPETUA_ASSERT(batch.number > domains_->applied_batch.load(std::memory_order_relaxed));
  domains_->alerts.clear();
  const int64_t minute_ms = interval_ms(CandleInterval::m1);
  const int64_t before_ms = domains_->log_time_ms.load(std::memory_order_relaxed);
  domains_->key_days.start_days(batch, *domains_);
  {
    EventFeeder feeder(*domains_, batch.number, batch.log_time_ms, batch.text);
    for (const Event& event : batch.events) {
      const bool is_order = event.header.type == EventType::order_accepted;
      feeder.feed(event, is_order ? intent_reason(event, batch) : std::string_view());
    }
  }
  if (before_ms / minute_ms != batch.log_time_ms / minute_ms) {
    for (std::size_t i = 0; i < domains_->markets.size(); ++i) {
      MarketState& market = *domains_->markets.find(static_cast<MarketId>(i));
      const std::lock_guard guard(market.mutex);
      market.candles.advance(batch.log_time_ms);
    }
  }
  activity_->apply(batch);
  count_fund_deposits(domains_->money, batch);
  publish_solvency(batch);
  domains_->log_time_ms.store(batch.log_time_ms, std::memory_order_release);
  domains_->applied_batch.store(batch.number, std::memory_order_release);
}

void HotStore::publish_solvency(const AppliedBatch& batch) {
  const std::lock_guard guard(domains_->solvency_mutex);
  SolvencyView& view = domains_->solvency;
  view.batch = batch.number;
  if (!batch.events.empty()) view.sequence = batch.events.back().header.sequence;
  view.time_ms = batch.log_time_ms;
  view.collateral = domains_->collateral;
  view.totals = domains_->money;
  view.bet_escrow = domains_->escrow;
  view.markets.resize(domains_->markets.size());
  for (std::size_t i = 0; i < view.markets.size(); ++i) {
    view.markets[i] = domains_->markets.find(static_cast<MarketId>(i))->total_money();
  }
}

void HotStore::on_event(const Event& event, std::string_view text) {
  EventFeeder feeder(*domains_, 0, 0, text);
  feeder.feed(event, event.header.type == EventType::order_accepted ? text : std::string_view());
  activity_->describe(event, text);
}

void HotStore::finish_bootstrap(BatchNumber last_batch, int64_t log_time_ms) {
  for (std::size_t i = 0; i < domains_->markets.size(); ++i) {
    MarketState& market = *domains_->markets.find(static_cast<MarketId>(i));
    market.health.on_mark(Price(market.mark_ticks.load(std::memory_order_relaxed)));
    if (market.index != Price(0)) market.funding_hour = log_time_ms / kFundingHourMs;
  }
  activity_->finish_description();
  AppliedBatch described;
  described.number = last_batch;
  described.log_time_ms = log_time_ms;
  publish_solvency(described);
  domains_->first_batch.store(last_batch, std::memory_order_release);
  domains_->log_time_ms.store(log_time_ms, std::memory_order_release);
  domains_->applied_batch.store(last_batch, std::memory_order_release);
}

void HotStore::warm_fundings(const std::vector<FundingView>& fundings) {
  for (const FundingView& row : fundings) {
    MarketState* state = domains_->markets.find(row.market);
    if (state == nullptr) continue;
    const std::lock_guard guard(state->mutex);
    state->fundings.push(state->newest_funding, row);
    state->last_funding = row.funding;
  }
}

void HotStore::warm_liquidations(const std::vector<LiquidationView>& liquidations) {
  for (const LiquidationView& row : liquidations) {
    MarketState* state = domains_->markets.find(row.market);
    if (state == nullptr) continue;
    const std::lock_guard guard(state->mutex);
    state->liquidations.push(state->newest_liquidation, row);
  }
}

void HotStore::warm_fund_changes(const std::vector<FundChangeView>& changes) {
  for (const FundChangeView& row : changes) {
    MarketState* state = domains_->markets.find(row.market);
    if (state == nullptr) continue;
    const std::lock_guard guard(state->mutex);
    state->fund_changes.push(state->newest_fund_change, row);
  }
}

void HotStore::warm_alerts(const std::vector<AlertView>& alerts) {
  for (const AlertView& alert : alerts) {
    if (domains_->directory.agent(alert.agent)) domains_->shard(alert.agent).add_alert(alert);
  }
}

void HotStore::warm_trades(MarketId market, const std::vector<TradeView>& trades) {
  MarketState* state = domains_->markets.find(market);
  if (state == nullptr) return;
  const std::lock_guard guard(state->mutex);
  for (const TradeView& trade : trades) {
    state->trades.push(state->newest_trade, trade);
    state->last_trade = trade;
  }
}

void HotStore::warm_candles(MarketId market, CandleInterval interval,
                            const std::vector<CandleView>& candles) {
  MarketState* state = domains_->markets.find(market);
  if (state == nullptr) return;
  const std::lock_guard guard(state->mutex);
  state->candles.warm(interval, candles);
  state->candles.advance(log_time_ms());
}

void HotStore::warm_thoughts(const std::vector<ThoughtView>& thoughts) {
  for (const ThoughtView& thought : thoughts) domains_->thoughts.add(thought.agent, thought);
}

void HotStore::warm_messages(const std::vector<MessageView>& messages) {
  for (const MessageView& message : messages) {
    if (is_note(message)) continue;
    if (message.to_agent == 0) {
      domains_->messages.add(message.agent, message);
      continue;
    }
    domains_->private_messages.add(message.agent, message);
    domains_->private_messages.add(message.to_agent, message);
  }
}

void HotStore::warm_signals(const std::vector<SignalView>& closed) {
  for (const SignalView& signal : closed) domains_->signals.warm(signal);
}

void HotStore::warm_order(const OrderView& order) {
  if (!domains_->directory.agent(order.agent)) return;
  domains_->shard(order.agent).warm_order(order);
}

void HotStore::warm_trigger(const TriggerView& trigger) {
  domains_->triggers(trigger.agent).warm(trigger);
}

}  // namespace perpetua::stores
