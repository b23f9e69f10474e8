#include "stores/memory/event_feeder.hpp"

#include <cstring>

#include "stores/agent_fold.hpp"
#include "stores/health.hpp"
#include "stores/limit_fold.hpp"
#include "stores/order_fold.hpp"
#include "stores/perpetual_fold.hpp"
#include "stores/safety_fold.hpp"

namespace perpetua::stores {

void EventFeeder::enter_market(MarketId id) {
  if (market_ != nullptr && market_->id == id) return;
  leave_market();
  market_ = domains_.markets.find(id);
  PERPETUA_ASSERT(market_ != nullptr);
  lock_ = std::unique_lock(market_->mutex);
  market_->book.start_batch(batch_, time_ms_);
}

void EventFeeder::leave_market() {
  if (market_ == nullptr) return;
  lock_ = {};
  market_ = nullptr;
}

void EventFeeder::feed(const Event& event, std::string_view reason) {
  const AgentId agent = event.header.agent;
  if (agent != 0 && batch_ != 0) domains_.shard(agent).note_change(event, batch_);
  switch (event.header.type) {
    case EventType::market_created:
      create_market(event);
      break;
    case EventType::price_updated:
      update_price(event);
      break;
    case EventType::order_accepted:
    case EventType::order_amended:
    case EventType::order_closed:
    case EventType::fill:
    case EventType::position_described:
    case EventType::position_changed:
      feed_order(event, reason);
      break;
    case EventType::trigger_changed:
      domains_.triggers(event.header.agent).change(event, time_ms_);
      break;
    case EventType::trigger_closed:
      domains_.triggers(event.header.agent).close(event, time_ms_);
      break;
    case EventType::order_bracket:
      domains_.shard(event.header.agent).set_bracket(event);
      break;
    case EventType::market_change_scheduled:
      enter_market(event.header.market);
      market_->schedule_change(
          make_scheduled_change(event, event_text(event.market_change_scheduled.spec, text_)));
      break;
    case EventType::market_changed:
      enter_market(event.header.market);
      market_->apply_change();
      break;
    case EventType::market_status:
    case EventType::fund_changed:
    case EventType::premium_sampled:
    case EventType::funding_settled:
    case EventType::liquidation:
      enter_market(event.header.market);
      market_->apply(event, time_ms_, batch_ == 0);
      if (event.header.type == EventType::liquidation && event.header.agent != 0) {
        alert(make_alert(make_liquidation(event, time_ms_)));
      }
      break;
    default:
      leave_market();
      feed_ledger(event);
  }
  if (event.header.agent_sequence != 0 && event.header.agent != 0) {
    domains_.shard(event.header.agent)
        .set_sequence(event.header.agent, event.header.agent_sequence);
  }
}

void EventFeeder::feed_ledger(const Event& event) {
  const AgentId agent = event.header.agent;
  switch (event.header.type) {
    case EventType::agent_registered:
      domains_.shard(agent).add_agent(agent);
      domains_.directory.add_agent(event, text_);
      domains_.agents.add(1);
      break;
    case EventType::key_created:
      domains_.directory.add_key(event, text_);
      domains_.keys.add(1);
      break;
    case EventType::key_revoked:
      domains_.directory.remove_key(event);
      domains_.key_days.forget(event.key_revoked.key_id);
      domains_.keys.add(-1);
      break;
    case EventType::key_limits_changed:
      domains_.directory.limit_key(event);
      domains_.key_days.limit(event.key_limits_changed);
      break;
    case EventType::switch_changed:
      domains_.shard(agent).set_switch(agent, event.header.market, event.switch_changed);
      break;
    case EventType::account_changed:
      domains_.collateral +=
          domains_.shard(agent).set_account(agent, event.account_changed, time_ms_).value;
      break;
    case EventType::settings_changed:
      domains_.shard(agent).set_settings(agent, event.header.market, event.settings_changed);
      break;
    case EventType::money_described:
      domains_.money = make_money(event.money_described);
      break;
    case EventType::ledger_entry:  // its effect on the account comes with account_changed
      count_money(domains_.money, event);
      domains_.shard(agent).add_entry(event, time_ms_);
      break;
    default:
      feed_agents(event);
  }
}

// Messages, signals, what binds an agent: docs/rules-agents.md.
void EventFeeder::feed_agents(const Event& event) {
  const AgentId agent = event.header.agent;
  const bool is_described = batch_ == 0;
  switch (event.header.type) {
    case EventType::thought_posted:
      domains_.feed_of(event.thought_posted.kind).add(agent, make_thought(event, text_, time_ms_));
      domains_.thoughts_posted.add(1);
      break;
    case EventType::private_message:
      if (is_note(event.private_message)) break;
      domains_.private_messages.add(agent, make_private_message(event, text_, time_ms_));
      break;
    case EventType::signal_created:
      domains_.signals.create(event, is_described);
      domains_.escrow += event.signal_created.stake;
      if (!is_described) domains_.shard(agent).move_stake(agent, -event.signal_created.stake);
      break;
    case EventType::signal_faded:
      domains_.signals.fade(event, is_described);
      domains_.escrow += event.signal_faded.stake;
      if (!is_described) domains_.shard(agent).move_stake(agent, -event.signal_faded.stake);
      break;
    case EventType::signal_closed:
      close_signal(event);
      break;
    case EventType::betting_described:
      domains_.signals.describe_record(event);
      break;
    case EventType::risk_limits_changed:
      domains_.shard(agent).set_risk_limits(event);
      break;
    case EventType::risk_day_started:
      domains_.shard(agent).start_day(event);
      break;
    case EventType::account_described:
      domains_.shard(agent).describe_account(event);
      break;
    default:
      break;
  }
}

void EventFeeder::close_signal(const Event& event) {
  const SignalView view = domains_.signals.close(event, time_ms_);
  count_money(domains_.money, event);
  domains_.escrow -= view.is_bet() ? view.stake + view.stake : view.stake;
  if (view.end == SignalEnd::settled) {
    domains_.shard(view.winner).move_stake(view.winner, view.payout);
    return;
  }
  domains_.shard(view.creator).move_stake(view.creator, view.stake);
  if (view.is_bet()) domains_.shard(view.fader).move_stake(view.fader, view.stake);
}

void EventFeeder::create_market(const Event& event) {
  const std::string_view bytes = event_text(event.market_created.spec, text_);
  MarketSpec spec;
  PERPETUA_ASSERT(bytes.size() == sizeof spec);
  std::memcpy(&spec, bytes.data(), sizeof spec);
  leave_market();
  domains_.markets.add(event.header.market, spec);
}

void EventFeeder::update_price(const Event& event) {
  enter_market(event.header.market);
  market_->index = event.price_updated.index;
  market_->mark_ticks.store(event.price_updated.mark.value, std::memory_order_relaxed);
  market_->price_time_ms = event.price_updated.source_time_ms;
  market_->funding_hour = time_ms_ / kFundingHourMs;
  warn_owners(event);
}

// Crossings that a description finds are old news: they were reported when they happened.
void EventFeeder::warn_owners(const Event& event) {
  const Price mark = event.price_updated.mark;
  for (const AgentId agent : market_->health.on_mark(mark)) {
    if (batch_ == 0) continue;
    const Position& position = *market_->health.find(agent);
    const Micro value = notional_at(position, mark, market_->rules());
    AlertView view;
    view.sequence = event.header.sequence;
    view.agent = agent;
    view.market = market_->id;
    view.mark = mark;
    view.base = position.base;
    view.equity = equity_at(position, value);
    view.maintenance = maintenance_margin(value, market_->rules());
    view.time_ms = time_ms_;
    alert(view);
  }
}

void EventFeeder::alert(const AlertView& view) {
  domains_.shard(view.agent).add_alert(view);
  domains_.alerts.push_back(view);
}

void EventFeeder::feed_order(const Event& event, std::string_view reason) {
  enter_market(event.header.market);
  switch (event.header.type) {
    case EventType::order_accepted:
      accept_order(event, reason);
      break;
    case EventType::order_amended:
      amend_order(event);
      break;
    case EventType::order_closed:
      close_order(event);
      break;
    case EventType::fill:
      fill(event);
      break;
    case EventType::position_changed:
      change_position(event);
      break;
    default:
      note_position(
          event.header.agent,
          {event.position_described.base, event.position_described.entry_notional,
           event.position_described.margin},
          domains_.shard(event.header.agent)
              .set_position(event.header.agent, event.header.market, event.position_described));
  }
}

void EventFeeder::accept_order(const Event& event, std::string_view reason) {
  const OrderAccepted& accepted = event.order_accepted;
  if (accepted.rested.value > 0) {
    market_->book.add(accepted.side, accepted.price, accepted.rested);
  }
  const bool described = batch_ == 0;
  domains_.shard(event.header.agent)
      .add_order(described ? make_described_order(event, reason)
                           : make_order(event, time_ms_, reason));
  domains_.open_orders.add(1);
  if (!described) domains_.orders_accepted.add(1);
}

void EventFeeder::amend_order(const Event& event) {
  const OrderAmended& amended = event.order_amended;
  if (amended.resting_before.value > 0) {
    market_->book.remove(amended.side, amended.price_before, amended.resting_before, true);
  }
  if (amended.rested.value > 0) market_->book.add(amended.side, amended.price, amended.rested);
  domains_.shard(event.header.agent).amend_order(event, time_ms_);
}

void EventFeeder::close_order(const Event& event) {
  const OrderClosed& closed = event.order_closed;
  if (closed.removed_from_book.value > 0) {
    market_->book.remove(closed.side, closed.price, closed.removed_from_book, true);
  }
  domains_.shard(event.header.agent).close_order(event, time_ms_);
  domains_.open_orders.add(-1);
}

void EventFeeder::fill(const Event& event) {
  const Fill& fill = event.fill;
  const Micro traded = notional(fill.price, fill.lots, market_->rules().value_per_tick_lot_micro);
  if (fill.is_taker != 0) {
    market_->add_trade({event.header.market, fill.trade_id, fill.price, fill.lots, fill.side,
                        time_ms_, fill.cause},
                       traded);
    domains_.trades.add(1);
  } else {
    market_->book.remove(fill.side, fill.price, fill.lots, fill.order_done != 0);
  }
  count_money(domains_.money, event);
  if (event.header.agent == 0) return;  // the insurance fund: fund_changed tells its position
  note_position(
      event.header.agent, {fill.position_base, fill.position_entry_notional, fill.position_margin},
      domains_.shard(event.header.agent).add_fill(event, make_fill(event, traded, time_ms_)));
  if (fill.order_done != 0 && fill.order_id != 0) domains_.open_orders.add(-1);
}

void EventFeeder::change_position(const Event& event) {
  const PositionChanged& change = event.position_changed;
  note_position(event.header.agent, {change.base, change.entry_notional, change.margin},
                domains_.shard(event.header.agent)
                    .change_position(event.header.agent, event.header.market, change));
  if (change.cause == PositionChange::deleveraged) {
    alert(make_alert(make_position_change(event, time_ms_)));
  }
}

void EventFeeder::note_position(AgentId agent, const Position& after, const HoldingChange& change) {
  market_->health.set(agent, after);
  market_->money.long_lots += change.long_lots;
  market_->money.short_lots += change.short_lots;
  market_->money.signed_entry += change.signed_entry;
  domains_.open_positions.add(change.open_positions);
}

}  // namespace perpetua::stores
