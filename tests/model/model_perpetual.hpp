// The naive model's perpetual, written from docs/rules-perpetual.md alone (its section numbers
// stand at the parts): a market of model_market.hpp with an index and a mark, funding, liquidation,
// the insurance fund (the position of agent 0), deleveraging, margins and the operator's commands.
// Scans over all positions and bisection instead of ladders and queues. Single-threaded.
#pragma once

#include <optional>
#include <tuple>
#include "model_signals.hpp"

// clang-format off: one rule, one line.
namespace perpetua::model {

struct Average {  // of irregular samples; in Q16 ticks
  Wide first_factor, num = 0, den = 0;
  void add(int64_t ticks, int64_t periods) {
    Wide factor = first_factor;
    for (int64_t n = 2; n <= periods; ++n) factor = factor * first_factor >> 32;
    num = (num * factor >> 32) + (Wide{ticks} << 16) * 3'000 * periods;
    den = (den * factor >> 32) + (Wide{3'000 * periods} << 16); }
  int64_t ticks() const { return narrow(floor_div(num << 16, den) >> 16); }
};

struct Perpetual : SignalMarket {
  int64_t now_ms = 0, index = 0, index_time_ms = 0;
  MarketMode mode = MarketMode::open;
  bool is_stale = false, is_breaker_open = false, is_sampled = false;
  uint32_t fresh_updates = 0;
  Average basis{4'209'921'245}, touch{3'886'247'119}; int64_t sample_ms = 0;
  Wide premium_sum = 0; int64_t premium_count = 0, next_premium_ms = 0, funding_hour = -1;
  Wide minute_sum = 0; int64_t minute = -1;
  std::map<AgentId, int64_t> slices;  // log time of the last one
  int64_t unwound_ms = -1, bad_debt = 0;
  std::optional<MarketSpec> next_spec; int64_t change_at_ms = 0;

  Position& fund() { return positions[0]; }
  Position fund_now() const { return positions.contains(0) ? positions.at(0) : Position{}; }
  Wide value_at(const Position& p, Wide price) const { return notional(price, std::abs(p.base)); }
  Wide value(const Position& p) const { return value_at(p, mark); }
  static int64_t side_of(const Position& p) { return p.base < 0 ? -1 : 1; }
  Wide profit_at(const Position& p, Wide price) const {
    return side_of(p) * (value_at(p, price) - p.entry); }
  Wide equity_at(const Position& p, Wide price) const { return p.margin + profit_at(p, price); }
  Wide equity(const Position& p) const { return equity_at(p, mark); }
  bool is_due_at(const Position& p, Wide price) const {
    return p.base != 0 && equity_at(p, price) < maintenance(value_at(p, price)); }
  bool is_due(const Position& p) const { return is_due_at(p, mark); }
  static Wide bankruptcy_value(const Position& p) {
    return p.base > 0 ? std::max<Wide>(0, Wide{p.entry} - p.margin) : Wide{p.entry} + p.margin; }
  bool accepts_orders() const { return mode == MarketMode::open && !is_stale; }
  void refuse_closed() const {
    refuse_if(!accepts_orders(), market_closed, static_cast<int>(mode), is_stale); }
  void fund_gets(Wide amount) {  // below zero: it pays
    const Wide cash = fund().margin + amount;
    books->reach("a bad debt", cash < 0);
    fund().margin = narrow(std::max<Wide>(0, cash)); bad_debt += narrow(std::max<Wide>(0, -cash)); }

  // Events.
  void emit_status() {
    emit(EventType::market_status, 0).market_status = {mode, is_stale, is_breaker_open, {}}; }
  void emit_price() {
    emit(EventType::price_updated, 0).price_updated = {
        Price(index), Price(mark), index_time_ms, {}}; }
  void emit_premium() {
    emit(EventType::premium_sampled, 0).premium_sampled = {
        static_cast<int64_t>(premium_sum), premium_count, {}}; }
  FundChanged fund_figures() const {
    const Position f = fund_now();
    return {Lots(f.base), Micro(f.entry), Micro(f.margin), Micro(bad_debt), {}}; }
  void emit_fund(const FundChanged& old) {
    const FundChanged f = fund_figures();
    if (std::tie(f.base, f.entry_notional, f.margin, f.bad_debt) !=
        std::tie(old.base, old.entry_notional, old.margin, old.bad_debt))
      emit(EventType::fund_changed, 0).fund_changed = f; }
  void emit_liquidation(AgentId agent, const Position& before, LiquidationStep step, int64_t lots,
                        Wide amount, Wide fee = 0) {
    emit(EventType::liquidation, agent).liquidation = {
        Lots(lots), Micro(narrow(amount)), Micro(narrow(fee)), Lots(before.base),
        Micro(narrow(equity(before))), Micro(narrow(maintenance(value(before)))), Price(mark), step,
        {}}; }
  PositionChanged& emit_change(AgentId agent, PositionChange cause, int64_t lots, Wide amount,
                               Wide gain) {
    const Position& p = positions[agent];
    PositionChanged& changed = emit(EventType::position_changed, agent).position_changed;
    changed = {Lots(lots), Micro(narrow(amount)), Micro(narrow(gain)), Lots(p.base),
               Micro(p.entry), Micro(p.margin), Micro(p.realised), 0, 0, 0, cause, {}};
    return changed; }

  // 11, 12: status and mark.
  void watch_age() {
    if (index == 0 || now_ms - index_time_ms <= limits::kIndexStaleAfterMs) return;
    fresh_updates = 0;
    if (is_stale) return;
    is_stale = true; books->reach("a stale market");
    emit_status(); }
  static int64_t median(int64_t a, int64_t b, int64_t c) {
    return std::max(std::min(a, b), std::min(std::max(a, b), c)); }
  bool has_both_sides() const { return best(Side::buy) != 0 && best(Side::sell) != 0; }
  int64_t middle() const { return (best(Side::buy) + best(Side::sell)) / 2; }
  int64_t touching() const {
    return median(best(Side::buy), best(Side::sell), last_trade == 0 ? middle() : last_price); }
  void take_sample() {
    const int64_t periods = is_sampled ? std::min<int64_t>(100, (now_ms - sample_ms) / 3'000) : 1;
    if (!has_both_sides() || periods < 1) return;
    basis.add(middle() - index, periods); touch.add(touching(), periods);
    is_sampled = true; sample_ms = now_ms;
  }
  int64_t mark_of_now() const {
    const int64_t a = index + (is_sampled ? basis.ticks() : 0);
    const int64_t b = has_both_sides() ? touching() : index;
    const int64_t c = is_sampled ? touch.ticks() : index;
    const int64_t reach = narrow(floor_div(Wide{index} * spec.mark_band_ppm, kPpm));
    const int64_t fair = std::clamp(median(a, b, c), index - reach, index + reach);
    return std::clamp(fair, spec.price_min.value, spec.price_max.value);
  }
  void advance(bool is_update) {
    watch_age();
    const FundChanged fund_before = fund_figures();
    const int64_t mark_before = mark;
    if (!is_stale) take_sample();
    if (!is_stale || mark == 0) mark = mark_of_now();
    if (is_update || mark != mark_before) emit_price();
    const bool is_live = !is_stale && mode != MarketMode::halted && mode != MarketMode::settled;
    if (is_live) take_premium();
    settle_hours();
    if (is_live) { watch_fund(); liquidate_all(); }
    if (is_live && accepts_orders()) fire_triggers(mark != mark_before);
    if (is_live) { unwind(); settle_bets(now_ms); }
    emit_fund(fund_before);
  }

  // 13: funding.
  Wide impact(Side side) const {  // of the book's side against the index, in ppb
    std::map<int64_t, int64_t> levels;  // by price, best first
    for (const auto& [key, each] : book[number(side)]) levels[key.first] += orders.at(each).rest();
    Wide lots = 0, paid = 0;
    for (const auto& [key, level] : levels) {
      const Wide price = std::abs(key);
      const Wide wanted = (spec.impact_notional.value - paid) / notional(price, 1);
      const Wide taken = std::min<Wide>(level, wanted);
      lots += taken; paid += notional(price, taken);
      if (level < wanted) continue;
      books->reach("a premium of several levels", lots > levels.begin()->second);
      const Wide fair = notional(index, lots), over = sign(side) * (paid - fair);
      return lots == 0 || over < 0 ? 0 : over * 1'000'000'000 / fair;
    }
    books->reach("a side too shallow for the impact notional", !levels.empty());
    return 0;
  }
  void take_premium() {
    if (now_ms < next_premium_ms) return;
    next_premium_ms = now_ms + 5'000;
    premium_sum += impact(Side::buy) - impact(Side::sell); ++premium_count;
    emit_premium();
  }
  void settle_hours() {
    const int64_t hour = now_ms / 3'600'000;
    if (funding_hour < 0) funding_hour = hour;
    for (int n = 0; n < 24 && funding_hour < hour; ++n) settle_hour();
    books->reach("hours of funding that are skipped", funding_hour < hour);
    funding_hour = hour;
  }
  void settle_hour() {
    const Wide average = premium_count == 0 ? 0 : premium_sum / premium_count;
    const Wide full = average + std::clamp<Wide>(100'000 - average, -500'000, 500'000);
    const bool is_off = mode == MarketMode::halted || mode == MarketMode::settled;
    const bool is_zero = is_off || premium_count < 360;
    const Wide rate = is_zero ? 0 : std::clamp<Wide>(full / 8, -40'000'000, 40'000'000);
    const auto exact = [&](const Position& p) {
      return value_at(p, index) * std::max(rate, -rate); };
    const auto pays = [&](const Position& p) {
      return p.base > 0 ? rate > 0 : p.base < 0 && rate < 0; };
    Wide due = 0, received = 0, shortage = 0;
    for (const auto& [agent, p] : positions)
      if (pays(p)) due += ceil_div(exact(p), 1'000'000'000);
      else received += exact(p) / 1'000'000'000;
    emit(EventType::funding_settled, 0).funding_settled = {
        narrow(rate), narrow(average), premium_count, funding_hour, Price(index),
        Micro(narrow(due)), Micro(narrow(received)), {}};
    premium_sum = premium_count = 0; ++funding_hour;
    for (auto& [agent, p] : positions) {
      const Wide owed = ceil_div(exact(p), 1'000'000'000), paid = std::min<Wide>(owed, p.margin);
      const Wide change = pays(p) ? -paid : exact(p) / 1'000'000'000;
      if (pays(p)) shortage += owed - paid;
      p.margin += narrow(change); books->credit(agent, 0, 0, change);
      if (agent != 0 && change != 0) emit_change(agent, PositionChange::funding, 0, 0, change);
    }
    fund_gets(due - received - shortage);
    books->reach("a rate above zero", rate > 0); books->reach("a rate below zero", rate < 0);
    books->reach("the highest rate", rate == 40'000'000);
    books->reach("a funding payer without enough margin", shortage > 0);
    books->reach("funding that a fund pays or gets", rate != 0 && fund().base != 0);
  }

  // 14, 15: liquidation.
  Wide liquidation_price(const Position& p) const {  // REQUIRES: it is due
    Wide safe = p.base > 0 ? Wide{mark} * 2 : 0, due = mark;
    while (is_due_at(p, safe)) safe *= 2;
    while (std::max(safe, due) - std::min(safe, due) > 1) {
      const Wide between = (safe + due) / 2;
      (is_due_at(p, between) ? due : safe) = between; }
    return std::min<Wide>(safe, spec.price_max.value + 1);
  }
  void liquidate_all() {
    std::vector<std::tuple<bool, Wide, AgentId>> urgent;
    for (const auto& [agent, p] : positions)
      if (agent != 0 && is_due(p))
        urgent.emplace_back(p.base < 0, -side_of(p) * liquidation_price(p), agent);
    std::ranges::sort(urgent);
    for (const auto& [is_short, price, agent] : urgent)
      if (is_due(positions[agent])) liquidate(agent);
  }
  bool is_beyond(const Position& p) const { return 3 * equity(p) < 2 * maintenance(value(p)); }
  void liquidate(AgentId agent) {
    const Position& p = positions[agent];
    cancel_scope(agent, CancelScope::orders, CloseReason::liquidation);
    if (is_beyond(p)) return take_over(agent);
    const bool is_early = slices.contains(agent) && now_ms - slices[agent] < 30'000;
    books->reach("a liquidation that waits for its next slice", is_early);
    if (is_early) return;
    if (std::exchange(minute, now_ms / 60'000) != now_ms / 60'000) minute_sum = 0;
    const bool is_open = minute_sum >= spec.liquidation_per_minute_max.value;
    if (std::exchange(is_breaker_open, is_open) != is_open) emit_status();
    books->reach("a breaker that opened", is_open);
    if (is_open) return;
    const bool is_sold = sell_slice(agent);
    books->reach("a take-over because nobody buys", !is_sold);
    books->reach("a take-over of what a slice left", is_sold && is_beyond(p));
    if (!is_sold || is_beyond(p)) take_over(agent);
  }
  int64_t slice_of(const Position& p) const {
    const Wide size = std::abs(p.base);
    if (value(p) <= 100'000'000'000) return narrow(size);
    Wide most = ceil_div(size, 5), deduction = 0, before = 1;
    for (uint32_t n = 0; n < spec.tier_count; ++n) {
      const Wide lower = spec.tiers[n].lower_notional_micro;
      const Wide divisor = 2 * spec.tiers[n].max_leverage;
      if (n > 0) deduction += ceil_div(lower, divisor) - ceil_div(lower, before);
      before = divisor;
      if (1'200'000 <= 5'000 * divisor) return narrow(size);
      const Wide part = 12 * (value(p) - deduction * divisor) * 100'000;
      most = std::max(most, ceil_div(part - equity(p) * divisor * kPpm,
                                     notional(mark, 1) * (1'200'000 - 5'000 * divisor)));
    }
    return narrow(std::min(size, most));
  }
  Order closing_order(AgentId agent, TradeCause cause, int64_t lots, Wide price) {
    Order order;
    order.agent = agent; order.cause = cause; order.time_in_force = TimeInForce::ioc;
    order.side = positions[agent].base > 0 ? Side::sell : Side::buy; order.flags = kReduceOnly;
    order.lots = Lots(lots); order.price = Price(narrow(price));
    return order; }
  bool sell_slice(AgentId agent) {  // or buy one
    const Position before = positions[agent];
    const Wide lot = notional(1, std::abs(before.base));
    const Wide bankrupt = before.base > 0 ? ceil_div(Wide{before.entry} - before.margin, lot)
                                          : floor_div(Wide{before.entry} + before.margin, lot);
    const Wide limit = std::clamp<Wide>(bankrupt, 1, spec.price_max.value);
    Order order = closing_order(agent, TradeCause::liquidation, slice_of(before), limit);
    match(order);
    if (order.filled == 0) return false;
    slices[agent] = now_ms; minute_sum += order.filled_notional;
    books->reach("a slice that is not the whole", order.lots.value < std::abs(before.base));
    books->reach("a slice of more than a fifth", order.lots.value < std::abs(before.base) &&
                 order.lots.value > ceil_div(std::abs(before.base), 5));
    books->reach("a slice that fills in part", order.rest() > 0);
    books->reach("a liquidation that ends the position", positions[agent].base == 0);
    emit_liquidation(agent, before, LiquidationStep::book, order.filled, order.filled_notional,
                     order.fees);
    return true;
  }

  // 16: the insurance fund.
  void take_over(AgentId agent) {
    const Position p = positions[agent];
    const int64_t s = side_of(p), size = std::abs(p.base);
    const Wide whole = bankruptcy_value(p), loss = s * (whole - value(p));
    const Wide cap = std::min<Wide>(lots_max(spec).value,
                                    spec.fund_notional_max.value / notional(mark, 1));
    Wide carried = std::min<Wide>(size, std::max<Wide>(0, cap - s * Wide{fund().base}));
    if (loss > 0) carried = std::min(carried, std::max<Wide>(0, equity(fund())) * size / loss);
    const Wide exact = whole * carried;
    const Wide part = carried == size ? whole
                      : s > 0 ? floor_div(exact, size) : ceil_div(exact, size);
    const int64_t taken = narrow(carried), rest = size - taken;
    positions[agent] = {0, 0, 0, p.realised - p.margin};
    books->credit(agent, 0, 0, -Wide{p.margin});
    books->reach("a take-over of the whole", rest == 0);
    books->reach("a take-over of a part", taken > 0 && rest > 0);
    books->reach("a take-over that gains", loss < 0 && taken > 0);
    if (taken > 0) {
      emit_liquidation(agent, p, LiquidationStep::taken_over, taken, part);
      fund_trades(s, taken, part); }
    if (rest > 0) {
      emit_liquidation(agent, p, LiquidationStep::deleveraged, rest, whole - part);
      deleverage(agent, s, rest, whole - part); }
    using enum PositionChange;
    emit_change(agent, rest > 0 ? deleveraged_bankrupt : taken_over, size, whole, -Wide{p.margin});
    close_reducing(agent);
  }
  void fund_trades(int64_t s, int64_t lots, Wide amount) {  // it takes a position of side s
    const int64_t reduced = s * fund().base < 0 ? std::min(lots, std::abs(fund().base)) : 0;
    const Wide reducing = reduced == lots ? amount : floor_div(amount * reduced, lots);
    books->reach("a take-over that turns the fund", reduced > 0 && reduced < lots);
    books->reach("a take-over that reduces the fund", reduced > 0);
    if (reduced > 0) close_of_fund(reduced, reducing);
    fund().base += s * (lots - reduced); fund().entry += narrow(amount - reducing);
  }
  void close_of_fund(int64_t lots, Wide amount) {
    const Closing closed = closing(fund(), lots, amount);
    fund().base = closed.after.base; fund().entry = closed.after.entry;
    fund().realised += narrow(closed.realised); fund_gets(closed.realised);
  }
  void watch_fund() {
    const Position f = fund();
    if (f.base == 0 || equity(f) >= 0) return;
    const int64_t size = std::abs(f.base);
    books->reach("a fund that is deleveraged");
    emit_liquidation(0, f, LiquidationStep::deleveraged, size, bankruptcy_value(f));
    fund() = {0, 0, 0, f.realised - f.margin};
    deleverage(0, side_of(f), size, bankruptcy_value(f));
  }
  void unwind() {
    const int64_t base = fund().base;
    if (base == 0 || (unwound_ms >= 0 && now_ms - unwound_ms < 3'000)) return;
    unwound_ms = now_ms;
    const Wide lots = std::max<Wide>(1, 20'000'000'000 / notional(mark, 1));
    const Wide bound = base < 0 ? floor_div(Wide{mark} * (kPpm + 5'000), kPpm)
                                : ceil_div(Wide{mark} * (kPpm - 5'000), kPpm);
    const Wide limit = std::clamp<Wide>(bound, spec.price_min.value, spec.price_max.value);
    const int64_t wanted = narrow(std::min<Wide>(std::abs(base), lots));
    Order order = closing_order(0, TradeCause::fund, wanted, limit);
    match(order);
    books->reach("a fund's order that fills", order.filled > 0);
    books->reach("a fund's order that fills in part", order.filled > 0 && order.rest() > 0);
  }

  // 17: auto-deleveraging.
  static constexpr Wide kNoScore = -(Wide{1} << 126);
  Wide score_of(const Position& p) const {
    const Wide profit = profit_at(p, mark), worth = equity(p);
    if (worth <= 0) return kNoScore;
    const Wide pnl = floor_div(profit * kPpm, p.entry);
    const Wide leverage = floor_div(value(p) * kPpm, worth);
    return profit > 0 ? pnl * leverage : floor_div(pnl * kPpm, std::max<Wide>(1, leverage));
  }
  void deleverage(AgentId bankrupt, int64_t s, int64_t lots, Wide amount) {
    std::vector<std::tuple<Wide, AgentId>> ranking;
    for (const auto& [agent, p] : positions)
      if (s * p.base < 0 && agent != bankrupt) ranking.emplace_back(-score_of(p), agent);
    std::ranges::sort(ranking);
    int64_t left = lots;
    Wide left_amount = amount;
    for (const bool is_second : {false, true}) {
      if (left == 0) return;
      if (is_second) fund_gets(s * (notional(mark, left) - left_amount));
      for (uint32_t rank = 1; rank <= ranking.size(); ++rank) {
        const auto [score, agent] = ranking[rank - 1];
        const Position p = positions[agent];
        const int64_t taken = std::min(left, std::abs(p.base));
        if (taken == 0) continue;
        const Wide share = taken == left ? left_amount : floor_div(amount * taken, lots);
        const Wide paid = is_second ? notional(mark, taken) : share;
        const Closing closed = closing(p, taken, paid);
        const bool is_short = closed.released + closed.realised < 0;
        books->reach("a candidate that is passed over", is_short && !is_second);
        books->reach("a candidate that cannot pay the mark", is_short && is_second);
        books->reach("a fund that is a candidate", agent == 0);
        books->reach("a candidate without equity", -score == kNoScore);
        if (!is_second && is_short) continue;
        left -= taken; left_amount -= paid;
        if (agent == 0) { close_of_fund(taken, paid); continue; }
        close_at(agent, closed);
        PositionChanged& changed =
            emit_change(agent, PositionChange::deleveraged, taken, paid, closed.realised);
        changed.score_ppm = narrow(std::max<Wide>(-INT64_MAX, -score / kPpm));
        changed.rank = rank; changed.counterparty = bankrupt;
        if (positions[agent].base == 0) close_reducing(agent);
      }
    }
    books->reach("a second pass of deleveraging");
    if (mode == MarketMode::open) { mode = MarketMode::cancel_only; emit_status(); }
  }
  void close_at(AgentId agent, const Closing& closed) {  // the fund pays what is missing
    const Wide credit = closed.released + closed.realised;
    positions[agent] = closed.after;
    books->credit(agent, std::max<Wide>(0, credit), 0, -closed.released);
    if (credit < 0) fund_gets(credit);
  }

  // 18, 19: commands, and those of the first half that depend on the status.
  Outcome tick() {
    if (index != 0) advance(false);
    return done(); }
  Outcome update_price(const UpdatePrice& update) {
    const int64_t price = update.price.value, source_ms = update.source_time_ms;
    const int64_t step = std::max<int64_t>(1, index * int64_t{limits::kIndexStepPpm} / kPpm);
    refuse_if(price < spec.price_min.value || price > spec.price_max.value, price_invalid);
    refuse_if(source_ms < now_ms - limits::kIndexStaleAfterMs, price_stale);
    index = index == 0 ? price : std::clamp(price, index - step, index + step);
    index_time_ms = source_ms;
    if (is_stale && ++fresh_updates == limits::kFreshUpdatesToResume) {
      is_stale = false; books->reach("a market that is fresh again");
      emit_status(); }
    advance(true);
    return done(0, index, mark);
  }
  Outcome place_trigger(const PlaceTrigger& wanted, const Order& order) {
    refuse_closed(); return TriggerMarket::place_trigger(wanted, order); }
  // 23: a change of the spec.
  Outcome schedule(const MarketSpec& next, const TextSpan& text, int64_t effective_at_ms) {
    const auto fixed = [](const MarketSpec& s) {
      return std::tie(s.symbol, s.tick_size_e9, s.lot_size_e9, s.value_per_tick_lot_micro,
                      s.price_min, s.price_max, s.default_leverage); };
    refuse_if(fixed(next) != fixed(spec), invalid_request);
    next_spec = next; change_at_ms = effective_at_ms;
    emit(EventType::market_change_scheduled, 0).market_change_scheduled = {
        text, effective_at_ms, {}};
    return done(); }
  void apply_change() {
    if (!next_spec || now_ms < change_at_ms) return;
    const bool cancels = next_spec->taker_fee_ppm != spec.taker_fee_ppm;
    spec = *std::exchange(next_spec, std::nullopt);
    emit(EventType::market_changed, 0);
    std::set<AgentId> owners;
    for (const auto& [agent, mine] : own) owners.insert(agent);
    for (const auto& [age, t] : triggers) owners.insert(t.agent);
    books->reach("a change of fees with orders", cancels && !orders.empty());
    for (const AgentId agent : owners) {
      if (!cancels) break;
      for (const auto& [age, each] : std::map{own[agent]})
        if (!orders.at(each).reduces()) close(orders.at(each), CloseReason::market_changed);
      close_triggers(agent, CloseReason::market_changed,
                     [](const Trigger& t) { return !t.is_protective; });
    }
  }
  Outcome place(const Order& order) { refuse_closed(); return Market::place(order); }
  Outcome amend(const Order& order) { refuse_closed(); return Market::amend(order); }
  Outcome bet(AgentId agent, const CreateSignal& wanted) {
    refuse_closed(); return create_signal(agent, wanted, now_ms); }
  Outcome bet_against(AgentId agent, uint64_t number) {
    refuse_closed(); return fade_signal(agent, number, now_ms); }
  Wide exposure(AgentId agent) {
    const int64_t open = open_lots(agent, Side::buy) + open_lots(agent, Side::sell);
    return positions[agent].entry + notional(mark, open); }
  Wide removable(const Position& p) const {
    uint32_t leverage = 1;
    for (uint32_t n = 0; n < spec.tier_count; ++n)
      if (spec.tiers[n].lower_notional_micro <= value(p)) leverage = spec.tiers[n].max_leverage;
    return p.margin + std::min<Wide>(0, profit_at(p, mark)) - ceil_div(value(p), leverage); }
  Outcome adjust_margin(AgentId agent, int64_t amount) {
    Position& p = positions[agent];
    refuse_if(p.base == 0, no_position);
    if (amount < 0) {
      refuse_closed();
      const Wide spare = removable(p), most = std::max<Wide>(0, spare);
      refuse_if(-Wide{amount} > spare, insufficient_margin, -Wide{amount}, most);
    }
    p.margin += amount;
    books->credit(agent, amount < 0 ? -amount : 0, amount > 0 ? -amount : 0, amount);
    emit_change(agent, PositionChange::margin_adjusted, 0, 0, amount);
    return done(0, p.margin);
  }
  Outcome insure(int64_t amount) {
    const FundChanged before = fund_figures();
    const int64_t repaid = std::min(amount, bad_debt);
    books->reach("a bad debt that is repaid", repaid > 0);
    bad_debt -= repaid; fund_gets(amount - repaid); emit_fund(before);
    return done();
  }
  Outcome set_mode(MarketMode wanted) {
    refuse_if(mode == MarketMode::settled, market_closed, static_cast<int>(mode), is_stale);
    refuse_if(wanted == MarketMode::settled && mark == 0, price_unavailable);
    if (wanted == mode) return done();
    const FundChanged before = fund_figures();
    const bool was_halted = mode == MarketMode::halted;
    mode = wanted; emit_status();
    if (mode == MarketMode::settled) { settle(); emit_fund(before); give_all_back(); }
    else if (was_halted && index != 0) advance(false);
    return done();
  }
  void settle() {
    std::set<AgentId> owners;
    for (const auto& [agent, mine] : own) owners.insert(agent);
    for (const auto& [age, t] : triggers) owners.insert(t.agent);
    for (const AgentId agent : owners) {
      cancel_each(agent, market_settled);
      close_triggers(agent, market_settled, [](const Trigger&) { return true; }); }
    for (const auto& [agent, p] : std::map{positions}) {
      const int64_t size = std::abs(p.base);
      if (agent == 0 || size == 0) continue;
      const Closing closed = closing(p, size, value(p));
      books->reach("a settled position that cannot pay", closed.realised + closed.released < 0);
      close_at(agent, closed);
      emit_change(agent, PositionChange::settled, size, value(p), closed.realised);
    }
    books->reach("a settled fund", fund().base != 0);
    if (fund().base != 0) close_of_fund(std::abs(fund().base), value(fund()));
  }
};

}  // namespace perpetua::model
// clang-format on
