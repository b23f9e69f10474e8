#include "stores/memory/market_table.hpp"

#include <algorithm>

#include "stores/perpetual_fold.hpp"

namespace perpetua::stores {

void MarketState::apply_change() {
  PERPETUA_ASSERT(pending_change.has_value());
  change_to(pending_change->spec);
  pending_change.reset();
}

void MarketState::change_to(const MarketSpec& contract) {
  contracts.push_back(std::make_unique<const MarketRules>(contract));
  rules_now.store(contracts.back().get(), std::memory_order_release);
  health.set_rules(rules());
  if (contracts.size() > kContractsKept) contracts.pop_front();
}

void MarketState::add_trade(const TradeView& trade, Micro traded) {
  last_trade = trade;
  trades.push(newest_trade, trade);
  candles.add_trade(trade.time_ms, trade.price, trade.lots, traded);
}

void MarketState::apply(const Event& event, int64_t time_ms, bool is_described) {
  switch (event.header.type) {
    case EventType::market_status:
      status = event.market_status;
      break;
    case EventType::fund_changed:
      fund = event.fund_changed;
      if (!is_described) fund_changes.push(newest_fund_change, make_fund_change(event, time_ms));
      break;
    case EventType::funding_settled:
      last_funding = event.funding_settled;
      fundings.push(newest_funding, make_funding(event, time_ms));
      premium = PremiumSampled{};
      funding_hour = time_ms / kFundingHourMs;
      break;
    case EventType::premium_sampled:
      premium = event.premium_sampled;
      break;
    default:
      liquidations.push(newest_liquidation, make_liquidation(event, time_ms));
  }
}

MarketMoney MarketState::total_money() const {
  MarketMoney total = money;
  total.market = id;
  total.fund_cash = fund.margin;
  total.bad_debt = fund.bad_debt;
  total.long_lots += std::max(Lots(0), fund.base);
  total.short_lots += std::max(Lots(0), -fund.base);
  total.signed_entry += fund.base < Lots(0) ? -Int128{fund.entry_notional.value}
                                            : Int128{fund.entry_notional.value};
  return total;
}

MarketView MarketState::view() const {
  MarketView result;
  result.id = id;
  const std::lock_guard guard(mutex);
  result.spec = rules();
  result.pending_change = pending_change;
  result.index = index;
  result.mark = Price(mark_ticks.load(std::memory_order_relaxed));
  result.price_time_ms = price_time_ms;
  result.best_bid = book.best(Side::buy);
  result.best_ask = book.best(Side::sell);
  result.last_price = last_trade.price;
  result.last_lots = last_trade.lots;
  result.last_trade_at_ms = last_trade.time_ms;
  const DayWindow& day = candles.day();
  result.open_24h = day.open();
  result.high_24h = day.high();
  result.low_24h = day.low();
  if (day.open().value != 0) result.change_24h = last_trade.price - day.open();
  result.volume_24h = day.volume();
  result.volume_24h_notional = day.volume_notional();
  result.trades_24h = day.trades();
  result.open_interest = total_money().long_lots;
  result.mode = status.mode;
  result.is_stale = status.is_stale != 0;
  result.is_breaker_open = status.is_breaker_open != 0;
  result.funding = make_funding_estimate(premium, funding_hour);
  result.fund = fund;
  result.last_funding = last_funding;
  return result;
}

void MarketTable::add(MarketId id, const MarketSpec& spec) {
  PERPETUA_ASSERT(id == size() && id < limits::kMarketsMax);
  states_[id] = std::make_unique<MarketState>(id, spec);
  size_.store(id + std::size_t{1}, std::memory_order_release);
}

const MarketState* MarketTable::find(std::string_view symbol) const {
  const std::size_t count = size();
  for (std::size_t i = 0; i < count; ++i) {
    if (symbol_view(states_[i]->rules()) == symbol) return states_[i].get();
  }
  return nullptr;
}

}  // namespace perpetua::stores
