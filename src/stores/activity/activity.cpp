#include "stores/activity/activity.hpp"

#include "stores/activity/match_fold.hpp"
#include "stores/agent_fold.hpp"
#include "stores/memory/hot_store.hpp"
#include "stores/order_fold.hpp"
#include "stores/perpetual_fold.hpp"

namespace perpetua::stores {

namespace {

bool is_forced(const FillView& fill) { return fill.is_taker && fill.cause != TradeCause::order; }

}  // namespace

void Activity::apply(const AppliedBatch& batch) {
  described_.clear();
  described_intents_.clear();
  positions_.start_batch();
  for (std::size_t i = 0; i < batch.events.size(); ++i) apply_event(batch, i);
  visit_violations(batch, [this](const ViolationView& row) { violations_.add(row); });
}

void Activity::apply_event(const AppliedBatch& batch, std::size_t index) {
  const Event& event = batch.events[index];
  switch (event.header.type) {
    case EventType::order_accepted:
    case EventType::order_amended:
    case EventType::order_closed:
    case EventType::order_bracket:
      return apply_order(batch, event);
    case EventType::fill:
      // Taker and maker of a trade stand next to each other.
      if (event.fill.is_taker != 0) apply_fill(batch, index);
      return;
    case EventType::position_changed:
      return apply_change(make_position_change(event, batch.log_time_ms));
    case EventType::ledger_entry:
      return settlements_.add(make_ledger_entry(event, batch.log_time_ms));
    case EventType::trigger_closed:
      return note_guard(event);
    case EventType::private_message:
      return note_message(event.private_message, batch);
    case EventType::agent_registered:
      return agents_.add(event.header.agent);
    case EventType::liquidation:
      return count_liquidation(event.header.agent, event.liquidation.fee);
    case EventType::funding_settled:
      return count_funding(event.funding_settled);
    default:
      return;
  }
}

void Activity::apply_order(const AppliedBatch& batch, const Event& event) {
  switch (event.header.type) {
    case EventType::order_accepted: {
      if ((event.order_accepted.flags & kIntent) == 0) return;
      const uint32_t command = event.header.command;
      const bool is_placed = command < batch.commands.size() &&
                             batch.commands[command].header.type == CommandType::place_order;
      intents_.add(make_order(event, batch.log_time_ms, intent_reason(event, batch)),
                   is_placed ? batch.commands[command].place.slippage_ppm : 0);
      agents_.intent(event.header.agent);
      return;
    }
    case EventType::order_amended:
      return intents_.amend(event, batch.log_time_ms);
    case EventType::order_bracket:
      return intents_.bracket(event);
    default:
      intents_.close(event, batch.log_time_ms);
  }
}

void Activity::apply_fill(const AppliedBatch& batch, std::size_t index) {
  const Event& taker_event = batch.events[index];
  PERPETUA_ASSERT(index + 1 < batch.events.size());
  const Event& maker_event = batch.events[index + 1];
  PERPETUA_ASSERT(maker_event.header.type == EventType::fill &&
                  maker_event.fill.trade_id == taker_event.fill.trade_id);
  const MarketSpec& spec = *hot_.market_spec(taker_event.header.market);
  const Micro traded = notional(taker_event.fill.price, taker_event.fill.lots, spec);
  const FillView taker = make_fill(taker_event, traded, batch.log_time_ms);
  const FillView maker = make_fill(maker_event, traded, batch.log_time_ms);
  const auto feed = [&](const Event& event, const FillView& fill, OrderId other) {
    if (fill.agent == 0) return;  // an insurance fund
    const Position after{event.fill.position_base, event.fill.position_entry_notional,
                         event.fill.position_margin};
    const PositionLog::Step step = positions_.fill(fill, &after);
    note_fill(fill, step);
    const bool is_intent = fill.order_id != 0 && intents_.fill(event, fill);
    const PositionRecord* position = step.current != nullptr ? step.current : step.ended;
    if (is_intent) intents_.tell(fill.order_id, other, *position);
  };
  feed(taker_event, taker, maker.order_id);
  feed(maker_event, maker, taker.order_id);
  count_fees(taker);
  count_fees(maker);
  matches_.add(make_match(taker, maker));
}

void Activity::note_message(const PrivateMessage& message, const AppliedBatch& batch) {
  if (!is_note(message)) return;
  acknowledged_.note(message.from_agent, event_text(message.text, batch.text));
}

// The partner of a trigger that fires is closed before the position ends, so it is told now.
void Activity::note_guard(const Event& event) {
  const AgentId agent = event.header.agent;
  const auto trigger = hot_.trigger(agent, event.trigger_closed.trigger_id);
  if (!trigger || trigger->reason == CloseReason::other_fired) return;
  positions_.guard(*trigger);
  if (trigger->reason != CloseReason::triggered || trigger->trigger.partner_id == 0) return;
  if (const auto partner = hot_.trigger(agent, trigger->trigger.partner_id)) {
    positions_.guard(*partner);
  }
}

void Activity::note_fill(const FillView& fill, const PositionLog::Step& step) {
  agents_.fill(fill);
  if (step.ended != nullptr) agents_.position_ended(fill.agent, step.ended->realised_pnl);
}

void Activity::apply_change(const PositionChangeView& view) {
  const PositionLog::Step step = positions_.change(view);
  agents_.change(view);
  if (step.ended != nullptr) agents_.position_ended(view.agent, step.ended->realised_pnl);
}

void Activity::count_fees(const FillView& fill) {
  const std::lock_guard guard(totals_mutex_);
  if (fill.is_taker) {
    totals_.matches += 1;
    totals_.volume += fill.notional;
  }
  if (is_forced(fill)) return;  // comes with its liquidation
  FeeTotal& fees = fill.is_taker ? totals_.taker : totals_.maker;
  fees.count += 1;
  fees.total += fill.fee;
}

void Activity::count_liquidation(AgentId agent, Micro fee) {
  if (agent == 0) return;  // of an insurance fund
  if (fee.value != 0) agents_.liquidation_fee(agent, fee);
  const std::lock_guard guard(totals_mutex_);
  totals_.liquidation.count += 1;
  totals_.liquidation.total += fee;
}

void Activity::count_funding(const FundingSettled& funding) {
  const std::lock_guard guard(totals_mutex_);
  totals_.funding.count += 1;
  totals_.funding.total += funding.due - funding.received;
}

void Activity::describe(const Event& event, std::string_view text) {
  if (event.header.type == EventType::agent_registered) {
    agents_.add(event.header.agent);
  } else if (event.header.type == EventType::position_described) {
    const PositionDescribed& described = event.position_described;
    if (event.header.agent == 0 || described.base.value == 0) return;
    described_.push_back({event.header.agent,
                          event.header.market,
                          {described.base, described.entry_notional, described.margin}});
  } else if (event.header.type == EventType::order_accepted &&
             (event.order_accepted.flags & kIntent) != 0) {
    described_intents_.emplace_back(make_described_order(event, text), 0);
  }
}

void Activity::finish_description() {
  for (const auto& [order, slippage_ppm] : described_intents_) intents_.add(order, slippage_ppm);
  positions_.adopt(described_);
}

void Activity::begin_warm() {
  agents_.clear();
  matches_.clear();
  positions_.clear();
  intents_.clear();
  settlements_.clear();
  for (const auto& [order, slippage_ppm] : described_intents_) intents_.add(order, slippage_ppm);
  const std::lock_guard guard(totals_mutex_);
  totals_ = {};
}

void Activity::warm_fill(const FillView& fill) {
  if (fill.agent != 0) note_fill(fill, positions_.fill(fill, nullptr));
  count_fees(fill);
  if (fill.is_taker) {
    warm_match_ = make_match(fill, FillView());
    return;
  }
  const bool is_its_maker =
      warm_match_.market == fill.market && warm_match_.trade_id == fill.trade_id;
  if (!is_its_maker) return;
  warm_match_.maker = fill.agent;
  warm_match_.maker_order = fill.order_id;
  warm_match_.maker_fee = fill.fee;
  matches_.add(warm_match_);
}

void Activity::warm_change(const PositionChangeView& change) { apply_change(change); }

void Activity::warm_liquidation(const LiquidationView& step) {
  count_liquidation(step.agent, step.step.fee);
}

void Activity::warm_funding(const FundingSettled& funding) { count_funding(funding); }

void Activity::warm_intent(const OrderView& order) {
  agents_.intent(order.agent);
  if (order.is_open()) {
    intents_.warm_open(order);
  } else {
    intents_.warm_closed(order);
  }
}

void Activity::warm_ledger(const LedgerEntryView& entry) { settlements_.add(entry); }

void Activity::finish_warm() {
  positions_.start_batch();
  positions_.adopt(described_);
  const auto matches = matches_.newest(SIZE_MAX);
  for (auto match = matches.rbegin(); match != matches.rend(); ++match) intents_.warm_match(*match);
}

ExchangeStatistics Activity::exchange() const {
  ExchangeStatistics result;
  {
    const std::lock_guard guard(totals_mutex_);
    result = totals_;
  }
  result.active_agents = agents_.active_agents();
  result.intents = intents_.totals();
  result.intents_by_market = intents_.totals_by_market();
  return result;
}

std::vector<RankedAgent> Activity::ranking(Ranking ranking, std::size_t limit,
                                           int64_t now_ms) const {
  return rankings_.top(ranking, limit, now_ms, agents_,
                       [this](const auto& visit) { hot_.visit_open_pnl(visit); });
}

}  // namespace perpetua::stores
