#include "gateway/ws/plain_feed.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "engine/test_support.hpp"
#include "gateway/ws/market_feed.hpp"

namespace perpetua::gateway::ws {
namespace {

using perpetua::test::limit;
using perpetua::test::make_spec;
using perpetua::test::market_order;

// An engine, its store and the feed, batch by batch; the test's clock is the feed's.
class PlainFeedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const MarketSpec spec = make_spec();
    add(Command(CommandType::create_market), {reinterpret_cast<const char*>(&spec), sizeof spec});
    run();
    set_price(60'000);
    for (uint64_t i = 1; i <= 2; ++i) {
      Command command(CommandType::register_agent);
      command.register_agent = RegisterAgent{};
      command.register_agent.wallet_length = 2;
      command.register_agent.start_balance_micro = 100'000'000'000;
      std::memcpy(command.register_agent.key_sha256.data(), &i, sizeof i);
      add(command, "w" + std::to_string(i));
      run();
    }
    feed_.watch();
  }

  void add(Command command, std::string_view text = {}) {
    command.header.text_offset = static_cast<uint32_t>(text_.size());
    command.header.text_length = static_cast<uint16_t>(text.size());
    text_ += text;
    commands_.push_back(command);
  }

  void run() {
    InlineExecutor executor;
    engine_.apply({engine_.last_batch() + 1, log_ms_, commands_, text_}, executor, output_);
    const AppliedBatch batch{
        engine_.last_batch(), log_ms_, output_.first_event, commands_, output_.outcomes,
        output_.events,       text_};
    store_.apply(batch);
    feed_.note(batch);
    commands_.clear();
    text_.clear();
  }

  void set_price(int64_t ticks) {
    Command command(CommandType::update_price, 0, 0);
    command.update_price.price = Price(ticks);
    command.update_price.source_time_ms = log_ms_;
    add(command);
    run();
  }

