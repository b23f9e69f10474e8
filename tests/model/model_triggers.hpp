// The naive model's triggers, brackets and dead-man's switches, written from
// docs/rules-perpetual.md sections 20 and 21 alone: a market of model_market.hpp that keeps them in
// plain maps and looks at all of them at every mark. Single-threaded.
#pragma once

#include <tuple>
#include "model_market.hpp"

// clang-format off: one rule, one line.
namespace perpetua::model {

struct Trigger {
  OrderId id = 0, partner = 0, parent = 0, sent = 0;
  uint64_t age = 0; AgentId agent = 0;
  Side side = Side::buy; TriggerKind kind = TriggerKind::stop;
  int64_t at = 0, limit = 0, lots = 0, held = 0, reserve_price = 0, trail = 0, moves_at = 0,
          position_max = 0;
  uint32_t slippage_ppm = 0; uint16_t leverage = 0;
  bool is_protective = true, is_market = true, has_fired = false, is_agents_max = false;
  bool falls() const { return (kind == TriggerKind::stop) == (side == Side::sell); }
};

// In reserve.
inline void refuse_malformed(const PlaceTrigger& p, const MarketSpec& spec) {
  const bool is_protective = (p.flags & kReduceOnly) != 0;
  const bool has_stop = p.stop.value > 0, has_target = p.take_profit.value > 0;
  const bool trails = p.trail.value > 0;
  refuse_if(std::min({p.stop.value, p.take_profit.value, p.stop_limit.value,
                      p.take_profit_limit.value, p.trail.value, p.lots.value}) < 0,
            invalid_request);
  refuse_if((has_stop && trails) || !(has_stop || trails || has_target), invalid_request);
  refuse_if(p.stop_limit.value > 0 && !has_stop, invalid_request);
  refuse_if(p.take_profit_limit.value > 0 && !has_target, invalid_request);
  refuse_if(!is_protective && ((p.flags & kReplaceTriggers) != 0 || trails ||
                               (has_stop && has_target)), invalid_request);
  refuse_if(!is_protective && p.lots.value == 0, invalid_quantity);
  refuse_if(p.slippage_ppm > spec.slippage_max_ppm, invalid_slippage, p.slippage_ppm,
            spec.slippage_max_ppm);
  const int64_t low = spec.price_min.value, high = spec.price_max.value;
  for (const Price price : {p.stop, p.stop_limit, p.take_profit, p.take_profit_limit})
    refuse_if(price.value != 0 && (price.value < low || price.value > high), price_out_of_band,
              price.value, low, high);
  refuse_if(p.trail.value > high, price_out_of_band, p.trail.value, 1, high);
}
inline void refuse_bracket(const Market& market, const Order& order) {
  if (!order.has_bracket()) return;
  const int64_t low = market.spec.price_min.value, high = market.spec.price_max.value;
  refuse_if(order.reduces(), invalid_request);
  for (const int64_t at : {order.stop_loss, order.take_profit})
    refuse_if(at != 0 && (at < low || at > high), price_out_of_band, at, low, high);
  const int64_t s = sign(order.side);
  const int64_t opens = s * std::min(s * order.price.value, s * market.mark);
  refuse_if(order.stop_loss != 0 && s * (order.stop_loss - opens) >= 0, trigger_wrong_side,
            order.stop_loss, opens);
  refuse_if(order.take_profit != 0 && s * (order.take_profit - opens) <= 0, trigger_wrong_side,
            order.take_profit, opens);
}

struct TriggerMarket : Market {
  std::map<uint64_t, Trigger> triggers;  // by age
  uint64_t last_trigger = 0; OrderId sending = 0;
  std::vector<uint32_t> trigger_generations, free_trigger_slots;
  std::map<AgentId, std::pair<int64_t, CancelScope>> switches;  // deadline

