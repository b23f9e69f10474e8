#include "describe.hpp"

#include <fmt/format.h>

namespace perpetua::model {

namespace {

std::string order_name(OrderId id) {
  if (id == 0) return "0";
  return fmt::format("m{}.s{}.g{}", order_market(id), order_slot(id), order_generation(id));
}

std::string describe_place(const PlaceOrder& p) {
  return fmt::format(
      "{} {} {} price={} lots={} budget={} slippage={} leverage={} expires={} post_only={} stp={} "
      "flags={} client={} bracket={}/{}",
      wire_name(p.side), static_cast<int>(p.kind), static_cast<int>(p.time_in_force),
      p.price.value, p.lots.value, p.budget.value, p.slippage_ppm, p.leverage, p.expires_at_ms,
      static_cast<int>(p.post_only), static_cast<int>(p.stp), p.flags,
      client_id_view(p.client_id), p.stop_loss, p.take_profit);
}

std::string describe_place_trigger(const PlaceTrigger& t) {
  return fmt::format("stop={}/{} take_profit={}/{} trail={} lots={} slippage={} leverage={} {} {}",
                     t.stop.value, t.stop_limit.value, t.take_profit.value,
                     t.take_profit_limit.value, t.trail.value, t.lots.value, t.slippage_ppm,
                     t.leverage, wire_name(t.side), t.flags);
}

std::string describe_limits(const KeyLimits& l) {
  return fmt::format("order={} position={} loss={} markets={:x} leverage={} reduce_only={}",
                     l.order_notional_max.value, l.position_notional_max.value,
                     l.daily_loss_max.value, l.markets, l.leverage_max, l.reduce_only);
}

std::string describe_risk(const RiskLimits& l) {
  return fmt::format("position={} exposure={} loss={} leverage={}", l.position_max.value,
                     l.exposure_max.value, l.daily_loss_max.value, l.leverage_max);
}

std::string describe_payload(const Command& c) {
  switch (c.header.type) {
    case CommandType::place_order: return describe_place(c.place);
    case CommandType::amend_order:
      return fmt::format("order={} client={} price={} lots={}", order_name(c.amend.order_id),
                         client_id_view(c.amend.client_id), c.amend.price.value,
                         c.amend.lots.value);
    case CommandType::cancel_order:
      return fmt::format("order={} client={}", order_name(c.cancel.order_id),
                         client_id_view(c.cancel.client_id));
    case CommandType::deposit:
    case CommandType::withdraw:
    case CommandType::transfer:
    case CommandType::claim_faucet:
      return fmt::format("amount={} to={} flags={} claim={}", c.money.amount.value,
                         c.money.to_agent, c.money.flags, c.money.claim[0]);
    case CommandType::set_leverage: return fmt::format("leverage={}", c.set_leverage.leverage);
    case CommandType::set_netting: return fmt::format("netting={}", c.set_netting.netting);
    case CommandType::update_price:
      return fmt::format("price={} source_time={}", c.update_price.price.value,
                         c.update_price.source_time_ms);
    case CommandType::register_agent:
      return fmt::format("start={} wallet={} name={} bio={} scopes={}",
                         c.register_agent.start_balance_micro, c.register_agent.wallet_length,
                         c.register_agent.display_name_length, c.register_agent.bio_length,
                         c.register_agent.scopes);
    case CommandType::adjust_margin: return fmt::format("amount={}", c.adjust_margin.amount.value);
    case CommandType::fund_insurance:
      return fmt::format("amount={}", c.fund_insurance.amount.value);
    case CommandType::set_market_mode:
      return fmt::format("mode={}", static_cast<int>(c.set_market_mode.mode));
    case CommandType::place_trigger: return describe_place_trigger(c.trigger);
    case CommandType::cancel_all: return std::string(wire_name(c.cancel_all.scope));
    case CommandType::cancel_all_after:
      return fmt::format("timeout={} {}", c.cancel_all_after.timeout_ms,
                         wire_name(c.cancel_all_after.scope));
    case CommandType::set_key_limits:
      return fmt::format("key={} {}", c.set_key_limits.key_id,
                         describe_limits(c.set_key_limits.limits));
    case CommandType::change_market:
      return fmt::format("at={}", c.change_market.effective_at_ms);
    case CommandType::create_signal:
      return fmt::format("{} target={} stake={} duration={}",
                         static_cast<int>(c.create_signal.kind), c.create_signal.target,
                         c.create_signal.stake.value, c.create_signal.duration_ms);
    case CommandType::fade_signal:
      return fmt::format("signal={:x}", c.fade_signal.signal_id);
    case CommandType::set_risk_limits:
      return fmt::format("fields={} {}", c.set_risk_limits.fields,
                         describe_risk(c.set_risk_limits.limits));
    case CommandType::consume_stream:
      return fmt::format("stream={} last={}-{} commands={}", c.consume.stream,
                         c.consume.last.milliseconds, c.consume.last.sequence,
                         c.consume.command_count);
    case CommandType::post_thought:
      return fmt::format("kind={} to={} metadata={}", static_cast<int>(c.thought.kind),
                         c.thought.to_agent, c.thought.metadata_length);
    case CommandType::configure:
      return fmt::format("cap={}", c.configure.margin_use_max_ppm);
    default: return "";
  }
}

std::string describe_fill(const Fill& f) {
  return fmt::format(
      "trade={} order={} {} {} lots={} price={} remaining={} done={} fee={} realised={} base={} "
      "entry={} margin={} counterparty={} cause={}",
      f.trade_id, order_name(f.order_id), wire_name(f.side), f.is_taker ? "taker" : "maker",
      f.lots.value, f.price.value, f.remaining.value, f.order_done, f.fee.value,
      f.realised_pnl.value, f.position_base.value, f.position_entry_notional.value,
      f.position_margin.value, f.counterparty, static_cast<int>(f.cause));
}

std::string describe_accepted(const OrderAccepted& o) {
  return fmt::format("order={} {} kind={} tif={} price={} lots={} budget={} rested={} leverage={} "
                     "expires={} post_only={} stp={} flags={} client={}",
                     order_name(o.order_id), wire_name(o.side), static_cast<int>(o.kind),
                     static_cast<int>(o.time_in_force), o.price.value, o.lots.value,
                     o.budget.value, o.rested.value, o.leverage, o.expires_at_ms,
                     static_cast<int>(o.post_only), static_cast<int>(o.stp), o.flags,
                     client_id_view(o.client_id));
}

std::string describe_status(const MarketStatus& s) {
  return fmt::format("mode={} stale={} breaker={}", static_cast<int>(s.mode), s.is_stale,
                     s.is_breaker_open);
}

std::string describe_funding(const FundingSettled& f) {
  return fmt::format("rate={} average={} samples={} hour={} index={} due={} received={}",
                     f.rate_ppb, f.average_premium_ppb, f.samples, f.hour, f.index.value,
                     f.due.value, f.received.value);
}

std::string describe_liquidation(const Liquidation& l) {
  return fmt::format("step={} lots={} value={} fee={} base={} equity={} maintenance={} mark={}",
                     static_cast<int>(l.step), l.lots.value, l.value.value, l.fee.value,
                     l.base.value, l.equity.value, l.maintenance.value, l.mark.value);
}

std::string describe_fund(const FundChanged& f) {
  return fmt::format("base={} entry={} margin={} bad_debt={}", f.base.value,
                     f.entry_notional.value, f.margin.value, f.bad_debt.value);
}

std::string describe_position(const PositionDescribed& p) {
  return fmt::format("base={} entry={} margin={} total={}", p.base.value, p.entry_notional.value,
                     p.margin.value, p.realised_pnl_total.value);
}

std::string describe_change(const PositionChanged& p) {
  return fmt::format(
      "cause={} lots={} value={} amount={} base={} entry={} margin={} total={} score={} rank={} "
      "counterparty={}",
      static_cast<int>(p.cause), p.lots.value, p.value.value, p.amount.value, p.base.value,
      p.entry_notional.value, p.margin.value, p.realised_pnl_total.value, p.score_ppm, p.rank,
      p.counterparty);
}

std::string describe_trigger(const TriggerChanged& t) {
  return fmt::format(
      "trigger={} partner={} parent={} order={} {} {} {} at={} limit={} lots={} reserved={} "
      "trail={} slippage={} leverage={} protective={} market={}",
      order_name(t.trigger_id), order_name(t.partner_id), order_name(t.parent_id),
      order_name(t.order_id), wire_name(t.status), wire_name(t.kind), wire_name(t.side),
      t.at.value, t.limit.value, t.lots.value, t.reserved.value, t.trail, t.slippage_ppm,
      t.leverage, t.is_protective, t.is_market);
}

std::string describe_signal_event(const Event& e) {
  switch (e.header.type) {
    case EventType::signal_created: {
      const SignalCreated& s = e.signal_created;
      return fmt::format("signal={:x} {} target={} stake={} mark={} from={} until={}", s.signal_id,
                         wire_name(s.kind), s.target, s.stake.value, s.mark.value,
                         s.created_at_ms, s.expires_at_ms);
    }
    case EventType::signal_faded:
      return fmt::format("signal={:x} creator={} stake={} at={}", e.signal_faded.signal_id,
                         e.signal_faded.creator, e.signal_faded.stake.value,
                         e.signal_faded.matched_at_ms);
    case EventType::signal_closed: {
      const SignalClosed& s = e.signal_closed;
      return fmt::format("signal={:x} {} stake={} mark={} payout={} fee={} fader={} winner={}",
                         s.signal_id, wire_name(s.end), s.stake.value, s.mark.value,
                         s.payout.value, s.fee.value, s.fader, s.winner);
    }
    default: {
      const BettingRecord& r = e.betting_described.record;
      const BettingTotals& t = e.betting_described.totals;
      return fmt::format("signals={} bets={} wins={} losses={} wagered={} won={}; "
                         "{} {} {} {} {} {}",
                         r.signals, r.bets, r.wins, r.losses, r.wagered.value, r.won.value,
                         t.signals, t.bets, t.settled, t.volume.value, t.payouts.value,
                         t.fees.value);
    }
  }
}

std::string describe_message(const PrivateMessage& m) {
  return fmt::format("id={} {} {} -> {} text={}+{} metadata={}+{}", m.message_id,
                     wire_name(m.kind), m.from_agent, m.to_agent, m.text.offset, m.text.length,
                     m.metadata.offset, m.metadata.length);
}

std::string describe_account(const AccountDescribed& a) {
  return fmt::format("paid_in={} faucet={} since {} on_chain={}", a.paid_in.value,
                     a.faucet_claimed.value, a.faucet_window_start_ms, a.onchain_withdrawn_at_ms);
}

std::string describe_payload(const Event& e) {
  switch (e.header.type) {
    case EventType::order_accepted: return describe_accepted(e.order_accepted);
    case EventType::fill: return describe_fill(e.fill);
    case EventType::order_closed:
      return fmt::format("order={} price={} remaining={} removed={} {}",
                         order_name(e.order_closed.order_id), e.order_closed.price.value,
                         e.order_closed.remaining.value, e.order_closed.removed_from_book.value,
                         wire_name(e.order_closed.reason));
    case EventType::order_amended:
      return fmt::format("order={} {}@{} -> {}@{} lots={} keeps={}",
                         order_name(e.order_amended.order_id),
                         e.order_amended.resting_before.value, e.order_amended.price_before.value,
                         e.order_amended.rested.value, e.order_amended.price.value,
                         e.order_amended.lots.value, e.order_amended.keeps_priority);
    case EventType::account_changed:
      return fmt::format("free={} reserved={} margin={}", e.account_changed.free.value,
                         e.account_changed.reserved.value,
                         e.account_changed.position_margin.value);
    case EventType::ledger_entry:
      return fmt::format("{} {} free_after={} counterparty={}",
                         wire_name(e.ledger_entry.kind), e.ledger_entry.amount.value,
                         e.ledger_entry.free_after.value, e.ledger_entry.counterparty);
    case EventType::price_updated:
      return fmt::format("index={} mark={} source_time={}", e.price_updated.index.value,
                         e.price_updated.mark.value, e.price_updated.source_time_ms);
    case EventType::market_status: return describe_status(e.market_status);
    case EventType::funding_settled: return describe_funding(e.funding_settled);
    case EventType::liquidation: return describe_liquidation(e.liquidation);
    case EventType::fund_changed: return describe_fund(e.fund_changed);
    case EventType::trigger_changed: return describe_trigger(e.trigger_changed);
    case EventType::premium_sampled:
      return fmt::format("sum={} count={}", e.premium_sampled.sum_ppb, e.premium_sampled.count);
    case EventType::trigger_closed:
      return fmt::format("trigger={} order={} mark={} code={} {}",
                         order_name(e.trigger_closed.trigger_id),
                         order_name(e.trigger_closed.order_id), e.trigger_closed.mark.value,
                         e.trigger_closed.code, wire_name(e.trigger_closed.reason));
    case EventType::order_bracket:
      return fmt::format("order={} stop={} take_profit={}", order_name(e.order_bracket.order_id),
                         e.order_bracket.stop_loss.value, e.order_bracket.take_profit.value);
    case EventType::switch_changed:
      return fmt::format("deadline={} {}", e.switch_changed.deadline_ms,
                         wire_name(e.switch_changed.scope));
    case EventType::key_limits_changed:
      return fmt::format("key={} {}", e.key_limits_changed.key_id,
                         describe_limits(e.key_limits_changed.limits));
    case EventType::signal_created:
    case EventType::signal_faded:
    case EventType::signal_closed:
    case EventType::betting_described: return describe_signal_event(e);
    case EventType::private_message: return describe_message(e.private_message);
    case EventType::risk_limits_changed: return describe_risk(e.risk_limits_changed.limits);
    case EventType::risk_day_started:
      return fmt::format("day={} start={}", e.risk_day_started.day,
                         e.risk_day_started.start.value);
    case EventType::account_described: return describe_account(e.account_described);
    case EventType::market_change_scheduled:
      return fmt::format("at={}", e.market_change_scheduled.effective_at_ms);
    case EventType::position_changed: return describe_change(e.position_changed);
    case EventType::position_described: return describe_position(e.position_described);
    case EventType::settings_changed:
      return fmt::format("leverage={} netting={}", e.settings_changed.leverage,
                         e.settings_changed.netting);
    default: return "";
  }
}

}  // namespace

std::string_view name_of(CommandType type) {
  constexpr std::string_view names[] = {
      "none",          "register_agent", "create_key",  "revoke_key",   "deposit",
      "withdraw",      "transfer",       "claim_faucet", "place_order", "amend_order",
      "cancel_order",  "cancel_all",     "set_leverage", "set_netting", "post_thought",
      "update_price",  "create_market",  "configure",    "adjust_margin", "tick",
      "set_market_mode", "fund_insurance", "place_trigger", "cancel_all_after", "set_key_limits",
      "change_market", "create_signal", "fade_signal", "set_risk_limits", "consume_stream"};
  const std::size_t index = static_cast<std::size_t>(type);
  return index < std::size(names) ? names[index] : "unknown";
}

std::string_view name_of(EventType type) {
  switch (type) {
    case EventType::market_created: return "market_created";
    case EventType::price_updated: return "price_updated";
    case EventType::agent_registered: return "agent_registered";
    case EventType::key_created: return "key_created";
    case EventType::key_revoked: return "key_revoked";
    case EventType::thought_posted: return "thought_posted";
    case EventType::ledger_entry: return "ledger_entry";
    case EventType::account_changed: return "account_changed";
    case EventType::settings_changed: return "settings_changed";
    case EventType::order_accepted: return "order_accepted";
    case EventType::order_amended: return "order_amended";
    case EventType::order_closed: return "order_closed";
    case EventType::fill: return "fill";
    case EventType::market_status: return "market_status";
    case EventType::funding_settled: return "funding_settled";
    case EventType::liquidation: return "liquidation";
    case EventType::fund_changed: return "fund_changed";
    case EventType::position_changed: return "position_changed";
    case EventType::position_described: return "position_described";
    case EventType::premium_sampled: return "premium_sampled";
    case EventType::trigger_changed: return "trigger_changed";
    case EventType::trigger_closed: return "trigger_closed";
    case EventType::order_bracket: return "order_bracket";
    case EventType::switch_changed: return "switch_changed";
    case EventType::key_limits_changed: return "key_limits_changed";
    case EventType::market_change_scheduled: return "market_change_scheduled";
    case EventType::market_changed: return "market_changed";
    case EventType::signal_created: return "signal_created";
    case EventType::signal_faded: return "signal_faded";
    case EventType::signal_closed: return "signal_closed";
    case EventType::betting_described: return "betting_described";
    case EventType::private_message: return "private_message";
    case EventType::risk_limits_changed: return "risk_limits_changed";
    case EventType::risk_day_started: return "risk_day_started";
    case EventType::account_described: return "account_described";
    default: return "unknown";
  }
}

std::string describe(const Command& c) {
  return fmt::format("{} agent={} market={} key={:x} sender={} {}", name_of(c.header.type),
                     c.header.agent, c.header.market, c.header.key.high, c.header.key_id,
                     describe_payload(c));
}

std::string describe(const Outcome& o) {
  return fmt::format("{} {}{}{} id={} ({:x}) count={} values={},{},{},{}{}",
                     result_info(o.code).name, wire_name(o.status),
                     o.reason == CloseReason::none ? "" : " ", wire_name(o.reason),
                     o.id >> 32 != 0 ? order_name(o.id) : "", o.id, o.count, o.values[0],
                     o.values[1], o.values[2], o.values[3], o.replayed ? " replayed" : "");
}

std::string describe(const Event& e) {
  return fmt::format("#{} {} agent={} ({}) market={} command={} {}", e.header.sequence,
                     name_of(e.header.type), e.header.agent, e.header.agent_sequence,
                     e.header.market, static_cast<int32_t>(e.header.command),
                     describe_payload(e));
}

}  // namespace perpetua::model
