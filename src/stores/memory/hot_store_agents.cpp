// Reads of what agents do among each other: messages, signals, what binds them.

#include <algorithm>

#include "stores/activity/activity.hpp"
#include "stores/memory/hot_domains.hpp"

namespace perpetua::stores {

namespace {

std::size_t page(std::size_t limit) { return std::min(limit, hot_limits::kPageMax); }

}  // namespace

std::vector<MessageView> HotStore::messages(MessageKinds kinds, uint64_t before_id,
                                            std::size_t limit) const {
  std::vector<MessageView> rows = domains_->messages.newest(kinds, before_id, page(limit));
  if ((kinds & message_bit(MessageKind::thought)) == 0) return rows;
  const std::vector<MessageView> thoughts =
      domains_->thoughts.newest(kAllMessageKinds, before_id, page(limit));
  rows.insert(rows.end(), thoughts.begin(), thoughts.end());
  std::sort(rows.begin(), rows.end(),
            [](const MessageView& a, const MessageView& b) { return a.thought_id > b.thought_id; });
  if (rows.size() > page(limit)) rows.resize(page(limit));
  return rows;
}

std::vector<MessageView> HotStore::private_messages(AgentId agent, uint64_t before_id,
                                                    std::size_t limit) const {
  return domains_->private_messages.newest_of(agent, before_id, page(limit));
}

std::optional<SignalView> HotStore::signal(SignalId id) const {
  return domains_->signals.signal(id);
}

std::vector<SignalView> HotStore::live_signals(MarketId market, std::size_t limit) const {
  return domains_->signals.live(market, page(limit));
}

std::vector<SignalView> HotStore::closed_signals(MarketId market, std::size_t limit) const {
  return domains_->signals.closed(market, page(limit));
}

std::optional<BettingView> HotStore::betting(AgentId agent) const {
  if (!domains_->directory.agent(agent)) return std::nullopt;
  return domains_->signals.betting(agent);
}

BettingTotalsView HotStore::betting_totals() const { return domains_->signals.totals(); }

std::optional<RiskView> HotStore::risk(AgentId agent) const {
  const auto bounds = domains_->shard(agent).bounds(agent);
  const auto rows = domains_->shard(agent).holdings(agent);
  if (!bounds || !rows) return std::nullopt;
  RiskView view;
  view.agent = agent;
  view.limits = bounds->limits;
  Int128 exposure = 0;
  for (const HoldingRow& row : *rows) {
    const MarketState* market = domains_->markets.find(row.market);
    if (market == nullptr) continue;
    const Price mark(market->mark_ticks.load(std::memory_order_relaxed));
    exposure += notional_wide(mark, row.open_lots, market->rules()) + row.entry_notional.value;
  }
  view.exposure = Micro(saturate(exposure));
  view.daily_pnl = bounds->daily_pnl(log_time_ms());
  view.counted_loss = bounds->counted_loss(log_time_ms());
  view.trading_pnl = bounds->result;
  return view;
}

Micro HotStore::key_loss(AgentId agent, uint32_t key_id) const {
  const auto bounds = domains_->shard(agent).bounds(agent);
  if (!bounds) return Micro(0);
  return domains_->key_days.loss(key_id, log_time_ms(), bounds->result);
}

std::optional<MoneyStateView> HotStore::money_state(AgentId agent) const {
  const auto bounds = domains_->shard(agent).bounds(agent);
  if (!bounds) return std::nullopt;
  return MoneyStateView{agent, bounds->paid_in, bounds->faucet_window_start_ms,
                        bounds->faucet_claimed, bounds->onchain_withdrawn_at_ms};
}

std::vector<ViolationView> HotStore::violations(AgentId agent, std::size_t limit) const {
  return activity_->violations().of(agent, page(limit));
}

}  // namespace perpetua::stores
