// A store fed by all events equals a store made from a description; and many readers at once.
#include <atomic>
#include <thread>

#include "stores/flow_test_support.hpp"
#include "stores/history/history_rows.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

// What a description does not carry.
OrderView described_part(OrderView order) {
  order.sequence = 0;
  order.flags &= static_cast<uint8_t>(~kClosePosition);
  order.budget = Micro(0);
  order.filled_notional = Micro(0);
  order.fee = Micro(0);
  order.accepted_at_ms = 0;
  order.updated_at_ms = 0;
  order.intent_reason.clear();
  order.stop_loss = Price(0);  // described until it is armed, shown as given by who saw the order
  order.take_profit = Price(0);
  return order;
}

std::vector<OrderView> described_part(std::vector<OrderView> orders) {
  for (OrderView& order : orders) order = described_part(order);
  return orders;
}

void expect_same_market(const HotStore& a, const HotStore& b, MarketId id) {
  const MarketView x = *a.market(id);
  const MarketView y = *b.market(id);
  EXPECT_TRUE(same_spec(x.spec, y.spec));
  EXPECT_EQ(x.index, y.index);
  EXPECT_EQ(x.mark, y.mark);
  EXPECT_EQ(x.best_bid, y.best_bid);
  EXPECT_EQ(x.best_ask, y.best_ask);
  EXPECT_EQ(x.open_interest, y.open_interest);
  EXPECT_EQ(a.book(id, 1'000)->bids, b.book(id, 1'000)->bids);
  EXPECT_EQ(a.book(id, 1'000)->asks, b.book(id, 1'000)->asks);
}

