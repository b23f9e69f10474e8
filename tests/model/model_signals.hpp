// The naive model's signals and bets, written from docs/rules-agents.md section 25 alone: a market
// of model_triggers.hpp that keeps them in one map and looks at all of them each time.
// Single-threaded.
#pragma once

#include "model_triggers.hpp"

// clang-format off: one rule, one line.
namespace perpetua::model {

struct Signal {
  CreateSignal terms; AgentId creator = 0, fader = 0;
  int64_t mark = 0, created_ms = 0, expires_ms = 0, matched_ms = 0;
  int64_t stake() const { return terms.stake.value; }
  bool is_bet() const { return fader != 0; }
  bool is_true_at(Wide price) const {
    if (terms.kind == SignalKind::price_above) return price > terms.target;
    if (terms.kind == SignalKind::price_below) return price < terms.target;
    const Wide move = std::max<Wide>(price - mark, mark - price);
    return move * 1'000'000 >= Wide{terms.target} * mark; }
};

struct SignalMarket : TriggerMarket {
  std::map<uint64_t, Signal> signals;  // by number
  std::map<AgentId, BettingRecord> records; BettingTotals bets;

  SignalId signal_id(uint64_t number) const { return number * 256 + id; }
  void move_stake(AgentId agent, int64_t free, int64_t reserved) {
    books->accounts[agent].paid_in += free + reserved; books->credit(agent, free, reserved, 0); }
  Wide escrow() const {
    Wide sum = 0;
    for (const auto& [number, s] : signals) sum += s.stake() * (s.is_bet() ? 2 : 1);
    return sum; }
  void emit_signal(uint64_t number, const Signal& s) {
    emit(EventType::signal_created, s.creator).signal_created = {
        signal_id(number), s.terms.target, s.terms.stake, Price(s.mark), s.created_ms,
        s.expires_ms, s.terms.kind, {}}; }
  void emit_fade(uint64_t number, const Signal& s) {
    emit(EventType::signal_faded, s.fader).signal_faded = {
        signal_id(number), s.terms.stake, s.matched_ms, s.creator, {}}; }
  Outcome create_signal(AgentId agent, const CreateSignal& wanted, int64_t now_ms) {
    const auto is_own = [=](const auto& each) { return each.second.creator == agent; };
    const int64_t mine = std::ranges::count_if(signals, is_own), all = std::ssize(signals);
    refuse_if(mine >= limits::kSignalsPerAgentMax, too_many_signals, mine,
              limits::kSignalsPerAgentMax);
    refuse_if(all >= limits::kSignalsPerMarketMax, too_many_signals, all,
              limits::kSignalsPerMarketMax);
    const uint64_t number = ++bets.signals;
    const Signal s{wanted, agent, 0, mark, now_ms, now_ms + wanted.duration_ms, 0};
    signals[number] = s; ++records[agent].signals;
    move_stake(agent, 0, -s.stake()); emit_signal(number, s);
    return done(signal_id(number), s.mark, s.expires_ms);
  }
  Outcome fade_signal(AgentId agent, uint64_t number, int64_t now_ms) {
    refuse_if(!signals.contains(number), signal_expired);
    Signal& s = signals.at(number);
    refuse_if(s.is_bet(), already_matched);
    s.fader = agent; s.matched_ms = now_ms;
    ++records[agent].bets; ++records[s.creator].bets; ++bets.bets;
    bets.volume += Micro(2 * s.stake());
    move_stake(agent, 0, -s.stake()); emit_fade(number, s);
    return done(signal_id(number), 2 * s.stake(), s.creator);
  }
  void end_signal(uint64_t number, SignalEnd end, AgentId winner = 0, int64_t payout = 0,
                  int64_t fee = 0) {
    const Signal s = signals.at(number);
    signals.erase(number);
    emit(EventType::signal_closed, s.creator).signal_closed = {
        signal_id(number), s.terms.stake, Price(winner != 0 ? mark : 0), Micro(payout), Micro(fee),
        s.fader, winner, end, {}}; }
  void give_back(uint64_t number) {
    const Signal s = signals.at(number);
    move_stake(s.creator, s.stake(), 0);
    if (s.is_bet()) move_stake(s.fader, s.stake(), 0);
    books->reach(s.is_bet() ? "a voided bet" : "a refunded signal");
    end_signal(number, s.is_bet() ? SignalEnd::voided : SignalEnd::refunded); }
  void give_all_back() {
    books->reach("a settled market with signals", !signals.empty());
    while (!signals.empty()) give_back(signals.begin()->first); }
  using Due = std::set<std::pair<int64_t, uint64_t>>;
  Due expired(bool is_bet, int64_t until_ms) const {
    Due due;
    for (const auto& [number, s] : signals)
      if (s.is_bet() == is_bet && s.expires_ms <= until_ms) due.insert({s.expires_ms, number});
    return due; }
  void end_overdue(int64_t now_ms) {
    for (const auto& [at_ms, number] : expired(false, now_ms)) give_back(number);
    const int64_t waited_ms = now_ms - limits::kSignalSettleWaitMs;
    for (const auto& [at_ms, number] : expired(true, waited_ms)) give_back(number); }
  void settle_bets(int64_t now_ms) {
    for (const auto& [at_ms, number] : expired(true, now_ms)) {
      const Signal s = signals.at(number);
      const bool is_true = s.is_true_at(mark);
      const AgentId winner = is_true ? s.creator : s.fader, loser = is_true ? s.fader : s.creator;
      const int64_t pot = 2 * s.stake(), fee = narrow(ceil_div(pot, 100));
      move_stake(winner, pot - fee, 0); fees += fee;
      ++records[winner].wins; ++records[loser].losses;
      records[winner].wagered += s.terms.stake; records[loser].wagered += s.terms.stake;
      records[winner].won += Micro(pot - fee);
      ++bets.settled; bets.payouts += Micro(pot - fee); bets.fees += Micro(fee);
      const bool is_move = s.terms.kind == SignalKind::price_change;
      books->reach("a bet that its creator wins", is_true);
      books->reach("a bet that its fader wins", !is_true);
      books->reach("a move that reaches its target", is_move && is_true);
      end_signal(number, SignalEnd::settled, winner, pot - fee, fee);
    }
  }
  void describe_signals() {
    for (const auto& [number, s] : signals) {
      emit_signal(number, s);
      if (s.is_bet()) emit_fade(number, s); }
    if (bets.signals == 0) return;
    emit(EventType::betting_described, 0).betting_described.totals = bets;
    for (const auto& [agent, record] : records)
      emit(EventType::betting_described, agent).betting_described.record = record; }
};

}  // namespace perpetua::model
// clang-format on
