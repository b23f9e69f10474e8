// One market of the naive model, written from docs/rules.md sections 4 to 6 and 8 alone.
//
// The oracle of the differential test: ordered maps, copies, 128-bit integers and exceptions for
// refusals; clarity over speed, nothing shared with the engine but the records. A market is a value:
// a fill-or-kill order is tried on a copy. Single-threaded. Amounts are micro-USDC, sizes lots,
// prices ticks; what may leave int64 is Wide until a rule has bounded it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "engine/schema/batch.hpp"
#include "engine/schema/market_spec.hpp"

namespace perpetua::model {

using Wide = Int128;

inline Wide floor_div(Wide a, Wide b) { return a / b - (a % b < 0 ? 1 : 0); }
inline Wide ceil_div(Wide a, Wide b) { return a / b + (a % b > 0 ? 1 : 0); }
inline int64_t narrow(Wide a) { return a > INT64_MAX ? INT64_MAX : static_cast<int64_t>(a); }

struct Refusal {
  Outcome outcome;
};

inline void refuse_if(bool condition, ResultCode code, Wide a = 0, Wide b = 0, Wide c = 0) {
  if (condition) throw Refusal{rejected(code, narrow(a), narrow(b), narrow(c))};
}

inline Outcome done(uint64_t id = 0, int64_t a = 0, int64_t b = 0, int64_t c = 0) {
  return {ResultCode::ok, OrderStatus::none, CloseReason::none, 0, id, {a, b, c}};
}

// `lots` are all lots of the order once it rests, 0 while a budget is its size.
struct Order : OrderAccepted {
  AgentId agent = 0;
  int64_t filled = 0;
  int64_t filled_notional = 0;
  int64_t held = 0;  // its reservation; in an amendment: what was reserved for it
  uint64_t age = 0;  // counts up with every order that enters the book
  int64_t reserve_price = 0;  // from here on: only while it goes through the loop
  int64_t budget_left = 0;
  int64_t last_price = 0;     // of its last fill
  std::size_t last_fill = 0;  // index of the event of its last fill

  int64_t rest() const { return lots.value - filled; }
  bool reduces() const { return (flags & (kReduceOnly | kClosePosition)) != 0; }
  bool has_budget() const { return budget.value > 0; }
  bool may_rest() const {
    return kind == OrderKind::limit &&
           (time_in_force == TimeInForce::gtc || time_in_force == TimeInForce::gtd);
  }
};

struct Position {
  int64_t base = 0;
  int64_t entry = 0;
  int64_t margin = 0;
  int64_t signed_entry() const { return base < 0 ? -entry : entry; }
  int sign() const { return (base > 0) - (base < 0); }
};

struct Settings {
  uint16_t leverage = 0;
  uint8_t netting = 0;
};

struct Credit {  // what a market does to an account, once the ledger settles
  AgentId agent = 0;
  int64_t free = 0;
  int64_t reserved = 0;
  int64_t margin = 0;
};

struct Operation {  // what the ledger sends to a market
  const Command* command = nullptr;
  uint32_t index = 0;
  Order order;  // place, amend: as it is wanted
};

struct Leg {  // one side of a fill, worked out but not applied
  Position after;
  int64_t share = 0;
  int64_t fee = 0;
  int64_t realised = 0;
  int64_t margin_change = 0;
  int64_t credit = 0;
  bool allowed = false;
};

struct Market {
  MarketId id = 0;
  MarketSpec spec;
  int64_t mark = 0;
  std::map<OrderId, Order> orders;  // the open ones
  std::map<std::pair<int64_t, uint64_t>, OrderId> book[2];  // best price first, then age
  std::map<AgentId, std::map<uint64_t, OrderId>> own;       // by age
  std::set<std::pair<int64_t, OrderId>> expiries;
  std::map<AgentId, Position> positions;
  std::map<AgentId, Settings> settings;
  std::vector<uint32_t> generations;  // of each slot ever used
  std::vector<uint32_t> free_slots;
  uint64_t last_age = 0;
  uint64_t last_trade = 0;
  Wide fees = 0;
  int64_t base_sum = 0;       // over all positions: always 0
  Wide long_minus_short = 0;  // entry notionals of all positions
  std::vector<Event> events;  // of this round
  std::vector<Credit> credits;
  uint32_t command = kNoCommand;  // being worked on

  // ---- Prices and margins

