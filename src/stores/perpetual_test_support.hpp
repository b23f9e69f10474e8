// For tests of the stores: one market in which funding, liquidations, take-overs and
// deleveraging happen, followed by a hot store and, if there is one, a history.
#pragma once

#include <gtest/gtest.h>

#include "engine/engine.hpp"
#include "engine/test_support.hpp"
#include "stores/describe_test_support.hpp"
#include "stores/history/history_projection.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::stores::test {

using perpetua::test::limit;
using perpetua::test::make_spec;

class PerpetualMarket {
 public:
  static constexpr int64_t kIndex = 60'000;
  static constexpr int64_t kCoin = 1'000'000;  // lots

  explicit PerpetualMarket(HistoryProjection* writer = nullptr) : history(writer) {
    const MarketSpec spec = make_spec();
    run(Command(CommandType::create_market), {reinterpret_cast<const char*>(&spec), sizeof spec});
    price(kIndex);
  }

  Outcome run(Command command, std::string_view text = {}) {
    command.header.text_length = static_cast<uint32_t>(text.size());
    const Command commands[] = {command};
    InlineExecutor executor;
    engine.apply({engine.last_batch() + 1, now_ms, commands, text}, executor, output);
    engine.check_invariants();
    const AppliedBatch batch{
        engine.last_batch(), now_ms, output.first_event, commands, output.outcomes,
        output.events,       text};
    hot.apply(batch);
    for (HotStore* follower : followers) follower->apply(batch);
    if (history != nullptr) history->apply(batch);
    return output.outcomes[0];
  }

  AgentId add_agent(int64_t usdc) {
    const std::string wallet = "w" + std::to_string(++agents);
    Command command(CommandType::register_agent);
    command.register_agent = RegisterAgent{};
    command.register_agent.wallet_length = static_cast<uint16_t>(wallet.size());
    command.register_agent.start_balance_micro = usdc * 1'000'000;
    std::memcpy(command.register_agent.key_sha256.data(), &agents, sizeof agents);
    return static_cast<AgentId>(run(command, wallet).id);
  }

  Outcome price(int64_t ticks) {
    Command command(CommandType::update_price, 0, 0);
    command.update_price.price = Price(ticks);
    command.update_price.source_time_ms = now_ms;
    return run(command);
  }

  // As a restart does: `store` begins with the state of now.
  void describe(HotStore& store) const { bootstrap(store, engine); }

  // One per cent at a time, a second each.
  void move_price(int64_t ticks) {
    while (hot.market(0)->index != Price(ticks)) {
      now_ms += 1'000;
      price(ticks);
    }
  }

  void fund(int64_t usdc) {
    Command command(CommandType::fund_insurance, 0, 0);
    command.fund_insurance.amount = Micro(usdc * 1'000'000);
    ASSERT_EQ(run(command).code, ResultCode::ok);
  }

  void mode(MarketMode mode) {
    Command command(CommandType::set_market_mode, 0, 0);
    command.set_market_mode.mode = mode;
    ASSERT_EQ(run(command).code, ResultCode::ok);
  }

  OrderId order(AgentId agent, Side side, int64_t price, int64_t lots, uint16_t leverage) {
    Command command = limit(agent, side, price, lots);
    command.place.leverage = leverage;
    const Outcome outcome = run(command);
    EXPECT_EQ(outcome.code, ResultCode::ok);
    return outcome.id;
  }

  // `buyer` long, `seller` short, at `price`.
  void trade(AgentId buyer, AgentId seller, int64_t price, int64_t lots, uint16_t long_leverage,
             uint16_t short_leverage) {
    order(seller, Side::sell, price, lots, short_leverage);
    order(buyer, Side::buy, price, lots, long_leverage);
  }

  Engine engine;
  BatchOutput output;
  HotStore hot;
  std::vector<HotStore*> followers;  // get every batch, too
  HistoryProjection* history;
  int64_t now_ms = 1'700'000'000'000;
  uint64_t agents = 0;
};

// A long that is warned, taken over, and whose fund is then deleveraged against the short.
struct Collapse : PerpetualMarket {
  explicit Collapse(HistoryProjection* writer = nullptr) : PerpetualMarket(writer) {
    long_agent = add_agent(10'000);
    short_agent = add_agent(1'000'000);
    trade(long_agent, short_agent, kIndex, kCoin, 20, 1);
  }
  void fall() {
    move_price(59'000);
    move_price(50'000);
  }
  AgentId long_agent = 0;
  AgentId short_agent = 0;
};

}  // namespace perpetua::stores::test
