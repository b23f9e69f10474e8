// MarketTable: the public state of each market. Markets are added, never removed.
//
// Thread-safety: one writer. The contract and the mark are atomic, so positions are valued without
// the market's lock; everything else is read and written under MarketState::mutex, which the writer
// holds over a run of events of one market, so no reader sees the middle of a round.
// A contract that was replaced stays readable for the kContractsKept changes after it; as a change
// is announced a minute before (limits::kMarketChangeDelayMinMs), that is an hour at least.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "stores/memory/adl_ranks.hpp"
#include "stores/memory/book_levels.hpp"
#include "stores/memory/health_watch.hpp"
#include "stores/memory/hot_store.hpp"
#include "stores/memory/market_candles.hpp"
#include "stores/memory/recent_log.hpp"

namespace perpetua::stores {

constexpr std::size_t kContractsKept = 64;  // of one market, the present one among them

struct MarketState {
  MarketState(MarketId market, const MarketSpec& contract) : id(market) { change_to(contract); }

  // The contract now; symbol, units and price range never change.
  const MarketRules& rules() const { return *rules_now.load(std::memory_order_acquire); }

  const MarketId id;
  std::atomic<const MarketRules*> rules_now{nullptr};
  std::deque<std::unique_ptr<const MarketRules>> contracts;  // the writer's; the last is rules_now
  std::atomic<int64_t> mark_ticks{0};

  mutable std::mutex mutex;
  Price index;
  int64_t price_time_ms = 0;
  TradeView last_trade;
  MarketMoney money;  // of agents' positions; the fund's are in `fund`
  BookLevels book;
  MarketCandles candles;
  RecentLog<TradeView> trades{hot_limits::kTradesPerMarketMax};
  RecentLog<TradeView>::Head newest_trade = 0;
  MarketStatus status;
  FundChanged fund;
  FundingSettled last_funding;
  RecentLog<FundingView> fundings{hot_limits::kFundingsPerMarketMax};
  RecentLog<FundingView>::Head newest_funding = 0;
  RecentLog<LiquidationView> liquidations{hot_limits::kLiquidationsPerMarketMax};
  RecentLog<LiquidationView>::Head newest_liquidation = 0;
  RecentLog<FundChangeView> fund_changes{hot_limits::kFundChangesPerMarketMax};
  RecentLog<FundChangeView>::Head newest_fund_change = 0;
  PremiumSampled premium;    // of the hour in hand
  int64_t funding_hour = 0;  // that hour, since 1970; 0: no price yet
  HealthWatch health;
  mutable AdlRanks ranks;  // locks for itself
  std::optional<ScheduledChange> pending_change;

  void schedule_change(const ScheduledChange& change) { pending_change = change; }
  void apply_change();  // what was scheduled is the contract from now on
  void change_to(const MarketSpec& contract);

  // market_status, fund_changed, premium_sampled, funding_settled, liquidation. `is_described`: no
  // news.
  void apply(const Event& event, int64_t time_ms, bool is_described);

  // With the fund's position. By the writer, or under the lock.
  MarketMoney total_money() const;

  void add_trade(const TradeView& trade, Micro traded);
  MarketView view() const;  // takes the lock
};

class MarketTable {
 public:
  // REQUIRES: ids dense, in order.
  void add(MarketId id, const MarketSpec& spec);

  std::size_t size() const { return size_.load(std::memory_order_acquire); }
  MarketState* find(MarketId id) { return id < size() ? states_[id].get() : nullptr; }
  const MarketState* find(MarketId id) const { return id < size() ? states_[id].get() : nullptr; }
  const MarketState* find(std::string_view symbol) const;

 private:
  std::array<std::unique_ptr<MarketState>, limits::kMarketsMax> states_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace perpetua::stores