  Wide notional(Wide price, Wide lots) const { return price * lots * spec.value_per_tick_lot_micro; }
  Wide required(Wide amount, Wide leverage) const {
    return ceil_div(amount, leverage) + ceil_div(amount * spec.taker_fee_ppm, kPpm);
  }
  int64_t best(Side side) const {  // 0 = none
    const auto& queue = book[static_cast<int>(side)];
    return queue.empty() ? 0 : std::abs(queue.begin()->first.first);
  }
  std::pair<int64_t, int64_t> band() const {
    const Wide low = floor_div(Wide{mark} * (kPpm - spec.price_band_ppm), kPpm);
    const Wide high = ceil_div(Wide{mark} * (kPpm + spec.price_band_ppm), kPpm);
    return {std::max(spec.price_min.value, narrow(low)), std::min(spec.price_max.value, narrow(high))};
  }
  int64_t reserve_price(Side side, int64_t price) const {
    if (side == Side::buy) return price;
    const Wide highest = std::max(best(Side::buy), mark);
    const Wide buffered = ceil_div(highest * (kPpm + spec.sell_reserve_buffer_ppm), kPpm);
    return std::min(spec.price_max.value, std::max(price, narrow(buffered)));
  }
  Wide maintenance(Wide amount) const {
    Wide most = 0, deduction = 0, twice_before = 0;
    for (uint32_t n = 0; n < spec.tier_count; ++n) {
      const Wide twice = 2 * Wide{spec.tiers[n].max_leverage};
      const Wide lower = spec.tiers[n].lower_notional_micro;
      if (n > 0) deduction += ceil_div(lower, twice) - ceil_div(lower, twice_before);
      most = std::max(most, ceil_div(amount, twice) - deduction);
      twice_before = twice;
    }
    return most;
  }

  // ---- Orders of an agent, the book, slots

  Settings& settings_of(AgentId agent) {
    const Settings unset{static_cast<uint16_t>(spec.default_leverage), 0};
    return settings.try_emplace(agent, unset).first->second;
  }
  Order* find(AgentId agent, OrderId order_id, const ClientId& client_id) {
    if (order_id != 0) {
      const auto found = orders.find(order_id);
      return found != orders.end() && found->second.agent == agent ? &found->second : nullptr;
    }
    for (const auto& [age, each] : own[agent]) {
      if (orders.at(each).client_id == client_id) return &orders.at(each);
    }
    return nullptr;
  }
  int64_t open_lots(AgentId agent, Side side) {
    int64_t lots = 0;
    for (const auto& [age, each] : own[agent]) {
      const Order& order = orders.at(each);
      if (order.side == side && !order.reduces()) lots += order.rest();
    }
    return lots;
  }
  int64_t reducible(const Order& order) {  // what the position gives an order of this side
    return std::max<int64_t>(0, -sign(order.side) * positions[order.agent].base);
  }

  static std::pair<int64_t, uint64_t> queue_key(const Order& order) {
    return {-sign(order.side) * order.price.value, order.age};
  }
  void enter(const Order& order) {
    orders[order.order_id] = order;
    book[static_cast<int>(order.side)][queue_key(order)] = order.order_id;
    own[order.agent][order.age] = order.order_id;
    if (order.time_in_force != TimeInForce::gtd) return;
    expiries.insert({order.expires_at_ms, order.order_id});
  }
  void leave(const Order& order) {
    book[static_cast<int>(order.side)].erase(queue_key(order));
    own[order.agent].erase(order.age);
    expiries.erase({order.expires_at_ms, order.order_id});
    orders.erase(order.order_id);
  }
  void close(OrderId order_id, CloseReason reason) {
    const Order order = orders.at(order_id);
    emit_closed(order, order.rest(), order.rest(), reason);
    release(order.agent, order.held);
    leave(order);
    free_slots.push_back(order_slot(order_id));
  }
  OrderId new_id() {
    if (free_slots.empty()) {
      generations.push_back(0);
      free_slots.push_back(static_cast<uint32_t>(generations.size() - 1));
    }
    const uint32_t slot = free_slots.back();
    free_slots.pop_back();
    return make_order_id(id, slot, ++generations[slot]);
  }

  // ---- Events and credits

