// FakeExchange: a test double of the exchange behind CommandSink, with just enough behaviour to
// drive house agents: registration, money, settings, resting orders, amend, cancel. It never
// matches by itself; tests fill orders with trade(). Events come before outcomes, as from egress.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "feeds/liquidity/house.hpp"

namespace perpetua::feeds {

struct FakeOrder {
  AgentId agent = 0;
  Side side = Side::buy;
  Price price;
  Lots filled;
  Lots remaining;
};

// BTC-PERP: tick 0.1 USDC, lot 0.00001 BTC, one tick and lot = 1 micro-USDC.
inline FeedMarket test_market(const char* symbol = "BTC-PERP", MarketId id = 0) {
  FeedMarket market;
  market.id = id;
  std::memcpy(market.spec.symbol.data(), symbol, std::strlen(symbol));
  market.spec.tick_size_e9 = 100'000'000;
  market.spec.lot_size_e9 = 10'000;
  market.spec.value_per_tick_lot_micro = 1;
  market.spec.price_min = Price(1'000);
  market.spec.price_max = Price(limits::kPriceMaxTicks);
  market.spec.notional_min = Micro(1'000'000);
  market.spec.position_notional_max = Micro(10'000'000'000'000);
  market.spec.tier_count = 1;
  market.spec.tiers[0].max_leverage = 50;
  return market;
}

class FakeExchange final : public CommandSink {
 public:
  bool send(const Command& command, std::string text, uint64_t token) override {
    if (command.header.type == CommandType::tick) {
      ticks += is_full ? 0 : 1;
      return !is_full;
    }
    if (is_full) return false;
    sent.push_back(command);
    texts.push_back(std::move(text));
    tokens.push_back(token);
    return true;
  }

  // Executes everything sent since the last call and tells the house.
  void deliver(LiquidityHouse& house, int64_t now_ms) {
    while (executed_ < sent.size()) {
      const std::size_t i = executed_++;
      const Outcome outcome = execute(sent[i], texts[i]);
      for (const Event& event : events_) house.on_event(event, now_ms);
      events_.clear();
      house.on_outcome(tokens[i], outcome, now_ms);
    }
  }

  void set_price(LiquidityHouse& house, Price index, int64_t now_ms, MarketId market = 0) {
    Event event(EventType::price_updated, 0, market, 0);
    event.price_updated = PriceUpdated{index, index, now_ms, {}};
    house.on_event(event, now_ms);
  }

  // The market changes its mode, or its index becomes stale or fresh.
  void set_status(LiquidityHouse& house, MarketMode mode, bool is_stale, int64_t now_ms) {
    const bool is_open = mode == MarketMode::open && !is_stale;
    refuse_orders = is_open ? ResultCode::ok : ResultCode::market_closed;
    Event event(EventType::market_status, 0, 0, 0);
    event.market_status.mode = mode;
    event.market_status.is_stale = is_stale ? 1 : 0;
    house.on_event(event, now_ms);
  }

  // Somebody trades against a resting order of the house.
  void trade(LiquidityHouse& house, OrderId id, Lots lots, int64_t now_ms) {
    FakeOrder& order = orders.at(id);
    PERPETUA_ASSERT(lots <= order.remaining);
    order.remaining -= lots;
    order.filled += lots;
    bases[order.agent] += Lots(sign(order.side) * lots.value);
    Event event(EventType::fill, order.agent, 0, 0);
    event.fill = Fill{};
    event.fill.order_id = id;
    event.fill.lots = lots;
    event.fill.remaining = order.remaining;
    event.fill.position_base = bases[order.agent];
    event.fill.order_done = order.remaining.value == 0;
    if (order.remaining.value == 0) orders.erase(id);
    house.on_event(event, now_ms);
  }

  std::size_t count(CommandType type) const {
    std::size_t total = 0;
    for (const Command& command : sent) total += command.header.type == type ? 1 : 0;
    return total;
  }

  bool is_full = false;
  int ticks = 0;  // `tick` commands, which nobody but the clock cares for
  ResultCode refuse_orders = ResultCode::ok;  // answer to every place when not ok
  uint16_t leverage_max = 50;                 // settings and new orders above it are refused
  Price slide_to;                             // buys above this slide to it, when not 0
  std::vector<Command> sent;
  std::vector<std::string> texts;
  std::vector<uint64_t> tokens;
  std::map<OrderId, FakeOrder> orders;
  std::map<AgentId, Lots> bases;
  std::map<AgentId, Micro> money;
  std::map<std::string, AgentId> wallets;

 private:
  Event& emit(EventType type, const Command& command) {
    return events_.emplace_back(type, command.header.agent, command.header.market, 0);
  }

  Outcome execute(const Command& command, const std::string& text) {
    switch (command.header.type) {
      case CommandType::register_agent:
        return register_agent(command, text);
      case CommandType::deposit: {
        Micro& free = money[command.header.agent];
        free += command.money.amount;
        emit(EventType::account_changed, command).account_changed = {free, {}, {}, {}};
        return {};
      }
      case CommandType::set_leverage:
      case CommandType::set_netting:
        return change_settings(command);
      case CommandType::place_order:
        return place(command);
      case CommandType::amend_order:
        return amend(command);
      case CommandType::cancel_order:
        return cancel(command);
      case CommandType::cancel_all: {
        std::erase_if(orders,
                      [&](const auto& o) { return o.second.agent == command.header.agent; });
        return {};
      }
      default:
        return rejected(ResultCode::invalid_request);
    }
  }

  Outcome register_agent(const Command& command, const std::string& text) {
    const std::string wallet = text.substr(0, command.register_agent.wallet_length);
    if (wallets.count(wallet) != 0) return rejected(ResultCode::wallet_taken);
    const auto id = static_cast<AgentId>(wallets.size() + 1);
    wallets[wallet] = id;
    Outcome outcome;
    outcome.id = id;
    return outcome;
  }

  Outcome change_settings(const Command& command) {
    SettingsChanged& now = settings_[command.header.agent];
    if (command.header.type == CommandType::set_leverage) {
      if (command.set_leverage.leverage > leverage_max) {
        return rejected(ResultCode::leverage_too_high);
      }
      now.leverage = command.set_leverage.leverage;
    } else {
      now.netting = command.set_netting.netting;
    }
    emit(EventType::settings_changed, command).settings_changed = now;
    return {};
  }

  Price slide(Side side, Price price) const {
    return slide_to.value != 0 && side == Side::buy ? std::min(price, slide_to) : price;
  }

  Outcome place(const Command& command) {
    if (refuse_orders != ResultCode::ok) return rejected(refuse_orders);
    if (settings_[command.header.agent].leverage > leverage_max) {
      return rejected(ResultCode::leverage_too_high);
    }
    if (command.place.kind == OrderKind::market) return {};
    Outcome outcome;
    outcome.id = ++next_order_;
    const Price price = slide(command.place.side, command.place.price);
    outcome.values[3] = price.value;
    const Lots lots = command.place.lots;
    orders[outcome.id] = {command.header.agent, command.place.side, price, Lots(0), lots};
    OrderAccepted accepted;
    accepted.order_id = outcome.id;
    accepted.price = price;
    accepted.lots = lots;
    accepted.rested = lots;
    accepted.side = command.place.side;
    emit(EventType::order_accepted, command).order_accepted = accepted;
    return outcome;
  }

  Outcome amend(const Command& command) {
    if (refuse_orders == ResultCode::market_closed) return rejected(refuse_orders);
    const auto found = orders.find(command.amend.order_id);
    if (found == orders.end()) return rejected(ResultCode::order_not_found);
    FakeOrder& order = found->second;
    if (command.amend.lots <= order.filled) return rejected(ResultCode::invalid_quantity);
    order.price = slide(order.side, command.amend.price);
    order.remaining = command.amend.lots - order.filled;
    OrderAmended amended;
    amended.order_id = found->first;
    amended.price = order.price;
    amended.rested = order.remaining;
    amended.lots = command.amend.lots;
    emit(EventType::order_amended, command).order_amended = amended;
    Outcome outcome;
    outcome.id = found->first;
    outcome.values[3] = order.price.value;
    return outcome;
  }

  Outcome cancel(const Command& command) {
    if (orders.erase(command.cancel.order_id) == 0) {
      return rejected(ResultCode::order_not_found);
    }
    OrderClosed closed;
    closed.order_id = command.cancel.order_id;
    emit(EventType::order_closed, command).order_closed = closed;
    return {};
  }

  std::size_t executed_ = 0;
  OrderId next_order_ = 100;
  std::map<AgentId, SettingsChanged> settings_;
  std::vector<Event> events_;
};

}  // namespace perpetua::feeds
