#include <algorithm>

#include "stores/activity/agent_statistics.hpp"
#include "stores/health.hpp"
#include "stores/memory/hot_domains.hpp"

namespace perpetua::stores {

namespace {

std::size_t page(std::size_t limit) { return std::min(limit, hot_limits::kPageMax); }

// A price that the market cannot show is none.
std::optional<Price> reachable(Price price, const MarketSpec& spec) {
  if (price == Price(0) || price > spec.price_max) return std::nullopt;
  return price;
}

template <class Row>
std::vector<Row> newest_rows(const RecentLog<Row>& log, std::size_t limit) {
  std::vector<Row> result;
  if (limit == 0) return result;
  log.visit_all([&](const Row& row) {
    result.push_back(row);
    return result.size() < page(limit);
  });
  return result;
}

PositionView raw_view(AgentId agent, const HoldingRow& row) {
  PositionView view;
  view.agent = agent;
  view.market = row.market;
  view.base = row.base;
  view.entry_notional = row.entry_notional;
  view.margin = row.margin;
  view.realised_pnl = row.realised_pnl;
  view.leverage = row.leverage;
  view.netting = row.netting;
  return view;
}

PositionView value_holding(PositionView view, const MarketState& market, int64_t time_ms) {
  const MarketRules& rules = market.rules();
  const Position position{view.base, view.entry_notional, view.margin};
  view.mark = Price(market.mark_ticks.load(std::memory_order_relaxed));
  view.notional = notional_at(position, view.mark, rules);
  view.unrealised_pnl = unrealised_pnl(position, view.notional);
  view.maintenance_margin = maintenance_margin(view.notional, rules);
  view.equity = equity_at(position, view.notional);
  view.health = health_of(position, view.mark, rules);
  if (position.base != Lots(0)) {
    view.liquidation_price = reachable(liquidation_price(position, rules), rules);
    view.bankruptcy_price = reachable(bankruptcy_price(position, rules), rules);
    view.adl_quintile = market.ranks.quintile(position, view.mark, rules, time_ms, [&] {
      const std::lock_guard guard(market.mutex);
      return market.health.positions();
    });
  }
  if (view.leverage == 0) view.leverage = static_cast<uint16_t>(rules.default_leverage);
  return view;
}

}  // namespace

BatchNumber HotStore::applied_batch() const {
  return domains_->applied_batch.load(std::memory_order_acquire);
}

BatchNumber HotStore::first_batch() const {
  return domains_->first_batch.load(std::memory_order_acquire);
}

AgentChanges HotStore::changes(AgentId agent) const {
  const BatchNumber first = first_batch();
  const AgentChanges changes = domains_->shard(agent).changes(agent);
  return {std::max(changes.any, first), std::max(changes.ledger, first),
          std::max(changes.fills, first)};
}

int64_t HotStore::log_time_ms() const {
  return domains_->log_time_ms.load(std::memory_order_acquire);
}

HotTotals HotStore::totals() const {
  HotTotals totals;
  totals.applied_batch = applied_batch();
  totals.log_time_ms = log_time_ms();
  totals.agents = domains_->agents.get();
  totals.keys = domains_->keys.get();
  totals.markets = domains_->markets.size();
  totals.open_orders = domains_->open_orders.get();
  totals.open_positions = domains_->open_positions.get();
  totals.orders_accepted = domains_->orders_accepted.get();
  totals.trades = domains_->trades.get();
  totals.thoughts = domains_->thoughts_posted.get();
  return totals;
}

std::optional<KeyView> HotStore::find_key(const Sha256& sha256) const {
  return domains_->directory.find_key(sha256);
}

std::optional<AgentView> HotStore::agent(AgentId id) const { return domains_->directory.agent(id); }

std::optional<AgentView> HotStore::agent_by_wallet(std::string_view wallet) const {
  return domains_->directory.agent_by_wallet(wallet);
}

std::vector<AgentView> HotStore::agents(AgentId after_id, std::size_t limit) const {
  return domains_->directory.agents(after_id, page(limit));
}

std::vector<KeyView> HotStore::keys(AgentId agent) const { return domains_->directory.keys(agent); }

std::optional<AccountView> HotStore::account(AgentId agent) const {
  return domains_->shard(agent).account(agent);
}

std::vector<MarketView> HotStore::markets() const {
  std::vector<MarketView> result;
  for (std::size_t i = 0; i < domains_->markets.size(); ++i) {
    result.push_back(domains_->markets.find(static_cast<MarketId>(i))->view());
  }
  return result;
}

std::optional<MarketView> HotStore::market(MarketId id) const {
  const MarketState* state = domains_->markets.find(id);
  if (state == nullptr) return std::nullopt;
  return state->view();
}

std::optional<MarketView> HotStore::market_by_symbol(std::string_view symbol) const {
  const MarketState* state = domains_->markets.find(symbol);
  if (state == nullptr) return std::nullopt;
  return state->view();
}

std::optional<MarketId> HotStore::market_id(std::string_view symbol) const {
  const MarketState* state = domains_->markets.find(symbol);
  if (state == nullptr) return std::nullopt;
  return state->id;
}

const MarketSpec* HotStore::market_spec(MarketId id) const {
  const MarketState* state = domains_->markets.find(id);
  return state == nullptr ? nullptr : &state->rules();
}

Price HotStore::mark(MarketId id) const {
  const MarketState* state = domains_->markets.find(id);
  return Price(state == nullptr ? 0 : state->mark_ticks.load(std::memory_order_relaxed));
}

std::optional<BookView> HotStore::book(MarketId market, std::size_t depth) const {
  const MarketState* state = domains_->markets.find(market);
  if (state == nullptr) return std::nullopt;
  const std::lock_guard guard(state->mutex);
  return state->book.view(market, page(depth));
}

std::optional<BookDelta> HotStore::last_book_delta(MarketId market) const {
  const MarketState* state = domains_->markets.find(market);
  if (state == nullptr) return std::nullopt;
  const std::lock_guard guard(state->mutex);
  const BatchNumber changed_in = state->book.changed_in();
  if (changed_in == 0 || changed_in != applied_batch()) return std::nullopt;
  return state->book.last_delta(market);
}

std::vector<TradeView> HotStore::trades(MarketId market, std::size_t limit) const {
  const MarketState* state = domains_->markets.find(market);
  if (state == nullptr) return {};
  const std::lock_guard guard(state->mutex);
  return newest_rows(state->trades, limit);
}

std::vector<FundingView> HotStore::fundings(MarketId market, std::size_t limit) const {
  const MarketState* state = domains_->markets.find(market);
  if (state == nullptr) return {};
  const std::lock_guard guard(state->mutex);
  return newest_rows(state->fundings, limit);
}

std::vector<LiquidationView> HotStore::liquidations(MarketId market, std::size_t limit) const {
  const MarketState* state = domains_->markets.find(market);
  if (state == nullptr) return {};
  const std::lock_guard guard(state->mutex);
  return newest_rows(state->liquidations, limit);
}

std::vector<FundChangeView> HotStore::fund_changes(MarketId market, std::size_t limit) const {
  const MarketState* state = domains_->markets.find(market);
  if (state == nullptr) return {};
  const std::lock_guard guard(state->mutex);
  return newest_rows(state->fund_changes, limit);
}

SolvencyView HotStore::solvency() const {
  const std::lock_guard guard(domains_->solvency_mutex);
  return domains_->solvency;
}

const std::vector<AlertView>& HotStore::last_alerts() const { return domains_->alerts; }

std::vector<AlertView> HotStore::alerts(AgentId agent, uint64_t before, std::size_t limit) const {
  return domains_->shard(agent).alerts(agent, before, page(limit));
}

std::vector<CandleView> HotStore::candles(MarketId market, CandleInterval interval, int64_t from_ms,
                                          int64_t to_ms, std::size_t limit) const {
  const MarketState* state = domains_->markets.find(market);
  if (state == nullptr) return {};
  const std::lock_guard guard(state->mutex);
  return state->candles.series(interval).range(from_ms, to_ms, page(limit));
}

std::optional<CandleView> HotStore::last_candle(MarketId market, CandleInterval interval) const {
  const MarketState* state = domains_->markets.find(market);
  if (state == nullptr) return std::nullopt;
  const std::lock_guard guard(state->mutex);
  const CandleView* last = state->candles.series(interval).last();
  if (last == nullptr) return std::nullopt;
  return *last;
}

std::optional<OrderView> HotStore::order(AgentId agent, OrderId id) const {
  return domains_->shard(agent).order(agent, id);
}

std::optional<OrderView> HotStore::order_by_client_id(AgentId agent,
                                                      std::string_view client_id) const {
  if (client_id.size() > limits::kClientIdBytesMax) return std::nullopt;
  return domains_->shard(agent).order_by_client_id(agent, make_client_id(client_id));
}

std::vector<OrderView> HotStore::open_orders(AgentId agent, MarketId market, OrderId before,
                                             std::size_t limit) const {
  return domains_->shard(agent).open_orders(agent, market, before, page(limit));
}

std::size_t HotStore::open_order_count(AgentId agent) const {
  return domains_->shard(agent).open_order_count(agent);
}

std::vector<OrderView> HotStore::closed_orders(AgentId agent, MarketId market,
                                               std::size_t limit) const {
  return domains_->shard(agent).closed_orders(agent, market, page(limit));
}

std::vector<FillView> HotStore::fills(AgentId agent, MarketId market, std::size_t limit) const {
  return domains_->shard(agent).fills(agent, market, page(limit));
}

std::optional<TriggerView> HotStore::trigger(AgentId agent, OrderId id) const {
  return domains_->triggers(agent).trigger(agent, id);
}

std::vector<TriggerView> HotStore::triggers(AgentId agent, MarketId market, OrderId before,
                                            std::size_t limit) const {
  return domains_->triggers(agent).live(agent, market, before, page(limit));
}

std::vector<TriggerView> HotStore::closed_triggers(AgentId agent, MarketId market,
                                                   std::size_t limit) const {
  return domains_->triggers(agent).closed(agent, market, page(limit));
}

std::vector<SwitchView> HotStore::switches(AgentId agent) const {
  std::vector<SwitchView> result;
  const auto rows = domains_->shard(agent).holdings(agent);
  if (!rows) return result;
  for (const HoldingRow& row : *rows) {
    if (row.switch_deadline_ms == 0) continue;
    result.push_back({row.market, row.switch_scope, row.switch_deadline_ms});
  }
  return result;
}

std::vector<PositionView> HotStore::positions(AgentId agent) const {
  std::vector<PositionView> result;
  const auto rows = domains_->shard(agent).holdings(agent);
  if (!rows) return result;
  for (const HoldingRow& row : *rows) {
    const MarketState* market = domains_->markets.find(row.market);
    if (row.base.value != 0 && market != nullptr) {
      result.push_back(value_holding(raw_view(agent, row), *market, log_time_ms()));
    }
  }
  return result;
}

std::optional<PositionView> HotStore::position(AgentId agent, MarketId market) const {
  const MarketState* state = domains_->markets.find(market);
  const auto row = domains_->shard(agent).holding(agent, market);
  if (state == nullptr || !row) return std::nullopt;
  return value_holding(raw_view(agent, *row), *state, log_time_ms());
}

std::vector<PositionView> HotStore::holdings(AgentId agent) const {
  std::vector<PositionView> result;
  const auto rows = domains_->shard(agent).holdings(agent);
  if (!rows) return result;
  for (const HoldingRow& row : *rows) {
    if (row.is_touched) result.push_back(raw_view(agent, row));
  }
  return result;
}

std::optional<PositionView> HotStore::valued(const PositionView& holding) const {
  const MarketState* state = domains_->markets.find(holding.market);
  if (state == nullptr) return std::nullopt;
  return value_holding(holding, *state, log_time_ms());
}

std::optional<SettingsView> HotStore::settings(AgentId agent, MarketId market) const {
  const auto view = position(agent, market);
  if (!view) return std::nullopt;
  return SettingsView{view->leverage, view->netting};
}

void HotStore::visit_open_pnl(const std::function<void(AgentId, const OpenPnl&)>& visit) const {
  for (std::size_t i = 0; i < domains_->markets.size(); ++i) {
    const MarketState& market = *domains_->markets.find(static_cast<MarketId>(i));
    const Price mark(market.mark_ticks.load(std::memory_order_relaxed));
    const std::lock_guard guard(market.mutex);
    for (std::size_t n = 0; n < market.health.size(); ++n) {
      const Position& position = market.health.positions()[n];
      const Micro value = notional_at(position, mark, market.rules());
      visit(market.health.agents()[n], {unrealised_pnl(position, value), value, 1});
    }
  }
}

std::vector<ThoughtView> HotStore::thoughts(uint64_t before_id, std::size_t limit) const {
  return domains_->thoughts.newest(kAllMessageKinds, before_id, page(limit));
}

std::vector<ThoughtView> HotStore::thoughts_of(AgentId agent, uint64_t before_id,
                                               std::size_t limit) const {
  return domains_->thoughts.newest_of(agent, before_id, page(limit));
}

}  // namespace perpetua::stores