  Event& emit(EventType type, AgentId agent) {
    return events.emplace_back(type, agent, id, command);
  }
  Event settings_event(AgentId agent, uint32_t index) {
    Event event(EventType::settings_changed, agent, id, index);
    event.settings_changed = {settings_of(agent).leverage, settings_of(agent).netting, {}};
    return event;
  }
  void emit_closed(const Order& order, int64_t left, int64_t removed, CloseReason reason) {
    emit(EventType::order_closed, order.agent).order_closed = {
        order.order_id, order.price, Lots(left), Lots(removed), order.side, reason, {}};
  }
  void release(AgentId agent, int64_t amount) { credits.push_back({agent, amount, -amount, 0}); }
  static Outcome about(const Order& order, OrderStatus status, CloseReason reason, int64_t lots) {
    return {ResultCode::ok, status, reason, 0, order.order_id,
            {order.filled, order.filled_notional, lots, order.price.value}};
  }
  static OrderStatus resting_status(const Order& order) {
    return order.filled > 0 ? OrderStatus::partially_filled : OrderStatus::open;
  }

  // ---- Operations

  void expire(int64_t log_time_ms) {
    command = kNoCommand;
    while (!expiries.empty() && expiries.begin()->first <= log_time_ms) {
      close(expiries.begin()->second, CloseReason::expired);
    }
  }

  Outcome run(const Operation& operation, int64_t log_time_ms) {
    command = operation.index;
    const Command& wanted = *operation.command;
    try {
      switch (wanted.header.type) {
        case CommandType::place_order: return place(operation.order);
        case CommandType::amend_order: return amend(operation.order);
        case CommandType::cancel_order: return cancel(wanted.header.agent, wanted.cancel);
        case CommandType::cancel_all: return cancel_all(wanted.header.agent);
        case CommandType::set_netting:
          return set_netting(wanted.header.agent, wanted.set_netting.netting);
        default: return update_price(wanted.update_price, log_time_ms);
      }
    } catch (const Refusal& refusal) {
      if (operation.order.agent != 0) release(operation.order.agent, operation.order.held);
      return refusal.outcome;
    }
  }

  Outcome update_price(const UpdatePrice& update, int64_t log_time_ms) {
    const int64_t price = update.price.value;
    refuse_if(price < spec.price_min.value || price > spec.price_max.value,
              ResultCode::price_invalid);
    refuse_if(update.source_time_ms < Wide{log_time_ms} - limits::kIndexStaleAfterMs,
              ResultCode::price_stale);
    const int64_t step = std::max<int64_t>(1, mark * int64_t{limits::kIndexStepPpm} / kPpm);
    mark = mark == 0 ? price : std::clamp(price, mark - step, mark + step);
    emit(EventType::price_updated, 0).price_updated = {Price(mark), Price(mark),
                                                       update.source_time_ms, {}};
    return done(0, mark, mark);
  }

  Outcome set_netting(AgentId agent, uint8_t netting) {
    const int64_t base = positions[agent].base;
    const int64_t bought = open_lots(agent, Side::buy), sold = open_lots(agent, Side::sell);
    const int64_t conflicting = base > 0 ? sold : base < 0 ? bought : std::min(bought, sold);
    refuse_if(netting == 0 && conflicting > 0, ResultCode::conflicting_position, base, conflicting);
    settings_of(agent).netting = netting == 0 ? 0 : 1;
    events.push_back(settings_event(agent, command));
    return done();
  }

  Outcome cancel(AgentId agent, const CancelOrder& wanted) {
    const Order* found = find(agent, wanted.order_id, wanted.client_id);
    refuse_if(found == nullptr, ResultCode::order_not_found);
    const Outcome outcome =
        about(*found, OrderStatus::cancelled, CloseReason::cancelled, found->rest());
    close(found->order_id, CloseReason::cancelled);
    return outcome;
  }

  Outcome cancel_all(AgentId agent) {
    Outcome outcome;
    for (; !own[agent].empty(); ++outcome.count) {
      close(own[agent].begin()->second, CloseReason::cancel_all);
    }
    return outcome;
  }

  Outcome place(Order order) {
    if (order.reduces()) {
      const bool closes = (order.flags & kClosePosition) != 0;
      const int64_t most = reducible(order);
      refuse_if(most == 0, closes ? ResultCode::no_position : ResultCode::reduce_only_would_increase);
      order.lots = Lots(closes ? most : std::min(order.lots.value, most));
    } else if (settings_of(order.agent).netting == 0) {
      const int64_t opposing = open_lots(order.agent, opposite(order.side));
      refuse_if(reducible(order) > 0 || opposing > 0, ResultCode::conflicting_position,
                positions[order.agent].base, opposing);
    }
    const std::size_t open = own[order.agent].size();
    refuse_if(order.may_rest() && open >= limits::kOpenOrdersPerAgentMax,
              ResultCode::too_many_open_orders, open, limits::kOpenOrdersPerAgentMax);
    refuse_exposure(order);
    refuse_crossing(order);
    refuse_if(order.time_in_force == TimeInForce::fok && !fills_completely(order),
              ResultCode::fok_unfillable);
    order.order_id = new_id();
    const std::size_t accepted = events.size();
    emit(EventType::order_accepted, order.agent).order_accepted = order;
    const Outcome outcome = finish(order, match(order));
    events[accepted].order_accepted.rested = Lots(outcome.values[2]);
    return outcome;
  }

