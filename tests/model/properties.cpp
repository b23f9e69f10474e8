#include "properties.hpp"

#include <fmt/format.h>

#include "describe.hpp"
#include "engine/schema/position.hpp"

namespace perpetua::model {

namespace {

perpetua::Position record_of(const Position& position) {
  return {Lots(position.base), Micro(position.entry), Micro(position.margin)};
}

}  // namespace

std::string Properties::check(const BatchOutput& output, const Model& model) {
  std::vector<bool> has_advanced(model.markets().size());
  for (const Event& event : output.events) {
    const std::string broken = check_event(event);
    if (!broken.empty()) return broken + ": " + describe(event);
    if (event.header.type == EventType::price_updated) has_advanced[event.header.market] = true;
  }
  for (const Perpetual& market : model.markets()) {
    if (!has_advanced[market.id]) continue;
    const std::string broken = check_positions(market);
    if (!broken.empty()) return fmt::format("market {}: {}", market.id, broken);
  }
  return "";
}

std::string Properties::check_event(const Event& event) {
  const auto key = std::pair(event.header.market, event.header.agent);
  switch (event.header.type) {
    case EventType::funding_settled: {
      const int64_t residue = (event.funding_settled.due - event.funding_settled.received).value;
      if (residue < 0 || residue > static_cast<int64_t>(bases_.size()) + 1) {
        return "the residue of an hour of funding";
      }
      return "";
    }
    case EventType::fill: {
      // Of an agent that traded with itself the taker's side holds what is left.
      if (event.fill.counterparty == event.header.agent && event.fill.is_taker == 0) return "";
      const int64_t before = bases_[key];
      const int64_t after = event.fill.position_base.value;
      bases_[key] = after;
      const bool is_forced = event.fill.is_taker != 0 && event.fill.cause != TradeCause::order;
      const bool stays = after == 0 || (after > 0) == (before > 0);
      const bool shrinks = stays && std::abs(after) < std::abs(before);
      if (is_forced && event.header.agent != 0 && !shrinks) return "a liquidation that grows";
      return "";
    }
    case EventType::liquidation:
      if (event.header.agent != 0 && event.liquidation.equity >= event.liquidation.maintenance) {
        return "a liquidation of who covers the maintenance margin";
      }
      return "";
    case EventType::position_changed: return check_change(event);
    default: return "";
  }
}

std::string Properties::check_change(const Event& event) {
  const PositionChanged& change = event.position_changed;
  int64_t& base = bases_[{event.header.market, event.header.agent}];
  const int64_t before = std::exchange(base, change.base.value);
  if (before == 0) return "a change of a position that is none";
  if (change.cause == PositionChange::deleveraged) {
    const int64_t closed = before - change.base.value;
    if (std::abs(closed) != change.lots.value || std::abs(change.base.value) > std::abs(before)) {
      return "deleveraging by other than its lots";
    }
    const auto bankrupt = bases_.find({event.header.market, change.counterparty});
    const bool is_known = change.counterparty != 0 && bankrupt != bases_.end();
    if (is_known && bankrupt->second != 0 && (bankrupt->second > 0) == (before > 0)) {
      return "deleveraging of one on the bankrupt's side";
    }
  }
  return "";
}

std::string Properties::check_positions(const Perpetual& market) const {
  const MarketRules rules(market.spec);
  const bool is_live = !market.is_stale && (market.mode == MarketMode::open ||
                                            market.mode == MarketMode::cancel_only);
  for (const auto& [agent, position] : market.positions) {
    if (agent == 0 || position.base == 0) continue;
    const perpetua::Position record = record_of(position);
    const Price mark(market.mark);
    const Micro equity = equity_at(record, notional_at(record, mark, rules));
    if (is_live && equity < Micro(0)) {
      return fmt::format("agent {} is worth {}", agent, equity.value);
    }
    const Price price = liquidation_price(record, rules);
    const bool is_due = record.is_long() ? mark < price : mark > price;
    if (is_due != is_liquidatable(record, mark, rules)) {
      return fmt::format("agent {}: liquidation price {} at mark {}", agent, price.value,
                         market.mark);
    }
  }
  for (const auto& [age, trigger] : market.triggers) {
    const auto held = market.positions.find(trigger.agent);
    const bool is_flat = held == market.positions.end() || held->second.base == 0;
    if (trigger.is_protective && is_flat) {
      return fmt::format("agent {} protects nothing", trigger.agent);
    }
  }
  return "";
}

}  // namespace perpetua::model
