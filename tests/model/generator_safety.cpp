// Triggers, brackets, switches, limits of keys and changes of markets: what drives sections 20 to
// 23 of docs/rules-perpetual.md.

#include <algorithm>
#include <cstring>

#include "generator.hpp"

namespace perpetua::model {

// A leg near the mark, most times on its right side.
void Generator::draw_leg(const Perpetual& market, Side side, TriggerKind kind,
                         PlaceTrigger& wanted) {
  const int64_t reach = std::max<int64_t>(2, market.mark / random_.pick({20, 300, 3'000}));
  const bool falls = (kind == TriggerKind::stop) == (side == Side::sell);
  int64_t at = market.mark + (falls ? -1 : 1) * random_.between(random_.chance(5) ? -1 : 1, reach);
  int64_t limit = 0;
  if (random_.chance(40)) limit = at + random_.between(-reach, reach);
  if (random_.chance(2)) at = random_.pick<int64_t>({-1, 1, INT64_MAX, market.mark});
  if (random_.chance(1)) limit = random_.pick<int64_t>({-1, INT64_MAX, 1});
  (kind == TriggerKind::stop ? wanted.stop : wanted.take_profit) = Price(at);
  (kind == TriggerKind::stop ? wanted.stop_limit : wanted.take_profit_limit) = Price(limit);
}

Command Generator::place_trigger(const Model& model, AgentId agent) {
  Command command(CommandType::place_trigger, agent, any_market(model));
  PlaceTrigger& wanted = command.trigger;
  if (command.header.market >= model.markets().size()) return command;
  const Perpetual& market = model.markets()[command.header.market];
  const bool is_entry = random_.chance(30);
  wanted.flags = is_entry ? 0 : kReduceOnly;
  wanted.side = random_.chance(50) ? Side::sell : Side::buy;
  auto held = market.positions.lower_bound(agent);
  for (int i = 0; i < 5 && held != market.positions.end() && held->second.base == 0; ++i) ++held;
  if (!is_entry && held != market.positions.end() && held->first != 0 && random_.chance(90)) {
    command.header.agent = held->first;
    wanted.side = held->second.base > 0 ? Side::sell : Side::buy;
  }
  const uint64_t how = random_.below(100);
  if (how < 25) {
    wanted.trail = Price(random_.spread(std::max<int64_t>(2, market.mark / 20)));
    if (random_.chance(3)) wanted.trail = Price(random_.pick<int64_t>({-1, INT64_MAX}));
  }
  if (how >= 25 && how < 75) draw_leg(market, wanted.side, TriggerKind::stop, wanted);
  const bool has_target = how >= 75 || random_.chance(is_entry ? 2 : 60);
  if (has_target) draw_leg(market, wanted.side, TriggerKind::take_profit, wanted);
  if (is_entry || random_.chance(40)) wanted.lots = Lots(typical_lots(market));
  if (random_.chance(2)) wanted.lots = Lots(random_.pick<int64_t>({-1, 0, 1, INT64_MAX}));
  if (random_.chance(30)) {
    wanted.slippage_ppm = random_.pick({1u, 1'000u, market.spec.slippage_max_ppm});
    if (random_.chance(3)) ++wanted.slippage_ppm;
  }
  if (random_.chance(30)) {
    wanted.leverage = static_cast<uint16_t>(random_.between(1, market.spec.tiers[0].max_leverage));
    if (random_.chance(3)) wanted.leverage = 101;
  }
  if (random_.chance(is_entry ? 2 : 20)) wanted.flags |= kReplaceTriggers;
  return command;
}

void Generator::add_bracket(const Market& market, PlaceOrder& order) {
  if ((order.flags & (kReduceOnly | kClosePosition)) != 0 && !random_.chance(5)) return;
  const bool is_odd = order.price.value <= 0 || order.price.value > limits::kPriceMaxTicks;
  const int64_t price = is_odd ? market.mark : order.price.value;
  const int64_t reach = std::max<int64_t>(2, market.mark / random_.pick({20, 300, 3'000}));
  const int64_t s = sign(order.side);
  const auto leg = [&](int64_t from, int64_t way) {
    const int64_t at = from + way * random_.between(random_.chance(3) ? -1 : 1, reach);
    return static_cast<uint32_t>(std::clamp<int64_t>(at, 0, UINT32_MAX));
  };
  const int64_t opens = s * std::min(s * price, s * market.mark);
  if (random_.chance(80)) order.stop_loss = leg(opens, -s);
  if (random_.chance(60)) order.take_profit = leg(opens, s);
}

Command Generator::cancel_trigger(const Model& model, AgentId agent) {
  Command command(CommandType::cancel_order, agent);
  for (const Perpetual& market : model.markets()) {
    auto found = market.triggers.lower_bound(random_.below(market.last_trigger + 1));
    if (found == market.triggers.end()) found = market.triggers.begin();
    if (found == market.triggers.end()) continue;
    command.cancel.order_id = found->second.id;
    if (random_.chance(90)) command.header.agent = found->second.agent;
  }
  return command;
}

Command Generator::arm_switch(const Model& model, AgentId agent) {
  Command command(CommandType::cancel_all_after, agent, any_market(model));
  if (random_.chance(50)) command.header.market = kNoMarket;
  CancelAllAfter& wanted = command.cancel_all_after;
  wanted.scope = random_.pick({CancelScope::orders, CancelScope::everything});
  wanted.timeout_ms = random_.pick<int64_t>({5'000, 5'001, 20'000, 600'000, 0, 0});
  if (random_.chance(3)) wanted.timeout_ms = random_.pick<int64_t>({-1, 4'999, 600'001, INT64_MIN});
  return command;
}

// One of the agent's keys, as far as numbers of keys follow from those of agents; now and then
// somebody else's.
uint32_t Generator::key_of(AgentId agent) {
  if (random_.chance(1)) return static_cast<uint32_t>(random_.below(mix_.agents * 3));
  return agent;
}

Command Generator::limit_key(AgentId agent) {
  Command command(CommandType::set_key_limits, agent);
  command.set_key_limits.key_id = key_of(agent);
  if (!random_.chance(25)) command.set_key_limits.limits = draw_limits();
  return command;
}

KeyLimits Generator::draw_limits() {
  KeyLimits limits;
  const MarketSpec& spec = specs_[random_.below(specs_.size())];
  const int64_t most = std::max<int64_t>(2, spec.position_notional_max.value / 20);
  if (random_.chance(30)) limits.order_notional_max = Micro(random_.spread(most));
  if (random_.chance(30)) limits.position_notional_max = Micro(random_.spread(most));
  if (random_.chance(30)) limits.daily_loss_max = Micro(random_.spread(most / 2 + 1));
  if (random_.chance(20)) limits.markets = random_.chance(50) ? 1 : 6;
  if (random_.chance(30)) limits.leverage_max = static_cast<uint16_t>(random_.between(1, 20));
  if (random_.chance(10)) limits.reduce_only = 1;
  if (random_.chance(3)) limits.daily_loss_max = Micro(-1);
  return limits;
}

void Generator::add_change_market(const Model& model) {
  Command command(CommandType::change_market, 0, any_market(model));
  command.change_market.effective_at_ms =
      batch_.log_time_ms + limits::kMarketChangeDelayMinMs + random_.between(-1, 20'000);
  MarketSpec spec = draw_spec(random_, 0);
  if (command.header.market < model.markets().size()) {
    const MarketSpec now = model.markets()[command.header.market].spec;
    if (random_.chance(95)) {
      const MarketSpec drawn = spec;
      spec = now;
      spec.taker_fee_ppm = drawn.taker_fee_ppm;
      spec.maker_fee_ppm = drawn.maker_fee_ppm;
      spec.price_band_ppm = drawn.price_band_ppm;
      spec.liquidation_per_minute_max = drawn.liquidation_per_minute_max;
      if (random_.chance(50)) {
        spec.tier_count = drawn.tier_count;
        spec.tiers = drawn.tiers;
      }
    }
    if (random_.chance(3)) spec.price_max += Price(1);
    if (random_.chance(2)) ++spec.default_leverage;
  }
  std::string text(reinterpret_cast<const char*>(&spec), sizeof spec);
  if (random_.chance(2)) text.pop_back();
  add(command, text);
}

}  // namespace perpetua::model