  Outcome amend(Order wanted) {
    const Order* found = find(wanted.agent, wanted.order_id, {});
    refuse_if(found == nullptr, ResultCode::order_not_found);
    const Order before = *found;
    wanted.filled = before.filled;
    wanted.filled_notional = before.filled_notional;
    refuse_if(wanted.rest() <= 0, ResultCode::invalid_quantity, wanted.lots.value, wanted.filled);
    leave(before);
    const bool keeps_priority = wanted.price == before.price && wanted.lots <= before.lots;
    int64_t kept = 0;
    try {
      if (!keeps_priority) {
        if (wanted.reduces() && wanted.rest() > reducible(wanted)) {
          wanted.lots = Lots(wanted.filled + reducible(wanted));
        }
        refuse_exposure(wanted);
        refuse_crossing(wanted);
      }
    } catch (const Refusal&) {
      enter(before);
      throw;
    }
    if (!wanted.reduces()) {
      const int64_t price = keeps_priority ? wanted.price.value : wanted.reserve_price;
      kept = narrow(required(notional(price, wanted.rest()), wanted.leverage));
    }
    release(wanted.agent, before.held + wanted.held - kept);
    wanted.held = kept;
    const std::size_t amended = events.size();
    emit(EventType::order_amended, wanted.agent).order_amended = {
        wanted.order_id, before.price, Lots(before.rest()), wanted.price, Lots(wanted.rest()),
        wanted.lots, wanted.side, keeps_priority, {}};
    if (keeps_priority) {
      wanted.age = before.age;
      enter(wanted);
      return about(wanted, resting_status(wanted), CloseReason::none, wanted.rest());
    }
    const Outcome outcome = finish(wanted, match(wanted));
    events[amended].order_amended.rested = Lots(outcome.values[2]);
    return outcome;
  }

  // ---- Entry, section 4

  void refuse_exposure(const Order& order) {
    if (order.reduces()) return;
    const Wide held_lots = std::max<Wide>(0, Wide{sign(order.side)} * positions[order.agent].base);
    const Wide lots = held_lots + open_lots(order.agent, order.side);
    const Wide own_lots = order.has_budget() ? order.budget.value / notional(order.price.value, 1)
                                             : Wide{order.rest()};
    const Wide exposure = order.has_budget()
                              ? notional(order.price.value, lots) + order.budget.value
                              : notional(order.price.value, lots + own_lots);
    refuse_if(exposure > spec.position_notional_max.value, ResultCode::position_too_large, exposure,
              spec.position_notional_max.value);
    uint32_t allowed = 0;
    for (uint32_t n = 0; n < spec.tier_count; ++n) {
      if (spec.tiers[n].lower_notional_micro <= exposure) allowed = spec.tiers[n].max_leverage;
    }
    refuse_if(order.leverage > allowed, ResultCode::leverage_too_high, order.leverage, allowed);
    if (order.kind == OrderKind::market) return;
    const Wide margin = ceil_div(notional(order.price.value, own_lots), order.leverage);
    const Wide loss = notional(sign(order.side) * (order.price.value - mark), own_lots);
    const auto [low, high] = band();
    refuse_if(margin - std::max<Wide>(0, loss) < maintenance(notional(mark, own_lots)),
              ResultCode::price_out_of_band, order.price.value, low, high);
  }

  void refuse_crossing(Order& order) {
    const int64_t touching = best(opposite(order.side)), s = sign(order.side);
    if (order.post_only == PostOnly::none || touching == 0) return;
    if (s * (order.price.value - touching) < 0) return;
    const int64_t slid = touching - s;
    refuse_if(order.post_only == PostOnly::reject || slid < spec.price_min.value ||
                  slid > spec.price_max.value ||
                  (order.side == Side::sell && slid > order.reserve_price),
              ResultCode::would_cross, touching);
    order.price = Price(slid);
  }

