// One market of the naive model, written from docs/rules.md sections 4 to 6, 8 and 9 alone: the
// oracle of the differential test; model_perpetual.hpp adds what makes it a perpetual. Ordered
// maps, copies, 128-bit integers, refusals as exceptions; clarity over speed, nothing shared with
// the engine but the records. A market is a value: a fill-or-kill order is tried on a copy.
// Single-threaded. Amounts are micro-USDC, sizes lots, prices ticks; what may leave int64 is Wide
// until a rule has bounded it.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>
#include "engine/schema/batch.hpp"
#include "engine/schema/market_spec.hpp"

// clang-format off: one rule, one line.
namespace perpetua::model {
using enum ResultCode;
using enum CloseReason;
using Wide = Int128;
inline Wide floor_div(Wide a, Wide b) { return a / b - (a % b < 0 ? 1 : 0); }
inline Wide ceil_div(Wide a, Wide b) { return a / b + (a % b > 0 ? 1 : 0); }
inline int64_t narrow(Wide a) { return a > INT64_MAX ? INT64_MAX : static_cast<int64_t>(a); }
inline int number(Side side) { return static_cast<int>(side); }

struct Refusal { Outcome outcome; };
inline void refuse_if(bool condition, ResultCode code, Wide a = 0, Wide b = 0, Wide c = 0) {
  if (condition) throw Refusal{rejected(code, narrow(a), narrow(b), narrow(c))}; }
inline Outcome done(uint64_t id = 0, int64_t a = 0, int64_t b = 0, int64_t c = 0) {
  return {ok, OrderStatus::none, none, 0, id, {a, b, c}}; }

struct Order : OrderAccepted {  // its lots: all of them once it rests, 0 while a budget is its size
  AgentId agent = 0;
  int64_t filled = 0, filled_notional = 0;
  int64_t held = 0;  // its reservation; of an amendment: what was reserved for it
  uint64_t age = 0;  // counts up with every order that enters the book
  int64_t reserve_price = 0, budget_left = 0;         // in the loop, as are price and event
  int64_t last_price = 0; std::size_t last_fill = 0;  // of its last fill
  int64_t fees = 0; TradeCause cause = TradeCause::order;
  int64_t stop_loss = 0, take_profit = 0, position_max = 0;  // bracket; limit of key or agent
  bool is_agents_max = false;
  bool has_bracket() const { return stop_loss != 0 || take_profit != 0; }
  int64_t rest() const { return lots.value - filled; }
  bool has_budget() const { return budget.value > 0; }
  bool is_spent() const { return has_budget() ? budget_left == 0 : rest() == 0; }
  bool reduces() const { return (flags & (kReduceOnly | kClosePosition)) != 0; }
  bool is(TimeInForce wanted) const { return time_in_force == wanted; }
  bool may_rest() const {
    return kind == OrderKind::limit && (is(TimeInForce::gtc) || is(TimeInForce::gtd)); }
};

struct Position { int64_t base = 0, entry = 0, margin = 0, realised = 0; };
struct Closing { Position after; Wide entry = 0, realised = 0, released = 0; };
inline Closing closing(const Position& p, int64_t lots, Wide value) {  // section 10
  const int64_t size = std::abs(p.base);
  const Wide part = Wide{p.entry} * lots;
  const Wide out = p.base > 0 ? ceil_div(part, size) : floor_div(part, size);
  const Wide realised = p.base > 0 ? value - out : out - value;
  const Wide released = floor_div(Wide{p.margin} * lots, size);
  const int64_t base = p.base > 0 ? p.base - lots : p.base + lots;
  return {{base, narrow(p.entry - out), narrow(p.margin - released),
           narrow(p.realised + realised)}, out, realised, released};
}
inline bool turns(const Position& from, const Position& to) {  // to zero or to the other side
  return from.base > 0 ? to.base <= 0 : from.base < 0 && to.base >= 0; }
struct Leg {  // one side of a fill, worked out but not applied
  Position after; bool allowed = false;
  Wide share = 0, fee = 0, realised = 0, margin_change = 0, credit = 0;
};
struct Account {
  int64_t free = 0, reserved = 0, margin = 0, faucet_opened_ms = 0, faucet_used = 0, paid_in = 0,
          on_chain_ms = 0;
  uint64_t events = 0, keys = 0;  // private events so far; live keys
  Wide in_use() const { return Wide{reserved} + margin; }
  Wide collateral() const { return free + in_use(); }
};
struct Books {  // what the ledger and all markets write to; markets never read an account
  std::vector<Account> accounts = std::vector<Account>(1);  // [0] is the exchange, always empty
  std::vector<Event> events;      // of this batch
  std::vector<AgentId> touched;   // in this round
  uint32_t command = kNoCommand;  // being worked on
  Event& emit(EventType type, AgentId agent, MarketId market = kNoMarket) {
    return events.emplace_back(type, agent, market, command); }
  void credit(AgentId agent, Wide free, Wide reserved, Wide margin) {
    if (agent == 0 || (free == 0 && reserved == 0 && margin == 0)) return;  // a fund has none
    Account& a = accounts[agent];
    a.free += narrow(free); a.reserved += narrow(reserved); a.margin += narrow(margin);
    if (std::ranges::find(touched, agent) == touched.end()) touched.push_back(agent);
  }
  void release(AgentId agent, int64_t amount) { credit(agent, amount, -amount, 0); }
  std::map<std::string_view, uint64_t> reached;  // rare branches, for the coverage
  void reach(std::string_view branch, bool is_reached = true) { reached[branch] += is_reached; }
};

struct Market {
  virtual ~Market() = default;
  virtual void position_ended(AgentId) {}  // after its reduce-only orders
  virtual void arm(const Order&) {}        // its bracket
  Books* books = nullptr;
  MarketId id = 0; MarketSpec spec; int64_t mark = 0;
  std::map<OrderId, Order> orders;                          // the open ones
  std::map<std::pair<int64_t, uint64_t>, OrderId> book[2];  // best price first, then age
  std::map<AgentId, std::map<uint64_t, OrderId>> own;       // by age
  std::set<std::pair<int64_t, OrderId>> expiries;
  std::map<AgentId, Position> positions; std::map<AgentId, uint16_t> leverages;
  std::set<AgentId> netting_agents;
  std::vector<uint32_t> generations, free_slots;  // the first: of each slot ever used
  uint64_t last_age = 0, last_trade = 0; int64_t last_price = 0; Wide fees = 0;
  Wide notional(Wide p, Wide lots) const { return p * lots * spec.value_per_tick_lot_micro; }
  Wide required(Wide amount, Wide leverage) const {
    return ceil_div(amount, leverage) + ceil_div(amount * spec.taker_fee_ppm, kPpm); }
  int64_t reservation(const Order& order, int64_t lots, int64_t price) const {
    return order.reduces() ? 0 : narrow(required(notional(price, lots), order.leverage)); }
  int64_t rest_at(int64_t price, const Order& order) const {
    return order.has_budget() ? narrow(order.budget_left / notional(price, 1)) : order.rest(); }
  int64_t best(Side side) const {  // 0 = none
    return book[number(side)].empty() ? 0 : std::abs(book[number(side)].begin()->first.first); }
  std::pair<int64_t, int64_t> band() const {
    const Wide low = floor_div(Wide{mark} * (kPpm - spec.price_band_ppm), kPpm);
    const Wide high = ceil_div(Wide{mark} * (kPpm + spec.price_band_ppm), kPpm);
    const int64_t least = spec.price_min.value, most = spec.price_max.value;
    return {std::max(least, narrow(low)), std::min(most, narrow(high))};
  }
  void refuse_outside_band(int64_t price) const {
    const auto [low, high] = band();
    refuse_if(price < low || price > high, price_out_of_band, price, low, high); }
  int64_t reserve_price(Side side, int64_t price) const {
    const Wide highest = std::max(best(Side::buy), mark), buffer = spec.sell_reserve_buffer_ppm;
    const int64_t buffered = narrow(ceil_div(highest * (kPpm + buffer), kPpm));
    return side == Side::buy ? price : std::min(spec.price_max.value, std::max(price, buffered)); }
  Wide maintenance(Wide amount) const {
    Wide most = 0, deduction = 0, twice_before = 1;
    for (uint32_t n = 0; n < spec.tier_count; ++n) {
      const Wide twice = 2 * spec.tiers[n].max_leverage, lower = spec.tiers[n].lower_notional_micro;
      if (n > 0) deduction += ceil_div(lower, twice) - ceil_div(lower, twice_before);
      most = std::max(most, ceil_div(amount, twice) - deduction);
      twice_before = twice;
    }
    return most;
  }
  uint16_t leverage_of(AgentId agent) const {
    return leverages.contains(agent) ? leverages.at(agent)
                                     : static_cast<uint16_t>(spec.default_leverage); }
  Order* find(AgentId agent, OrderId order_id, const ClientId& client_id) {
    for (const auto& [age, each] : own[agent])
      if (order_id != 0 ? each == order_id : orders.at(each).client_id == client_id)
        return &orders.at(each);
    return nullptr;
  }
  int64_t open_lots(AgentId agent, Side side, OrderId except = 0) {
    int64_t lots = 0;
    for (const auto& [age, each] : own[agent])
      if (const Order& o = orders.at(each); o.side == side && !o.reduces() && each != except)
        lots += o.rest();
    return lots;
  }
  int64_t reducible(const Order& order) {  // what the position gives an order of this side
    return std::max<int64_t>(0, -sign(order.side) * positions[order.agent].base); }
  static std::pair<int64_t, uint64_t> queue_key(const Order& order) {
    return {-sign(order.side) * order.price.value, order.age}; }
  void enter(const Order& order) {
    orders[order.order_id] = order;
    book[number(order.side)][queue_key(order)] = own[order.agent][order.age] = order.order_id;
    if (order.expires_at_ms != 0) expiries.insert({order.expires_at_ms, order.order_id}); }
  void leave(const Order& order) {
    book[number(order.side)].erase(queue_key(order)); own[order.agent].erase(order.age);
    expiries.erase({order.expires_at_ms, order.order_id}); orders.erase(order.order_id); }
  void close(Order order, CloseReason reason) {
    emit_closed(order, order.rest(), order.rest(), reason); books->release(order.agent, order.held);
    leave(order); free_slots.push_back(order_slot(order.order_id)); }
  OrderId new_id() {
    if (free_slots.empty()) free_slots.push_back(static_cast<uint32_t>(generations.size()));
    const uint32_t slot = free_slots.back(); free_slots.pop_back();
    generations.resize(std::max<std::size_t>(generations.size(), slot + 1));
    return make_order_id(id, slot, ++generations[slot]);
  }
  Event& emit(EventType type, AgentId agent) { return books->emit(type, agent, id); }
  Outcome emit_settings(AgentId agent) {
    const bool nets = netting_agents.contains(agent);
    emit(EventType::settings_changed, agent).settings_changed = {leverage_of(agent), nets, {}};
    return done(); }
  void emit_closed(const Order& order, int64_t left, int64_t removed, CloseReason reason) {
    emit(EventType::order_closed, order.agent).order_closed = {
        order.order_id, order.price, Lots(left), Lots(removed), order.side, reason, {}}; }
  static Outcome about(const Order& o, OrderStatus status, CloseReason reason, int64_t lots) {
    return {ok, status, reason, 0, o.order_id, {o.filled, o.filled_notional, lots, o.price.value}};
  }
  static Outcome resting(const Order& o) {
    using enum OrderStatus;
    return about(o, o.filled > 0 ? partially_filled : open, CloseReason::none, o.rest()); }

