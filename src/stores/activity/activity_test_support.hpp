// For tests of the activity: an engine, its store, and agents that trade.
#pragma once

#include <gtest/gtest.h>

#include "engine/engine.hpp"
#include "engine/test_support.hpp"
#include "stores/activity/activity.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::stores::test {

using perpetua::test::cancel;
using perpetua::test::limit;
using perpetua::test::make_spec;
using perpetua::test::market_order;

class ActivityTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* symbol : {"BTC-PERP", "ETH-PERP"}) {
      const MarketSpec spec = make_spec(symbol);
      run(Command(CommandType::create_market), {reinterpret_cast<const char*>(&spec), sizeof spec});
    }
    set_price(60'000, 0);
    set_price(60'000, 1);
    for (uint64_t i = 1; i <= 4; ++i) {
      Command command(CommandType::register_agent);
      command.register_agent = RegisterAgent{};
      command.register_agent.wallet_length = 2;
      command.register_agent.start_balance_micro = 10'000'000'000;
      std::memcpy(command.register_agent.key_sha256.data(), &i, sizeof i);
      run(command, "w" + std::to_string(i));
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

  void set_price(int64_t ticks, MarketId market = 0) {
    Command command(CommandType::update_price, 0, market);
    command.update_price.price = Price(ticks);
    command.update_price.source_time_ms = now_ms_;
    run(command);
  }

  OrderId place(AgentId agent, Side side, int64_t price, int64_t lots, MarketId market = 0) {
    const Outcome outcome = run(limit(agent, side, price, lots, market));
    EXPECT_EQ(outcome.code, ResultCode::ok);
    return outcome.id;
  }

  // A market order with a budget, as the older API places it.
  Outcome intend(AgentId agent, Side side, int64_t budget_micro, std::string_view reason = {},
                 MarketId market = 0) {
    Command command = market_order(agent, side, 0, market);
    command.place.budget = Micro(budget_micro);
    command.place.time_in_force = TimeInForce::ioc;
    command.place.leverage = 5;
    command.place.flags = kIntent;
    command.place.slippage_ppm = 10'000;
    return run(command, reason);
  }

  Outcome close(AgentId agent, Side side, MarketId market = 0) {
    Command command = market_order(agent, side, 0, market);
    command.place.time_in_force = TimeInForce::ioc;
    command.place.flags = kReduceOnly | kClosePosition;
    return run(command);
  }

  // Of a short of this agent.
  void buy_back(AgentId agent, int64_t price, int64_t lots) {
    Command command = limit(agent, Side::buy, price, lots);
    command.place.flags = kReduceOnly;
    EXPECT_EQ(run(command).code, ResultCode::ok);
  }

  PositionRecord open_position(AgentId agent, MarketId market = 0) {
    const auto record = activity().positions().open(agent, market);
    EXPECT_TRUE(record);
    return record.value_or(PositionRecord());
  }

  const Activity& activity() const { return store_.activity(); }

  Engine engine_;
  BatchOutput output_;
  HotStore store_;
  int64_t now_ms_ = 1'700'000'000'000;
};

}  // namespace perpetua::stores::test