  bool fills_completely(Order order) const {
    Market trial = *this;
    trial.match(order);
    if (!order.has_budget()) return order.rest() == 0;
    return order.filled > 0 && order.budget_left < notional(order.last_price, 1);
  }

  // ---- The loop, section 5

  CloseReason match(Order& taker) {
    while (taker.has_budget() ? taker.budget_left > 0 : taker.rest() > 0) {
      const auto& queue = book[static_cast<int>(opposite(taker.side))];
      if (queue.empty()) return CloseReason::none;
      Order& maker = orders.at(queue.begin()->second);
      const int64_t price = maker.price.value;
      if (sign(taker.side) * (price - taker.price.value) > 0) return CloseReason::none;
      if (taker.side == Side::sell && !taker.reduces() && !taker.has_budget() &&
          price > taker.reserve_price) {
        return CloseReason::price_moved;
      }
      if (maker.agent == taker.agent && taker.stp != SelfTradePrevention::allow) {
        const CloseReason reason = CloseReason::self_trade_prevention;
        if (taker.stp != SelfTradePrevention::cancel_newest) close(maker.order_id, reason);
        if (taker.stp != SelfTradePrevention::cancel_oldest) return reason;
        continue;
      }
      const int64_t most =
          taker.has_budget() ? narrow(taker.budget_left / notional(price, 1)) : taker.rest();
      if (most == 0) return CloseReason::budget_spent;
      int64_t lots = std::min(maker.rest(), most);
      if (maker.reduces()) lots = std::min(lots, reducible(maker));
      if (lots == 0) {
        close(maker.order_id, CloseReason::position_closed);
        continue;
      }
      if (taker.reduces()) lots = std::min(lots, reducible(taker));
      if (lots == 0) return CloseReason::position_closed;
      const Leg made = leg(positions[maker.agent], maker, price, lots, spec.maker_fee_ppm,
                           share(maker, price, lots, price));
      if (!made.allowed) {
        close(maker.order_id, CloseReason::would_be_liquidated);
        continue;
      }
      const Position& before = maker.agent == taker.agent ? made.after : positions[taker.agent];
      const Leg taken = leg(before, taker, price, lots, spec.taker_fee_ppm,
                            share(taker, price, lots, taker.reserve_price));
      if (!taken.allowed) return CloseReason::would_be_liquidated;
      fill(taker, maker, taken, made, lots);
    }
    return CloseReason::none;
  }

  // What the reservation of `order`, made at `reserved_at`, frees for a fill of `lots` at `price`.
  Wide share(const Order& order, int64_t price, int64_t lots, int64_t reserved_at) const {
    if (order.reduces()) return 0;
    const Wide left = order.has_budget() ? order.budget_left : notional(reserved_at, order.rest());
    const Wide used = notional(order.has_budget() ? price : reserved_at, lots);
    return required(left, order.leverage) - required(left - used, order.leverage);
  }

  Leg leg(const Position& before, const Order& order, int64_t price, int64_t lots, uint32_t rate,
          Wide share) const {
    const int64_t s = sign(order.side), size = std::abs(before.base);
    const int64_t reduced = s * before.base < 0 ? std::min(lots, size) : 0;
    const int64_t increased = lots - reduced;
    const Wide fee = ceil_div(notional(price, lots) * rate, kPpm);
    Wide realised = 0, released = 0, entry_out = 0, added = 0;
    if (reduced > 0) {
      const Wide part = Wide{before.entry} * reduced;
      entry_out = before.base > 0 ? ceil_div(part, size) : floor_div(part, size);
      realised = before.sign() * (notional(price, reduced) - entry_out);
      released = floor_div(Wide{before.margin} * reduced, size);
    }
    if (increased > 0) {
      const Wide initial = ceil_div(notional(price, increased), order.leverage);
      added = std::min(initial, reduced == 0 ? share - fee : share);
    }
    const Position after{before.base + s * lots,
                         narrow(before.entry - entry_out + notional(price, increased)),
                         narrow(before.margin + added - released)};
    const Wide credit = share + released + realised - added - fee;
    const Wide value = notional(mark, std::abs(after.base));
    const bool pays = reduced == 0 || credit - (increased == 0 ? share : 0) >= 0;
    const Wide equity = after.margin + s * (value - after.entry);
    const bool safe = increased == 0 ||
                      (std::abs(after.base) <= lots_max(spec).value && equity >= maintenance(value));
    return {after, narrow(share), narrow(fee), narrow(realised), narrow(added - released),
            narrow(credit), pays && safe};
  }