  // Operations: sections 6, 7 and 8.
  void expire(int64_t log_time_ms) {
    while (!expiries.empty() && expiries.begin()->first <= log_time_ms)
      close(orders.at(expiries.begin()->second), expired); }
  Outcome set_netting(AgentId agent, bool chooses) {
    const int64_t base = positions[agent].base;
    const int64_t bought = open_lots(agent, Side::buy), sold = open_lots(agent, Side::sell);
    const int64_t conflicting = base > 0 ? sold : base < 0 ? bought : std::min(bought, sold);
    refuse_if(!chooses && conflicting > 0, conflicting_position, base, conflicting);
    if (chooses) netting_agents.insert(agent); else netting_agents.erase(agent);
    return emit_settings(agent);
  }
  Outcome cancel(AgentId agent, OrderId order_id, const ClientId& client_id) {
    const Order* found = find(agent, order_id, client_id);
    refuse_if(found == nullptr, order_not_found);
    const Order before = *found;
    close(before, cancelled);
    return about(before, OrderStatus::cancelled, cancelled, before.rest());
  }
  Outcome cancel_each(AgentId agent, CloseReason reason = cancel_all) {
    Outcome outcome;
    for (auto& mine = own[agent]; !mine.empty(); ++outcome.count)
      close(orders.at(mine.begin()->second), reason);
    return outcome;
  }
  Outcome place(Order order) {
    const int64_t most = reducible(order);
    if (order.reduces()) {
      const bool closes = (order.flags & kClosePosition) != 0;
      refuse_if(most == 0, closes ? no_position : reduce_only_would_increase);
      order.lots = Lots(closes ? most : std::min(order.lots.value, most));
    } else if (!netting_agents.contains(order.agent)) {
      const int64_t base = positions[order.agent].base;
      const int64_t opposing = open_lots(order.agent, opposite(order.side));
      refuse_if(most > 0 || opposing > 0, conflicting_position, base, opposing);
    }
    const Wide open = own[order.agent].size(), open_max = limits::kOpenOrdersPerAgentMax;
    refuse_if(order.may_rest() && open >= open_max, too_many_open_orders, open, open_max);
    refuse_exposure(order); refuse_crossing(order);
    if (order.is(TimeInForce::fok)) {
      Market trial = *this;
      Books scratch = *books;
      Order tried = order;
      if (tried.stp == SelfTradePrevention::allow) tried.stp = SelfTradePrevention::cancel_newest;
      trial.books = &scratch; trial.match(tried);
      refuse_if(tried.filled == 0 || rest_at(tried.last_price, tried) > 0, fok_unfillable);
    }
    order.order_id = new_id();
    const std::size_t accepted = books->events.size();
    emit(EventType::order_accepted, order.agent).order_accepted = order;
    if (order.has_bracket())
      emit(EventType::order_bracket, order.agent).order_bracket = {
          order.order_id, Price(order.stop_loss), Price(order.take_profit), {}};
    const Outcome outcome = finish(order, match(order));
    books->events[accepted].order_accepted.rested = Lots(outcome.values[2]);
    return outcome;
  }
  Outcome amend(Order order) {
    const Order* found = find(order.agent, order.order_id, {});
    refuse_if(found == nullptr, order_not_found);
    const Order before = *found;
    const bool keeps_priority = order.price == before.price && order.lots <= before.lots;
    order.filled = before.filled; order.filled_notional = before.filled_notional;
    order.stop_loss = before.stop_loss; order.take_profit = before.take_profit;
    refuse_if(order.rest() <= 0, invalid_quantity, order.lots.value, order.filled);
    if (!keeps_priority) {
      const int64_t most = order.reduces() ? reducible(order) : order.rest();
      order.lots = Lots(order.filled + std::min(order.rest(), most));
      refuse_exposure(order); refuse_crossing(order);
    }
    leave(before);
    const int64_t price = keeps_priority ? order.price.value : order.reserve_price;
    const int64_t kept = reservation(order, order.rest(), price);
    books->release(order.agent, before.held + std::exchange(order.held, kept) - kept);
    const std::size_t amended = books->events.size();
    emit(EventType::order_amended, order.agent).order_amended = {
        order.order_id, before.price, Lots(before.rest()), order.price, Lots(order.rest()),
        order.lots, order.side, keeps_priority, {}};
    if (keeps_priority) { enter(order); return resting(order); }
    const Outcome outcome = finish(order, match(order));
    books->events[amended].order_amended.rested = Lots(outcome.values[2]);
    return outcome;
  }

