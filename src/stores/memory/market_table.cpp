#include "stores/memory/market_table.hpp"

#include <algorithm>

namespace perpetua::stores {

void MarketState::add_trade(const TradeView& trade, Micro traded) {
  last_trade = trade;
  trades.push(newest_trade, trade);
  candles.add_trade(trade.time_ms, trade.price, trade.lots, traded);
}

void MarketState::apply(const Event& event, int64_t time_ms) {
  switch (event.header.type) {
    case EventType::market_status:
      status = event.market_status;
      break;
    case EventType::fund_changed:
      open_interest += std::max(Lots(0), event.fund_changed.base) - std::max(Lots(0), fund.base);
      fund = event.fund_changed;
      break;
    case EventType::funding_settled:
      last_funding = event.funding_settled;
      fundings.push(newest_funding, {id, event.funding_settled, time_ms});
      break;
    default: {
      const EventHeader& header = event.header;
      liquidations.push(newest_liquidation,
                        {id, header.sequence, header.agent, event.liquidation, time_ms});
    }
  }
}

MarketView MarketState::view() const {
  MarketView result;
  result.id = id;
  result.spec = spec;
  const std::lock_guard guard(mutex);
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
  result.open_interest = open_interest;
  result.mode = status.mode;
  result.is_stale = status.is_stale != 0;
  result.fund = fund;
  result.last_funding = last_funding;
  return result;
}

void MarketTable::add(MarketId id, const MarketSpec& spec) {
  PERPETUA_ASSERT(id == size() && id < limits::kMarketsMax);
  auto state = std::make_unique<MarketState>();
  state->id = id;
  state->spec = spec;
  states_[id] = std::move(state);
  size_.store(id + std::size_t{1}, std::memory_order_release);
}

const MarketState* MarketTable::find(std::string_view symbol) const {
  const std::size_t count = size();
  for (std::size_t i = 0; i < count; ++i) {
    if (symbol_view(states_[i]->spec) == symbol) return states_[i].get();
  }
  return nullptr;
}

}  // namespace perpetua::stores
