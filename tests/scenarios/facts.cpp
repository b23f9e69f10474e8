#include "facts.hpp"

#include <algorithm>

#include "base/decimal.hpp"

namespace perpetua::scenario {
namespace {

std::string dashed(std::string_view wire) {
  std::string text(wire);
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

// `at`: the entry price, if it is one of the market.
void add_entry(Fact& fact, const World& world, MarketId market, const Position& position) {
  const int64_t per_tick = notional(Price(1), position.size(), world.rules(market)).value;
  if (position.entry_notional.value % per_tick == 0) {
    const Price entry(position.entry_notional.value / per_tick);
    fact.attributes.emplace_back("at", price_text(world, market, entry));
  }
  fact.attributes.emplace_back("entry", usdc_text(position.entry_notional));
}

Fact position_head(const World& world, std::string subject, MarketId market,
                   const Position& position) {
  if (position.base == Lots(0)) return {{std::move(subject), "position", "none"}, {}};
  return {{std::move(subject), "position", position.is_long() ? "long" : "short",
           size_text(world, market, position.base), world.markets()[market].name},
          {}};
}

// 0 and beyond the highest price: there is none.
std::string boundary_text(const World& world, MarketId market, Price price) {
  const bool is_none = price == Price(0) || price > world.rules(market).price_max;
  return is_none ? "none" : price_text(world, market, price);
}

}  // namespace

std::string Fact::text() const {
  std::string text;
  for (const std::string& word : head) text += (text.empty() ? "" : " ") + word;
  for (const auto& [name, value] : attributes) text += ", " + name + " " + value;
  return text;
}

std::string price_text(const World& world, MarketId market, Price price) {
  return grid_text(price.value, world.rules(market).tick_size_e9);
}

std::string size_text(const World& world, MarketId market, Lots lots) {
  return grid_text(std::abs(lots.value), world.rules(market).lot_size_e9);
}

std::string usdc_text(Micro amount) { return decimal_text(amount.value, kMicroDigits); }

Fact market_fact(const World& world, const Description& now, MarketId market) {
  const DescribedMarket& own = now.markets[market];
  return {{"market", world.markets()[market].name},
          {{"mode", dashed(wire_name(own.status.mode))},
           {"prices", own.status.is_stale != 0 ? "stale" : "fresh"},
           {"breaker", own.status.is_breaker_open != 0 ? "open" : "closed"},
           {"index", price_text(world, market, own.index)},
           {"mark", price_text(world, market, own.mark)},
           {"maker-fee", decimal_text(own.spec.maker_fee_ppm, 4) + "%"},
           {"taker-fee", decimal_text(own.spec.taker_fee_ppm, 4) + "%"}}};
}

Fact fund_fact(const World& world, const Description& now, MarketId market) {
  const DescribedMarket& own = now.markets[market];
  const Position position{own.fund.base, own.fund.entry_notional, own.fund.margin};
  Fact fact = position_head(world, "fund", market, position);
  if (position.base != Lots(0)) add_entry(fact, world, market, position);
  const Micro value = notional_at(position, own.mark, world.rules(market));
  fact.attributes.emplace_back("cash", usdc_text(own.fund.margin));
  fact.attributes.emplace_back("equity", usdc_text(equity_at(position, value)));
  fact.attributes.emplace_back("debt", usdc_text(own.fund.bad_debt));
  return fact;
}

Fact account_fact(const World& world, const Description& now, AgentId agent) {
  const AccountChanged& account = now.accounts.at(agent);
  const auto is_own = [&](const DescribedOrder& order) { return order.agent == agent; };
  const auto orders = std::count_if(now.orders.begin(), now.orders.end(), is_own);
  const auto found = now.triggers.find(agent);
  const int triggers = found == now.triggers.end() ? 0 : found->second;
  return {{world.agent_name(agent), "account"},
          {{"free", usdc_text(account.free)},
           {"reserved", usdc_text(account.reserved)},
           {"margin", usdc_text(account.position_margin)},
           {"orders", std::to_string(orders)},
           {"triggers", std::to_string(triggers)}}};
}

Fact position_fact(const World& world, const Description& now, AgentId agent, MarketId market) {
  const auto found = now.positions.find({agent, market});
  const DescribedPosition own = found == now.positions.end() ? DescribedPosition{} : found->second;
  const Position& position = own.position;
  Fact fact = position_head(world, world.agent_name(agent), market, position);
  if (position.base != Lots(0)) {
    const MarketRules& rules = world.rules(market);
    const Micro value = notional_at(position, now.markets[market].mark, rules);
    add_entry(fact, world, market, position);
    fact.attributes.emplace_back("margin", usdc_text(position.margin));
    fact.attributes.emplace_back("equity", usdc_text(equity_at(position, value)));
    fact.attributes.emplace_back("maintenance", usdc_text(maintenance_margin(value, rules)));
    fact.attributes.emplace_back("liquidation",
                                 boundary_text(world, market, liquidation_price(position, rules)));
    fact.attributes.emplace_back("bankruptcy",
                                 boundary_text(world, market, bankruptcy_price(position, rules)));
  }
  fact.attributes.emplace_back("realised", usdc_text(own.realised_pnl));
  return fact;
}

}  // namespace perpetua::scenario