  // Entry: section 4.
  void refuse_exposure(const Order& order) {
    if (order.reduces()) return;
    const int64_t price = order.price.value, s = sign(order.side), lots = rest_at(price, order);
    const Wide position = std::max<Wide>(0, Wide{s} * positions[order.agent].base);
    const Wide ahead = position + open_lots(order.agent, order.side, order.order_id);
    const Wide size = order.has_budget() ? Wide{order.budget.value} : notional(price, lots);
    const Wide exposure = notional(price, ahead) + size, most = spec.position_notional_max.value;
    refuse_if(exposure > most, position_too_large, exposure, most);
    const int which = order.is_agents_max ? static_cast<int>(RiskLimit::position)
                                          : static_cast<int>(KeyLimit::position_notional);
    refuse_if(order.position_max > 0 && exposure > order.position_max,
              order.is_agents_max ? limit_exceeded : key_limited, which, exposure,
              order.position_max);
    uint32_t allowed = 0;
    for (uint32_t n = 0; n < spec.tier_count; ++n)
      if (spec.tiers[n].lower_notional_micro <= exposure) allowed = spec.tiers[n].max_leverage;
    refuse_if(order.leverage > allowed, leverage_too_high, order.leverage, allowed);
    const Wide loss = std::max<Wide>(0, notional(s * (price - mark), lots));
    const Wide equity = ceil_div(notional(price, lots), order.leverage) - loss;
    const bool is_dead = equity < maintenance(notional(mark, lots));
    refuse_if(order.kind == OrderKind::limit && is_dead, price_out_of_band, price, band().first,
              band().second);
  }
  void refuse_crossing(Order& order) {
    const int64_t touching = best(opposite(order.side)), s = sign(order.side);
    const bool crosses = touching != 0 && s * (order.price.value - touching) >= 0;
    if (order.post_only == PostOnly::none || !crosses) return;
    const Price slid(touching - s);
    const bool is_outside = slid < spec.price_min || slid > spec.price_max ||
                            (order.side == Side::sell && slid.value > order.reserve_price);
    refuse_if(is_outside || order.post_only == PostOnly::reject, would_cross, touching);
    order.price = slid;
  }