  bool is_met(const Trigger& t) const { return t.falls() ? mark <= t.at : mark >= t.at; }
  bool has_left(const Trigger& t) const {  // so far that a trailing one follows
    return t.moves_at != 0 && (t.falls() ? mark >= t.moves_at : mark <= t.moves_at); }
  void emit_trigger(const Trigger& t) {
    emit(EventType::trigger_changed, t.agent).trigger_changed = {
        t.id, t.partner, t.parent, t.sent, Price(t.at), Price(t.limit), Lots(t.lots),
        Micro(t.held), static_cast<uint32_t>(t.trail), t.slippage_ppm, t.leverage, t.side, t.kind,
        t.has_fired ? TriggerStatus::fired : TriggerStatus::waiting, t.is_protective, t.is_market,
        {}}; }
  Trigger* find_trigger(OrderId wanted) {
    for (auto& [age, t] : triggers) if (t.id == wanted) return &t;
    return nullptr; }
  void close_trigger(uint64_t age, CloseReason reason, ResultCode code = ok) {
    const Trigger t = triggers.at(age);
    emit(EventType::trigger_closed, t.agent).trigger_closed = {
        t.id, t.sent, Price(mark), static_cast<uint16_t>(code), reason, {}};
    books->release(t.agent, t.held);
    if (Trigger* partner = find_trigger(t.partner)) partner->partner = 0;
    free_trigger_slots.push_back(order_slot(t.id)); triggers.erase(age); }
  template <class Wanted>
  uint32_t close_triggers(AgentId agent, CloseReason reason, Wanted&& wanted) {
    uint32_t count = 0;
    for (const auto& [age, t] : std::map{triggers})
      if (t.agent == agent && wanted(t)) { close_trigger(age, reason); ++count; }
    return count; }
  void add_legs(std::vector<Trigger> legs) {
    for (Trigger& leg : legs) {
      auto& unused = free_trigger_slots;
      if (unused.empty()) unused.push_back(static_cast<uint32_t>(trigger_generations.size()));
      const uint32_t slot = unused.back(); unused.pop_back();
      trigger_generations.resize(std::max<std::size_t>(trigger_generations.size(), slot + 1));
      leg.age = ++last_trigger;
      leg.id = make_order_id(id, slot, ++trigger_generations[slot] | kTriggerGeneration);
    }
    if (legs.size() == 2) { legs[0].partner = legs[1].id; legs[1].partner = legs[0].id; }
    for (const Trigger& leg : legs) { triggers[leg.age] = leg; emit_trigger(leg); }
  }
  int64_t next_move(Side side) const {
    const int64_t step = std::max<int64_t>(1, mark * int64_t{limits::kTrailStepPpm} / kPpm);
    const int64_t next = mark - sign(side) * step;
    return next < spec.price_min.value || next > spec.price_max.value ? 0 : next; }

