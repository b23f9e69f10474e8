// Signals and bets: docs/rules-agents.md section 25.

#include "engine/market/market.hpp"

namespace perpetua {
namespace {

constexpr int64_t kBetFeePpm = 10'000;  // of the pot

}  // namespace

// Money between an account and the escrow: nothing that trading brought.
void Market::credit_stake(AgentId agent, Micro free, Micro reserved) {
  round_.credits.push_back({agent, 1, free, reserved, Micro(0)});
}

void Market::create_signal(const MarketOperation& operation, const Command& command,
                           int64_t log_time_ms, Outcome& outcome) {
  const CreateSignal& wanted = command.create_signal;
  const AgentId agent = command.header.agent;
  const auto refuse = [&](const Outcome& refusal) {
    credit(agent, operation.reserved, -operation.reserved, Micro(0));
    outcome = refusal;
  };
  if (!state_.accepts_orders()) return refuse(closed());
  const uint32_t own = signals_.live_of(agent);
  if (own >= limits::kSignalsPerAgentMax) {
    return refuse(rejected(ResultCode::too_many_signals, own, limits::kSignalsPerAgentMax));
  }
  if (signals_.live().size() >= limits::kSignalsPerMarketMax) {
    return refuse(rejected(ResultCode::too_many_signals,
                           static_cast<int64_t>(signals_.live().size()),
                           limits::kSignalsPerMarketMax));
  }
  Signal signal;
  signal.target = wanted.target;
  signal.stake = wanted.stake;
  signal.mark = mark_;
  signal.created_at_ms = log_time_ms;
  signal.expires_at_ms = log_time_ms + wanted.duration_ms;
  signal.creator = agent;
  signal.kind = wanted.kind;
  const Signal& added = signals_.add(signal);
  credit_stake(agent, Micro(0), -added.stake);
  describe_signal(added, emit(EventType::signal_created, agent, operation.command));
  outcome.id = make_signal_id(id_, added.number);
  outcome.values[0] = added.mark.value;
  outcome.values[1] = added.expires_at_ms;
}

void Market::fade_signal(const MarketOperation& operation, const Command& command,
                         int64_t log_time_ms, Outcome& outcome) {
  const AgentId agent = command.header.agent;
  const uint64_t number = signal_number(command.fade_signal.signal_id);
  const auto refuse = [&](const Outcome& refusal) {
    credit(agent, operation.reserved, -operation.reserved, Micro(0));
    outcome = refusal;
  };
  if (!state_.accepts_orders()) return refuse(closed());
  const Signal* found = signals_.find(number);
  if (found == nullptr) return refuse(rejected(ResultCode::signal_expired));
  if (found->fader != 0) return refuse(rejected(ResultCode::already_matched));
  const Signal& matched = signals_.match(number, agent, log_time_ms);
  credit_stake(agent, Micro(0), -matched.stake);
  describe_fade(matched, emit(EventType::signal_faded, agent, operation.command));
  outcome.id = command.fade_signal.signal_id;
  outcome.values[0] = matched.held().value;
  outcome.values[1] = matched.creator;
}

// What time alone brings, whatever the state of the market.
void Market::close_due_signals(int64_t log_time_ms) {
  const auto next = [&] {
    const Signal* open = signals_.next_open(log_time_ms);
    return open != nullptr ? open
                           : signals_.next_matched(log_time_ms - limits::kSignalSettleWaitMs);
  };
  for (const Signal* due = next(); due != nullptr; due = next()) return_stakes(*due, kNoCommand);
}

void Market::return_stakes(const Signal& due, uint32_t command) {
  const Signal signal = due;
  credit_stake(signal.creator, signal.stake, Micro(0));
  if (signal.fader != 0) credit_stake(signal.fader, signal.stake, Micro(0));
  signals_.close(signal.number, 0, Micro(0), Micro(0));
  Event& event = emit_signal_end(signal, command);
  event.signal_closed.end = signal.fader == 0 ? SignalEnd::refunded : SignalEnd::voided;
}

void Market::return_all_stakes(uint32_t command) {
  while (!signals_.live().empty()) return_stakes(signals_.live().begin()->second, command);
}

// REQUIRES: the mark is live.
void Market::settle_bets(int64_t log_time_ms, uint32_t command) {
  const Signal* due = signals_.next_matched(log_time_ms);
  for (; due != nullptr; due = signals_.next_matched(log_time_ms)) {
    const Signal signal = *due;
    const AgentId winner = signal.is_true_at(mark_) ? signal.creator : signal.fader;
    const Micro fee(mul_div_ceil(signal.held().value, kBetFeePpm, kPpm));
    const Micro payout = signal.held() - fee;
    credit_stake(winner, payout, Micro(0));
    round_.fees += fee;
    signals_.close(signal.number, winner, payout, fee);
    SignalClosed& closed = emit_signal_end(signal, command).signal_closed;
    closed.mark = mark_;
    closed.payout = payout;
    closed.fee = fee;
    closed.winner = winner;
    closed.end = SignalEnd::settled;
  }
}

Event& Market::emit_signal_end(const Signal& signal, uint32_t command) {
  Event& event = emit(EventType::signal_closed, signal.creator, command);
  event.signal_closed.signal_id = make_signal_id(id_, signal.number);
  event.signal_closed.stake = signal.stake;
  event.signal_closed.fader = signal.fader;
  return event;
}

void Market::describe_signal(const Signal& signal, Event& event) const {
  SignalCreated& created = event.signal_created;
  created.signal_id = make_signal_id(id_, signal.number);
  created.target = signal.target;
  created.stake = signal.stake;
  created.mark = signal.mark;
  created.created_at_ms = signal.created_at_ms;
  created.expires_at_ms = signal.expires_at_ms;
  created.kind = signal.kind;
}

void Market::describe_fade(const Signal& signal, Event& event) const {
  SignalFaded& faded = event.signal_faded;
  faded.signal_id = make_signal_id(id_, signal.number);
  faded.stake = signal.stake;
  faded.matched_at_ms = signal.matched_at_ms;
  faded.creator = signal.creator;
}

void Market::describe_signals(std::vector<Event>& events) const {
  const auto add = [&](EventType type, AgentId agent) -> Event& {
    return events.emplace_back(type, agent, id_, kNoCommand);
  };
  for (const auto& [number, signal] : signals_.live()) {
    describe_signal(signal, add(EventType::signal_created, signal.creator));
    if (signal.fader != 0) describe_fade(signal, add(EventType::signal_faded, signal.fader));
  }
  if (signals_.totals().signals == 0) return;
  add(EventType::betting_described, 0).betting_described.totals = signals_.totals();
  for (const auto& [agent, record] : signals_.records()) {
    add(EventType::betting_described, agent).betting_described.record = record;
  }
}

}  // namespace perpetua
