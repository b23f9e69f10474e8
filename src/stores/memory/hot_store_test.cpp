#include "stores/memory/hot_store.hpp"

#include <gtest/gtest.h>

#include "stores/flow_test_support.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

// An engine and the store that follows it, command by command.
class HotStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const MarketSpec spec = make_spec();
    run(Command(CommandType::create_market), {reinterpret_cast<const char*>(&spec), sizeof spec});
    set_price(60'000);
    for (int i = 0; i < 3; ++i) {
      Command command(CommandType::register_agent);
      command.register_agent = RegisterAgent{};
      command.register_agent.wallet_length = 2;
      command.register_agent.display_name_length = 1;
      command.register_agent.bio_length = 3;
      command.register_agent.start_balance_micro = 10'000'000'000;
      command.register_agent.key_sha256[5] = static_cast<uint8_t>(i + 1);
      run(command, "w" + std::to_string(i) + "nbio");
    }
  }

  Outcome run(Command command, std::string_view text = {}) {
    command.header.text_length = static_cast<uint16_t>(text.size());
    const Command commands[] = {command};
    InlineExecutor executor;
    engine_.apply({engine_.last_batch() + 1, now_ms_, commands, text}, executor, output_);
    store_.apply({engine_.last_batch(), now_ms_, output_.first_event, commands, output_.outcomes,
                  output_.events, text});
    return output_.outcomes[0];
  }

  void set_price(int64_t ticks) {
    Command command(CommandType::update_price, 0, 0);
    command.update_price.price = Price(ticks);
    command.update_price.source_time_ms = now_ms_;
    ASSERT_EQ(run(command).code, ResultCode::ok);
  }

  OrderId place(AgentId agent, Side side, int64_t price, int64_t lots) {
    const Outcome outcome = run(limit(agent, side, price, lots));
    EXPECT_EQ(outcome.code, ResultCode::ok);
    return outcome.id;
  }

  Engine engine_;
  BatchOutput output_;
  HotStore store_;
  int64_t now_ms_ = 1'700'000'000'000;
};

TEST_F(HotStoreTest, agents_are_found_by_id_wallet_and_key) {
  EXPECT_EQ(store_.agent(2)->wallet, "w1");
  EXPECT_EQ(store_.agent(2)->display_name, "n");
  EXPECT_EQ(store_.agent(2)->bio, "bio");
  EXPECT_EQ(store_.agent_by_wallet("w2")->id, 3u);
  EXPECT_FALSE(store_.agent_by_wallet("w9"));
  EXPECT_FALSE(store_.agent(0));
  EXPECT_FALSE(store_.agent(4));
  Sha256 key{};
  key[5] = 2;
  ASSERT_TRUE(store_.find_key(key));
  EXPECT_EQ(store_.find_key(key)->agent, 2u);
  const auto page = store_.agents(1, 10);
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0].id, 2u);
  EXPECT_EQ(store_.agents(1, 1).size(), 1u);
}

TEST_F(HotStoreTest, a_revoked_key_is_gone_at_once) {
  Sha256 key{};
  key[5] = 1;
  Command revoke(CommandType::revoke_key, 1);
  revoke.bytes[0] = static_cast<uint8_t>(store_.find_key(key)->key_id);
  ASSERT_EQ(run(revoke).code, ResultCode::ok);
  EXPECT_FALSE(store_.find_key(key));
  EXPECT_TRUE(store_.keys(1).empty());
  EXPECT_EQ(store_.totals().keys, 2u);
}