  Outcome place_trigger(const PlaceTrigger& wanted, const Order& order) {
    const bool is_protective = (wanted.flags & kReduceOnly) != 0;
    const bool replaces = (wanted.flags & kReplaceTriggers) != 0;
    const int64_t base = positions[order.agent].base;
    refuse_if(is_protective && base == 0, no_position);
    Trigger leg;
    leg.agent = order.agent; leg.lots = wanted.lots.value; leg.is_protective = is_protective;
    leg.side = !is_protective ? wanted.side : base > 0 ? Side::sell : Side::buy;
    leg.slippage_ppm = wanted.slippage_ppm; leg.held = order.held;
    leg.leverage = is_protective ? 0 : order.leverage; leg.reserve_price = order.reserve_price;
    leg.position_max = order.position_max; leg.is_agents_max = order.is_agents_max;
    std::vector<Trigger> legs;
    const auto add = [&](TriggerKind kind, int64_t at, Price limit) {
      leg.kind = kind; leg.at = at; leg.is_market = limit.value == 0;
      leg.limit = is_protective ? limit.value : order.price.value;
      leg.trail = kind == TriggerKind::stop ? wanted.trail.value : 0;
      leg.moves_at = leg.trail > 0 ? next_move(leg.side) : 0;
      legs.push_back(leg); };
    const int64_t trailed = mark + sign(leg.side) * wanted.trail.value;
    if (wanted.trail.value > 0) add(TriggerKind::stop, trailed, Price(0));
    if (wanted.stop.value > 0) add(TriggerKind::stop, wanted.stop.value, wanted.stop_limit);
    if (wanted.take_profit.value > 0)
      add(TriggerKind::take_profit, wanted.take_profit.value, wanted.take_profit_limit);
    for (const Trigger& each : legs) {
      refuse_if(each.at < spec.price_min.value || each.at > spec.price_max.value,
                price_out_of_band, each.at, spec.price_min.value, spec.price_max.value);
      refuse_if(is_met(each), trigger_wrong_side, each.at, mark); }
    int64_t held = 0;
    for (const auto& [age, t] : triggers)
      held += t.agent == order.agent && !(replaces && t.is_protective);
    refuse_if(held + static_cast<int64_t>(legs.size()) > limits::kTriggersPerAgentMax,
              too_many_triggers, held, limits::kTriggersPerAgentMax);
    if (replaces)
      close_triggers(order.agent, replaced, [](const Trigger& t) { return t.is_protective; });
    add_legs(legs);
    Outcome outcome = done(triggers.at(last_trigger + 1 - legs.size()).id);
    outcome.status = OrderStatus::open;
    if (legs.size() == 2) outcome.values[0] = static_cast<int64_t>(triggers.at(last_trigger).id);
    for (const Trigger& each : legs)
      outcome.values[each.kind == TriggerKind::stop ? 1 : 2] = each.at;
    return outcome;
  }
  Outcome cancel_trigger(AgentId agent, OrderId wanted) {
    const Trigger* t = find_trigger(wanted);
    refuse_if(t == nullptr || t->agent != agent, order_not_found);
    const int64_t at = t->at;
    close_trigger(t->age, cancelled);
    return {ok, OrderStatus::cancelled, cancelled, 0, wanted, {0, 0, 0, at}};
  }
  Outcome cancel_scope(AgentId agent, CancelScope scope, CloseReason reason) {
    Outcome outcome;
    if (scope != CancelScope::triggers) {
      outcome = cancel_each(agent, reason);
      outcome.count += close_triggers(agent, reason,
                                      [](const Trigger& t) { return !t.is_protective; }); }
    if (scope != CancelScope::orders)
      outcome.count += close_triggers(agent, reason, [](const Trigger&) { return true; });
    return outcome;
  }
  void position_ended(AgentId agent) override {
    close_triggers(agent, position_closed,
                   [&](const Trigger& t) { return t.is_protective && t.id != sending; }); }
  void arm(const Order& order) override {
    close_triggers(order.agent, replaced, [](const Trigger& t) { return t.parent != 0; });
    Trigger leg;
    leg.agent = order.agent; leg.side = opposite(order.side); leg.parent = order.order_id;
    std::vector<Trigger> legs;
    leg.at = order.stop_loss;
    if (leg.at != 0) legs.push_back(leg);
    leg.at = order.take_profit; leg.kind = TriggerKind::take_profit;
    if (leg.at != 0) legs.push_back(leg);
    books->reach("a bracket that is armed"); add_legs(legs);
  }