// Live triggers: whoever saw them come to be knows when, a description does not.
void expect_same_triggers(const HotStore& a, const HotStore& b, AgentId agent) {
  const auto x = a.triggers(agent, kNoMarket, 0, 1'000);
  const auto y = b.triggers(agent, kNoMarket, 0, 1'000);
  ASSERT_EQ(x.size(), y.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(std::memcmp(&x[i].trigger, &y[i].trigger, sizeof x[i].trigger), 0);
    EXPECT_EQ(x[i].market, y[i].market);
    EXPECT_TRUE(y[i].is_live());
  }
}

// The start of a day that only the store saw is gone with it.
void expect_same_bounds(const HotStore& a, const HotStore& b, AgentId agent) {
  EXPECT_EQ(a.money_state(agent), b.money_state(agent));
  const RiskView x = *a.risk(agent);
  const RiskView y = *b.risk(agent);
  EXPECT_EQ(x.limits, y.limits);
  EXPECT_EQ(x.exposure, y.exposure);
  EXPECT_EQ(x.trading_pnl, y.trading_pnl);
  EXPECT_EQ(a.betting(agent)->record, b.betting(agent)->record);
  EXPECT_EQ(a.betting(agent)->open, b.betting(agent)->open);
  EXPECT_EQ(a.betting(agent)->pending, b.betting(agent)->pending);
  EXPECT_EQ(a.betting(agent)->staked, b.betting(agent)->staked);
}

void expect_same_agent(const HotStore& a, const HotStore& b, AgentId agent) {
  EXPECT_EQ(a.agent(agent), b.agent(agent));
  EXPECT_EQ(a.keys(agent), b.keys(agent));
  EXPECT_EQ(a.account(agent), b.account(agent));
  EXPECT_EQ(a.positions(agent), b.positions(agent));
  for (MarketId market = 0; market < Flow::kMarkets; ++market) {
    EXPECT_EQ(a.position(agent, market), b.position(agent, market));
    EXPECT_EQ(a.settings(agent, market), b.settings(agent, market));
  }
  expect_same_triggers(a, b, agent);
  expect_same_bounds(a, b, agent);
  EXPECT_EQ(described_part(a.open_orders(agent, kNoMarket, 0, 1'000)),
            described_part(b.open_orders(agent, kNoMarket, 0, 1'000)));
}

void expect_same(const HotStore& a, const HotStore& b, AgentId agents) {
  for (MarketId market = 0; market < Flow::kMarkets; ++market) expect_same_market(a, b, market);
  for (AgentId agent = 1; agent <= agents; ++agent) expect_same_agent(a, b, agent);
  EXPECT_EQ(a.live_signals(kNoMarket, 1'000), b.live_signals(kNoMarket, 1'000));
  EXPECT_EQ(a.betting_totals().totals, b.betting_totals().totals);
  EXPECT_EQ(a.betting_totals().staked, b.betting_totals().staked);
  EXPECT_EQ(a.solvency().left_side(), b.solvency().left_side());
  EXPECT_EQ(a.solvency().left_side(), a.solvency().right_side());
  EXPECT_EQ(a.totals().agents, b.totals().agents);
  EXPECT_EQ(a.totals().keys, b.totals().keys);
  EXPECT_EQ(a.totals().open_orders, b.totals().open_orders);
  EXPECT_EQ(a.totals().open_positions, b.totals().open_positions);
  EXPECT_EQ(a.applied_batch(), b.applied_batch());
}

TEST(HotStoreEngine, fed_by_events_equals_made_from_a_description) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    Flow flow(seed);
    HotStore fed;
    for (int i = 0; i < 600; ++i) {
      fed.apply(flow.next().view());
      if (i % 100 != 99) continue;
      HotStore described;
      bootstrap(described, flow.engine);
      expect_same(fed, described, flow.agents);
    }
    EXPECT_GT(fed.totals().trades, 100u);
    std::size_t triggers = 0;
    std::size_t closed = 0;
    for (AgentId agent = 1; agent <= flow.agents; ++agent) {
      triggers += fed.triggers(agent, kNoMarket, 0, 1'000).size();
      closed += fed.closed_triggers(agent, kNoMarket, 1'000).size();
    }
    EXPECT_GT(fed.betting_totals().totals.settled, 5u);
    EXPECT_GT(fed.closed_signals(kNoMarket, 100).size(), 10u);
    EXPECT_GT(fed.messages(kAllMessageKinds, 0, 100).size(), 20u);
    EXPECT_GT(triggers, 0u);
    EXPECT_GT(closed, 50u);
    EXPECT_GT(fed.totals().open_orders, 2u);
  }
}

TEST(HotStoreEngine, a_description_in_the_middle_then_events_ends_the_same) {
  Flow flow(9);
  HotStore fed;
  HotStore later;
  for (int i = 0; i < 300; ++i) fed.apply(flow.next().view());
  bootstrap(later, flow.engine);
  for (int i = 0; i < 300; ++i) {
    const RecordedBatch batch = flow.next();
    fed.apply(batch.view());
    later.apply(batch.view());
  }
  expect_same(fed, later, flow.agents);
}

void apply_levels(std::vector<BookLevel>& levels, const std::vector<BookLevel>& changes) {
  for (const BookLevel& change : changes) {
    std::erase_if(levels, [&](const BookLevel& level) { return level.price == change.price; });
    if (change.lots != Lots(0)) levels.push_back(change);
  }
}

TEST(HotStoreEngine, book_deltas_rebuild_the_book_with_gap_free_sequences) {
  Flow flow(5);
  HotStore store;
  BookView copy;
  for (int i = 0; i < 400; ++i) {
    store.apply(flow.next().view());
    const auto delta = store.last_book_delta(0);
    if (!delta) continue;
    ASSERT_EQ(delta->sequence, copy.sequence + 1);
    copy.sequence = delta->sequence;
    apply_levels(copy.bids, delta->bids);
    apply_levels(copy.asks, delta->asks);
    std::sort(copy.bids.begin(), copy.bids.end(),
              [](const BookLevel& a, const BookLevel& b) { return a.price > b.price; });
    std::sort(copy.asks.begin(), copy.asks.end(),
              [](const BookLevel& a, const BookLevel& b) { return a.price < b.price; });
    const auto book = store.book(0, 1'000);
    ASSERT_EQ(copy.bids, book->bids);
    ASSERT_EQ(copy.asks, book->asks);
  }
  EXPECT_GT(copy.sequence, 100u);
}

// Reads everything, over and over; what it sees must be whole.
void read_all(const HotStore& store, const std::atomic<bool>& done, std::atomic<uint64_t>& reads) {
  uint64_t last_sequence = 0;
  for (AgentId agent = 1; !done.load(); agent = agent % 12 + 1) {
    for (MarketId market = 0; market < store.totals().markets; ++market) {
      const auto book = store.book(market, 1'000);
      if (!book->bids.empty() && !book->asks.empty()) {
        EXPECT_LT(book->bids[0].price, book->asks[0].price);
      }
      if (market == 0) {
        EXPECT_GE(book->sequence, last_sequence);
        last_sequence = book->sequence;
      }
      store.market(market);
      store.trades(market, 50);
      store.candles(market, CandleInterval::m1, 0, INT64_MAX, 50);
      store.position(agent, market);
    }
    for (const OrderView& order : store.open_orders(agent, kNoMarket, 0, 100)) {
      EXPECT_LE(order.filled + order.remaining, order.lots);
      store.order(agent, order.order_id);
    }
    store.closed_orders(agent, kNoMarket, 20);
    store.fills(agent, kNoMarket, 20);
    store.positions(agent);
    store.account(agent);
    store.agents(0, 100);
    store.keys(agent);
    store.find_key(Sha256{});
    store.thoughts(0, 20);
    store.thoughts_of(agent, 0, 20);
    store.messages(kAllMessageKinds, 0, 20);
    store.private_messages(agent, 0, 20);
    store.live_signals(kNoMarket, 20);
    store.closed_signals(kNoMarket, 20);
    store.betting(agent);
    store.risk(agent);
    store.violations(agent, 20);
    reads.fetch_add(1);
  }
}

// Which batch an agent's rows of one kind came with, by what the history got since the last call.
template <class Row>
class NewRows {
 public:
  template <class Newest>
  void check(const std::vector<Row>& rows, BatchNumber batch, const Newest& newest) {
    for (; seen_ < rows.size(); ++seen_) {
      if (rows[seen_].agent != 0) EXPECT_EQ(newest(rows[seen_].agent), batch) << "row " << seen_;
    }
  }
  std::size_t seen() const { return seen_; }

 private:
  std::size_t seen_ = 0;
};

TEST(HotStoreEngine, changes_of_an_agent_name_the_batch_of_its_newest_rows_in_the_history) {
  Flow flow(11);
  HotStore store;
  MarketSpecs specs;
  HistoryRows rows(
      specs, [](OrderId) { return std::nullopt; }, [](OrderId) { return std::nullopt; },
      [](SignalId) { return std::nullopt; });
  NewRows<LedgerEntryView> ledger;
  NewRows<FillView> fills;
  NewRows<FundingPaymentView> payments;
  NewRows<LiquidationView> liquidations;
  NewRows<PositionChangeView> changes;
  NewRows<PositionEndView> ends;
  const auto any = [&](AgentId agent) { return store.changes(agent).any; };
  int64_t before_ms = 0;
  for (const RecordedBatch& batch : flow.take(600)) {
    store.apply(batch.view());
    ASSERT_TRUE(rows.add(make_history_batch(batch.view())));
    const BatchNumber number = batch.number;
    ledger.check(rows.ledger, number, [&](AgentId agent) { return store.changes(agent).ledger; });
    fills.check(rows.fills, number, [&](AgentId agent) { return store.changes(agent).fills; });
    payments.check(rows.funding_payments, number, any);
    liquidations.check(rows.liquidations, number, any);
    changes.check(rows.position_changes, number, any);
    ends.check(rows.position_ends, number, any);
    for (const auto& row : rows.orders) {
      const bool is_of_batch = row.order.updated_at_ms > before_ms;  // batches may share a time
      if (is_of_batch) EXPECT_EQ(any(row.order.agent), number);
    }
    before_ms = batch.log_time_ms;
  }
  EXPECT_GT(ledger.seen(), 10u);
  EXPECT_GT(fills.seen(), 10u);
}

TEST(HotStoreEngine, a_store_that_starts_from_a_description_knows_changes_from_there_on) {
  Flow flow(12);
  flow.take(50);
  HotStore store;
  bootstrap(store, flow.engine);
  EXPECT_EQ(store.changes(1).any, 50u);
  EXPECT_EQ(store.changes(1).ledger, 50u);
  for (const RecordedBatch& batch : flow.take(50)) store.apply(batch.view());
  EXPECT_GT(store.changes(1).any, 50u);
  EXPECT_GE(store.changes(1).fills, 50u);
}

TEST(HotStoreEngine, readers_never_see_a_crossed_book_or_a_torn_order) {
  Flow flow(3);
  const std::vector<RecordedBatch> batches = flow.take(400);
  HotStore store;
  std::atomic<bool> done{false};
  std::atomic<uint64_t> reads{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] { read_all(store, done, reads); });
  }
  for (const RecordedBatch& batch : batches) {
    const uint64_t before = reads.load();
    store.apply(batch.view());
    while (batch.number % 20 == 0 && reads.load() == before) std::this_thread::yield();
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GE(reads.load(), 20u);
}

}  // namespace
}  // namespace perpetua::stores
