// State of a market as bytes and as events, and the full-scan invariants.

#include "engine/market/market.hpp"

namespace perpetua {

void Market::save(ByteSink& sink) const {
  write_value(sink, index_);
  write_value(sink, mark_);
  write_value(sink, price_time_ms_);
  write_value(sink, trade_count_);
  write_value(sink, signed_entry_total_);
  write_value(sink, base_total_);
  write_value(sink, state_);
  write_vector(sink, slices_);
  write_vector(sink, accounts_);
  book_.save(sink);
  orders_.save(sink);
  triggers_.save(sink);
  switches_.save(sink);
  signals_.save(sink);
  write_value(sink, pending_);
}

bool Market::load(ByteSource& source) {
  const bool is_read =
      read_value(source, index_) && read_value(source, mark_) &&
      read_value(source, price_time_ms_) && read_value(source, trade_count_) &&
      read_value(source, signed_entry_total_) && read_value(source, base_total_) &&
      read_value(source, state_) && read_vector(source, slices_, limits::kAgentsMax) &&
      read_vector(source, accounts_, uint64_t{limits::kAgentsMax} * 2) && book_.load(source) &&
      orders_.load(source, book_, seed_) && triggers_.load(source) && switches_.load(source) &&
      signals_.load(source) && read_value(source, pending_);
  for (AgentId agent = 1; is_read && agent < accounts_.size(); ++agent) {
    if (accounts_[agent].position.base != Lots(0)) queue_.mark_changed(agent);
  }
  return is_read;
}

void Market::describe_positions(std::vector<Event>& events) const {
  for (AgentId agent = 1; agent < accounts_.size(); ++agent) {
    const MarketAccount& own = accounts_[agent];
    if (own.position.base == Lots(0) && own.realised_pnl_total == Micro(0)) continue;
    Event& event = events.emplace_back(EventType::position_described, agent, id_, kNoCommand);
    event.position_described.base = own.position.base;
    event.position_described.entry_notional = own.position.entry_notional;
    event.position_described.margin = own.position.margin;
    event.position_described.realised_pnl_total = own.realised_pnl_total;
  }
}

void Market::describe_orders(std::vector<Event>& events) const {
  for (const Side side : {Side::buy, Side::sell}) {
    for (Price price = book_.best(side); price != Price(0); price = book_.next_level(side, price)) {
      for (uint32_t slot = book_.level_front(price); slot != kNilSlot;
           slot = book_.next_in_level(slot)) {
        const OrderDetail& detail = orders_.detail(slot);
        Event& event =
            events.emplace_back(EventType::order_accepted, book_.agent(slot), id_, kNoCommand);
        OrderAccepted& order = event.order_accepted;
        order.order_id = book_.id(slot);
        order.price = price;
        order.lots = detail.lots;
        order.rested = book_.remaining(slot);
        order.expires_at_ms = detail.expires_at_ms;
        order.leverage = static_cast<uint16_t>(detail.leverage);
        order.side = side;
        order.kind = detail.kind;
        order.time_in_force = detail.time_in_force;
        order.post_only = detail.post_only;
        order.stp = detail.stp;
        order.flags = static_cast<uint8_t>(detail.flags & ~kHasClientId);
        order.client_id = orders_.client_id(slot);
        if (detail.has_bracket()) describe_bracket(slot, events);
      }
    }
  }
}

void Market::describe_bracket(uint32_t slot, std::vector<Event>& events) const {
  const OrderDetail& detail = orders_.detail(slot);
  Event& event = events.emplace_back(EventType::order_bracket, book_.agent(slot), id_, kNoCommand);
  event.order_bracket.order_id = book_.id(slot);
  event.order_bracket.stop_loss = Price(detail.stop_loss);
  event.order_bracket.take_profit = Price(detail.take_profit);
}

void Market::describe_waiting(std::vector<Event>& events) const {
  for (const TriggerTable::Named& named : triggers_.all()) {
    const AgentId agent = triggers_[named.slot].agent;
    describe_trigger(named.slot,
                     events.emplace_back(EventType::trigger_changed, agent, id_, kNoCommand));
  }
  for (const auto& [agent, armed] : switches_.armed()) {
    Event& event = events.emplace_back(EventType::switch_changed, agent, id_, kNoCommand);
    event.switch_changed.deadline_ms = armed.deadline_ms;
    event.switch_changed.scope = armed.scope;
  }
}

Int128 Market::exposure(AgentId agent) const {
  const MarketAccount* own = find_account(agent);
  if (own == nullptr) return 0;
  return notional_wide(mark_, own->open_lots[0] + own->open_lots[1], spec_) +
         own->position.entry_notional.value;
}

void Market::add_collateral_in_use(std::vector<Micro>& reserved,
                                   std::vector<Micro>& margins) const {
  for (AgentId agent = 1; agent < accounts_.size(); ++agent) {
    if (agent >= margins.size()) break;
    const MarketAccount& own = accounts_[agent];
    margins[agent] += own.position.margin;
    for (uint32_t slot = own.own_first; slot != kNilSlot; slot = orders_.links(slot).next) {
      reserved[agent] += orders_.detail(slot).reserved;
    }
    for (const TriggerTable::Named& named : triggers_.of_agent(agent)) {
      reserved[agent] += triggers_[named.slot].reserved;
    }
  }
}

// A position of zero has no live protective trigger.
void Market::check_triggers(AgentId agent) const {
  const MarketAccount& own = accounts_[agent];
  const std::vector<TriggerTable::Named> held = triggers_.of_agent(agent);
  PERPETUA_ASSERT(held.size() == own.triggers);
  for (const TriggerTable::Named& named : held) {
    const Trigger& trigger = triggers_[named.slot];
    if (trigger.is_protective != 0) {
      PERPETUA_ASSERT(reducible(own.position, trigger.side) > Lots(0));
    }
  }
}

void Market::check_invariants() const {
  book_.check_invariants();
  triggers_.check_invariants();
  signals_.check_invariants();
  Int128 signed_entry = 0;
  Lots base;
  uint64_t orders = 0;
  std::size_t expiring = 0;
  for (AgentId agent = 0; agent < accounts_.size(); ++agent) {
    const MarketAccount& own = accounts_[agent];
    const Position& position = own.position;
    base += position.base;
    signed_entry += position.base < Lots(0) ? -static_cast<Int128>(position.entry_notional.value)
                                            : static_cast<Int128>(position.entry_notional.value);
    PERPETUA_ASSERT(position.margin >= Micro(0) && position.entry_notional >= Micro(0));
    if (position.base == Lots(0)) {
      PERPETUA_ASSERT(position.entry_notional == Micro(0));
      PERPETUA_ASSERT(position.margin == Micro(0) || agent == 0);
    }
    uint32_t open = 0, reduce_only = 0, previous = kNilSlot;
    Lots open_lots[2];
    for (uint32_t slot = own.own_first; slot != kNilSlot; slot = orders_.links(slot).next) {
      const OrderDetail& detail = orders_.detail(slot);
      const Lots remaining = book_.remaining(slot);
      PERPETUA_ASSERT(book_.is_resting(slot) && book_.agent(slot) == agent);
      PERPETUA_ASSERT(orders_.links(slot).previous == previous);
      PERPETUA_ASSERT(detail.lots == detail.filled + remaining);
      if (detail.is_reduce_only()) {
        ++reduce_only;
        PERPETUA_ASSERT(detail.reserved == Micro(0));
        PERPETUA_ASSERT(reducible(position, book_.side(slot)) > Lots(0));
      } else {
        open_lots[static_cast<int>(book_.side(slot))] += remaining;
        PERPETUA_ASSERT(detail.reserved ==
                        required_for(book_.price(slot), remaining, detail.leverage, spec_));
      }
      if (detail.expires_at_ms != 0) ++expiring;
      ++open;
      previous = slot;
    }
    PERPETUA_ASSERT(own.own_last == previous && own.open_orders == open);
    PERPETUA_ASSERT(own.reduce_only_orders == reduce_only);
    check_triggers(agent);
    PERPETUA_ASSERT(own.open_lots[0] == open_lots[0] && own.open_lots[1] == open_lots[1]);
    orders += open;
  }
  PERPETUA_ASSERT(base == Lots(0) && base_total_ == Lots(0));
  PERPETUA_ASSERT(signed_entry == signed_entry_total_);
  PERPETUA_ASSERT(orders == book_.live_count());
  PERPETUA_ASSERT(expiring == orders_.expiries().size());
}

}  // namespace perpetua
