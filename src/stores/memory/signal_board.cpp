#include "stores/memory/signal_board.hpp"

#include "base/assert.hpp"
#include "stores/memory/hot_store.hpp"

namespace perpetua::stores {

namespace {

using Guard = std::lock_guard<std::mutex>;

bool is_wanted(MarketId wanted, MarketId market) { return wanted == kNoMarket || wanted == market; }

void count(uint64_t& counter, int sign) { counter += static_cast<uint64_t>(int64_t{sign}); }

void add_record(BettingRecord& sum, const BettingRecord& part) {
  sum.signals += part.signals;
  sum.bets += part.bets;
  sum.wins += part.wins;
  sum.losses += part.losses;
  sum.wagered += part.wagered;
  sum.won += part.won;
}

void add_totals(BettingTotals& sum, const BettingTotals& part) {
  sum.signals += part.signals;
  sum.bets += part.bets;
  sum.settled += part.settled;
  sum.volume += part.volume;
  sum.payouts += part.payouts;
  sum.fees += part.fees;
}

}  // namespace

// What is at stake: for an agent, in the whole exchange.
void SignalBoard::hold(const SignalView& signal, AgentId agent, int sign) {
  BettingView& own = records_[agent];
  count(signal.is_bet() ? own.pending : own.open, sign);
  own.staked += Micro(sign * signal.stake.value);
}

void SignalBoard::create(const Event& event, bool is_described) {
  const SignalView signal = make_signal(event);
  const Guard guard(mutex_);
  PERPETUA_ASSERT(signals_.emplace(signal.id, signal).second);
  live_.insert({signal.created_at_ms, signal.id});
  hold(signal, signal.creator, 1);
  ++totals_.open;
  totals_.staked += signal.stake;
  if (is_described) return;
  ++records_[signal.creator].record.signals;
  ++totals_.totals.signals;
}

void SignalBoard::fade(const Event& event, bool is_described) {
  const Guard guard(mutex_);
  const auto found = signals_.find(event.signal_faded.signal_id);
  PERPETUA_ASSERT(found != signals_.end() && !found->second.is_closed && !found->second.is_bet());
  SignalView& signal = found->second;
  hold(signal, signal.creator, -1);
  fold_signal_fade(signal, event);
  hold(signal, signal.creator, 1);
  hold(signal, signal.fader, 1);
  --totals_.open;
  ++totals_.pending;
  totals_.staked += signal.stake;
  if (is_described) return;
  ++records_[signal.creator].record.bets;
  ++records_[signal.fader].record.bets;
  ++totals_.totals.bets;
  totals_.totals.volume += signal.stake + signal.stake;
}

SignalView SignalBoard::close(const Event& event, int64_t time_ms) {
  const Guard guard(mutex_);
  const auto found = signals_.find(event.signal_closed.signal_id);
  PERPETUA_ASSERT(found != signals_.end() && !found->second.is_closed);
  SignalView& signal = found->second;
  live_.erase({signal.created_at_ms, signal.id});
  hold(signal, signal.creator, -1);
  totals_.staked -= signal.stake;
  if (signal.is_bet()) {
    hold(signal, signal.fader, -1);
    totals_.staked -= signal.stake;
  }
  --(signal.is_bet() ? totals_.pending : totals_.open);
  fold_signal_close(signal, event, time_ms);
  const SignalView view = signal;
  keep_closed(view);
  if (view.end != SignalEnd::settled) return view;
  const AgentId loser = view.winner == view.creator ? view.fader : view.creator;
  for (const AgentId agent : {view.winner, loser}) records_[agent].record.wagered += view.stake;
  ++records_[view.winner].record.wins;
  ++records_[loser].record.losses;
  records_[view.winner].record.won += view.payout;
  ++totals_.totals.settled;
  totals_.totals.payouts += view.payout;
  totals_.totals.fees += view.fee;
  return view;
}

void SignalBoard::keep_closed(const SignalView& signal) {
  closed_.push_back(signal.id);
  if (closed_.size() <= hot_limits::kClosedSignalsMax) return;
  signals_.erase(closed_.front());
  closed_.pop_front();
}

void SignalBoard::describe_record(const Event& event) {
  const BettingDescribed& described = event.betting_described;
  const Guard guard(mutex_);
  if (event.header.agent == 0) {
    add_totals(totals_.totals, described.totals);
  } else {
    add_record(records_[event.header.agent].record, described.record);
  }
}

void SignalBoard::warm(const SignalView& closed) {
  const Guard guard(mutex_);
  if (!signals_.emplace(closed.id, closed).second) return;
  keep_closed(closed);
}

std::optional<SignalView> SignalBoard::signal(SignalId id) const {
  const Guard guard(mutex_);
  const auto found = signals_.find(id);
  if (found == signals_.end()) return std::nullopt;
  return found->second;
}

std::vector<SignalView> SignalBoard::live(MarketId market, std::size_t limit) const {
  std::vector<SignalView> rows;
  const Guard guard(mutex_);
  for (auto age = live_.rbegin(); age != live_.rend() && rows.size() < limit; ++age) {
    const SignalView& signal = signals_.at(age->second);
    if (is_wanted(market, signal.market)) rows.push_back(signal);
  }
  return rows;
}

std::vector<SignalView> SignalBoard::closed(MarketId market, std::size_t limit) const {
  std::vector<SignalView> rows;
  const Guard guard(mutex_);
  for (auto id = closed_.rbegin(); id != closed_.rend() && rows.size() < limit; ++id) {
    const SignalView& signal = signals_.at(*id);
    if (is_wanted(market, signal.market)) rows.push_back(signal);
  }
  return rows;
}

BettingView SignalBoard::betting(AgentId agent) const {
  const Guard guard(mutex_);
  const auto found = records_.find(agent);
  return found == records_.end() ? BettingView{} : found->second;
}

BettingTotalsView SignalBoard::totals() const {
  const Guard guard(mutex_);
  return totals_;
}

}  // namespace perpetua::stores