TEST_F(HotStoreTest, a_resting_order_shows_in_book_orders_and_account) {
  Command command = limit(1, Side::buy, 59'000, 1'000);
  command.place.client_id = make_client_id("mine");
  command.place.flags = kIntent;
  const Outcome outcome = run(command, "it looks cheap");
  const auto order = store_.order(1, outcome.id);
  ASSERT_TRUE(order);
  EXPECT_EQ(order->status, OrderStatus::open);
  EXPECT_EQ(order->remaining, Lots(1'000));
  EXPECT_EQ(order->intent_reason, "it looks cheap");
  EXPECT_TRUE(order->is_intent());
  EXPECT_EQ(order->accepted_at_ms, now_ms_);
  EXPECT_EQ(store_.order_by_client_id(1, "mine"), order);
  EXPECT_FALSE(store_.order_by_client_id(2, "mine"));
  EXPECT_FALSE(store_.order(2, outcome.id));
  const auto book = store_.book(0, 10);
  ASSERT_EQ(book->bids.size(), 1u);
  EXPECT_EQ(book->bids[0], (BookLevel{Price(59'000), Lots(1'000), 1}));
  EXPECT_EQ(book->sequence, 1u);
  EXPECT_GT(store_.account(1)->reserved, Micro(0));
  EXPECT_EQ(store_.account(1)->free + store_.account(1)->reserved, Micro(10'000'000'000));
}

TEST_F(HotStoreTest, a_trade_moves_book_positions_fills_and_statistics) {
  const OrderId maker = place(1, Side::sell, 60'010, 1'000);
  const OrderId taker = place(2, Side::buy, 60'020, 400);
  EXPECT_EQ(store_.book(0, 10)->asks[0].lots, Lots(600));
  const auto delta = store_.last_book_delta(0);
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->sequence, 2u);
  ASSERT_EQ(delta->asks.size(), 1u);
  EXPECT_EQ(delta->asks[0], (BookLevel{Price(60'010), Lots(600), 1}));
  EXPECT_EQ(store_.order(1, maker)->status, OrderStatus::partially_filled);
  EXPECT_EQ(store_.order(2, taker)->status, OrderStatus::filled);
  EXPECT_EQ(store_.closed_orders(2, kNoMarket, 10).front().order_id, taker);
  EXPECT_EQ(store_.open_order_count(2), 0u);
  const auto positions = store_.positions(2);
  ASSERT_EQ(positions.size(), 1u);
  EXPECT_EQ(positions[0].base, Lots(400));
  EXPECT_EQ(positions[0].entry_notional, Micro(400 * 60'010));
  EXPECT_EQ(positions[0].unrealised_pnl, Micro(-4'000));
  EXPECT_TRUE(positions[0].liquidation_price);
  EXPECT_EQ(store_.position(1, 0)->base, Lots(-400));
  const auto market = store_.market_by_symbol("BTC-PERP");
  EXPECT_EQ(market->open_interest, Lots(400));
  EXPECT_EQ(market->last_price, Price(60'010));
  EXPECT_EQ(market->volume_24h, Lots(400));
  EXPECT_EQ(market->best_ask, Price(60'010));
  ASSERT_EQ(store_.trades(0, 10).size(), 1u);
  EXPECT_EQ(store_.trades(0, 10)[0].side, Side::buy);
  EXPECT_EQ(store_.fills(1, kNoMarket, 10).front().order_id, maker);
  EXPECT_FALSE(store_.fills(1, kNoMarket, 10).front().is_taker);
  EXPECT_EQ(store_.totals().open_positions, 2u);
}

TEST_F(HotStoreTest, a_batch_that_leaves_the_book_alone_has_no_delta) {
  place(1, Side::sell, 60'010, 1'000);
  set_price(60'001);
  EXPECT_FALSE(store_.last_book_delta(0));
  EXPECT_EQ(store_.book(0, 10)->sequence, 1u);
  EXPECT_EQ(store_.market(0)->index, Price(60'001));
}

TEST_F(HotStoreTest, a_level_that_goes_is_in_the_delta_with_zero_lots) {
  const OrderId order = place(1, Side::sell, 60'010, 1'000);
  ASSERT_EQ(run(cancel(1, order)).code, ResultCode::ok);
  const auto delta = store_.last_book_delta(0);
  ASSERT_TRUE(delta);
  ASSERT_EQ(delta->asks.size(), 1u);
  EXPECT_EQ(delta->asks[0], (BookLevel{Price(60'010), Lots(0), 0}));
  EXPECT_TRUE(store_.book(0, 10)->asks.empty());
  EXPECT_EQ(store_.order(1, order)->status, OrderStatus::cancelled);
  EXPECT_EQ(store_.order(1, order)->reason, CloseReason::cancelled);
  EXPECT_EQ(store_.order(1, order)->remaining, Lots(0));
}

TEST_F(HotStoreTest, an_order_past_its_time_shows_as_expired) {
  Command command = limit(1, Side::buy, 59'000, 1'000);
  command.place.time_in_force = TimeInForce::gtd;
  command.place.expires_at_ms = now_ms_ + 1'000;
  const OrderId order = run(command).id;
  now_ms_ += 1'000;
  set_price(60'000);
  EXPECT_EQ(store_.order(1, order)->status, OrderStatus::expired);
  EXPECT_EQ(store_.order(1, order)->updated_at_ms, now_ms_);
  EXPECT_TRUE(store_.book(0, 10)->bids.empty());
}

TEST_F(HotStoreTest, an_amended_order_moves_its_lots_to_the_new_price) {
  const OrderId order = place(1, Side::buy, 59'000, 1'000);
  ASSERT_EQ(run(amend(1, order, 59'100, 700)).code, ResultCode::ok);
  const auto book = store_.book(0, 10);
  ASSERT_EQ(book->bids.size(), 1u);
  EXPECT_EQ(book->bids[0], (BookLevel{Price(59'100), Lots(700), 1}));
  EXPECT_EQ(store_.order(1, order)->lots, Lots(700));
}

TEST_F(HotStoreTest, open_orders_page_by_falling_id_without_gap_or_repeat) {
  std::vector<OrderId> placed;
  for (int i = 0; i < 25; ++i) placed.push_back(place(1, Side::buy, 58'000 + i, 1'000));
  std::vector<OrderId> paged;
  OrderId before = 0;
  for (;;) {
    const auto page = store_.open_orders(1, 0, before, 10);
    if (page.empty()) break;
    for (const OrderView& order : page) paged.push_back(order.order_id);
    before = page.back().order_id;
  }
  std::sort(placed.rbegin(), placed.rend());
  EXPECT_EQ(paged, placed);
  EXPECT_TRUE(store_.open_orders(1, 1, 0, 10).empty());
}

TEST_F(HotStoreTest, thoughts_come_newest_first_for_all_and_for_one) {
  for (int i = 0; i < 5; ++i) {
    run(Command(CommandType::post_thought, static_cast<AgentId>(1 + i % 2), 0),
        "thought " + std::to_string(i));
  }
  const auto all = store_.thoughts(0, 3);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].text, "thought 4");
  const auto older = store_.thoughts(all[2].thought_id, 10);
  EXPECT_EQ(older.size(), 2u);
  const auto own = store_.thoughts_of(2, 0, 10);
  ASSERT_EQ(own.size(), 2u);
  EXPECT_EQ(own[0].text, "thought 3");
  EXPECT_TRUE(store_.thoughts_of(3, 0, 10).empty());
}

TEST_F(HotStoreTest, recently_closed_orders_are_bounded_per_agent) {
  for (int i = 0; i < 120; ++i) run(cancel(1, place(1, Side::buy, 59'000, 1'000)));
  EXPECT_EQ(store_.closed_orders(1, kNoMarket, 1'000).size(), hot_limits::kClosedOrdersPerAgentMax);
  EXPECT_EQ(store_.totals().open_orders, 0u);
}

TEST_F(HotStoreTest, settings_default_to_those_of_the_market) {
  EXPECT_EQ(store_.settings(1, 0)->leverage, 1);
  Command command(CommandType::set_leverage, 1, 0);
  command.set_leverage = SetLeverage{};
  command.set_leverage.leverage = 7;
  ASSERT_EQ(run(command).code, ResultCode::ok);
  ASSERT_EQ(run(set_netting(1, true)).code, ResultCode::ok);
  EXPECT_EQ(store_.settings(1, 0), (SettingsView{7, true}));
  EXPECT_FALSE(store_.settings(1, 5));
  EXPECT_FALSE(store_.settings(9, 0));
}

TEST_F(HotStoreTest, the_24_hour_figures_end_with_log_time_alone) {
  place(1, Side::sell, 60'010, 1'000);
  place(2, Side::buy, 60'020, 400);
  now_ms_ += 86'400'000;
  set_price(60'000);
  const auto market = store_.market(0);
  EXPECT_EQ(market->volume_24h, Lots(0));
  EXPECT_EQ(market->high_24h, Price(0));
  EXPECT_EQ(market->last_price, Price(60'010));
  EXPECT_EQ(store_.candles(0, CandleInterval::d1, 0, INT64_MAX, 10).size(), 1u);
}

}  // namespace
}  // namespace perpetua::stores