  // In advance.
  void fire_triggers(bool is_mark_new) {
    for (const auto& [age, t] : std::map{triggers})
      if (is_mark_new && t.has_fired && triggers.contains(age) && may_trade(triggers.at(age))) {
        books->reach("a trigger that sends again"); send(triggers.at(age)); }
    std::vector<std::tuple<bool, int64_t, uint64_t>> due;  // rises, way, age
    for (const auto& [age, t] : triggers) {
      if (t.has_fired) continue;
      if (is_met(t)) due.emplace_back(!t.falls(), t.falls() ? -t.at : t.at, age);
      if (has_left(t)) due.emplace_back(t.falls(), t.falls() ? t.moves_at : -t.moves_at, age); }
    std::ranges::sort(due);
    books->reach("several triggers at one mark", due.size() > 1);
    for (const auto& [rises, way, age] : due) {
      const auto found = triggers.find(age);
      if (found == triggers.end() || found->second.has_fired) continue;
      Trigger& t = found->second;
      if (is_met(t)) { fire(t); continue; }
      t.at = std::clamp(mark + sign(t.side) * t.trail, spec.price_min.value, spec.price_max.value);
      t.moves_at = next_move(t.side);
      books->reach("a trailing stop that follows"); emit_trigger(t);
    }
  }
  void fire(Trigger& t) {
    if (const Trigger* partner = find_trigger(t.partner)) close_trigger(partner->age, other_fired);
    t.has_fired = true; books->reach("a trailing stop that fires", t.trail > 0); send(t); }
  Order order_of(const Trigger& t) const {
    Order order;
    order.agent = t.agent; order.side = t.side; order.lots = Lots(t.lots); order.flags = kTriggered;
    order.kind = t.is_market ? OrderKind::market : OrderKind::limit;
    order.time_in_force = t.is_market ? TimeInForce::ioc : TimeInForce::gtc;
    order.leverage = std::max<uint16_t>(1, t.leverage);
    order.price = Price(t.limit); order.reserve_price = t.reserve_price; order.held = t.held;
    order.position_max = t.position_max; order.is_agents_max = t.is_agents_max;
    if (t.is_protective) {
      const bool sells = t.side == Side::sell;
      const Wide slippage = t.slippage_ppm == 0 ? spec.slippage_default_ppm : t.slippage_ppm;
      const Wide bound = sells ? ceil_div(mark * (kPpm - slippage), kPpm)
                               : floor_div(mark * (kPpm + slippage), kPpm);
      const auto [low, high] = band();
      const int64_t limit = sells ? std::max(t.limit, low) : std::min(t.limit, high);
      order.price = t.is_market ? std::clamp(Price(narrow(bound)), spec.price_min, spec.price_max)
                                : Price(limit);
      order.flags |= kReduceOnly | (t.lots == 0 ? kClosePosition : 0);
      order.stp = SelfTradePrevention::cancel_oldest;
    }
    return order;
  }
  bool may_trade(const Trigger& t) const {
    const Order order = order_of(t);
    const int64_t touching = best(opposite(t.side));
    return touching != 0 && sign(t.side) * (order.price.value - touching) >= 0; }
  void send(Trigger& live) {
    const Trigger t = live;
    const Order order = order_of(t);
    live.held = 0; sending = t.id;
    Outcome outcome;
    try { outcome = Market::place(order); } catch (const Refusal& refusal) {
      outcome = refusal.outcome; books->release(order.agent, order.held); }
    sending = 0;
    const bool stays = t.is_protective && t.is_market;
    books->reach("a trigger whose order is refused", outcome.code != ok);
    books->reach("a trigger that the limit of its key refuses", outcome.code == key_limited);
    books->reach("a trigger that the limit of its agent refuses", outcome.code == limit_exceeded);
    if (outcome.code != ok) { if (!stays) close_trigger(t.age, refused, outcome.code); return; }
    Trigger& now = triggers.at(t.age);
    now.lots = std::max<int64_t>(0, t.lots - outcome.values[0]); now.sent = outcome.id;
    const bool has_more = reducible(order) > 0 && (t.lots == 0 || now.lots > 0);
    if (stays && has_more) emit_trigger(now); else close_trigger(t.age, triggered);
  }

  // 21: dead-man's switches.
  void set_switch(AgentId agent, int64_t deadline_ms, CancelScope scope) {
    switches[agent] = {deadline_ms, scope};
    if (deadline_ms == 0) switches.erase(agent);
    emit(EventType::switch_changed, agent).switch_changed = {deadline_ms, scope, {}}; }
  Outcome cancel_all_after(AgentId agent, int64_t deadline_ms, CancelScope scope) {
    set_switch(agent, deadline_ms, scope);
    return done(0, deadline_ms); }
  void act_on_switches(int64_t now_ms) {
    std::set<std::tuple<int64_t, AgentId, CancelScope>> due;
    for (const auto& [agent, armed] : switches)
      if (armed.first <= now_ms) due.insert({armed.first, agent, armed.second});
    for (const auto& [deadline_ms, agent, scope] : due) {
      books->reach("a switch that cancels", cancel_scope(agent, scope, dead_man).count > 0);
      set_switch(agent, 0, scope); }
  }
};

}  // namespace perpetua::model
// clang-format on
