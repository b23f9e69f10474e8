#include "stores/history/history_reader.hpp"

#include <algorithm>

#include "stores/history/history_pages.hpp"
#include "stores/history/history_schema.hpp"
#include "stores/sqlite/reader_pool.hpp"

namespace perpetua::stores {

namespace {

using history_limits::kHistoryCandlesMax;

constexpr List<OrderView> kOrders{'o',        kOrderColumns,
                                  "orders",   "sequence",
                                  read_order, [](const OrderView& row) { return row.sequence; }};
constexpr List<FillView> kFills{'f',       kFillColumns,
                                "fills",   "sequence",
                                read_fill, [](const FillView& row) { return row.sequence; }};
constexpr List<ThoughtView> kThoughts{
    't',          kThoughtColumns, "thoughts",
    "thought_id", read_thought,    [](const ThoughtView& row) { return row.thought_id; }};
constexpr List<AgentView> kAgents{
    'a',  kAgentColumns, "agents",
    "id", read_agent,    [](const AgentView& row) { return uint64_t{row.id}; }};
constexpr List<FillView> kTrades{'x',       kFillColumns,
                                 "fills",   "trade_id",
                                 read_fill, [](const FillView& row) { return row.trade_id; }};

const List<FundingView> kFundings = event_list('u', kFundingColumns, "fundings", read_funding);
const List<FundingPaymentView> kFundingPayments =
    event_list('p', kFundingPaymentColumns, "funding_payments", read_funding_payment);
const List<FundChangeView> kFundChanges =
    event_list('i', kFundChangeColumns, "fund_changes", read_fund_change);

const List<MarketChangeView> kMarketChanges =
    event_list('m', kMarketChangeColumns, "market_changes", read_market_change);

std::optional<OrderView> read_one_order(Query& select) {
  std::optional<OrderView> order;
  if (select.step() == Query::Step::row) order = read_order(select);
  select.reset();
  return order;
}

std::optional<OrderView> find_order(HistorySession& session, AgentId agent, OrderId id) {
  Query& select =
      session.statement(std::string("SELECT ") + kOrderColumns + " FROM orders WHERE order_id = ?");
  auto order = read_one_order(select.bind(static_cast<int64_t>(id)));
  if (order && order->agent != agent) return std::nullopt;
  return order;
}

}  // namespace

HistoryReader::HistoryReader(const std::string& path, std::size_t connections)
    : impl_(new Impl{std::make_unique<ReaderPool>(path, connections)}) {}
HistoryReader::HistoryReader(std::unique_ptr<HistorySource> source)
    : impl_(new Impl{std::move(source)}) {}
HistoryReader::~HistoryReader() = default;

// In one session: another source may not have what this one shows.
Page<OrderView> HistoryReader::orders(AgentId agent, const OrderFilter& filter,
                                      const PageRequest& request) {
  const auto session = impl_->source->lend();
  bool has_witness = true;
  if (filter.closed != 0) {
    const auto witness = find_order(*session, agent, filter.closed);
    has_witness = witness && !witness->is_open();
  }
  auto page =
      read_page(*session, kOrders, "agent = ? AND ", agent, request, [&](const OrderView& order) {
        return in_market(filter.market, order.market) &&
               (filter.status == OrderStatus::none || filter.status == order.status) &&
               (!filter.intents_only || order.is_intent());
      });
  page.has_witness = has_witness;
  return page;
}

std::optional<OrderView> HistoryReader::order(AgentId agent, OrderId id) {
  const auto session = impl_->source->lend();
  return find_order(*session, agent, id);
}

std::optional<OrderView> HistoryReader::order_by_client_id(AgentId agent,
                                                           std::string_view client_id) {
  if (client_id.empty()) return std::nullopt;
  const auto lease = impl_->source->lend();
  Query& select = lease->statement(std::string("SELECT ") + kOrderColumns +
                                   " FROM orders WHERE agent = ? AND client_id = ?"
                                   " ORDER BY sequence DESC LIMIT 1");
  return read_one_order(select.bind(agent).bind_blob(client_id));
}

bool HistoryReader::open_orders(const std::function<void(const OrderView&)>& visit) {
  const auto lease = impl_->source->lend();
  Query& select =
      lease->scan(std::string("SELECT ") + kOrderColumns + " FROM orders WHERE status IN (1, 2)");
  Query::Step step = select.step();
  for (; step == Query::Step::row; step = select.step()) visit(read_order(select));
  select.reset();
  return step == Query::Step::done;
}

Page<FillView> HistoryReader::fills(AgentId agent, MarketId market, const PageRequest& page) {
  return read_page(*impl_->source, kFills, "agent = ? AND ", agent, page,
                   [&](const FillView& fill) { return in_market(market, fill.market); });
}

Page<LedgerEntryView> HistoryReader::ledger(AgentId agent, const PageRequest& page) {
  return read_page(*impl_->source, kLedger, "agent = ? AND ", agent, page,
                   [](const LedgerEntryView&) { return true; });
}

Page<ThoughtView> HistoryReader::thoughts(std::optional<AgentId> agent, const PageRequest& page) {
  const auto all = [](const ThoughtView&) { return true; };
  if (!agent) return read_page(*impl_->source, kThoughts, "", std::nullopt, page, all);
  return read_page(*impl_->source, kThoughts, "agent = ? AND ", *agent, page, all);
}

Page<TradeView> HistoryReader::trades(MarketId market, const PageRequest& page) {
  const Page<FillView> fills =
      read_page(*impl_->source, kTrades, "is_taker = 1 AND market = ? AND ", market, page,
                [](const FillView&) { return true; });
  Page<TradeView> result{fills.status, {}, fills.next_cursor, fills.list};
  for (const FillView& fill : fills.rows) {
    result.rows.push_back(
        {fill.market, fill.trade_id, fill.price, fill.lots, fill.side, fill.time_ms, fill.cause});
  }
  return result;
}

Page<AgentView> HistoryReader::agents(const PageRequest& page) {
  return read_page(*impl_->source, kAgents, "", std::nullopt, page,
                   [](const AgentView&) { return true; });
}

Page<FundingView> HistoryReader::fundings(MarketId market, const PageRequest& page) {
  return read_page(*impl_->source, kFundings, "market = ? AND ", market, page,
                   [](const FundingView&) { return true; });
}

Page<FundingPaymentView> HistoryReader::funding_payments(AgentId agent, MarketId market,
                                                         const PageRequest& page) {
  return read_page(
      *impl_->source, kFundingPayments, "agent = ? AND ", agent, page,
      [&](const FundingPaymentView& payment) { return in_market(market, payment.market); });
}

Page<LiquidationView> HistoryReader::liquidations(MarketId market, const PageRequest& page) {
  return read_page(*impl_->source, kLiquidations, "market = ? AND ", market, page,
                   [](const LiquidationView&) { return true; });
}

Page<LiquidationView> HistoryReader::liquidations_of(AgentId agent, MarketId market,
                                                     const PageRequest& page) {
  return read_page(*impl_->source, kLiquidations, "agent = ? AND ", agent, page,
                   [&](const LiquidationView& row) { return in_market(market, row.market); });
}

Page<FundChangeView> HistoryReader::fund_changes(MarketId market, const PageRequest& page) {
  return read_page(*impl_->source, kFundChanges, "market = ? AND ", market, page,
                   [](const FundChangeView&) { return true; });
}

Page<PositionChangeView> HistoryReader::position_changes(AgentId agent, MarketId market,
                                                         const PageRequest& page) {
  return read_page(*impl_->source, kPositionChanges, "agent = ? AND ", agent, page,
                   [&](const PositionChangeView& row) { return in_market(market, row.market); });
}

Page<PositionChangeView> HistoryReader::deleveragings(const PageRequest& page) {
  static_assert(static_cast<int>(PositionChange::deleveraged) == 3);
  return read_page(*impl_->source, kPositionChanges, "cause = 3 AND ", std::nullopt, page,
                   [](const PositionChangeView&) { return true; });
}

Page<MarketChangeView> HistoryReader::market_changes(MarketId market, const PageRequest& page) {
  return read_page(*impl_->source, kMarketChanges, "market = ? AND ", market, page,
                   [](const MarketChangeView&) { return true; });
}

std::vector<CandleView> HistoryReader::candles(MarketId market, CandleInterval interval,
                                               int64_t from_ms, int64_t to_ms, std::size_t limit) {
  const auto lease = impl_->source->lend();
  Query& select = lease->statement(
      std::string("SELECT ") + kCandleColumns +
      " FROM candles WHERE market = ? AND interval = ? AND open_time_ms >= ? AND open_time_ms < ?"
      " ORDER BY open_time_ms DESC LIMIT ?");
  select.bind(market).bind(static_cast<int64_t>(interval)).bind(from_ms).bind(to_ms);
  select.bind(static_cast<int64_t>(std::min(limit, kHistoryCandlesMax)));
  std::vector<CandleView> candles;
  while (select.step() == Query::Step::row) candles.push_back(read_candle(select));
  select.reset();
  std::reverse(candles.begin(), candles.end());
  return candles;
}

BatchNumber HistoryReader::applied_batch() {
  const auto lease = impl_->source->lend();
  Query& select = lease->statement("SELECT value FROM meta WHERE name = 'applied_batch'");
  BatchNumber batch = 0;
  if (select.step() == Query::Step::row) batch = static_cast<BatchNumber>(select.next_int());
  select.reset();
  return batch;
}

}  // namespace perpetua::stores
