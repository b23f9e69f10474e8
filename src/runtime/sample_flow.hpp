// A small exchange and order flow for it: for the tests and the benchmark of the pipeline.
//
// Three markets, eight funded agents, prices in ticks around 100,000. Deterministic.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "engine/schema/market_spec.hpp"
#include "runtime/api/submit.hpp"

namespace perpetua::runtime::testing_support {

inline constexpr int64_t kStartMs = 1'700'000'000'000;

inline Submission make_submission(const Command& command, std::string text = {},
                                  ReplyTarget target = {}) {
  Submission submission;
  submission.command = command;
  submission.text = std::move(text);
  submission.target = target;
  return submission;
}

inline Submission make_market(std::string_view symbol) {
  MarketSpec spec;
  std::copy(symbol.begin(), symbol.end(), spec.symbol.begin());
  spec.tick_size_e9 = 10'000'000;  // 0.01 USDC
  spec.lot_size_e9 = 100'000;      // 0.0001
  spec.value_per_tick_lot_micro = 1;
  spec.price_min = Price(1'000);
  spec.price_max = Price(1'000'000);
  spec.notional_min = Micro(1'000);
  spec.position_notional_max = Micro(1'000'000'000'000);
  spec.tier_count = 1;
  spec.tiers[0] = {0, 10, 0};
  return make_submission(Command(CommandType::create_market),
                         std::string(reinterpret_cast<const char*>(&spec), sizeof spec));
}

inline Submission make_price(MarketId market, int64_t price) {
  Command command(CommandType::update_price, 0, market);
  command.update_price.price = Price(price);
  command.update_price.source_time_ms = 4'000'000'000'000;  // never stale, whatever the clock
  return make_submission(command);
}

inline Submission make_agent(uint8_t number) {
  const std::string wallet = "wallet-" + std::to_string(number);
  Command command(CommandType::register_agent);
  command.register_agent.scopes = kScopesAll;
  command.register_agent.key_sha256[0] = number;
  command.register_agent.start_balance_micro = 1'000'000'000'000;
  command.register_agent.wallet_length = static_cast<uint16_t>(wallet.size());
  return make_submission(command, wallet);
}

// Configured, three markets with a price, eight funded agents.
inline constexpr uint32_t kAgents = 8;
inline constexpr uint32_t kMarkets = 3;
inline std::vector<Submission> make_genesis() {
  Command configure(CommandType::configure);
  configure.configure.hash_seed = 7;
  configure.configure.margin_use_max_ppm = 800'000;
  std::vector<Submission> genesis{make_submission(configure)};
  for (const char* symbol : {"BTC-PERP", "ETH-PERP", "SOL-PERP"}) {
    genesis.push_back(make_market(symbol));
  }
  for (MarketId market = 0; market < kMarkets; ++market) {
    genesis.push_back(make_price(market, 100'000));
  }
  for (uint8_t number = 1; number <= kAgents; ++number) genesis.push_back(make_agent(number));
  return genesis;
}

inline Command make_order(AgentId agent, MarketId market, Side side, int64_t price) {
  Command command(CommandType::place_order, agent, market);
  command.place.price = Price(price);
  command.place.lots = Lots(1);
  command.place.side = side;
  command.place.stp = SelfTradePrevention::cancel_oldest;
  return command;
}

// Order flow that trades: agents 1..4 buy, 5..8 sell, prices cross now and then.
inline Submission make_flow(uint32_t producer, uint64_t number) {
  const bool is_buy = number % 2 == 0;
  const AgentId agent = 1 + producer % 4 + (is_buy ? 0 : 4);
  const int64_t price = 100'000 + static_cast<int64_t>(number * 7 % 40) - 20;
  const MarketId market = static_cast<MarketId>((producer + number) % kMarkets);
  Command command = make_order(agent, market, is_buy ? Side::buy : Side::sell, price);
  if (number % 5 == 4) command.place.time_in_force = TimeInForce::ioc;
  return make_submission(command, number % 16 == 0 ? "a reason worth keeping" : "",
                         {producer, 0, number});
}

inline Submission make_cancel_all(AgentId agent) {
  return make_submission(Command(CommandType::cancel_all, agent));
}

}  // namespace perpetua::runtime::testing_support
