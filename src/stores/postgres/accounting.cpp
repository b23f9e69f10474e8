#include "stores/postgres/accounting.hpp"

#include <utility>

#include "engine/schema/position.hpp"
#include "stores/trigger_fold.hpp"

namespace perpetua::stores {

namespace {

constexpr int64_t kHourMs = 3'600'000;
constexpr AccountKey kExternal{LedgerAccount::external, 0};
constexpr AccountKey kFees{LedgerAccount::fees, 0};

AccountKey agent_account(AgentId agent) { return {LedgerAccount::agent, agent}; }
AccountKey insurance_of(MarketId market) { return {LedgerAccount::insurance, market}; }
AccountKey clearing_of(MarketId market) { return {LedgerAccount::clearing, market}; }
AccountKey escrow_of(SignalId id) { return {LedgerAccount::escrow, signal_market(id)}; }

EntryKind kind_of(PositionChange cause) {
  switch (cause) {
    case PositionChange::funding:
      return EntryKind::funding;
    case PositionChange::deleveraged:
      return EntryKind::deleveraging;
    case PositionChange::settled:
      return EntryKind::settlement;
    default:
      return EntryKind::liquidation;
  }
}

}  // namespace

Micro Accounting::balance(AccountKey key) const {
  const auto found = state.balances.find(key);
  return found == state.balances.end() ? Micro(0) : found->second;
}

void Accounting::move(const Event& event, EntryKind kind, AccountKey from, AccountKey to,
                      Micro amount, int64_t time_ms) {
  if (amount == Micro(0)) return;
  if (amount < Micro(0)) return move(event, kind, to, from, -amount, time_ms);
  const uint64_t sequence = event.header.sequence;
  if (sequence != line_sequence_) line_ = 0;
  line_sequence_ = sequence;
  rows_.entries.push_back(
      {sequence, line_++, kind, event.header.market, from, to, amount, time_ms});
  rows_.balances[from] = state.balances[from] -= amount;
  rows_.balances[to] = state.balances[to] += amount;
}

void Accounting::add(const HistoryBatch& batch) {
  if (batch.events.empty()) return;
  add_equity(batch.log_time_ms);
  changed_in_.clear();
  for (const FundDeposit& deposit : batch.fund_deposits) {
    if (deposit.market < fund_deposits_.size()) fund_deposits_[deposit.market] += deposit.amount;
  }
  for (const HistoryEvent& item : batch.events) add_event(item.event, batch.log_time_ms);
}

void Accounting::add_event(const Event& event, int64_t time_ms) {
  const MarketId market = event.header.market;
  switch (event.header.type) {
    case EventType::ledger_entry:
      return add_ledger_entry(event, time_ms);
    case EventType::fill:
      return add_fill(event, time_ms);
    case EventType::position_changed:
      return add_position_change(event, time_ms);
    case EventType::fund_changed:
      return add_fund_change(event, time_ms);
    case EventType::signal_created:
    case EventType::signal_faded:
    case EventType::signal_closed:
      return add_signal_event(event, time_ms);
    case EventType::price_updated:
      if (market < state.marks.size()) state.marks[market] = event.price_updated.mark;
      rows_.prices.push_back({market, event.header.sequence, event.price_updated.index,
                              event.price_updated.mark, time_ms});
      return;
    case EventType::account_changed: {
      const AccountChanged& account = event.account_changed;
      const AccountKey agent = agent_account(event.header.agent);
      const Micro total = account.free + account.reserved + account.position_margin;
      return move(event, EntryKind::shortfall, clearing_of(changed_in_[event.header.agent]), agent,
                  total - balance(agent), time_ms);
    }
    default:
      return;
  }
}

// A transfer has two entries; the sender's makes the line.
void Accounting::add_ledger_entry(const Event& event, int64_t time_ms) {
  const LedgerEntry& entry = event.ledger_entry;
  const AccountKey agent = agent_account(event.header.agent);
  switch (entry.kind) {
    case LedgerEntryKind::deposit:
      return move(event, EntryKind::deposit, kExternal, agent, entry.amount, time_ms);
    case LedgerEntryKind::faucet:
      return move(event, EntryKind::faucet, kExternal, agent, entry.amount, time_ms);
    case LedgerEntryKind::withdrawal:
      return move(event, EntryKind::withdrawal, agent, kExternal, entry.amount, time_ms);
    case LedgerEntryKind::transfer_out:
      return move(event, EntryKind::transfer, agent, agent_account(entry.counterparty),
                  entry.amount, time_ms);
    case LedgerEntryKind::transfer_in:
      return;
  }
}

void Accounting::add_signal_event(const Event& event, int64_t time_ms) {
  const AccountKey agent = agent_account(event.header.agent);
  if (event.header.type == EventType::signal_created) {
    const SignalCreated& created = event.signal_created;
    return move(event, EntryKind::stake, agent, escrow_of(created.signal_id), created.stake,
                time_ms);
  }
  if (event.header.type == EventType::signal_faded) {
    const SignalFaded& faded = event.signal_faded;
    return move(event, EntryKind::stake, agent, escrow_of(faded.signal_id), faded.stake, time_ms);
  }
  const SignalClosed& closed = event.signal_closed;
  const AccountKey escrow = escrow_of(closed.signal_id);
  if (closed.end == SignalEnd::settled) {
    move(event, EntryKind::payout, escrow, agent_account(closed.winner), closed.payout, time_ms);
    return move(event, EntryKind::bet_fee, escrow, kFees, closed.fee, time_ms);
  }
  move(event, EntryKind::stake_back, escrow, agent, closed.stake, time_ms);
  if (closed.end == SignalEnd::voided) {
    move(event, EntryKind::stake_back, escrow, agent_account(closed.fader), closed.stake, time_ms);
  }
}

void Accounting::add_fill(const Event& event, int64_t time_ms) {
  const Fill& fill = event.fill;
  const MarketId market = event.header.market;
  const AgentId agent = event.header.agent;
  const Micro traded = notional(fill.price, fill.lots, specs_[market]->value_per_tick_lot_micro);
  if (fill.is_taker != 0) {
    rows_.trades.push_back(
        {{market, fill.trade_id, fill.price, fill.lots, fill.side, time_ms, fill.cause},
         event.header.sequence,
         traded,
         agent,
         fill.counterparty});
  }
  if (agent == 0) return;  // fund_changed tells what the fund has
  const bool is_forced = fill.is_taker != 0 && fill.cause != TradeCause::order;
  move(event, EntryKind::realised_pnl, clearing_of(market), agent_account(agent), fill.realised_pnl,
       time_ms);
  move(event, is_forced ? EntryKind::liquidation_fee : EntryKind::fee, agent_account(agent),
       is_forced ? insurance_of(market) : kFees, fill.fee, time_ms);
  change_position(event, {fill.position_base, fill.position_entry_notional, fill.position_margin},
                  time_ms);
}

void Accounting::add_position_change(const Event& event, int64_t time_ms) {
  const PositionChanged& change = event.position_changed;
  const MarketId market = event.header.market;
  if (event.header.agent == 0) return;
  changed_in_[event.header.agent] = market;
  if (change.cause != PositionChange::margin_adjusted) {  // that one stays with its agent
    move(event, kind_of(change.cause), clearing_of(market), agent_account(event.header.agent),
         change.amount, time_ms);
  }
  change_position(event, {change.base, change.entry_notional, change.margin}, time_ms);
}

// Whatever the fund has now, lines of this event make its balance so.
void Accounting::add_fund_change(const Event& event, int64_t time_ms) {
  const MarketId market = event.header.market;
  const AccountKey fund = insurance_of(market);
  move(event, EntryKind::insurance_deposit, kExternal, fund,
       std::exchange(fund_deposits_[market], Micro(0)), time_ms);
  const FundChanged& changed = event.fund_changed;
  move(event, EntryKind::insurance, clearing_of(market), fund,
       changed.margin - changed.bad_debt - balance(fund), time_ms);
}

PositionRow& Accounting::open_position(const Event& event, Lots base, int64_t time_ms) {
  PositionRow row;
  row.sequence = event.header.sequence;
  row.agent = event.header.agent;
  row.market = event.header.market;
  row.side = base > Lots(0) ? Side::buy : Side::sell;
  row.opened_at_ms = time_ms;
  return state.positions[{row.agent, row.market}] = row;
}

void Accounting::close_position(PositionRow& position, const Event& event, PositionEndCause cause,
                                int64_t time_ms) {
  position.base = Lots(0);
  position.entry_notional = Micro(0);
  position.margin = Micro(0);
  position.updated_at_ms = time_ms;
  position.closed_at_ms = time_ms;
  position.closed_sequence = event.header.sequence;
  position.cause = cause;
  keep(position);
  state.positions.erase({position.agent, position.market});
}

// A fill that turns a position over ends one row and begins another; its fee and PnL are the
// first one's.
void Accounting::change_position(const Event& event, const Position& after, int64_t time_ms) {
  const bool is_fill = event.header.type == EventType::fill;
  const auto found = state.positions.find({event.header.agent, event.header.market});
  if (found == state.positions.end() && after.base == Lots(0)) return;
  PositionRow* row =
      found == state.positions.end() ? &open_position(event, after.base, time_ms) : &found->second;
  if (is_fill) {
    row->realised_pnl += event.fill.realised_pnl;
    row->fees += event.fill.fee;
    ++row->fills;
  } else if (event.position_changed.cause == PositionChange::funding) {
    row->funding += event.position_changed.amount;
  } else if (event.position_changed.cause != PositionChange::margin_adjusted) {
    row->realised_pnl += event.position_changed.amount;
  }
  if (const auto end = find_position_end(event, time_ms)) {
    close_position(*row, event, end->cause, time_ms);
    if (after.base == Lots(0)) return;
    row = &open_position(event, after.base, time_ms);
    row->fills = 1;
  }
  row->base = after.base;
  row->entry_notional = after.entry_notional;
  row->margin = after.margin;
  row->updated_at_ms = time_ms;
  keep(*row);
}

// As things stood at the end of the last whole hour before this batch.
void Accounting::add_equity(int64_t time_ms) {
  const int64_t hour = time_ms / kHourMs;
  if (hour == state.equity_hour) return;
  const bool is_first = state.equity_hour == 0;
  state.equity_hour = hour;
  if (is_first) return;
  std::map<AgentId, Micro> unrealised;
  for (const auto& [key, position] : state.positions) {
    const Price mark = state.marks[position.market];
    if (mark == Price(0)) continue;
    const Position held{position.base, position.entry_notional, position.margin};
    unrealised[position.agent] +=
        unrealised_pnl(held, notional_at(held, mark, *specs_[position.market]));
  }
  for (const auto& [key, collateral] : state.balances) {
    if (key.account != LedgerAccount::agent) continue;
    const auto found = unrealised.find(key.id);
    const Micro pnl = found == unrealised.end() ? Micro(0) : found->second;
    if (collateral == Micro(0) && pnl == Micro(0)) continue;
    rows_.equity.push_back({key.id, collateral, pnl, hour * kHourMs});
  }
}

}  // namespace perpetua::stores