  // The loop: section 5.
  CloseReason match(Order& taker) {
    while (!taker.is_spent()) {
      const auto& queue = book[number(opposite(taker.side))];
      if (queue.empty()) break;
      Order& maker = orders.at(queue.begin()->second);
      const int64_t price = maker.price.value;
      if (sign(taker.side) * (price - taker.price.value) > 0) break;
      const bool is_bounded = taker.side == Side::sell && !taker.reduces() && !taker.has_budget();
      if (is_bounded && price > taker.reserve_price) return price_moved;
      const bool is_self = maker.agent == taker.agent;
      if (is_self && taker.stp != SelfTradePrevention::allow) {
        if (taker.stp != SelfTradePrevention::cancel_newest) close(maker, self_trade_prevention);
        if (taker.stp != SelfTradePrevention::cancel_oldest) return self_trade_prevention;
        continue;
      }
      const int64_t wanted = rest_at(price, taker);
      if (wanted == 0) return budget_spent;
      int64_t lots = std::min(maker.rest(), wanted);
      if (maker.reduces()) lots = std::min(lots, reducible(maker));
      if (lots == 0) { close(maker, position_closed); continue; }
      if (taker.reduces()) lots = std::min(lots, reducible(taker));
      if (lots == 0) return position_closed;
      const Leg made = leg(positions[maker.agent], maker, lots, price, price, spec.maker_fee_ppm);
      if (!made.allowed) { close(maker, would_be_liquidated); continue; }
      const Position before = is_self ? made.after : positions[taker.agent];
      const Leg taken = taker.cause == TradeCause::order
          ? leg(before, taker, lots, price, taker.reserve_price, spec.taker_fee_ppm)
          : closing_leg(before, taker, lots, price);
      if (!taken.allowed) return would_be_liquidated;
      books->reach("a liquidation fill without its full fee",
                   taker.cause == TradeCause::liquidation &&
                   taken.fee * kPpm < notional(price, lots) * 5'000);
      fill(taker, maker, taken, made, lots, turns(before, taken.after));
    }
    return none;
  }
  Leg leg(const Position& before, const Order& order, int64_t lots, int64_t price,
          int64_t reserved_at, Wide fee_ppm) const {
    const int64_t s = sign(order.side), size = std::abs(before.base);
    const int64_t reduced = s * before.base < 0 ? std::min(lots, size) : 0;
    const int64_t increased = lots - reduced;
    const bool b = order.has_budget();
    const Wide left = b ? Wide{order.budget_left} : notional(reserved_at, order.rest());
    const Wide used = notional(b ? price : reserved_at, lots), leverage = order.leverage;
    Leg leg;
    leg.share = order.reduces() ? 0 : required(left, leverage) - required(left - used, leverage);
    leg.fee = ceil_div(notional(price, lots) * fee_ppm, kPpm);
    const Wide part = Wide{before.entry} * reduced, whole = std::max<int64_t>(1, size);
    const Wide entry_out = before.base > 0 ? ceil_div(part, whole) : floor_div(part, whole);
    const Wide released = floor_div(Wide{before.margin} * reduced, whole);
    const Wide added = std::min(ceil_div(notional(price, increased), leverage),
                                reduced == 0 ? leg.share - leg.fee : leg.share);
    leg.realised = -s * (notional(price, reduced) - entry_out);
    leg.margin_change = added - released;
    leg.credit = leg.share + leg.realised - leg.margin_change - leg.fee;
    const Wide entry = before.entry - entry_out + notional(price, increased);
    leg.after = {before.base + s * lots, narrow(entry), narrow(before.margin + leg.margin_change),
                 narrow(before.realised + leg.realised)};
    const int64_t size_after = std::abs(leg.after.base);
    const Wide value = notional(mark, size_after), equity = leg.after.margin + s * (value - entry);
    const bool pays = leg.credit - (increased == 0 ? leg.share : 0) >= 0;
    const bool is_safe = size_after <= lots_max(spec).value && equity >= maintenance(value);
    leg.allowed = (reduced == 0 || pays) && (increased == 0 || is_safe);
    return leg;
  }
  // The side of a liquidation or of the fund: rules-perpetual.md sections 15 and 16.
  Leg closing_leg(const Position& before, const Order& order, int64_t lots, int64_t price) const {
    const Closing closed = closing(before, lots, notional(price, lots));
    const Wide cash = before.margin + closed.realised, fee = notional(price, lots) * 5'000;
    const int64_t size = std::abs(closed.after.base);
    const Wide profit = -sign(order.side) * (notional(mark, size) - closed.after.entry);
    const Wide bound = std::max<Wide>(0, std::min(cash, cash + profit));
    Leg leg;
    leg.after = closed.after; leg.realised = closed.realised; leg.allowed = cash >= 0;
    if (order.cause == TradeCause::liquidation) leg.fee = std::min(ceil_div(fee, kPpm), bound);
    const bool leaves = size == 0 && order.agent != 0;
    leg.credit = leaves ? cash - leg.fee : 0;
    leg.after.margin = leaves ? 0 : narrow(cash - leg.fee);
    leg.margin_change = Wide{leg.after.margin} - before.margin;
    return leg;
  }
  void fill(Order& taker, Order& maker, const Leg& taken, const Leg& made, int64_t lots,
            bool turned) {
    const AgentId maker_agent = maker.agent;
    const Order of_maker = maker;
    const bool maker_turned = turns(positions[maker_agent], made.after);
    ++last_trade; last_price = maker.price.value;
    apply(taken, taker, lots, maker.price, maker_agent, true, taker.cause);
    apply(made, maker, lots, maker.price, taker.agent, false, taker.cause);
    positions[taker.agent] = taken.after;  // of an agent's two sides the taker's comes last
    if (maker.is_spent()) { free_slots.push_back(order_slot(maker.order_id)); leave(Order{maker}); }
    if (maker_turned) close_reducing(maker_agent);
    if (turned) close_reducing(taker.agent);
    arm_bracket(of_maker, orders.contains(of_maker.order_id) ? &orders.at(of_maker.order_id)
                                                             : nullptr);
    arm_bracket(Order{taker}, &taker);
  }
  void arm_bracket(const Order& order, Order* live) {
    if (!order.has_bracket() || sign(order.side) * positions[order.agent].base <= 0) return;
    if (live != nullptr) live->stop_loss = live->take_profit = 0;
    arm(order); }
  void apply(const Leg& leg, Order& order, int64_t lots, Price price, AgentId other, bool takes,
             TradeCause cause) {
    const int64_t amount = narrow(notional(price.value, lots)), share = narrow(leg.share);
    order.filled += lots; order.filled_notional += amount; order.held -= share;
    if (order.has_budget()) order.budget_left -= amount;
    order.last_price = price.value; order.last_fill = books->events.size();
    positions[order.agent] = leg.after; order.fees += narrow(leg.fee);
    if (order.cause == TradeCause::liquidation) positions[0].margin += narrow(leg.fee);
    else fees += leg.fee;
    books->credit(order.agent, leg.credit, -share, leg.margin_change);
    emit(EventType::fill, order.agent).fill = {
        last_trade, order.order_id, price, Lots(lots), Lots(rest_at(price.value, order)),
        Micro(narrow(leg.fee)), Micro(narrow(leg.realised)), Lots(leg.after.base),
        Micro(leg.after.entry), Micro(leg.after.margin), other, order.side, takes,
        order.is_spent(), cause, {}};
  }
  void close_reducing(AgentId agent) {
    for (const auto& [age, each] : std::map{own[agent]})
      if (orders.at(each).reduces()) close(orders.at(each), position_closed);
    position_ended(agent); }
  Outcome finish(Order& taker, CloseReason stop) {
    const int64_t rest = rest_at(taker.price.value, taker);
    const bool is_flat = taker.reduces() && positions[taker.agent].base == 0;
    bool is_filled = taker.is_spent();
    if (taker.is(TimeInForce::fok) && taker.has_budget()) stop = budget_spent;
    if (stop == none && !is_filled) {
      stop = !taker.may_rest() ? ioc_remainder : is_flat ? position_closed
             : rest == 0       ? budget_spent  : none;
    }
    if (stop == budget_spent && taker.filled > 0) {
      is_filled = true; stop = none;
      books->events[taker.last_fill].fill.order_done = 1;
    }
    const bool rests = !is_filled && stop == none;
    const int64_t kept = rests ? reservation(taker, rest, taker.price.value) : 0;
    books->release(taker.agent, taker.held - kept);
    if (!rests) {
      free_slots.push_back(order_slot(taker.order_id));
      if (!is_filled) emit_closed(taker, rest, 0, stop);
      return about(taker, is_filled ? OrderStatus::filled : OrderStatus::cancelled, stop, 0);
    }
    taker.lots = Lots(taker.filled + rest); taker.budget = Micro(0);
    taker.held = kept; taker.age = ++last_age; enter(taker);
    return resting(taker);
  }
};

}  // namespace perpetua::model
// clang-format on
