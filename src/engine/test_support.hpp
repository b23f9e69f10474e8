// For tests of the engine: commands in short, batches in one call.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.hpp"

namespace perpetua::test {

inline MarketSpec make_spec(std::string_view symbol = "BTC-PERP") {
  MarketSpec spec;
  std::memcpy(spec.symbol.data(), symbol.data(), symbol.size());
  spec.tick_size_e9 = 1'000'000'000;
  spec.lot_size_e9 = 1'000;
  spec.value_per_tick_lot_micro = 1;
  spec.price_min = Price(1'000);
  spec.price_max = Price(10'000'000);
  spec.notional_min = Micro(1'000'000);
  spec.position_notional_max = Micro(100'000'000'000'000);
  spec.tier_count = 3;
  spec.tiers[0] = {0, 20, 0};
  spec.tiers[1] = {100'000'000'000, 10, 0};
  spec.tiers[2] = {500'000'000'000, 5, 0};
  return spec;
}

// An engine that is fed batches; keeps the last output.
class Rig {
 public:
  Engine engine;
  BatchOutput output;
  int64_t now_ms = 1'700'000'000'000;

  Command& add(const Command& command, std::string_view text = {}) {
    commands_.push_back(command);
    Command& added = commands_.back();
    added.header.text_offset = static_cast<uint32_t>(text_.size());
    added.header.text_length = static_cast<uint16_t>(text.size());
    text_.append(text);
    return added;
  }
  // Runs what was added as one batch.
  const BatchOutput& run() {
    InlineExecutor executor;
    engine.apply({engine.last_batch() + 1, now_ms, commands_, text_}, executor, output);
    commands_.clear();
    text_.clear();
    engine.check_invariants();
    return output;
  }
  Outcome run_one(const Command& command, std::string_view text = {}) {
    add(command, text);
    return run().outcomes.back();
  }

  void open_market(const MarketSpec& spec, Price price) {
    const Outcome outcome =
        run_one(Command(CommandType::create_market),
                std::string_view(reinterpret_cast<const char*>(&spec), sizeof spec));
    PERPETUA_ASSERT(outcome.code == ResultCode::ok);
    PERPETUA_ASSERT(set_price(static_cast<MarketId>(outcome.id), price).code == ResultCode::ok);
  }
  Outcome set_price(MarketId market, Price price) {
    Command command(CommandType::update_price, 0, market);
    command.update_price.price = price;
    command.update_price.source_time_ms = now_ms;
    return run_one(command);
  }
  AgentId add_agent(Micro balance) {
    const std::string wallet = "wallet-" + std::to_string(++agents_);
    Command command(CommandType::register_agent);
    command.register_agent = RegisterAgent{};
    command.register_agent.wallet_length = static_cast<uint16_t>(wallet.size());
    command.register_agent.start_balance_micro = balance.value;
    std::memcpy(command.register_agent.key_sha256.data(), &agents_, sizeof agents_);
    const Outcome outcome = run_one(command, wallet);
    PERPETUA_ASSERT(outcome.code == ResultCode::ok);
    return static_cast<AgentId>(outcome.id);
  }

 private:
  std::vector<Command> commands_;
  std::string text_;
  uint64_t agents_ = 0;
};

inline Command limit(AgentId agent, Side side, int64_t price, int64_t lots, MarketId market = 0) {
  Command command(CommandType::place_order, agent, market);
  command.place = PlaceOrder{};
  command.place.side = side;
  command.place.price = Price(price);
  command.place.lots = Lots(lots);
  command.place.leverage = 10;
  return command;
}

inline Command market_order(AgentId agent, Side side, int64_t lots, MarketId market = 0) {
  Command command = limit(agent, side, 0, lots, market);
  command.place.kind = OrderKind::market;
  return command;
}

inline Command cancel(AgentId agent, OrderId order) {
  Command command(CommandType::cancel_order, agent);
  command.cancel = CancelOrder{};
  command.cancel.order_id = order;
  return command;
}

inline Command amend(AgentId agent, OrderId order, int64_t price, int64_t lots) {
  Command command(CommandType::amend_order, agent);
  command.amend = AmendOrder{};
  command.amend.order_id = order;
  command.amend.price = Price(price);
  command.amend.lots = Lots(lots);
  return command;
}

inline Command set_netting(AgentId agent, bool netting, MarketId market = 0) {
  Command command(CommandType::set_netting, agent, market);
  command.set_netting = SetNetting{};
  command.set_netting.netting = netting ? 1 : 0;
  return command;
}

}  // namespace perpetua::test
