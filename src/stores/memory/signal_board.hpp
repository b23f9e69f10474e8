// SignalBoard: the live signals of all markets, the recently closed, and what each agent has bet.
//
// Thread-safe: one lock, held while a page is copied. Bounded: live ones by the engine, closed ones
// by kClosedSignalsMax; older ones are in the history. Records are of all time: a description
// brings them along.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "stores/signal_views.hpp"

namespace perpetua::stores {

class SignalBoard {
 public:
  // Writer. A fade or close of a signal that is not live aborts: it is not this history.
  // `is_described`: no news, the records come by themselves.
  void create(const Event& event, bool is_described);
  void fade(const Event& event, bool is_described);
  SignalView close(const Event& event, int64_t time_ms);  // as it was closed
  void describe_record(const Event& event);
  void warm(const SignalView& closed);  // oldest first

  // Readers. `market` may be kNoMarket for all. Newest first.
  std::optional<SignalView> signal(SignalId id) const;
  std::vector<SignalView> live(MarketId market, std::size_t limit) const;
  std::vector<SignalView> closed(MarketId market, std::size_t limit) const;
  BettingView betting(AgentId agent) const;
  BettingTotalsView totals() const;

 private:
  using Ages = std::set<std::pair<int64_t, SignalId>>;

  void hold(const SignalView& signal, AgentId agent, int sign);
  void keep_closed(const SignalView& signal);

  mutable std::mutex mutex_;
  boost::unordered_flat_map<SignalId, SignalView> signals_;  // live and closed
  Ages live_;
  std::deque<SignalId> closed_;  // oldest first
  boost::unordered_flat_map<AgentId, BettingView> records_;
  BettingTotalsView totals_;
};

}  // namespace perpetua::stores
