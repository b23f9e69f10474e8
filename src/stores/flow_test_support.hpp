// For tests of the stores: a seeded flow of batches through the real engine, and comparisons.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "engine/engine.hpp"
#include "engine/test_support.hpp"
#include "stores/describe_test_support.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::stores::test {

using perpetua::test::amend;
using perpetua::test::cancel;
using perpetua::test::limit;
using perpetua::test::make_spec;
using perpetua::test::set_netting;

struct RecordedBatch {
  BatchNumber number = 0;
  int64_t log_time_ms = 0;
  std::vector<Command> commands;
  std::string text;
  BatchOutput output;

  AppliedBatch view() const {
    return {number,        log_time_ms, output.first_event, commands, output.outcomes,
            output.events, text};
  }
};

// Every kind of command, a few agents, two markets with prices that wander; times that jump.
class Flow {
 public:
  explicit Flow(uint64_t seed) : random_(seed) {}

  RecordedBatch next() {
    RecordedBatch batch;
    batch.number = engine.last_batch() + 1;
    now_ms_ += pick(10) == 0 ? pick(120'000) : pick(300);
    batch.log_time_ms = now_ms_;
    amended_.clear();
    if (batch.number == 1) {
      open_exchange(batch);
    } else {
      keep_fresh(batch);
      const int64_t count = pick(30);
      for (int64_t i = 0; i < count; ++i) add_random(batch);
    }
    InlineExecutor executor;
    engine.apply({batch.number, now_ms_, batch.commands, batch.text}, executor, batch.output);
    for (const Event& event : batch.output.events) {
      if (event.header.type == EventType::order_accepted) {
        orders_.emplace_back(event.header.agent, event.order_accepted.order_id);
      }
      if (event.header.type == EventType::signal_created) {
        signals_.push_back(event.signal_created.signal_id);
      }
    }
    return batch;
  }

  std::vector<RecordedBatch> take(std::size_t count) {
    std::vector<RecordedBatch> batches;
    for (std::size_t i = 0; i < count; ++i) batches.push_back(next());
    return batches;
  }

  Engine engine;
  AgentId agents = 0;
  static constexpr MarketId kMarkets = 2;

 private:
  int64_t pick(int64_t below) {
    return std::uniform_int_distribution<int64_t>(0, below - 1)(random_);
  }
  AgentId some_agent() { return static_cast<AgentId>(1 + pick(agents)); }
  MarketId some_market() { return static_cast<MarketId>(pick(kMarkets)); }
  Side some_side() { return pick(2) == 0 ? Side::buy : Side::sell; }

  static void add(RecordedBatch& batch, Command command, std::string_view text = {}) {
    command.header.text_offset = static_cast<uint32_t>(batch.text.size());
    command.header.text_length = static_cast<uint16_t>(text.size());
    batch.text += text;
    batch.commands.push_back(command);
  }

  void open_exchange(RecordedBatch& batch) {
    for (const char* symbol : {"BTC-PERP", "ETH-PERP"}) {
      const MarketSpec spec = make_spec(symbol);
      add(batch, Command(CommandType::create_market),
          {reinterpret_cast<const char*>(&spec), sizeof spec});
    }
    for (int i = 0; i < 12; ++i) add_agent(batch);
  }

  void add_agent(RecordedBatch& batch) {
    const std::string text = "wallet" + std::to_string(++agents) + "name" + "some bio" + "handle";
    Command command(CommandType::register_agent);
    command.register_agent = RegisterAgent{};
    command.register_agent.twitter_handle_length = 6;
    command.register_agent.display_name_length = 4;
    command.register_agent.bio_length = 8;
    command.register_agent.wallet_length = static_cast<uint16_t>(text.size() - 18);
    command.register_agent.start_balance_micro = 50'000'000'000 + pick(1'000'000'000);
    std::memcpy(command.register_agent.key_sha256.data(), &agents, sizeof agents);
    add(batch, command, text);
  }

  // However far time jumps: a market whose index is old takes no orders until the third price.
  void keep_fresh(RecordedBatch& batch) {
    for (MarketId market = 0; market < kMarkets; ++market) {
      const bool was_stale = now_ms_ - priced_at_ms_[market] > limits::kIndexStaleAfterMs;
      const uint32_t count = was_stale ? limits::kFreshUpdatesToResume : 0;
      for (uint32_t i = 0; i < count; ++i) add_price(batch, market);
    }
  }