  void fill(Order& taker, Order& maker, const Leg& taken, const Leg& made, int64_t lots) {
    const Price price = maker.price;
    const AgentId maker_agent = maker.agent;
    ++last_trade;
    const bool maker_turned = apply(made, maker, lots, price);
    const bool taker_turned = apply(taken, taker, lots, price);
    std::swap(credits.end()[-2], credits.end()[-1]);
    int64_t left = taker.rest();
    if (taker.has_budget()) {
      taker.budget_left -= narrow(notional(price.value, lots));
      left = narrow(taker.budget_left / notional(price.value, 1));
    }
    taker.last_price = price.value;
    taker.last_fill = events.size();
    const bool is_done = taker.has_budget() ? taker.budget_left == 0 : left == 0;
    emit_fill(taken, taker, lots, price, left, maker_agent, 1, is_done);
    emit_fill(made, maker, lots, price, maker.rest(), taker.agent, 0, maker.rest() == 0);
    if (maker.rest() == 0) {
      free_slots.push_back(order_slot(maker.order_id));
      leave(Order{maker});
    }
    if (maker_turned) close_reducing(maker_agent);
    if (taker_turned) close_reducing(taker.agent);
  }

  void close_reducing(AgentId agent) {
    for (const auto& [age, each] : std::map{own[agent]}) {
      if (orders.at(each).reduces()) close(each, CloseReason::position_closed);
    }
  }

  // True if the position became zero or changed its sign.
  bool apply(const Leg& leg, Order& order, int64_t lots, Price price) {
    Position& position = positions[order.agent];
    const int sign_before = position.sign();
    base_sum += leg.after.base - position.base;
    long_minus_short += leg.after.signed_entry() - position.signed_entry();
    fees += leg.fee;
    position = leg.after;
    order.filled += lots;
    order.filled_notional += narrow(notional(price.value, lots));
    order.held -= leg.share;
    credits.push_back({order.agent, leg.credit, -leg.share, leg.margin_change});
    return sign_before != 0 && position.sign() != sign_before;
  }

  void emit_fill(const Leg& leg, const Order& order, int64_t lots, Price price, int64_t left,
                 AgentId other, uint8_t is_taker, uint8_t is_done) {
    emit(EventType::fill, order.agent).fill = {
        last_trade, order.order_id, price, Lots(lots), Lots(left), Micro(leg.fee),
        Micro(leg.realised), Lots(leg.after.base), Micro(leg.after.entry), Micro(leg.after.margin),
        other, order.side, is_taker, is_done, {}};
  }

  Outcome finish(Order& taker, CloseReason stop) {
    const int64_t rest = taker.has_budget()
                             ? narrow(taker.budget_left / notional(taker.price.value, 1))
                             : taker.rest();
    bool is_filled = taker.has_budget() ? taker.budget_left == 0 : rest == 0;
    const bool runs_dry = stop == CloseReason::none && !is_filled;
    bool rests = false;
    if (taker.has_budget() && taker.time_in_force == TimeInForce::fok) {
      stop = CloseReason::budget_spent;
    } else if (runs_dry && !taker.may_rest()) {
      stop = CloseReason::ioc_remainder;
    } else if (runs_dry && taker.reduces() && positions[taker.agent].base == 0) {
      stop = CloseReason::position_closed;
    } else if (runs_dry) {
      rests = rest > 0;
      stop = rests ? CloseReason::none : CloseReason::budget_spent;
    }
    if (stop == CloseReason::budget_spent && taker.filled > 0) {
      is_filled = true;
      stop = CloseReason::none;
      events[taker.last_fill].fill.order_done = 1;
    }
    const Wide resting = notional(taker.price.value, rest);
    const Wide kept = rests && !taker.reduces() ? required(resting, taker.leverage) : 0;
    release(taker.agent, taker.held - narrow(kept));
    if (!rests) {
      if (!is_filled) emit_closed(taker, rest, 0, stop);
      free_slots.push_back(order_slot(taker.order_id));
      return about(taker, is_filled ? OrderStatus::filled : OrderStatus::cancelled, stop, 0);
    }
    taker.held = narrow(kept);
    taker.lots = Lots(taker.filled + rest);
    taker.budget = Micro(0);
    taker.age = ++last_age;
    enter(taker);
    return about(taker, resting_status(taker), CloseReason::none, rest);
  }
};

}  // namespace perpetua::model
