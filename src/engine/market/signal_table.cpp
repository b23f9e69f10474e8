#include "engine/market/signal_table.hpp"

#include <algorithm>

namespace perpetua {
namespace {

struct SavedRecord {
  BettingRecord record;
  AgentId agent = 0;
  uint32_t zero = 0;
};
static_assert(PlainRecord<SavedRecord>);

}  // namespace

bool Signal::is_true_at(Price at) const {
  switch (kind) {
    case SignalKind::price_above:
      return at.value > target;
    case SignalKind::price_below:
      return at.value < target;
    case SignalKind::price_change:
      break;
  }
  const Int128 move = at >= mark ? (at - mark).value : (mark - at).value;
  return move * kPpm >= static_cast<Int128>(target) * mark.value;
}

uint32_t SignalTable::live_of(AgentId creator) const {
  const auto found = live_of_.find(creator);
  return found == live_of_.end() ? 0 : found->second;
}

const Signal* SignalTable::find(uint64_t number) const {
  const auto found = live_.find(number);
  return found == live_.end() ? nullptr : &found->second;
}

void SignalTable::enlist(const Signal& signal) {
  queue_of(signal).insert({signal.expires_at_ms, signal.number});
  ++live_of_[signal.creator];
  escrow_ += signal.held();
}

const Signal& SignalTable::add(Signal signal) {
  signal.number = ++totals_.signals;
  ++records_[signal.creator].signals;
  enlist(signal);
  return live_[signal.number] = signal;
}

const Signal& SignalTable::match(uint64_t number, AgentId fader, int64_t log_time_ms) {
  Signal& signal = live_.at(number);
  PERPETUA_ASSERT(signal.fader == 0);
  open_.erase({signal.expires_at_ms, number});
  signal.fader = fader;
  signal.matched_at_ms = log_time_ms;
  matched_.insert({signal.expires_at_ms, number});
  escrow_ += signal.stake;
  ++records_[signal.creator].bets;
  ++records_[fader].bets;
  ++totals_.bets;
  totals_.volume += signal.held();
  return signal;
}

void SignalTable::close(uint64_t number, AgentId winner, Micro payout, Micro fee) {
  const Signal signal = live_.at(number);
  queue_of(signal).erase({signal.expires_at_ms, number});
  const auto held = live_of_.find(signal.creator);
  if (--held->second == 0) live_of_.erase(held);
  escrow_ -= signal.held();
  live_.erase(number);
  if (winner == 0) return;
  const AgentId loser = winner == signal.creator ? signal.fader : signal.creator;
  for (const AgentId agent : {winner, loser}) records_[agent].wagered += signal.stake;
  ++records_[winner].wins;
  ++records_[loser].losses;
  records_[winner].won += payout;
  ++totals_.settled;
  totals_.payouts += payout;
  totals_.fees += fee;
}

int64_t SignalTable::next_deadline_ms() const {
  const int64_t refund_ms = open_.empty() ? INT64_MAX : open_.begin()->first;
  const int64_t void_ms =
      matched_.empty() ? INT64_MAX : matched_.begin()->first + limits::kSignalSettleWaitMs;
  return std::min(refund_ms, void_ms);
}

void SignalTable::save(ByteSink& sink) const {
  write_value(sink, totals_);
  std::vector<Signal> signals;
  for (const auto& [number, signal] : live_) signals.push_back(signal);
  write_vector(sink, signals);
  std::vector<SavedRecord> records;
  for (const auto& [agent, record] : records_) records.push_back({record, agent, 0});
  write_vector(sink, records);
}

bool SignalTable::load(ByteSource& source) {
  std::vector<Signal> signals;
  std::vector<SavedRecord> records;
  if (!read_value(source, totals_) || !read_vector(source, signals, limits::kSignalsPerMarketMax) ||
      !read_vector(source, records, limits::kAgentsMax)) {
    return false;
  }
  for (const SavedRecord& saved : records) records_[saved.agent] = saved.record;
  for (const Signal& signal : signals) {
    if (!was(signal.number) || signal.creator == 0 || signal.stake < Micro(1)) return false;
    live_[signal.number] = signal;
    enlist(signal);
  }
  return live_.size() == signals.size();
}

void SignalTable::check_invariants() const {
  Micro escrow;
  for (const auto& [number, signal] : live_) {
    PERPETUA_ASSERT(was(number) && signal.stake >= Micro(1) && signal.creator != signal.fader);
    escrow += signal.held();
  }
  PERPETUA_ASSERT(escrow == escrow_ && open_.size() + matched_.size() == live_.size());
  PERPETUA_ASSERT(totals_.settled <= totals_.bets && totals_.bets <= totals_.signals);
}

}  // namespace perpetua