  // A resting sell of agent 1 and a market buy of agent 2, as intents.
  void add_trade(std::string_view reason = {}) {
    add(limit(1, Side::sell, 60'000, 1'000));
    Command taker = market_order(2, Side::buy, 1'000);
    taker.place.flags = kIntent;
    taker.place.time_in_force = TimeInForce::ioc;
    taker.place.budget = Micro(0);
    add(taker, reason);
  }

  // The types of what is published now, in order.
  std::vector<std::string> publish() {
    std::vector<Delivery> out;
    feed_.publish(now_ms_, out);
    std::vector<std::string> types;
    last_.clear();
    for (const Delivery& delivery : out) {
      EXPECT_EQ(delivery.topic.channel(), Channel::plain);
      const auto message =
          boost::json::parse(std::string(frame_payload(*delivery.frame))).as_object();
      types.emplace_back(message.at("type").as_string());
      last_.push_back(message);
    }
    return types;
  }

  static int count(const std::vector<std::string>& types, std::string_view type) {
    return static_cast<int>(std::count(types.begin(), types.end(), type));
  }

  Engine engine_;
  BatchOutput output_;
  stores::HotStore store_;
  PlainFeed feed_{store_};
  std::vector<Command> commands_;
  std::string text_;
  std::vector<boost::json::object> last_;
  int64_t log_ms_ = 1'700'000'000'000;
  int64_t now_ms_ = 1'000'000;
};

TEST_F(PlainFeedTest, a_trade_is_an_intent_a_thought_and_a_match) {
  add_trade("why not");
  run();
  EXPECT_EQ(publish(), (std::vector<std::string>{"new_intent", "agent_thought", "new_match",
                                                 "pnl_update", "pnl_update"}));
  EXPECT_EQ(last_[0].at("data").at("status").as_string(), "matched");
  EXPECT_EQ(last_[1].at("data").at("reason").as_string(), "why not");
}

TEST_F(PlainFeedTest, nothing_is_kept_while_nobody_listens) {
  feed_.unwatch();
  add_trade();
  run();
  feed_.watch();
  EXPECT_TRUE(publish().empty());
  EXPECT_EQ(feed_.due_ms(), kNeverMs);
}

TEST_F(PlainFeedTest, what_was_left_by_the_last_socket_is_not_told_to_the_next) {
  add_trade();
  run();
  feed_.unwatch();
  feed_.watch();
  EXPECT_EQ(count(publish(), "new_match"), 0);
}

TEST_F(PlainFeedTest, a_burst_is_thinned_out_to_its_budget) {
  for (std::size_t i = 0; i < 3 * kPlainBudgetMax; ++i) add_trade();
  run();
  const auto types = publish();
  EXPECT_EQ(count(types, "new_match"), static_cast<int>(kPlainBudgetMax));
  EXPECT_EQ(count(types, "new_intent"), static_cast<int>(kPlainBudgetMax));
}

TEST_F(PlainFeedTest, the_budget_shrinks_with_the_number_of_sockets) {
  for (int i = 0; i < 19'999; ++i) feed_.watch();
  for (std::size_t i = 0; i < kPlainBudgetMax; ++i) add_trade();
  run();
  const auto types = publish();
  EXPECT_EQ(count(types, "new_match"), 2);  // 400,000 a second / 10 intervals / 20,000 sockets
}

TEST_F(PlainFeedTest, intervals_lie_between_two_publications) {
  add_trade();
  run();
  EXPECT_FALSE(publish().empty());
  add_trade();
  run();
  now_ms_ += kPlainIntervalMs - 1;
  EXPECT_TRUE(publish().empty());
  EXPECT_EQ(feed_.due_ms(), now_ms_ + 1);
  now_ms_ += 1;
  EXPECT_EQ(count(publish(), "new_match"), 1);
}

TEST_F(PlainFeedTest, a_price_comes_once_a_second_and_then_the_latest) {
  set_price(60'010);
  EXPECT_EQ(publish(), std::vector<std::string>{"price_update"});
  set_price(60'020);
  set_price(60'030);
  now_ms_ += kPlainPriceIntervalMs - 1;
  EXPECT_TRUE(publish().empty());
  now_ms_ += kPlainIntervalMs;
  EXPECT_EQ(publish(), std::vector<std::string>{"price_update"});
  EXPECT_EQ(last_[0].at("data").at("index_price").as_double(), 60'030.0);
  now_ms_ += kPlainPriceIntervalMs;
  EXPECT_TRUE(publish().empty());
}

TEST_F(PlainFeedTest, pnl_comes_once_in_its_interval_and_only_if_it_changed) {
  add_trade();
  run();
  EXPECT_EQ(count(publish(), "pnl_update"), 2);
  set_price(60'300);
  now_ms_ += kPlainPnlIntervalMs / 2;
  EXPECT_EQ(count(publish(), "pnl_update"), 0);
  now_ms_ += kPlainPnlIntervalMs;
  set_price(60'310);
  EXPECT_EQ(count(publish(), "pnl_update"), 2);  // the mark has moved what both hold
  now_ms_ += kPlainPnlIntervalMs;
  set_price(60'310);
  EXPECT_EQ(count(publish(), "pnl_update"), 0);
}

TEST_F(PlainFeedTest, a_cancel_is_told_but_no_other_end) {
  Command resting = limit(2, Side::buy, 59'000, 1'000);
  resting.place.flags = kIntent;
  add(resting);
  run();
  const OrderId id = output_.outcomes[0].id;
  EXPECT_EQ(publish(), std::vector<std::string>{"new_intent"});
  add(perpetua::test::cancel(2, id));
  Command unfilled = market_order(2, Side::buy, 1'000);
  unfilled.place.flags = kIntent;
  unfilled.place.time_in_force = TimeInForce::ioc;
  add(unfilled);
  run();
  now_ms_ += kPlainIntervalMs;
  EXPECT_EQ(publish(), (std::vector<std::string>{"intent_cancelled", "new_intent"}));
  EXPECT_EQ(last_[1].at("data").at("status").as_string(), "expired");
}

}  // namespace
}  // namespace perpetua::gateway::ws