  void add_price(RecordedBatch& batch, MarketId market) {
    priced_at_ms_[market] = batch.log_time_ms;
    price_[market] += pick(101) - 50;
    Command command(CommandType::update_price, 0, market);
    command.update_price.price = Price(price_[market]);
    command.update_price.source_time_ms = batch.log_time_ms;
    add(batch, command);
  }

  void add_order(RecordedBatch& batch) {
    const MarketId market = some_market();
    const Side side = some_side();
    const int64_t offset = pick(60) - 15;
    Command command =
        limit(some_agent(), side, price_[market] - sign(side) * offset, 100 + pick(20'000), market);
    PlaceOrder& order = command.place;
    order.leverage = static_cast<uint16_t>(pick(11));
    order.time_in_force = static_cast<TimeInForce>(pick(4));
    if (pick(3) != 0) order.time_in_force = TimeInForce::gtc;
    order.stp = static_cast<SelfTradePrevention>(pick(3));
    if (order.time_in_force == TimeInForce::gtd) {
      order.expires_at_ms = batch.log_time_ms + 1 + pick(100'000);
    }
    if (pick(5) == 0 && order.time_in_force == TimeInForce::gtc) {
      order.post_only = static_cast<PostOnly>(pick(3));
    } else if (pick(6) == 0) {
      order.kind = OrderKind::market;
      order.time_in_force = TimeInForce::ioc;
      order.price = Price(0);
    }
    if (pick(4) == 0) {
      order.lots = Lots(0);
      order.budget = Micro(10'000'000 + pick(900'000'000));
    }
    if (pick(8) == 0) order.flags = kReduceOnly;
    if (pick(12) == 0) order.flags = kReduceOnly | kClosePosition;
    if (pick(3) == 0) {
      order.client_id = make_client_id("client-" + std::to_string(++client_ids_));
    }
    if ((order.flags & kReduceOnly) == 0 && pick(4) == 0) {
      order.stop_loss = static_cast<uint32_t>(price_[market] - sign(side) * (60 + pick(100)));
      order.take_profit = static_cast<uint32_t>(price_[market] + sign(side) * (60 + pick(100)));
    }
    std::string reason;
    if (pick(4) == 0) {
      order.flags |= kIntent;
      reason = "because " + std::to_string(client_ids_);
    }
    add(batch, command, reason);
  }

  void add_trigger(RecordedBatch& batch) {
    const MarketId market = some_market();
    Command command(CommandType::place_trigger, some_agent(), market);
    command.trigger = PlaceTrigger();
    PlaceTrigger& trigger = command.trigger;
    const int64_t distance = (pick(2) == 0 ? 1 : -1) * (10 + pick(80));
    trigger.stop = Price(price_[market] + distance);
    if (pick(3) == 0) trigger.take_profit = Price(price_[market] - distance);
    if (pick(4) == 0) {
      trigger.flags = 0;
      trigger.take_profit = Price(0);
      trigger.side = some_side();
      trigger.lots = Lots(100 + pick(5'000));
    } else if (pick(4) == 0) {
      trigger.stop = Price(0);
      trigger.trail = Price(10 + pick(60));
    }
    add(batch, command);
  }

  void add_change(RecordedBatch& batch) {
    if (orders_.empty()) return;
    const std::size_t recent = std::min<std::size_t>(orders_.size(), 60);
    const auto [agent, id] =
        orders_[orders_.size() - 1 - static_cast<std::size_t>(pick(static_cast<int64_t>(recent)))];
    if (pick(2) == 0) {
      add(batch, cancel(agent, id));
      return;
    }
    if (!amended_.insert(id).second) return;
    Command command = amend(agent, id, 0, 0);
    if (pick(2) == 0) command.amend.lots = Lots(50 + pick(15'000));
    if (pick(2) == 0 || command.amend.lots == Lots(0)) {
      command.amend.price = Price(price_[order_market(id)] + pick(41) - 20);
    }
    add(batch, command);
  }

  void add_money(RecordedBatch& batch) {
    constexpr CommandType types[] = {CommandType::deposit, CommandType::withdraw,
                                     CommandType::transfer, CommandType::claim_faucet};
    Command command(types[pick(4)], some_agent());
    command.money = MoveMoney{};
    command.money.amount = Micro(1'000'000 + pick(1'000'000));
    if (command.header.type == CommandType::transfer) command.money.to_agent = some_agent();
    command.money.flags = static_cast<uint8_t>(pick(2));
    if (pick(2) == 0) command.money.claim[0] = static_cast<uint8_t>(1 + pick(200));
    add(batch, command);
  }

  void add_setting(RecordedBatch& batch) {
    const int64_t kind = pick(4);
    if (kind == 0) {
      Command command(CommandType::set_leverage, some_agent(), some_market());
      command.set_leverage = SetLeverage{};
      command.set_leverage.leverage = static_cast<uint16_t>(1 + pick(20));
      add(batch, command);
    } else if (kind == 1) {
      add(batch, set_netting(some_agent(), pick(4) != 0, some_market()));
    } else if (kind == 2) {
      Command command(CommandType::create_key, some_agent());
      command.create_key = CreateKey{};
      ++keys_;
      std::memcpy(command.create_key.key_sha256.data() + 8, &keys_, sizeof keys_);
      add(batch, command, "key " + std::to_string(keys_));
    } else {
      Command command(CommandType::revoke_key, some_agent());
      command.bytes[0] = static_cast<uint8_t>(1 + pick(40));
      add(batch, command);
    }
  }

  // Thoughts, messages, signals, limits.
  void add_agents_life(RecordedBatch& batch) {
    const int64_t kind = pick(7);
    if (kind == 0) {
      Command command(CommandType::set_risk_limits, some_agent());
      command.set_risk_limits = SetRiskLimits{};
      if (pick(4) != 0) {
        command.set_risk_limits.limits = {Micro(1'000'000'000), Micro(2'000'000'000),
                                          Micro(500'000'000), 5, {}};
      }
      return add(batch, command);
    }
    if (kind < 3) {
      Command command(CommandType::create_signal, some_agent(), some_market());
      command.create_signal = CreateSignal{};
      command.create_signal.target = price_[command.header.market] + pick(100) - 50;
      command.create_signal.stake = Micro(1'000'000 + pick(1'000'000));
      command.create_signal.duration_ms = limits::kSignalDurationMinMs + pick(400'000);
      command.create_signal.kind = static_cast<SignalKind>(pick(3));
      return add(batch, command);
    }
    if (kind < 5) {
      Command command(CommandType::fade_signal, some_agent());
      const auto& known = signals_;
      if (known.empty()) return;
      command.fade_signal.signal_id = known[known.size() - 1 - static_cast<std::size_t>(pick(
          std::min<int64_t>(8, static_cast<int64_t>(known.size()))))];
      return add(batch, command);
    }
    Command command(CommandType::post_thought, some_agent(), some_market());
    command.thought.kind = static_cast<MessageKind>(pick(2) == 0 ? 0 : pick(6));
    const AgentId to_agent = some_agent();
    if (pick(3) == 0 && to_agent != command.header.agent) command.thought.to_agent = to_agent;
    if (pick(3) == 0) command.thought.metadata_length = 4;
    add(batch, command, "thought " + std::to_string(batch.number) + "meta");
  }

  void add_random(RecordedBatch& batch) {
    const int64_t kind = pick(100);
    if (kind < 8) {
      add_price(batch, some_market());
    } else if (kind < 14) {
      add_trigger(batch);
    } else if (kind < 65) {
      add_order(batch);
    } else if (kind < 85) {
      add_change(batch);
    } else if (kind < 90) {
      add_money(batch);
    } else if (kind < 95) {
      add_setting(batch);
    } else if (kind < 97) {
      add_agents_life(batch);
    } else if (kind < 98) {
      add(batch, Command(CommandType::cancel_all, some_agent(), some_market()));
    } else if (kind < 99 && agents < 200) {
      add_agent(batch);
    }
  }

  std::mt19937_64 random_;
  int64_t now_ms_ = 1'700'000'000'000;
  int64_t price_[kMarkets] = {60'000, 30'000};
  int64_t priced_at_ms_[kMarkets] = {};
  uint64_t client_ids_ = 0;
  uint32_t keys_ = 0;
  std::vector<std::pair<AgentId, OrderId>> orders_;
  std::set<OrderId> amended_;  // in this batch
  std::vector<SignalId> signals_;
};

inline bool same_spec(const MarketSpec& a, const MarketSpec& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace perpetua::stores::test
