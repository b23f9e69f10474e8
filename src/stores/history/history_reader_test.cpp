#include "stores/history/history_reader.hpp"

#include "stores/activity/activity.hpp"
#include "stores/history/history_backend_test_support.hpp"
#include "stores/warm_start.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

// A hot store and a history that saw the same batches.
class HistoryReaderTest : public ::testing::TestWithParam<DatabaseKind> {
 protected:
  void SetUp() override {
    PERPETUA_SKIP_WITHOUT_DATABASE();
    backend_ = make_backend(GetParam());
    advance(500);
    reader_.emplace(backend_->source());
  }

  void advance(int batches) {
    for (int i = 0; i < batches; ++i) {
      const RecordedBatch batch = flow_.next();
      hot_.apply(batch.view());
      backend_->writer().apply(batch.view());
    }
    ASSERT_TRUE(backend_->writer().flush());
  }

  Flow flow_{21};
  HotStore hot_;
  std::unique_ptr<HistoryBackend> backend_;
  std::optional<HistoryReader> reader_;
};

TEST_P(HistoryReaderTest, orders_read_the_same_from_the_hot_store_and_from_history) {
  std::size_t compared = 0;
  for (AgentId agent = 1; agent <= flow_.agents; ++agent) {
    auto orders = hot_.open_orders(agent, kNoMarket, 0, 1'000);
    const auto closed = hot_.closed_orders(agent, kNoMarket, 1'000);
    orders.insert(orders.end(), closed.begin(), closed.end());
    for (const OrderView& order : orders) {
      ASSERT_EQ(reader_->order(agent, order.order_id), order);
      ++compared;
      if (order.client_id == ClientId{}) continue;
      ASSERT_EQ(reader_->order_by_client_id(agent, client_id_view(order.client_id)), order);
    }
    ASSERT_EQ(hot_.fills(agent, kNoMarket, 20), reader_->fills(agent, kNoMarket, {"", 20}).rows);
    ASSERT_EQ(hot_.fills(agent, 1, 20), reader_->fills(agent, 1, {"", 20}).rows);
  }
  EXPECT_GT(compared, 500u);
  EXPECT_FALSE(reader_->order(2, hot_.closed_orders(1, kNoMarket, 1)[0].order_id));
  EXPECT_FALSE(reader_->order(1, 0));
  EXPECT_FALSE(reader_->order_by_client_id(1, "no such id"));
}

TEST_P(HistoryReaderTest, candles_trades_thoughts_and_agents_equal_the_hot_store) {
  for (MarketId market = 0; market < Flow::kMarkets; ++market) {
    EXPECT_EQ(reader_->trades(market, {"", 100}).rows, hot_.trades(market, 100));
    for (const CandleInterval interval : kAllCandleIntervals) {
      const auto candles = reader_->candles(market, interval, 0, INT64_MAX, 1'000);
      EXPECT_FALSE(candles.empty());
      EXPECT_EQ(candles, hot_.candles(market, interval, 0, INT64_MAX, 1'000));
    }
    const auto minutes = hot_.candles(market, CandleInterval::m1, 0, INT64_MAX, 1'000);
    ASSERT_GT(minutes.size(), 3u);
    EXPECT_EQ(reader_->candles(market, CandleInterval::m1, minutes[1].open_time_ms,
                               minutes[3].open_time_ms, 10),
              std::vector(minutes.begin() + 1, minutes.begin() + 3));
  }
  EXPECT_EQ(reader_->thoughts(std::nullopt, {"", 30}).rows, hot_.thoughts(0, 30));
  EXPECT_EQ(reader_->thoughts(3, {"", 30}).rows, hot_.thoughts_of(3, 0, 30));
  const auto agents = reader_->agents({"", 1'000}).rows;
  ASSERT_EQ(agents.size(), flow_.agents);
  EXPECT_EQ(agents.front(), hot_.agent(flow_.agents));
  EXPECT_EQ(reader_->applied_batch(), flow_.engine.last_batch());
}

TEST_P(HistoryReaderTest, pages_are_complete_and_stable_while_new_rows_arrive) {
  const auto before = reader_->orders(1, {}, {"", 1'000}).rows;
  ASSERT_GT(before.size(), 50u);
  std::vector<uint64_t> paged;
  std::string cursor;
  do {
    const auto page = reader_->orders(1, {}, {cursor, 7});
    ASSERT_EQ(page.status, PageStatus::ok);
    for (const OrderView& order : page.rows) paged.push_back(order.sequence);
    cursor = page.next_cursor;
    advance(3);
  } while (!cursor.empty());
  std::vector<uint64_t> expected;
  for (const OrderView& order : before) expected.push_back(order.sequence);
  EXPECT_EQ(paged, expected);
  EXPECT_TRUE(std::is_sorted(paged.rbegin(), paged.rend()));
}

TEST_P(HistoryReaderTest, a_page_that_ends_the_list_has_no_cursor) {
  const auto all = reader_->ledger(1, {"", 1'000});
  ASSERT_FALSE(all.rows.empty());
  EXPECT_EQ(all.next_cursor, "");
  EXPECT_EQ(reader_->ledger(1, {"", all.rows.size()}).next_cursor, "");
  if (all.rows.size() > 1) {
    EXPECT_NE(reader_->ledger(1, {"", all.rows.size() - 1}).next_cursor, "");
  }
  EXPECT_TRUE(reader_->ledger(100'000, {}).rows.empty());
}

TEST_P(HistoryReaderTest, filters_pick_market_status_and_intents) {
  const auto all = reader_->orders(2, {}, {"", 1'000}).rows;
  const auto count = [&](auto&& wanted) {
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), wanted));
  };
  const auto in_market = reader_->orders(2, {1, OrderStatus::none, false}, {"", 1'000}).rows;
  EXPECT_EQ(in_market.size(), count([](const OrderView& o) { return o.market == 1; }));
  const auto filled = reader_->orders(2, {kNoMarket, OrderStatus::filled, false}, {"", 1'000}).rows;
  EXPECT_EQ(filled.size(),
            count([](const OrderView& o) { return o.status == OrderStatus::filled; }));
  const auto intents = reader_->orders(2, {kNoMarket, OrderStatus::none, true}, {"", 1'000}).rows;
  EXPECT_EQ(intents.size(), count([](const OrderView& o) { return o.is_intent(); }));
  EXPECT_LT(intents.size(), all.size());
  EXPECT_FALSE(intents.empty());
  EXPECT_FALSE(filled.empty());
}

TEST_P(HistoryReaderTest, a_cursor_of_another_list_is_refused) {
  const std::string cursor = reader_->orders(1, {}, {"", 1}).next_cursor;
  ASSERT_FALSE(cursor.empty());
  EXPECT_EQ(reader_->fills(1, kNoMarket, {cursor, 10}).status, PageStatus::invalid_cursor);
  EXPECT_EQ(reader_->orders(1, {}, {"nonsense", 10}).status, PageStatus::invalid_cursor);
  EXPECT_EQ(reader_->orders(1, {}, {"offffffffffffffff", 10}).status, PageStatus::invalid_cursor);
}

TEST_P(HistoryReaderTest, a_page_holds_a_bounded_number_of_rows) {
  backend_->writer().apply(
      thoughts_batch(flow_.engine.last_batch() + 1, 1'000'000, 1'500, 3).view());
  ASSERT_TRUE(backend_->writer().flush());
  const auto page = reader_->thoughts(1, {"", 100'000});
  EXPECT_EQ(page.rows.size(), history_limits::kHistoryPageMax);
  EXPECT_FALSE(page.next_cursor.empty());
}

TEST_P(HistoryReaderTest, a_filter_that_matches_nothing_looks_at_a_bounded_number_of_rows) {
  constexpr AgentId agent = 5'000;
  RecordedBatch batch;
  batch.number = flow_.engine.last_batch() + 1;
  for (uint32_t i = 1; i <= history_limits::kRowsScannedMax + 1; ++i) {
    Event event(EventType::order_accepted, agent, 0, kNoCommand);
    event.header.sequence = 1'000'000'000 + i;
    event.order_accepted = OrderAccepted{};
    event.order_accepted.order_id = make_order_id(0, i, 1'000'000);
    batch.output.events.push_back(event);
  }
  backend_->writer().apply(batch.view());
  ASSERT_TRUE(backend_->writer().flush());
  const auto first = reader_->orders(agent, {1, OrderStatus::none, false}, {"", 10});
  EXPECT_TRUE(first.rows.empty());
  ASSERT_FALSE(first.next_cursor.empty());
  const auto second =
      reader_->orders(agent, {1, OrderStatus::none, false}, {first.next_cursor, 10});
  EXPECT_TRUE(second.rows.empty());
  EXPECT_EQ(second.next_cursor, "");
}

TEST_P(HistoryReaderTest, a_warm_start_gives_what_a_description_cannot_tell) {
  HotStore fresh;
  bootstrap(fresh, flow_.engine);
  ASSERT_TRUE(warm_start(fresh, *reader_));
  for (AgentId agent = 1; agent <= flow_.agents; ++agent) {
    ASSERT_EQ(fresh.open_orders(agent, kNoMarket, 0, 1'000),
              hot_.open_orders(agent, kNoMarket, 0, 1'000));
  }
  for (MarketId id = 0; id < Flow::kMarkets; ++id) {
    const MarketView x = *fresh.market(id);
    const MarketView y = *hot_.market(id);
    EXPECT_EQ(x.last_price, y.last_price);
    EXPECT_EQ(x.last_lots, y.last_lots);
    EXPECT_EQ(x.open_24h, y.open_24h);
    EXPECT_EQ(x.high_24h, y.high_24h);
    EXPECT_EQ(x.low_24h, y.low_24h);
    EXPECT_EQ(x.change_24h, y.change_24h);
    EXPECT_EQ(x.volume_24h, y.volume_24h);
    EXPECT_EQ(x.volume_24h_notional, y.volume_24h_notional);
    EXPECT_EQ(x.trades_24h, y.trades_24h);
    EXPECT_EQ(fresh.trades(id, 1'000), hot_.trades(id, 1'000));
    EXPECT_EQ(fresh.candles(id, CandleInterval::m5, 0, INT64_MAX, 1'000),
              hot_.candles(id, CandleInterval::m5, 0, INT64_MAX, 1'000));
  }
  EXPECT_EQ(fresh.thoughts(0, 1'000), hot_.thoughts(0, 1'000));
}

TEST_P(HistoryReaderTest, a_warm_start_gives_the_statistics_of_before) {
  HotStore fresh;
  bootstrap(fresh, flow_.engine);
  ASSERT_TRUE(warm_start(fresh, *reader_));
  const Activity& x = fresh.activity();
  const Activity& y = hot_.activity();
  ASSERT_GT(y.exchange().matches, 0u);
  EXPECT_EQ(x.exchange(), y.exchange());
  EXPECT_EQ(x.matches().newest(5'000), y.matches().newest(5'000));
  for (AgentId agent = 1; agent <= flow_.agents; ++agent) {
    EXPECT_EQ(x.statistics(agent), y.statistics(agent));
    for (MarketId market = 0; market < Flow::kMarkets; ++market) {
      EXPECT_EQ(x.positions().open(agent, market), y.positions().open(agent, market));
    }
    const auto closed = x.positions().closed(agent, 500);
    const auto closed_before = y.positions().closed(agent, 500);
    ASSERT_EQ(closed.size(), closed_before.size());
    for (std::size_t i = 0; i < closed.size(); ++i) {
      EXPECT_EQ(closed[i].id, closed_before[i].id);
      EXPECT_EQ(closed[i].realised_pnl, closed_before[i].realised_pnl);
      EXPECT_EQ(closed[i].closed_value, closed_before[i].closed_value);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Databases, HistoryReaderTest, kEveryDatabase, kind_name);

}  // namespace
}  // namespace perpetua::stores
